"""The search for the parameters of the transforms: its derivatives against differences, its end against scipy's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from semnan.estimation.progress import Progress
from semnan.mmm import ChannelSEM, Prior, simulate_panel
from semnan.mmm.model.concentrate import concentrate
from semnan.mmm.model.knowledge import Knowledge
from semnan.mmm.model.likelihood import Likelihood
from tests.mmm.panels import Array, graph, panel

TRANSFORMS = {"adstock": {"tv": "geometric"}, "saturation": {"tv": "hill", "search": "michaelis-menten"}}
HILL = {"TV": (100.0, 1.5), "Social": (60.0, 1.2), "Display": (50.0, 1.2), "Search": (45.0, 1.5)}
SILENT = Progress(shown=False)


def _likelihood(*known: Prior) -> Likelihood:
    model = ChannelSEM(panel(), graph(), season=1, **TRANSFORMS)  # type: ignore[arg-type]
    return Likelihood(model.design, Knowledge(model.mechanism, known))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("known", [(), (Prior(parameter="tv: slope", value=1.0, standard_error=0.3),)])
def test_concentrated_hessian_is_that_of_differences(weighted: bool, known: tuple[Prior, ...]) -> None:
    likelihood = _likelihood(*known)
    if weighted:
        likelihood = replace(likelihood, weights=np.repeat([2.0, 0.0, 1.0, 1.0, 1.0, 1.0], 60))
    tau = likelihood.design.limits[2]
    found = likelihood.minimise(tau, None, SILENT)
    hessian = likelihood.concentrated_hessian(found.theta, tau)
    for k, step in enumerate(1e-3 * np.eye(len(tau))):
        low, high = (likelihood.minimise(tau + sign * step, found.theta, SILENT).slope for sign in (-1, 1))
        np.testing.assert_allclose(hessian[k], (high - low) / 2e-3, rtol=2e-3, atol=5e-5)


def test_drift_is_how_the_best_coefficients_move() -> None:
    """The information from products of scores is near the Hessian, so that drift is near, not equal."""
    drawn = simulate_panel(0, adstock=dict.fromkeys(HILL, 0.4), hill=HILL)
    model = ChannelSEM(drawn.panel, drawn.graph)
    likelihood = Likelihood(model.design, Knowledge(model.mechanism, ()))
    found = concentrate(likelihood, [likelihood.design.limits[2]], SILENT)
    here = likelihood.minimise(found.tau, found.theta, SILENT)
    place = likelihood.design.owners[0]
    step = np.zeros(len(found.tau))
    step[1] = 1e-3
    ends = [likelihood.minimise(found.tau + sign * step, found.theta, SILENT).theta[place] for sign in (1, -1)]
    assert here.drift[place, 1] == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=0.2)


@pytest.mark.parametrize("geos", [20, 1])
def test_no_other_optimiser_finds_less_from_the_same_start(geos: int) -> None:
    drawn = simulate_panel(2, geos, 104, adstock=dict.fromkeys(HILL, 0.4), hill=HILL)
    model = ChannelSEM(drawn.panel, drawn.graph)
    likelihood = Likelihood(model.design, Knowledge(model.mechanism, ()))
    lower, upper, start = likelihood.design.limits
    with np.errstate(all="ignore"):
        found = concentrate(likelihood, [start], SILENT)

        def value(tau: Array) -> tuple[float, Array]:
            at = likelihood.minimise(tau, found.theta, SILENT)
            return at.value, at.slope

        bounds = list(zip(lower, upper, strict=True))
        other = minimize(value, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14})
    assert found.outcome.ok
    assert found.value <= other.fun + 1e-9
