"""How a path model is fitted under a multivariate t distribution: rows weighed by their distance, again and again.

The likelihood equations are those of normal data whose rows count (ν + p)/(ν − 2 + δ). So the model is fitted to
weighted moments, then ν to the distances of the rows from what it implies (ECME: Liu & Rubin 1995, Statistica Sinica
5), until nothing moves; steps are mixed (Anderson 1965), since the slowest of them, a common scale, is very slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np

from semnan.estimation.augmented import minimise_within
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler, factorise
from semnan.estimation.information import pull_back, push_forward
from semnan.estimation.missing import saturated_moments
from semnan.estimation.problem import Part, Problem
from semnan.estimation.progress import Progress
from semnan.estimation.reweighting import Trail
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.student import MOST, Expected, likeliest, log_density, weights
from semnan.estimation.variance import unconstrained
from semnan.network import Layout, Propagation
from semnan.network.arrays import Array

#: Steps in standard errors of one observation, and in η = 1/ν, that are no longer worth new weights; how many may be.
NEAR, ROUNDS = 1e-8, 500
#: Log-likelihoods that differ by no more are the same.
SLACK = 1e-6
#: How many times a mixed step is halved.
HALVES = 4
#: η at the start, if ν is estimated.
FIRST = 0.1
#: Entries of derivatives that are held at a time.
HELD = 1 << 23


class Distances(NamedTuple):
    """Of the rows of one group: δ, and log |Σ|."""

    delta: Array
    logdet: float


class State(NamedTuple):
    """Coordinates of the parameters, shape (1, r), and η."""

    theta: Array
    eta: float


class Information(NamedTuple):
    """The expected information of one observation: of θ, shape (1, q, q), between θ and ν, shape (q,), and of ν."""

    dense: Array
    cross: Array
    own: float


@final
@dataclass(frozen=True, eq=False)
class StudentFit:
    """A model and the rows that it is fitted to.

    Attributes
    ----------
    problem : Problem
        The model with means, about those of the rows. Its sample moments do not matter.
    limits : Constraints
    groups : tuple of ndarray, shape (n_g, p)
        The rows, in the order of the layouts.
    given : float or None
        η, if it is not to be estimated.

    """

    problem: Problem
    limits: Constraints
    groups: tuple[Array, ...]
    given: float | None

    @property
    def p(self) -> int:
        """The number of variables."""
        return len(self.problem.parts[0].layout.order)

    def settle(self, start: Array) -> tuple[State, int, bool]:
        """Fit from coordinates of shape (1, r) until nothing moves: where, after how many rounds, and whether so."""
        state, trail = State(start, FIRST if self.given is None else self.given), Trail()
        for step in range(1, ROUNDS + 1):
            new, scale = self._round(state)
            old, change = _flat(state), _flat(new) - _flat(state)
            if np.abs(change * scale).max() < NEAR:
                return new, step, True
            state = self._within(trail.mixed(old, change, scale), new)
        return state, ROUNDS, False

    def _round(self, state: State) -> tuple[State, Array]:
        """The model fitted to moments weighted at a state, ν to its distances; and the units of both."""
        problem = self.weighted(state)
        scoring = FisherScoring(tolerance=NEAR / 10)
        theta = minimise_within(problem, self.limits, state.theta, scoring, Progress(shown=False))[0].theta
        spread = problem.hessian_diagonal(problem.at(theta))[0]
        eta = self.given
        if eta is None:
            eta = likeliest([group.delta for group in self.distances(theta)], self.p)
        return State(theta, eta), np.append(np.sqrt(np.where(spread > 0, spread, 1.0)), (1 - 2 * eta) ** 2 / 2)

    def _within(self, mixed: Array, new: State) -> State:
        """The longest of some steps from the plain to the mixed one that is within bounds and likelier.

        Plain steps never make the likelihood less, mixed ones may (Henderson & Varadhan 2019, Journal of Computational
        and Graphical Statistics 28).
        """
        plain, least = _flat(new), self.log_likelihood(new.theta, new.eta) - SLACK
        step = mixed - plain
        if self.given is not None or not 0 < new.eta < MOST:
            step[-1] = 0.0
        step *= _share(plain[-1], step[-1])
        for _ in range(HALVES):
            theta = self.problem.clip((plain + step)[None, :-1])
            eta = new.eta if step[-1] == 0 else (1 - 1 / float(plain[-1] + step[-1])) / 2
            if np.isfinite(self.problem.at(theta).value).all() and self.log_likelihood(theta, eta) >= least:
                return State(theta, eta)
            step = step / 2
        return new

    def weighted(self, state: State) -> Problem:
        """The model of the moments that rows have by their weights at a state."""
        parts = [
            _weighted(part, values, weights(found.delta, self.p, state.eta))
            for part, values, found in zip(self.problem.parts, self.groups, self.distances(state.theta), strict=True)
        ]
        return replace(self.problem, parts=tuple(parts))

    def distances(self, theta: Array) -> list[Distances]:
        """How far rows are from what coordinates imply."""
        point = self.problem.at(theta)
        groups = zip(self.problem.parts, point.implied, self.groups, strict=True)
        return [_distances(part, at, values) for part, at, values in groups]

    def log_likelihood(self, theta: Array, eta: float) -> float:
        """Of all rows."""
        found = [log_density(at.delta, at.logdet, self.p, eta).sum() for at in self.distances(theta)]
        return float(sum(found))

    def information(self, full: Array, parts: Expected) -> Information:
        """The expected information of one observation at θ, shape (1, q), with what the distribution makes of it."""
        problem = unconstrained(self.problem, full.shape[-1])
        point = problem.at(full)
        dense, cross = parts.second * problem.information(point), np.zeros(full.shape[-1])
        for part, at in zip(problem.parts, point.implied, strict=True):
            share, inverse = float(part.share[0]), factorise(at.sigma).inverse
            trace = pull_back(part.layout, at, inverse)[0]
            means = _means(part.layout, at, full.shape[-1])
            first = means @ inverse[0, 1:, 1:] @ means.T
            dense += share * ((parts.first - parts.second) * first + parts.trace * np.outer(trace, trace))
            cross += share * parts.cross * trace
        return Information(dense, cross, parts.own)


def _flat(state: State) -> Array:
    """What is mixed: 1 / (1 − 2 η) in place of η, since covariances of the same scatter are proportional to it."""
    return np.append(state.theta[0], 1 / (1 - 2 * state.eta))


def _share(plain: float, step: float) -> float:
    """How much of a step of 1 / (1 − 2 η) goes at most half of the way to where η is zero, or to twice its value."""
    room = plain if step > 0 else (plain - 1) / 2
    return min(1.0, room / abs(step)) if step else 1.0


def _weighted(part: Part, values: Array, weight: Array) -> Part:
    """One group by its weighted moments, the second ones by the number of rows."""
    mean = weight @ values / weight.sum()
    deviation = values - mean
    second = saturated_moments((deviation * weight[:, None]).T @ deviation / len(values))
    second[0, 0] = weight.mean()  # How much the mean counts.
    loss = KullbackLeibler(second[None], names=("the constant", *part.layout.order))
    return replace(part, loss=loss, center=np.concatenate([[0.0], mean])[None])


def _distances(part: Part, at: Propagation[Array], values: Array) -> Distances:
    """By the second moments of the constant and the variables, whose determinant is that of the covariance."""
    assert part.center is not None
    factor = factorise(at.sigma)
    deviation = np.concatenate([np.ones((len(values), 1)), values - part.center[0, 1:]], axis=1)
    squares = ((deviation @ factor.inverse[0]) * deviation).sum(-1)
    return Distances(np.maximum(squares - 1, 0.0), float(factor.logdet[0]))


def _means(layout: Layout, at: Propagation[Array], size: int) -> Array:
    """∂μ, shape (q, p)."""
    step = max(1, HELD // (at.sigma.shape[-1] + at.factors.shape[-2]) ** 2)
    rows = np.eye(size)
    found = [push_forward(layout, at, rows[start : start + step])[:, 0, 1:] for start in range(0, size, step)]
    return np.concatenate(found)


class Unrestricted(NamedTuple):
    """Free means and covariances of every group under a t distribution, and their log-likelihood."""

    means: list[Array]
    covariances: list[Array]
    log_likelihood: float


def unrestricted(groups: Sequence[Array], eta: float | None) -> Unrestricted:
    """The likeliest ones with a common ν, which is estimated if it is not given."""
    p, known, before = groups[0].shape[1], FIRST if eta is None else eta, -np.inf
    means, covariances = [rows.mean(0) for rows in groups], [np.cov(rows.T, ddof=0).reshape(p, p) for rows in groups]
    for _ in range(ROUNDS):
        found = [_around(*group) for group in zip(groups, means, covariances, strict=True)]
        known = likeliest([at.delta for at in found], p) if eta is None else eta
        total = float(sum(log_density(at.delta, at.logdet, p, known).sum() for at in found))
        if total - before < 1e-9:
            break
        before = total
        for g, (rows, at) in enumerate(zip(groups, found, strict=True)):
            # Weights have the mean 1 / (1 − 2 η) in the end: to say so at once is quicker (Kent, Tyler & Vardi 1994).
            weight = weights(at.delta, p, known)
            means[g] = weight @ rows / weight.sum()
            second = ((rows - means[g]) * weight[:, None]).T @ (rows - means[g])
            covariances[g] = second / (weight.sum() * (1 - 2 * known))
    return Unrestricted(means, covariances, total)


def _around(values: Array, mean: Array, covariance: Array) -> Distances:
    factor, deviation = factorise(covariance), values - mean
    return Distances(((deviation @ factor.inverse) * deviation).sum(-1), float(factor.logdet))
