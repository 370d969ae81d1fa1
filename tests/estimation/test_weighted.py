"""Derivatives of weighted least squares against finite differences; its value and sandwich against dense algebra."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import semnan as sn
from semnan import PathModel
from semnan.estimation.constraints import Constraints
from semnan.estimation.least_squares import assemble_vectors
from semnan.estimation.moment_spread import moment_spread, weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Weight
from semnan.estimation.problem import Problem
from semnan.estimation.start import start_values
from semnan.network.arrays import Array

FACTORS = "visual =~ x1 + x2 + a*x3\ntextual =~ x4 + a*x5 + x6\ntextual ~ visual\nx7 ~ textual + x1"
WEIGHTS: tuple[Weight, ...] = ("full", "diagonal", "normal", "identity")


@cache
def problem(weight: Weight, *, means: bool, groups: bool) -> tuple[PathModel, Problem, Array]:
    """A model with ties in one group or two, and a point that is no minimum."""
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    labels = tuple(dict.fromkeys(frame["school"])) if groups else ()
    model = PathModel.from_lavaan(FACTORS, groups=labels, meanstructure=means)
    parts = [frame[frame["school"] == label] for label in labels] or [frame]
    tables = [part[list(model.visibles)].to_numpy(float) for part in parts]
    made = assemble_vectors(model, [MomentVector.of_rows(model.visibles, table) for table in tables], weight)
    limits = Constraints.of(model)
    start, _ = start_values(made.groups)
    theta = start + 0.05 * np.random.default_rng(1).normal(size=start.shape)
    return model, Problem(made.parts, limits.lower, limits.upper, limits.space), theta


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize(("means", "groups"), [(False, False), (True, False), (True, True)])
def test_derivatives(weight: Weight, means: bool, groups: bool) -> None:
    _, made, theta = problem(weight, means=means, groups=groups)
    slopes, step = made.linearise(made.at(theta), exact=True), 1e-5
    ends = [(made.at(theta + step * e), made.at(theta - step * e)) for e in np.eye(theta.shape[1])]
    gradient = [(high.value - low.value)[0] / (2 * step) for high, low in ends]
    hessian = np.array([(made.gradient(high) - made.gradient(low))[0] / (2 * step) for high, low in ends])
    assert slopes.exact is not None
    assert slopes.gradient[0] == pytest.approx(gradient, rel=1e-6, abs=1e-7)
    assert slopes.exact[0] == pytest.approx(hessian, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_value_jacobian_and_spread(weight: Weight) -> None:
    """½ rᵀWr, the Gauss–Newton Hessian JᵀWJ and the middle of the sandwich JᵀWΓWJ, all dense."""
    _, made, theta = problem(weight, means=True, groups=False)
    point, part = made.at(theta), made.parts[0]
    loss = weighted(part)
    dense = np.diag(loss.weight) if loss.weight.ndim == 1 else loss.weight
    apart = loss.moments(point.implied[0].sigma)[0] - loss.target
    assert point.value[0] == pytest.approx(apart @ dense @ apart / 2, rel=1e-12)
    step = 1e-6
    slopes = []
    for e in np.eye(theta.shape[1]):
        high, low = (loss.moments(made.at(theta + side * step * e).implied[0].sigma)[0] for side in (1, -1))
        slopes.append((high - low) / (2 * step))
    jacobian = np.array(slopes).T
    assert made.hessian(point)[0] == pytest.approx(jacobian.T @ dense @ jacobian, rel=1e-6, abs=1e-6)
    gamma = loss.influence.T @ loss.influence / len(loss.influence)
    middle = jacobian.T @ dense @ gamma @ dense @ jacobian
    assert moment_spread(made, point)[0] == pytest.approx(middle, rel=1e-6, abs=1e-6 * np.abs(middle).max())
