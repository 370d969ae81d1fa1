"""The likelihood of a channel model in its coefficients θ and the parameters τ of its transforms.

For given τ it is minimised by semnan's own optimiser; what is left is a function of τ alone (the likelihood
concentrated on τ), whose slope is that at fixed θ, because θ is at its minimum. Moments of the transformed media move
with τ, so KL and χ² do not compare two τ: only the conditional likelihood −log f(y | covariates) does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np
import torch

from semnan.data import Moments, MomentsStack
from semnan.errors import DataError
from semnan.estimation.assembly import Assembly, arrange
from semnan.estimation.casewise import case_scores
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.information import pull_back
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Point, Problem
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.start import start_values
from semnan.mmm.model.checks import singular
from semnan.mmm.model.design import Design
from semnan.mmm.model.knowledge import Knowledge
from semnan.mmm.model.scaled import solve_scaled
from semnan.network import Layout
from semnan.network.arrays import Array


class Value(NamedTuple):
    """The likelihood concentrated on τ.

    Attributes
    ----------
    value : float
        Minus the log-likelihood of one row, and the penalties.
    slope : array, shape (k,)
    information : array, shape (k, k)
        Of one row on τ when θ is not known, from products of scores.
    drift : array, shape (q, k)
        How θ moves with τ, from the same.
    theta : array, shape (q,)
    outcome : Outcome

    """

    value: float
    slope: Array
    information: Array
    drift: Array
    theta: Array
    outcome: Outcome


@final
@dataclass(frozen=True, eq=False)
class At:
    """The model at given τ."""

    design: Design
    tau: Array
    table: Array
    problem: Problem
    assembly: Assembly

    @property
    def part_columns(self) -> list[int]:
        """Where the variables of the layout are in the table."""
        return [self.design.model.visibles.index(name) for name in self.problem.parts[0].layout.order]


@final
@dataclass(frozen=True, eq=False)
class Likelihood:
    """Of a design, with what is known beforehand as penalties.

    Attributes
    ----------
    design : Design
    knowledge : Knowledge
    weights : ndarray, shape (N,), or None
        How often each row counts, N in all; None: once.

    """

    design: Design
    knowledge: Knowledge
    weights: Array | None = None

    def at(self, tau: Array) -> At:
        """The problem in θ at τ; `DataError` if columns depend linearly on each other there."""
        table, model = self.design.table(tau), self.design.model
        Layout.of(model).places(tau)  # What is known of the structure then passes on to the layouts of all τ.
        weighted = table if self.weights is None else table * self.weights[:, None]
        stack = MomentsStack.from_moments([Moments(model.visibles, weighted.T @ table / len(table), len(table))])
        try:
            made = arrange(model, (stack,), (None,), KullbackLeibler)
        except DataError as error:
            raise singular(self.design, table) from error
        limits = Constraints.of(model)
        penalty = self.knowledge.penalty(tau)
        return At(self.design, tau, table, Problem(made.parts, limits.lower, limits.upper, penalty=penalty), made)

    def minimise(self, tau: Array, start: Array | None, progress: Progress) -> Value:
        """The best θ at τ, from a start if there is one."""
        at = self.at(tau)
        begin = start_values(at.assembly.groups)[0] if start is None else start[None]
        found = FisherScoring().minimise(at.problem, begin, progress)
        point = at.problem.at(found.theta)
        scores, value = self.scores(at, point), float(point.value[0]) + self.moving(at)
        slope = self._tau_slope(at, point, scores[:, len(found.theta[0]) :])
        return Value(value, slope, *self._information(at, point, scores), found.theta[0], found.outcomes[0])

    def moving(self, at: At) -> float:
        """What makes KL a conditional likelihood: ½ (log|S| − log|S_xx|), x the covariates."""
        covariance, model = at.assembly.samples[0].covariance[0], at.design.model
        given = [model.visibles.index(name) for name in model.exogenous]
        whole, own = np.linalg.slogdet(covariance)[1], np.linalg.slogdet(covariance[np.ix_(given, given)])[1]
        return float(whole - own) / 2

    def _information(self, at: At, point: Point, scores: Array) -> tuple[Array, Array]:
        """`information` and `drift` of `Value`; θ at a bound stays there."""
        theta, q = point.full[0], point.full.shape[1]
        products = self._mean(scores, scores)
        if self.knowledge.items:
            slopes = self.knowledge.slopes(theta, at.tau)
            products += slopes.T @ slopes / self.design.rows
        free = (theta > at.problem.lower) & (theta < at.problem.upper)
        drift = np.zeros((q, len(at.tau)))
        drift[free] = -solve_scaled(products[:q, :q][np.ix_(free, free)], products[:q, q:][free])
        return products[q:, q:] + products[q:, :q] @ drift, drift

    def _tau_slope(self, at: At, point: Point, scores: Array) -> Array:
        """∂/∂τ of minus the log-likelihood of one row, and of the penalties, at fixed θ."""
        found = -scores.mean(0) if self.weights is None else -self.weights @ scores / len(scores)
        return np.asarray(found + self.knowledge.tau_slope(point.full[0], at.tau))

    def tau_scores(self, at: At, point: Point) -> Array:
        """∂ log f of every row in τ, shape (N, k): the KPI's share of Ω⁻¹u times what its regressor moves."""
        design = at.design
        pull = at.table[:, at.part_columns] @ self._kpi(at, point)
        return np.asarray(pull[:, None] * design.slopes(at.tau) * point.full[0][design.owners])

    def scores(self, at: At, point: Point) -> Array:
        """∂ log f of every row in (θ, τ), shape (N, q + k)."""
        part, rows = at.problem.parts[0], torch.from_numpy(at.table[:, at.part_columns])
        own = case_scores(part, point.implied[0], rows, torch.zeros(rows.shape[1], dtype=torch.float64))
        return np.concatenate([own.numpy(), self.tau_scores(at, point)], axis=1)

    def hessian(self, theta: Array, tau: Array) -> Array:
        """The second derivative in (θ, τ) for one row, shape (q + k, q + k).

        Exact but for the second derivatives of the transforms, which are differences, and for what is known
        beforehand, of which only the slopes count.
        """
        data, q = replace(self, knowledge=Knowledge(self.knowledge.mechanism, ())), len(theta)
        at = data.at(tau)
        free = replace(at.problem, lower=np.full(q, -np.inf), upper=np.full(q, np.inf))
        point = free.at(theta[None])
        found = np.zeros((q + len(tau), q + len(tau)))
        found[:q, :q] = free.exact_hessian(point)[0]
        if len(tau):
            found[q:, :q] = self._mixed(at, point)
            found[:q, q:] = found[q:, :q].T
            found[q:, q:] = self._curved(at, point)
        if self.knowledge.items:
            slopes = self.knowledge.slopes(theta, tau)
            found += slopes.T @ slopes / self.design.rows
        return found

    def concentrated_hessian(self, theta: Array, tau: Array) -> Array:
        """The second derivative in τ of the likelihood concentrated on it, shape (k, k)."""
        dense, q = self.hessian(theta, tau), len(theta)
        limits = Constraints.of(self.design.model)
        free = np.flatnonzero((theta > limits.lower) & (theta < limits.upper))
        inner, cross = dense[np.ix_(free, free)], dense[free, q:]
        return np.asarray(dense[q:, q:] - cross.T @ solve_scaled(inner, cross))

    def _mixed(self, at: At, point: Point) -> Array:
        """∂²/∂τ∂θ, shape (k, q): the gradient in θ is linear in S, of which τ moves a row and a column."""
        part, implied, order = at.problem.parts[0], point.implied[0], at.part_columns
        columns = [order.index(place) for place in self.design.places]
        inverse, table = np.linalg.inv(implied.sigma[0]), at.table[:, order]
        moved = np.zeros((len(columns), len(order), len(order)))
        moved[np.arange(len(columns)), columns] = self._mean(self.design.slopes(at.tau), table)
        return pull_back(part.layout, implied, -inverse @ (moved + moved.mT) @ inverse / 2)

    def _curved(self, at: At, point: Point) -> Array:
        """∂²/∂τ², shape (k, k)."""
        design, theta = self.design, point.full[0]
        order, kpi = at.part_columns, self._kpi(at, point)
        slopes, pull = design.slopes(at.tau), at.table[:, order] @ kpi
        own = kpi[[order.index(place) for place in design.places]]
        bent = self._bent(at.tau, pull)
        return np.asarray(-theta[design.owners] * (self._mean(slopes * own, slopes) + (bent + bent.T) / 2))

    def _bent(self, tau: Array, pull: Array) -> Array:
        """Mean of `pull` times the second derivatives of the transformed media, by central differences, shape (k, k).

        Those in parameters of two channels are zero, so that all channels are moved at once.
        """
        sizes = [len(part.names) for part in self.design.transforms]
        channel, turn = np.repeat(np.arange(len(sizes)), sizes), np.concatenate([np.arange(size) for size in sizes])
        found, size = np.zeros((len(tau), len(tau))), 1e-5 * np.maximum(1.0, np.abs(tau))
        for k in range(max(sizes)):
            step = np.where(turn == k, size, 0.0)
            ends = [self._mean(pull[:, None], self.design.slopes(tau + sign * step))[0] for sign in (1, -1)]
            moved = np.flatnonzero(turn == k)
            slope = (ends[0] - ends[1]) / (2 * size[moved, None])
            found[moved] = np.where(channel[moved, None] == channel, slope, 0.0)
        return found

    def _kpi(self, at: At, point: Point) -> Array:
        """The column of Σ⁻¹ that belongs to the KPI, in the order of the layout."""
        design = at.design
        place = at.part_columns.index(design.model.visibles.index(design.kpi))
        return np.asarray(np.linalg.inv(point.implied[0].sigma[0])[:, place])

    def _mean(self, left: Array, right: Array) -> Array:
        """Mean products of columns over the rows, by their weights."""
        weighted = left if self.weights is None else left * self.weights[:, None]
        return np.asarray(weighted.T @ right / len(right))
