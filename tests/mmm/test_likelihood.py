"""The likelihood of a channel model against its definition in residuals, and its derivatives against differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semnan.estimation.progress import Progress
from semnan.mmm import ChannelSEM, LiftTest, Prior
from semnan.mmm.model.knowledge import Knowledge
from semnan.mmm.model.likelihood import Likelihood
from tests.mmm.panels import Array, graph, panel

TRANSFORMS = {"adstock": {"tv": "geometric"}, "saturation": {"tv": "hill", "search": "michaelis-menten"}}
SILENT = Progress(shown=False)


def _likelihood(*known: LiftTest | Prior) -> Likelihood:
    model = ChannelSEM(panel(), graph(), season=1, **TRANSFORMS)  # type: ignore[arg-type]
    return Likelihood(model.design, Knowledge(model.mechanism, known))


def _by_residuals(likelihood: Likelihood, theta: Array, tau: Array) -> float:
    """½ [log|Ω| + tr(Ω⁻¹ S_u)] with every equation's own raw variable on its left, and Ω = ΛΛᵀ + diag."""
    design = likelihood.design
    value = dict(zip((free.name for free in design.model.free), theta, strict=True))
    table = dict(zip(design.model.visibles, design.table(tau).T, strict=True))
    media = {"tv": "tv*", "search": "search*"}
    endogenous = ["search", "sales", "queries", "trends"]
    residuals = {
        "search": table["search"] - value["tv -> search"] * table["tv"],
        "sales": table["sales"]
        - sum(value[f"{name} -> sales"] * table[media.get(name, name)] for name in ("tv", "search", "price")),
        "queries": table["queries"],
        "trends": table["trends"],
    }
    u = np.stack([residuals[name] for name in endogenous])
    loadings = np.array([value[f"demand -> {name}"] for name in endogenous])
    omega = np.outer(loadings, loadings) + np.diag([value[f"{name} <-> {name}"] for name in endogenous])
    return float(np.linalg.slogdet(omega)[1] + np.trace(np.linalg.solve(omega, u @ u.T / u.shape[1]))) / 2


def test_path_model_with_given_transforms_is_the_residual_form() -> None:
    likelihood = _likelihood()
    values, slopes = [], []
    for shift in (0.0, 0.1):
        tau = likelihood.design.limits[2] + shift
        found = likelihood.minimise(tau, None, SILENT)
        assert found.outcome.ok
        values.append((found.value, _by_residuals(likelihood, found.theta, tau)))
        slopes.append(found.slope)
    # Up to one constant for all parameters, those of the transforms too.
    assert values[0][0] - values[1][0] == pytest.approx(values[0][1] - values[1][1], abs=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("informed", [False, True])
def test_slope_in_the_transforms_is_that_of_differences(weighted: bool, informed: bool) -> None:
    known = (
        LiftTest(channel="tv", value=-300.0, standard_error=60.0, weeks=(3, 4, 5), geos=("geo1",)),
        Prior(parameter="tv: decay", value=0.3, standard_error=0.2),
    )
    likelihood = _likelihood(*(known if informed else ()))
    if weighted:
        likelihood = replace(likelihood, weights=np.repeat([2.0, 0.0, 1.0, 1.0, 1.0, 1.0], 60))
    tau = likelihood.design.limits[2]
    found = likelihood.minimise(tau, None, SILENT)
    for k in range(len(tau)):
        step = np.zeros(len(tau))
        step[k] = 1e-4
        ends = [likelihood.minimise(tau + sign * step, found.theta, SILENT).value for sign in (1, -1)]
        assert found.slope[k] == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=1e-6, rel=1e-4)


def test_scores_of_the_rows_sum_to_the_gradient_and_hessian_is_that_of_differences() -> None:
    likelihood = _likelihood()
    tau = likelihood.design.limits[2]
    theta = likelihood.minimise(tau, None, SILENT).theta * 1.02
    at = likelihood.at(tau)
    point = at.problem.at(theta[None])
    q, scores = len(theta), likelihood.scores(at, point)
    both = np.concatenate([theta, tau])

    def value(where: Array) -> float:
        return _by_residuals(likelihood, where[:q], where[q:])

    steps = 1e-4 * np.maximum(1.0, np.abs(both)) * np.eye(len(both))
    slope = [(value(both + s) - value(both - s)) / (2 * s.sum()) for s in steps]
    np.testing.assert_allclose(-scores.mean(0), slope, atol=1e-6, rtol=1e-5)
    hessian = likelihood.hessian(theta, tau)
    for i, s in enumerate(steps):
        for j, r in enumerate(steps):
            ends = value(both + s + r) - value(both + s - r) - value(both - s + r) + value(both - s - r)
            assert hessian[i, j] == pytest.approx(ends / (4 * s.sum() * r.sum()), abs=2e-5, rel=1e-3)


def test_rows_counted_twice_weigh_as_rows_drawn_twice() -> None:
    model = ChannelSEM(panel(), graph(), adstock=None, saturation=None)
    likelihood = Likelihood(model.design, Knowledge(model.mechanism, ()))
    none = np.zeros(0)
    plain = likelihood.minimise(none, None, SILENT)
    same = replace(likelihood, weights=np.ones(model.design.rows)).minimise(none, None, SILENT)
    np.testing.assert_allclose(plain.theta, same.theta, rtol=1e-9)
