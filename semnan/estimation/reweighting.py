"""Least squares whose weight follows from what the model implies (DLS): to be solved until the weight stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from semnan.estimation.moment_spread import weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Mixture, weighted_moments
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Part, Point, Problem, Solution
from semnan.model import PathModel
from semnan.network import Propagation
from semnan.network.arrays import Array

#: Steps in standard errors of a single observation that are no longer worth a new weight.
NEAR = 1e-9
#: Number of earlier steps that are mixed.
MEMORY = 5
#: Weights after which the estimates count as not converged.
MOST = 200

Minimise = Callable[[Problem, Array], tuple[Solution, Array | None]]


def reweight(
    model: PathModel,
    vectors: Sequence[MomentVector],
    weight: Mixture,
    problem: Problem,
    start: Array,
    minimise: Minimise,
) -> tuple[Problem, Solution, Array | None]:
    """Minimise with the weight of the last estimates until these stay where they are; shape (1, r) of a single fit.

    Steps are mixed (Anderson 1965), since they may go to and fro without end where the model misfits.
    """
    theta, trail = start, Trail()
    for _ in range(MOST):
        problem = replace(problem, parts=_reweighted(model, problem.parts, problem.at(theta), vectors, weight))
        solution, active = minimise(problem, theta)
        step = solution.theta - theta
        scale = np.sqrt(problem.hessian_diagonal(problem.at(solution.theta)))
        if np.abs(step * scale).max() < NEAR or not solution.outcomes[0].ok:
            return problem, solution, active
        theta = problem.clip(trail.mixed(theta[0], step[0], scale[0])[None])
    return problem, solution._replace(outcomes=(Outcome.ITERATION_LIMIT,)), active


class Trail:
    """The last points, and the steps from them."""

    def __init__(self) -> None:
        self.points: list[Array] = []
        self.steps: list[Array] = []

    def mixed(self, point: Array, step: Array, scale: Array) -> Array:
        """Where the steps, mixed to be as short as can be, would lead; at first the step itself."""
        self.points, self.steps = [*self.points[-MEMORY:], point], [*self.steps[-MEMORY:], step]
        if len(self.points) == 1:
            return point + step
        points, steps = np.diff(self.points, axis=0), np.diff(self.steps, axis=0)
        mix = np.linalg.lstsq((steps * scale).T, step * scale, rcond=None)[0]
        return np.asarray(point + step - mix @ (points + steps))


def _reweighted(
    model: PathModel, parts: Sequence[Part], point: Point, vectors: Sequence[MomentVector], weight: Mixture
) -> tuple[Part, ...]:
    """The parts with the Γ_NT of what the model implies at a point."""
    found = []
    for part, at, vector in zip(parts, point.implied, vectors, strict=True):
        there = replace(vector, covariance=_implied(part, at, vector.names))
        new = weighted_moments(there, part.layout, model.exogenous, weight, means=model.has_means)
        found.append(replace(part, loss=replace(weighted(part), weight=new.weight)))
    return tuple(found)


def _implied(part: Part, at: Propagation[Array], names: tuple[str, ...]) -> Array:
    """The implied covariance of one fit, in the order of the names."""
    sigma = at.sigma[0]
    if part.layout.constant:
        sigma = sigma[1:, 1:] - np.outer(sigma[0, 1:], sigma[0, 1:])
    place = [part.layout.order.index(name) for name in names]
    return np.asarray(sigma[np.ix_(place, place)])
