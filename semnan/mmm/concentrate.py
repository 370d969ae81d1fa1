"""Minimise the likelihood concentrated on the parameters of the transforms, from one start or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.optimize import minimize

from semnan.estimation.outcome import Outcome
from semnan.estimation.progress import Progress
from semnan.mmm.likelihood import Likelihood, Value
from semnan.network.arrays import Array

#: Largest slope, in ranges of the parameters, at which a search has converged; and its most steps.
TOLERANCE, STEPS = 1e-6, 200


@final
@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a search ended.

    Attributes
    ----------
    theta : array, shape (q,)
    tau : array, shape (k,)
    value : float
        Minus the log-likelihood of one row, and the penalties, up to a constant.
    outcome : Outcome
    ends : tuple of float
        What each start reached.

    """

    theta: Array
    tau: Array
    value: float
    outcome: Outcome
    ends: tuple[float, ...]


class _StoppedError(Exception):
    """The user has interrupted the optimiser."""


@final
class _Search:
    """One search: coordinates from zero to one within the bounds, and a warm start for the optimiser of θ."""

    def __init__(self, likelihood: Likelihood, progress: Progress, theta: Array | None) -> None:
        self.likelihood, self.progress, self.theta = likelihood, progress, theta
        self.lower, upper, _ = likelihood.design.limits
        self.width = upper - self.lower
        self.best: tuple[Array, Value] | None = None

    def value(self, place: Array) -> tuple[float, Array]:
        tau = self.lower + self.width * place
        found = self.likelihood.minimise(tau, self.theta, self.progress)
        if not found.outcome.ok and self.theta is not None:
            found = self.likelihood.minimise(tau, None, self.progress)
        if found.outcome is Outcome.INTERRUPTED:
            raise _StoppedError
        if self.best is None or found.value < self.best[1].value:
            self.best, self.theta = (tau, found), found.theta
        return found.value, found.slope * self.width

    def run(self, tau: Array) -> Outcome:
        """Search from τ; what was best is in `best`."""
        if not len(tau):
            self.value(tau)
            assert self.best is not None
            return self.best[1].outcome
        start = (tau - self.lower) / self.width
        end = minimize(
            self.value,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, 1)] * len(tau),
            options={"maxiter": STEPS, "gtol": TOLERANCE, "ftol": 1e-13},
        )
        assert self.best is not None
        if not self.best[1].outcome.ok:
            return self.best[1].outcome
        return Outcome.CONVERGED if end.success else Outcome.STALLED if end.status == 2 else Outcome.ITERATION_LIMIT


def concentrate(
    likelihood: Likelihood, starts: Sequence[Array], progress: Progress, theta: Array | None = None
) -> Minimum:
    """The lowest end of searches from several τ, shape (k,) each."""
    ends: list[tuple[float, Outcome, Array, Array]] = []
    for tau in starts:
        search = _Search(likelihood, progress, theta)
        try:
            outcome = search.run(tau)
        except _StoppedError:
            outcome = Outcome.INTERRUPTED
        if search.best is not None:
            ends.append((search.best[1].value, outcome, search.best[1].theta, search.best[0]))
        if outcome is Outcome.INTERRUPTED:
            break
    if not ends:
        raise KeyboardInterrupt
    value, outcome, found, tau = min(ends, key=lambda end: (not end[1].ok, end[0]))
    return Minimum(found, tau, value, outcome, tuple(end[0] for end in ends))


def random_starts(likelihood: Likelihood, count: int, seed: int) -> list[Array]:
    """The usual start, and random ones within the bounds."""
    lower, upper, start = likelihood.design.limits
    generator = np.random.default_rng(seed)
    others = [lower + (upper - lower) * generator.uniform(0.05, 0.6, len(lower)) for _ in range(count - 1)]
    return [start, *others] if len(lower) else [start]
