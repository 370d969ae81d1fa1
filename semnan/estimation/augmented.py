"""Fits under nonlinear equalities and inequalities: the augmented Lagrangian around any optimiser.

Each round minimises the discrepancy with the penalty of `Penalty`, then moves the multipliers; the constraints are
counted in standard errors of one observation, so that one weight serves all (Nocedal & Wright 2006, alg. 17.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from semnan.estimation.constraints import Constraints
from semnan.estimation.fit_options import Optimiser
from semnan.estimation.functions import Functions
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.space import Penalty
from semnan.network.arrays import Array

#: ρ of the first round, its growth between rounds, and its limit.
FIRST, GROWTH, LAST = 10.0, 10.0, 1e4
#: Constraints hold when no violation exceeds this, in standard errors of one observation; a fit that ends with more
#: than `BROKEN` has not met them.
HOLDS, BROKEN = 1e-9, 1e-6
ROUNDS = 30


def minimise_constrained(
    problem: Problem,
    functions: Functions,
    equality: Array,
    start: Array,
    minimise: Callable[[Problem, Array], Solution],
) -> tuple[Solution, Penalty]:
    """Minimise under c = 0 and c ≤ 0 from starts of shape (B, r).

    Returns
    -------
    Solution
        Its value is that of the discrepancy alone.
    Penalty
        With the multipliers of the solution.

    """
    scale = _scale(problem, functions, start)
    penalty = Penalty(functions, equality, scale, np.zeros_like(scale), FIRST)
    steps = np.zeros(len(start), dtype=np.int64)
    for _ in range(ROUNDS):
        solution = minimise(replace(problem, penalty=penalty), start)
        start, steps = solution.theta, steps + solution.steps
        full = problem.at(start).full
        violated = _violation(penalty, full)
        penalty = penalty.updated(full, min(penalty.weight * GROWTH, LAST))
        if (violated <= HOLDS).all() or Outcome.INTERRUPTED in solution.outcomes:
            break
    ends = zip(solution.outcomes, violated.tolist(), strict=True)
    outcomes = tuple(Outcome.INFEASIBLE if end.ok and size > BROKEN else end for end, size in ends)
    return solution._replace(value=problem.at(start).value, steps=steps, outcomes=outcomes), penalty


def minimise_within(
    problem: Problem, limits: Constraints, start: Array, optimiser: Optimiser, shown: Progress
) -> tuple[Solution, Array | None]:
    """Minimise under whatever constraints there are, from starts of shape (B, r).

    Returns
    -------
    Solution
    array of bool, shape (B, k), or None
        Which of the constraints that are no linear equalities push; None if there are none.

    """
    if limits.functions is None:
        return optimiser.minimise(problem, start, shown), None
    solution, penalty = minimise_constrained(
        problem,
        limits.functions,
        limits.equality,
        start,
        lambda inner, theta: optimiser.minimise(inner, theta, shown),
    )
    return solution, penalty.active(problem.expand(solution.theta))


def _scale(problem: Problem, functions: Functions, start: Array) -> Array:
    """A standard error of one observation of every constraint at the start, taking parameters as independent."""
    point = problem.at(start)
    spread = problem.hessian_diagonal(point)
    slopes = functions.jacobian(torch.tensor(point.full)).numpy()
    if problem.space is not None:
        slopes = slopes @ problem.space.basis
    variance = (slopes**2 / np.where(spread > 0, spread, 1.0)[:, None, :]).sum(-1)
    return np.sqrt(np.where(variance > 0, variance, 1.0))


def _violation(penalty: Penalty, full: Array) -> Array:
    """The largest violation: |c| of equalities, and of inequalities what keeps max(c, −λ/ρ) from zero."""
    found = penalty.violation(full)
    slack = np.maximum(found, -penalty.multiplier / penalty.weight)
    return np.asarray(np.abs(np.where(penalty.equality, found, slack)).max(-1))
