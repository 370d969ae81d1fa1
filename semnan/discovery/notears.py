"""`Notears`: least squares with an L1 penalty under the constraint that the weights have no cycle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from semnan.discovery.acyclicity import Acyclicity, exponential, log_determinant, matrix_exponential
from semnan.discovery.losses import least_squares
from semnan.discovery.task import Learned, SearchOutcome, Task, Trace
from semnan.errors import FitError

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
#: Value and gradient of the smooth part of an objective.
Smooth = Callable[[Array], tuple[float, Array]]

#: The penalty of the constraint grows tenfold until h has fallen to a quarter.
GROW, FALL = 10.0, 0.25
#: h below which a search works in units of the curvature, on the weights that move.
WEAK = 1e-3
#: Working sets for one minimum, how far beyond its penalty a slope moves a weight, and evaluations for one set.
ROUNDS, SLACK, EVALUATIONS = 30, 1e-3, 15_000


@final
@dataclass(frozen=True, kw_only=True)
class Notears:
    """Minimise ½‖X − XW‖²/n + λ‖W‖₁ subject to h(W) = 0 (Zheng et al., NeurIPS 2018).

    By the augmented Lagrangian and L-BFGS-B over the positive and negative parts of W, from W = 0, as in the authors'
    code. The answer depends on the units of the variables: where errors have about one variance it finds their order
    by their variances, on standardised data it does not.

    Parameters
    ----------
    penalty : float
        λ, of the absolute weights.
    acyclicity : "exponential" or "logdet"
        h as in NOTEARS, or as in DAGMA.
    h_tolerance, rho_max : float
        The search ends when h is at most the one, or the weight of the constraint at least the other.
    steps : int
        Most rounds of the augmented Lagrangian.

    """

    penalty: float = 0.1
    acyclicity: Literal["exponential", "logdet"] = "exponential"
    h_tolerance: float = 1e-8
    rho_max: float = 1e16
    steps: int = 100

    def __post_init__(self) -> None:
        if self.acyclicity not in ("exponential", "logdet"):
            raise FitError(f"acyclicity={self.acyclicity!r}: give 'exponential' or 'logdet'")
        if self.penalty < 0 or self.h_tolerance <= 0 or self.rho_max <= 1 or self.steps < 1:
            raise FitError(f"{self}: give a penalty of at least 0, and positive limits")

    @property
    def threshold(self) -> float:
        return 0.3

    def learn(self, task: Task) -> Learned:
        h: Acyclicity = exponential if self.acyclicity == "exponential" else log_determinant
        weights, rho, alpha, value = np.zeros((task.size, task.size)), 1.0, 0.0, np.inf
        loss, cycles, penalties = [], [], []
        outcome = SearchOutcome.ITERATION_LIMIT
        with task.watch() as watch:
            watch.begin(self.steps)
            try:
                for step in range(self.steps):
                    while rho < self.rho_max:
                        scale = _scale(task.covariance, h, weights, rho, alpha)
                        smooth = _lagrangian(task.covariance, h, rho, alpha)
                        found = minimise_l1(smooth, weights, self.penalty, task, scale)
                        found_value = h(found)[0]
                        loss.append(
                            least_squares(task.covariance, found)[0] + self.penalty * float(np.abs(found).sum())
                        )
                        cycles.append(found_value)
                        penalties.append(rho)
                        if found_value <= FALL * value:
                            break
                        rho *= GROW
                    weights, value = found, found_value
                    alpha += rho * value
                    watch.advance(step + 1, loss[-1], 1)
                    if value <= self.h_tolerance or rho >= self.rho_max:
                        outcome = SearchOutcome.FINISHED
                        break
            except KeyboardInterrupt:
                outcome = SearchOutcome.INTERRUPTED
        return Learned(weights, outcome, Trace(tuple(loss), tuple(cycles), tuple(penalties)))


def _lagrangian(covariance: Array, h: Acyclicity, rho: float, alpha: float) -> Smooth:
    def smooth(weights: Array) -> tuple[float, Array]:
        cycles, slope = h(weights)
        value, gradient = least_squares(covariance, weights)
        if cycles == np.inf:
            return np.inf, gradient
        return value + 0.5 * rho * cycles**2 + alpha * cycles, gradient + (rho * cycles + alpha) * slope

    return smooth


def _scale(covariance: Array, h: Acyclicity, weights: Array, rho: float, alpha: float) -> Array | None:
    """One over the root of the curvature of the Lagrangian along each weight, shape (d, d), once cycles are weak.

    Of h it takes the part that grows with the sum over walks from the child back to the parent. While cycles are strong
    the slow path from zero finds the order, and other units would lead to another, often worse.
    """
    cycles = h(weights)[0]
    if cycles > WEAK or not weights.any():
        return None
    walks = matrix_exponential(weights * weights).T
    return np.asarray((np.diagonal(covariance)[:, None] + 2 * (rho * cycles + alpha) * walks) ** -0.5)


def minimise_l1(smooth: Smooth, start: Array, penalty: float, task: Task, scale: Array | None = None) -> Array:
    """Minimise a smooth function of W plus λ‖W‖₁ over the edges allowed. Required edges carry no penalty.

    Parameters
    ----------
    smooth : callable
        Value and gradient.
    start : ndarray, shape (d, d)
    penalty : float
        λ.
    task : Task
    scale : ndarray, shape (d, d), optional
        Units of the weights in which to work on a set of them: those that are not zero or would not stay so. The set
        grows until no other weight would move. By default all weights are worked on at once, in their own units.

    """
    costs, allowed = np.where(task.knowledge.required, 0.0, penalty), task.knowledge.allowed
    if not allowed.any():
        return start
    if scale is None:
        return _minimise_over(np.flatnonzero(allowed), smooth, start, costs, np.ones_like(start))
    weights = start
    for _ in range(ROUNDS):
        slope = np.abs(smooth(weights)[1])
        moving = allowed & ((weights != 0) | (slope > costs * (1 + SLACK)))
        if weights is not start and not (moving & (weights == 0)).any():
            break
        if moving.any():
            weights = _minimise_over(np.flatnonzero(moving), smooth, weights, costs, scale)
    return weights


def _minimise_over(free: Indices, smooth: Smooth, start: Array, costs: Array, scale: Array) -> Array:
    """By L-BFGS-B on W = W⁺ − W⁻, both at least zero; the weights outside of `free` stay zero."""
    shape, k, units = start.shape, len(free), scale.ravel()[free]
    prices = costs.ravel()[free] * units

    def build(x: Array) -> Array:
        weights = np.zeros(shape)
        weights.ravel()[free] = (x[:k] - x[k:]) * units
        return weights

    def objective(x: Array) -> tuple[float, Array]:
        value, gradient = smooth(build(x))
        slope = gradient.ravel()[free] * units
        return value + float(prices @ (x[:k] + x[k:])), np.concatenate([slope + prices, prices - slope])

    inside = start.ravel()[free] / units
    done = minimize(
        objective,
        np.concatenate([np.maximum(inside, 0), np.maximum(-inside, 0)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * k),
        options={"maxiter": EVALUATIONS, "maxfun": EVALUATIONS},
    )
    return build(np.asarray(done.x))
