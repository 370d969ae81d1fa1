"""The unrestricted model of rows with missing values, and robust indices of fit that gaps do not flatter.

With gaps, χ² of a wrong model is smaller than it would be without, and so is the misfit it tells. Zhang & Savalei
(2023, Structural Equation Modeling 30, "FIML-C", version 3) take the misfit F of complete data, that of the model's
moments from the unrestricted ones, and correct n F by k / df with

    k = tr(W R Γ Rᵀ),   R = I − Δ (Δᵀ A Δ)⁻¹ Δᵀ A,   Γ = A⁻¹ B A⁻¹,

A the observed information of the unrestricted moments, B the outer product of their scores, W the information that
complete rows would have. These matrices are of the size of the moments: for models of many variables there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.data import Moments, Patterns
from semnan.errors import Unavailable
from semnan.estimation.casewise import GroupRows, Rows, outer_products
from semnan.estimation.correction import Correction
from semnan.estimation.estimate import Estimate
from semnan.estimation.information import push_forward
from semnan.estimation.problem import Point, Problem
from semnan.estimation.situation import Situation, evaluated, inverse_within
from semnan.model import Kind, PathModel, covariance, intercept

#: More moments than this have no unrestricted information: its matrices would take gigabytes.
MOST = 5_000
TOO_MANY = Unavailable(f"robust tests of rows with missing values stop at {MOST} moments (about 98 variables)")


@final
@dataclass(frozen=True, eq=False)
class Unrestricted:
    """All means and covariances of one group as parameters, but for those of exogenous covariates alone.

    Attributes
    ----------
    model : PathModel
    kept : Tensor of int, shape (k,)
        Which of its parameters these are.
    problem : Problem
    point : Point
        At the maximum of the likelihood.
    information : Tensor, shape (k, k)
        A, observed.

    """

    model: PathModel
    kept: Tensor
    problem: Problem
    point: Point
    information: Tensor

    @classmethod
    def of(cls, fit: Estimate, g: int) -> Unrestricted:
        """Of one group of a fit."""
        return cls.at(fit.samples[g], fit.patterns[g], fit.model.exogenous)

    @classmethod
    def at(cls, sample: Moments, patterns: Patterns | None, exogenous: tuple[str, ...]) -> Unrestricted:
        """At the saturated moments of rows with missing values: first covariances, row by row, and then means."""
        names, given = sample.names, set(exogenous)
        pairs = [covariance(a, b) for i, a in enumerate(names) for b in names[: i + 1]]
        model = PathModel(names, (), (*pairs, *(intercept(name) for name in names)))
        free = [model.parameters[parameter.rows[0]] for parameter in model.free]
        kept = [k for k, row in enumerate(free) if not {row.source, row.target} <= given]
        at, mean = {name: i for i, name in enumerate(names)}, np.asarray(sample.mean)
        theta = [
            sample.covariance[at[row.source], at[row.target]] if row.kind is Kind.COVARIANCE else mean[at[row.source]]
            for row in free
        ]
        problem, point = evaluated(model, [sample], [patterns], np.array(theta))
        dense, where = torch.from_numpy(problem.exact_hessian(point)[0]), torch.tensor(kept)
        return cls(model, where, problem, point, dense[where[:, None], where])

    def outer_products(self, rows: GroupRows) -> Tensor:
        """B."""
        clusters = None if rows.clusters is None else (rows.clusters,)
        weights = None if rows.weights is None else (rows.weights,)
        periods = None if rows.periods is None else (rows.periods,)
        alone = Rows(rows.names, (rows.values,), (), clusters, weights, periods, rows.lags)
        found = outer_products(self.problem, self.point, alone)
        return torch.from_numpy(found[0])[self.kept[:, None], self.kept]

    def trace(self, rows: GroupRows) -> float:
        """tr(A⁻¹ B)."""
        return float(torch.linalg.solve(self.information, self.outer_products(rows)).trace())

    def jacobian(self, at: Situation, g: int) -> Tensor:
        """Δ: the derivatives of these moments of a group in the parameters of a model, shape (k, q)."""
        layout, moments = at.problem.parts[g].layout, at.point.implied[g]
        moved = push_forward(layout, moments, np.eye(at.point.full.shape[-1]))
        mean, shift = moved[:, 0, 1:], moments.sigma[0, 0, 1:]
        second = moved[:, 1:, 1:] - mean[:, :, None] * shift - shift[:, None] * mean[:, None, :]
        place = {name: i for i, name in enumerate(layout.order)}
        free = [self.model.parameters[self.model.free[k].rows[0]] for k in self.kept.tolist()]
        ends = [(row.kind is Kind.COVARIANCE, place[row.source], place[row.target]) for row in free]
        columns = [second[:, i, j] if arc else mean[:, j] for arc, i, j in ends]
        return torch.from_numpy(np.stack(columns))


def correction(fit: Estimate, own: Situation, base: Situation, unrestricted: list[Unrestricted]) -> Correction:
    """The correction of a fit of rows with missing values, and of its baseline."""
    blocks = [_block(fit, g, whole, own.groups[g]) for g, whole in enumerate(unrestricted)]
    found = [(_misfit(fit, at), _trace(at, unrestricted, blocks)) for at in (own, base)]
    return Correction(*found[0], *found[1])


@final
@dataclass(frozen=True, eq=False)
class _Block:
    """W, A and Γ of one group, shape (k, k)."""

    complete: Tensor
    information: Tensor
    gamma: Tensor


def _block(fit: Estimate, g: int, whole: Unrestricted, rows: GroupRows) -> _Block:
    problem, point = evaluated(whole.model, [fit.samples[g]], [None], whole.point.full[0])
    complete = torch.from_numpy(problem.information(point)[0])[whole.kept[:, None], whole.kept]
    inverse = torch.linalg.inv(whole.information)
    return _Block(complete, whole.information, inverse @ whole.outer_products(rows) @ inverse)


def _misfit(fit: Estimate, at: Situation) -> float:
    """N F of the unrestricted moments as if they were those of complete rows."""
    _, point = evaluated(at.model, fit.samples, [None] * len(fit.samples), at.point.full[0])
    return 2 * fit.n * float(point.value[0])


def _trace(at: Situation, unrestricted: list[Unrestricted], blocks: list[_Block]) -> float:
    """K of groups that share parameters."""
    slopes = [whole.jacobian(at, g) for g, whole in enumerate(unrestricted)]
    pulled = [block.information @ slope for block, slope in zip(blocks, slopes, strict=True)]
    parts = list(zip(at.shares, blocks, slopes, pulled, strict=True))
    inner = sum((share * slope.mT @ pull for share, _, slope, pull in parts), torch.zeros(()))
    middle = sum((share * pull.mT @ block.gamma @ pull for share, block, _, pull in parts), torch.zeros(()))
    inverse = inverse_within(at.inverse, inner)
    total = 0.0
    for share, block, slope, pull in parts:
        back = slope @ inverse
        crossed = back @ pull.mT @ block.gamma
        spread = block.gamma - share * (crossed + crossed.mT - back @ middle @ back.mT)
        total += float((block.complete * spread).sum())
    return total
