"""Budgets add up, stay within bounds, and are never worse than today's; the best one against a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan.errors import FitError
from semnan.mmm import ChannelFit, ChannelSEM
from semnan.mmm.results.allocate import allocate, project
from tests.mmm.fits import at_truth, curved, linear, simulated, unidentified
from tests.mmm.panels import Array, graph, panel


def _kpi(fit: ChannelFit, multiples: dict[str, float]) -> float:
    """What the KPI gains when media are scaled, the others being set to what they were."""
    return float(fit.scenario({name: m - 1.0 for name, m in multiples.items()}).change)


def test_the_budget_adds_up_and_gains() -> None:
    fit = curved()
    found = fit.optimise_budget()
    spend = {name: fit.model.panel[name].sum() for name in fit.model.panel.channels}
    assert found.total == pytest.approx(sum(spend.values()), rel=1e-12)
    assert isinstance(found.gain, float)
    assert found.gain > 0
    for row in found.listed:
        assert row.spend_now == pytest.approx(spend[row.channel])
        assert 0.5 - 1e-9 <= row.spend_then / row.spend_now <= 1.5 + 1e-9
    gained = _kpi(fit, {row.channel: row.spend_then / row.spend_now for row in found.listed})
    assert found.gain == pytest.approx(gained, rel=1e-9)


def test_marginal_returns_are_equal_away_from_bounds() -> None:
    found = at_truth(simulated(3, curved=True)).optimise_budget(bounds=(0.0, 4.0))
    inside = [row.marginal_return for row in found.listed if not row.at_bound]
    assert len(inside) >= 2
    np.testing.assert_allclose(inside, inside[0], rtol=0.02)


def test_the_best_of_two_channels_is_that_of_a_grid() -> None:
    fit = at_truth(simulated(3, curved=True))
    found = fit.optimise_budget(channels=["TV", "Display"], bounds=(0.2, 2.0))
    spend = {name: float(fit.model.panel[name].sum()) for name in ("TV", "Display")}
    total = sum(spend.values())
    values = []
    for share in np.linspace(0.0, 1.0, 101):
        tv = share * total / spend["TV"]
        display = (1 - share) * total / spend["Display"]
        if 0.2 <= tv <= 2.0 and 0.2 <= display <= 2.0:
            values.append(_kpi(fit, {"TV": tv, "Display": display}))
    assert isinstance(found.gain, float)
    assert found.gain >= max(values) - 1e-9
    assert found.gain == pytest.approx(max(values), rel=1e-2)
    assert found.responding == ("Social", "Search")


def test_without_saturation_the_best_is_a_corner() -> None:
    fit = linear()
    found = fit.optimise_budget(channels=["Display", "Social"], bounds={"Display": (0.0, 2.0), "Social": (0.5, 1.2)})
    more = 0.2 * fit.model.panel["Social"].sum()
    assert found["Social"].change == pytest.approx(0.2)
    assert found["Social"].at_bound == "most"
    difference = fit.estimates["Social -> Sales"] - fit.estimates["Display -> Sales"]
    assert found.gain == pytest.approx(more * difference, rel=1e-6)
    assert isinstance(fit.spread.matrix, np.ndarray)
    a, b = fit.names.index("Social -> Sales"), fit.names.index("Display -> Sales")
    matrix = fit.spread.matrix
    error = more * np.sqrt(matrix[a, a] + matrix[b, b] - 2 * matrix[a, b])
    assert found.standard_error == pytest.approx(error, rel=1e-5)


def test_amounts_and_totals() -> None:
    fit = linear()
    found = fit.optimise_budget(
        60_000, channels=["TV", "Display"], bounds={"TV": (0, 1)}, amounts={"Display": (0, 5e4)}
    )
    assert found.total == pytest.approx(60_000, rel=1e-12)
    assert found["Display"].spend_then <= 5e4 + 1e-6


def test_revenue_is_what_counts() -> None:
    media = panel(revenue_per_kpi=3.0)
    found = ChannelSEM(media, graph(), adstock=None, saturation=None).fit().optimise_budget()
    plain = ChannelSEM(panel(), graph(), adstock=None, saturation=None).fit().optimise_budget()
    assert isinstance(plain.gain, float)
    assert found.gain == pytest.approx(3 * plain.gain, rel=1e-6)
    assert (found.unit, plain.unit) == ("revenue", "sales")


def test_unidentified_effects_are_refused_with_a_way_out() -> None:
    with pytest.raises(FitError, match=r"not identified .*two proxies of demand.*channels="):
        unidentified().optimise_budget()
    found = unidentified().optimise_budget(channels=["TV", "Social", "Display"])
    assert found.responding == ("Search",)
    assert "respond at no cost" in str(found)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"total": -1.0}, "positive amount"),
        ({"total": 1e9}, "widen"),
        ({"total": 1.0}, "widen"),
        ({"channels": ["Radio"]}, "'Radio' is no channel"),
        ({"channels": []}, "no channel"),
        ({"bounds": {"Radio": (0, 1)}}, "Radio"),
        ({"bounds": (2.0, 1.0)}, "pair"),
        ({"amounts": {"TV": (-1.0, 1.0)}}, "pair"),
        ({"bounds": {"TV": 3}}, "pair"),
    ],
)
def test_requests_without_meaning_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(FitError, match=told):
        linear().optimise_budget(**options)  # type: ignore[arg-type]


def test_spend_has_to_be_known() -> None:
    fit = ChannelSEM(panel(spend=None), graph(), adstock=None, saturation=None).fit()
    with pytest.raises(FitError, match="spend="):
        fit.optimise_budget()


@settings(max_examples=60, deadline=None)
@given(
    x=st.lists(st.floats(-5, 5), min_size=1, max_size=6),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_projections_are_within_bounds_and_add_up(x: list[float], share: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    lower = generator.uniform(0, 1, len(x))
    upper = lower + generator.uniform(0, 3, len(x))
    total = float(lower.sum() + share * (upper - lower).sum())
    found = project(np.array(x), lower, upper, total)
    assert found.sum() == pytest.approx(total, rel=1e-12, abs=1e-12)
    assert (found >= lower - 1e-12).all()
    assert (found <= upper + 1e-12).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999))
def test_allocations_are_never_worse_than_the_start(seed: int) -> None:
    generator = np.random.default_rng(seed)
    weights, half, bend = generator.uniform(0.1, 5, 4), generator.uniform(0.2, 3, 4), generator.uniform(0.7, 4, 4)

    def value(x: Array) -> float:
        powers = np.maximum(x, 0) ** bend
        return float((weights * powers / (powers + half**bend)).sum())

    start, lower, upper = np.ones(4), np.zeros(4), np.full(4, 2.5)
    found = allocate(value, lower, upper, start)
    assert value(found) >= value(start)
    assert found.sum() == pytest.approx(4.0, rel=1e-12)
