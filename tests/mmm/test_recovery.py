"""What is estimated on simulated panels is the truth, within its standard errors; and these are what they should be."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import Unavailable
from semnan.mmm import ChannelFit, ChannelSEM, simulate_panel

#: Decays, and half saturations with slopes, of the simulated transforms.
DECAYS = {"TV": 0.6, "Social": 0.4, "Display": 0.3, "Search": 0.0}
HILL = {"TV": (100.0, 1.5), "Social": (60.0, 1.2), "Display": (50.0, 1.2), "Search": (45.0, 1.5)}


def _linear(seed: int) -> ChannelFit:
    drawn = simulate_panel(seed)
    return ChannelSEM(drawn.panel, drawn.graph, adstock=None, saturation=None).fit()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_coefficients_are_the_true_ones_within_four_standard_errors(seed: int) -> None:
    drawn, fit = simulate_panel(seed), _linear(seed)
    assert fit.outcome.ok
    for (cause, effect), value in drawn.effects.items():
        name = f"{cause} -> {effect}"
        # Demand is what season and trend leave of it, so that its loadings are a little below those of unit variance.
        slack = 0.1 * abs(value) if cause == "demand" else 0.0
        error = fit.standard_errors[name]
        assert not isinstance(error, Unavailable)
        assert abs(fit.estimates[name] - value) < 4 * error + slack, name


def test_standard_errors_are_the_spread_over_panels() -> None:
    panels = [simulate_panel(seed, weeks=78) for seed in range(100)]
    models = [ChannelSEM(drawn.panel, drawn.graph, adstock=None, saturation=None) for drawn in panels]
    fits = [model.fit(standard_errors="geo") for model in models]
    for name in ("TV -> Sales", "Search -> Sales", "Social -> Sales", "TV -> Search"):
        spread = np.std([fit.estimates[name] for fit in fits], ddof=1)
        told = np.mean([float(fit.standard_errors[name]) for fit in fits])
        # The standard deviation of 100 draws has a relative error of 7 %.
        assert told / spread == pytest.approx(1.0, abs=0.25), name


def test_demand_is_not_credited_to_search() -> None:
    fits = [_linear(seed) for seed in range(10)]
    ours = np.mean([fit.estimates["Search -> Sales"] for fit in fits])
    naive = np.mean([fit.ignoring_confounders.estimates["Search -> Sales"] for fit in fits])
    assert ours == pytest.approx(1.2, rel=0.06)
    assert naive > 1.9 * 1.2


def test_marginal_returns_are_the_true_ones_with_transforms() -> None:
    ratios = []
    for seed in range(4):
        drawn = simulate_panel(seed, adstock=DECAYS, hill=HILL)
        fit = ChannelSEM(drawn.panel, drawn.graph).fit()
        assert fit.outcome.ok
        more = drawn.panel["Search"] * 0.01
        media = drawn.panel["Search"]
        half, slope = HILL["Search"]
        gained = 1.2 * 2 * half * (_hill(media + more, half, slope) - _hill(media, half, slope)).sum()
        ratios.append(float(fit.roas(marginal=True)["Search", "total"].roas) / (gained / more.sum()))
    # Over many panels the ratio is 1.00 ± .08.
    assert np.mean(ratios) == pytest.approx(1.0, abs=4 * 0.08 / np.sqrt(4))


def _hill(media: np.ndarray, half: float, slope: float) -> np.ndarray:
    power = np.clip(media, 1e-9, None) ** slope
    return np.asarray(power / (power + half**slope))
