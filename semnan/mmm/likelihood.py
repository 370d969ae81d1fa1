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
from semnan.estimation.assembly import Assembly, arrange
from semnan.estimation.casewise import case_scores
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Point, Problem
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.start import start_values
from semnan.mmm.design import Design
from semnan.mmm.knowledge import Knowledge
from semnan.network.arrays import Array


class Value(NamedTuple):
    """The likelihood concentrated on τ.

    Attributes
    ----------
    value : float
        Minus the log-likelihood of one row, and the penalties.
    slope : array, shape (k,)
    theta : array, shape (q,)
    outcome : Outcome

    """

    value: float
    slope: Array
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
        """The problem in θ at τ."""
        table, model = self.design.table(tau), self.design.model
        weighted = table if self.weights is None else table * self.weights[:, None]
        stack = MomentsStack.from_moments([Moments(model.visibles, weighted.T @ table / len(table), len(table))])
        made = arrange(model, (stack,), (None,), KullbackLeibler)
        limits = Constraints.of(model)
        penalty = self.knowledge.penalty(tau)
        return At(self.design, tau, table, Problem(made.parts, limits.lower, limits.upper, penalty=penalty), made)

    def minimise(self, tau: Array, start: Array | None, progress: Progress) -> Value:
        """The best θ at τ, from a start if there is one."""
        at = self.at(tau)
        begin = start_values(at.assembly.groups)[0] if start is None else start[None]
        found = FisherScoring().minimise(at.problem, begin, progress)
        point = at.problem.at(found.theta)
        slope = self.tau_slope(at, point)
        return Value(float(point.value[0]) + self.moving(at), slope, found.theta[0], found.outcomes[0])

    def moving(self, at: At) -> float:
        """What makes KL a conditional likelihood: ½ (log|S| − log|S_xx|), x the covariates."""
        covariance, model = at.assembly.samples[0].covariance[0], at.design.model
        given = [model.visibles.index(name) for name in model.exogenous]
        whole, own = np.linalg.slogdet(covariance)[1], np.linalg.slogdet(covariance[np.ix_(given, given)])[1]
        return float(whole - own) / 2

    def tau_slope(self, at: At, point: Point) -> Array:
        """∂/∂τ of minus the log-likelihood of one row, and of the penalties, at fixed θ."""
        scores = self.tau_scores(at, point)
        found = -scores.mean(0) if self.weights is None else -self.weights @ scores / len(scores)
        return np.asarray(found + self.knowledge.tau_slope(point.full[0], at.tau))

    def tau_scores(self, at: At, point: Point) -> Array:
        """∂ log f of every row in τ, shape (N, k): the KPI's share of Ω⁻¹u times what its regressor moves."""
        design = at.design
        order = at.part_columns
        kpi = np.linalg.inv(point.implied[0].sigma[0])[:, order.index(design.model.visibles.index(design.kpi))]
        pull = at.table[:, order] @ kpi
        return np.asarray(pull[:, None] * design.slopes(at.tau) * point.full[0][design.owners])

    def scores(self, at: At, point: Point) -> Array:
        """∂ log f of every row in (θ, τ), shape (N, q + k)."""
        part, rows = at.problem.parts[0], torch.from_numpy(at.table[:, at.part_columns])
        own = case_scores(part, point.implied[0], rows, torch.zeros(rows.shape[1], dtype=torch.float64))
        return np.concatenate([own.numpy(), self.tau_scores(at, point)], axis=1)

    def hessian(self, theta: Array, tau: Array) -> Array:
        """The second derivative in (θ, τ) for one row, shape (q + k, q + k).

        Exact in θ, by differences of the gradient in τ, and for what is known beforehand from its slopes alone.
        """
        data, q = replace(self, knowledge=Knowledge(self.knowledge.mechanism, ())), len(theta)
        problem = data.at(tau).problem
        free = replace(problem, lower=np.full(q, -np.inf), upper=np.full(q, np.inf))
        found = np.zeros((q + len(tau), q + len(tau)))
        found[:q, :q] = free.exact_hessian(free.at(theta[None]))[0]
        for k, value in enumerate(tau):
            step = np.zeros(len(tau))
            step[k] = 1e-5 * max(1.0, abs(value))
            change = data._gradient(theta, tau + step) - data._gradient(theta, tau - step)
            found[q + k] = change / (2 * step[k])
        found[:q, q:] = found[q:, :q].T
        found[q:, q:] = (found[q:, q:] + found[q:, q:].T) / 2
        if self.knowledge.items:
            slopes = self.knowledge.slopes(theta, tau)
            found += slopes.T @ slopes / self.design.rows
        return found

    def _gradient(self, theta: Array, tau: Array) -> Array:
        """∂/∂(θ, τ) for one row, shape (q + k,)."""
        at = self.at(tau)
        point = at.problem.at(theta[None])
        return np.concatenate([at.problem.gradient(point)[0], self.tau_slope(at, point)])
