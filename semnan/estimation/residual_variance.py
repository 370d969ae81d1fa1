"""Variances of residual means and covariances under a correct model (Maydeu-Olivares 2017, Psychometrika 82).

With s the sample's moments, Γ / n their variance, W their information at the implied moments, Δ the slopes of these
in θ, and V = (Δᵀ W Δ)⁻¹ under the constraints,

    n Var(s − σ(θ̂)) = (I − Δ V Δᵀ W) Γ (I − Δ V Δᵀ W)ᵀ.

For complete rows no matrix of that size is formed. Γ has S_ik S_jl + S_il S_jk, less the same of what covariates that
are given explain, and W is its inverse at Σ; every ∂Σ is w (l rᵀ + r lᵀ), so Γ W ∂Σ is the same with S Σ⁻¹ l and S Σ⁻¹
r, and Δᵀ W Γ W Δ is an information in the metric Σ⁻¹ S Σ⁻¹. Only diagonals are computed (`MomentPairs`). With
missing values Γ is the inverse of the observed information of the unrestricted model, and W that information at Σ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from semnan.data import Patterns
from semnan.errors import Unavailable
from semnan.estimation.discrepancy import KullbackLeibler, factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.extended import crossed
from semnan.estimation.inference import Inference
from semnan.estimation.moment_pairs import MomentPairs
from semnan.estimation.pair_forms import Entries, slices
from semnan.estimation.pattern_information import lower, pattern_information
from semnan.estimation.relations import Relations

#: Products below which moments are treated one by one.
FEW = 1 << 22
#: Most moments of a group with missing values: the matrices of its unrestricted model are dense.
MOST = 3000
#: Share of an estimate's own variance that must be left beside those before it for a covariance to be plainly regular.
PLAIN = 1e-8
#: Share of a moment's own variance below which that of its residual is rounding.
ROUNDING = 1e-10
TOO_MANY = Unavailable("with missing values, standardised residuals stop at some 75 variables a group")
NOT_ML = Unavailable("standard errors of residuals are there for maximum likelihood only")
INDEFINITE = Unavailable("the implied covariance is not positive definite")


class Block(ABC):
    """One group: moments are its p means, then its covariances in the order of `lower`."""

    @property
    @abstractmethod
    def spread(self) -> Tensor:
        """Diagonal of Γ, shape (p + p*,)."""

    @property
    @abstractmethod
    def inner(self) -> Tensor:
        """Δᵀ W Δ, shape (q, q)."""

    @property
    @abstractmethod
    def middle(self) -> Tensor:
        """Δᵀ W Γ W Δ, shape (q, q)."""

    @abstractmethod
    def change(self, variance: Tensor, twisted: Tensor) -> Tensor:
        """Diagonal of Δ T Δᵀ − 2 Δ V (Γ W Δ)ᵀ, shape (p + p*,), for V and T of shape (q, q)."""


@final
@dataclass(frozen=True, eq=False)
class CompleteBlock(Block):
    """Complete rows.

    Attributes
    ----------
    relations : Relations
    visible : Tensor of int, shape (p,)
        Of the model's visibles, in its order, among the variables.
    inverse : Tensor, shape (p, p)
        Σ⁻¹.
    sample, given : Tensor, shape (p, p)
        S, and what exogenous covariates explain of it.

    """

    relations: Relations
    visible: Tensor
    inverse: Tensor
    sample: Tensor
    given: Tensor

    @cached_property
    def spread(self) -> Tensor:
        i, j = lower(len(self.visible))
        own, pair = (self.sample - self.given).diagonal(), self.sample[i, j].square() - self.given[i, j].square()
        first, second = self.sample.diagonal(), self.given.diagonal()
        return torch.cat([own, first[i] * first[j] - second[i] * second[j] + pair])

    @cached_property
    def inner(self) -> Tensor:
        return self._information(self.inverse)

    @cached_property
    def middle(self) -> Tensor:
        found = self._information(self.inverse @ self.sample @ self.inverse)
        if bool(self.given.any()):
            found = found - self._information(self.inverse @ self.given @ self.inverse)
        return found

    def change(self, variance: Tensor, twisted: Tensor) -> Tensor:
        i, j = lower(len(self.visible))
        means = _products(self.means, (self.lifts[0] - self.lifts[1]) @ self.means, variance, twisted)
        pairs = MomentPairs.of(self.relations, self.visible)
        if len(i) * len(variance) ** 2 < FEW or not pairs.worthwhile:
            return torch.cat([means, self._one_by_one(i, j, variance, twisted)])
        found = pairs.change(variance, twisted, self.lifts)[i, j]
        rest = ~(pairs.whole[i] | pairs.whole[j])
        found[rest] = self._one_by_one(i[rest], j[rest], variance, twisted)
        return torch.cat([means, found])

    def _one_by_one(self, i: Tensor, j: Tensor, variance: Tensor, twisted: Tensor) -> Tensor:
        """The change of covariances (i, j)."""
        found = [variance.new_zeros(0)]
        for at in slices(len(i), len(variance)):
            first, second = (self._slopes(lift, i[at], j[at]) for lift in self.lifts)
            found.append(_products(self.slopes(i[at], j[at]), first - second, variance, twisted))
        return torch.cat(found)

    def slopes(self, i: Tensor, j: Tensor) -> Tensor:
        """Of covariances (i, j), shape (k, q)."""
        return self._slopes(torch.eye(len(self.visible)).to(self.sample), i, j)

    @cached_property
    def lifts(self) -> tuple[Tensor, Tensor]:
        """S Σ⁻¹, and the same of what covariates explain."""
        return self.sample @ self.inverse, self.given @ self.inverse

    @cached_property
    def means(self) -> Tensor:
        return self.relations.mean_slopes[self.visible]

    @cached_property
    def _factors(self) -> tuple[Tensor, Tensor, Tensor]:
        left, right, weight = self.relations.factors
        return left[:, self.visible], right[:, self.visible], weight

    def _slopes(self, lift: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """Entries (i, j) of w (l rᵀ + r lᵀ) with lifted l and r, by parameter, shape (k, q)."""
        left, right, weight = self._factors
        left, right = left @ lift.mT, right @ lift.mT
        values = weight[:, None] * (left[:, i] * right[:, j] + right[:, i] * left[:, j])
        return self.relations.layout.collect(values.mT.contiguous())

    def _information(self, metric: Tensor) -> Tensor:
        """½ tr(M ∂Σ M ∂Σ) + ∂µᵀ M ∂µ."""
        stacked = self.relations.stacked[:, self.visible]
        free, collect = Entries.free(self.relations), self.relations.layout.collect
        return collect(collect(crossed(stacked @ metric @ stacked.mT, free, free)).mT.contiguous())


@final
@dataclass(frozen=True, eq=False)
class DenseBlock(Block):
    """Incomplete rows: Δ, W and Γ as matrices."""

    slopes: Tensor
    weight: Tensor
    gamma: Tensor

    @cached_property
    def spread(self) -> Tensor:
        return self.gamma.diagonal()

    @cached_property
    def inner(self) -> Tensor:
        return self.slopes.mT @ self.weight @ self.slopes

    @cached_property
    def middle(self) -> Tensor:
        return self.slopes.mT @ self.weight @ self._lifted

    def change(self, variance: Tensor, twisted: Tensor) -> Tensor:
        return _products(self.slopes, self._lifted, variance, twisted)

    @cached_property
    def _lifted(self) -> Tensor:
        return self.gamma @ self.weight @ self.slopes


def blocks(fit: Estimate) -> list[Block] | Unavailable:
    """The groups of a fit."""
    found: list[Block] = []
    for g, (layout, implied) in enumerate(zip(fit.layouts, fit.implied, strict=True)):
        factor, relations = factorise(implied.sigma), Relations.at(layout, fit.theta)
        if not bool(factor.definite):
            return INDEFINITE
        sample, given = torch.tensor(fit.samples[g].covariance), explained(fit, g)
        complete = CompleteBlock(relations, relations.places(fit.model.visibles), factor.inverse, sample, given)
        patterns = fit.patterns[g]
        if patterns is None:
            found.append(complete)
            continue
        if len(complete.spread) > MOST:
            return TOO_MANY
        found.append(_dense(fit, g, patterns, complete))
    return found


def explained(fit: Estimate, g: int) -> Tensor:
    """What the exogenous covariates of a group explain of its covariance, shape (p, p)."""
    sample = torch.tensor(fit.samples[g].covariance)
    at = torch.tensor([fit.model.visibles.index(name) for name in fit.model.exogenous], dtype=torch.long)
    return sample[:, at] @ torch.linalg.solve(sample[at[:, None], at], sample[at]) if len(at) else sample * 0


def _dense(fit: Estimate, g: int, patterns: Patterns, complete: CompleteBlock) -> DenseBlock:
    chosen = patterns if patterns.names == fit.model.visibles else patterns.select(fit.model.visibles)
    sample, implied = fit.samples[g], fit.implied[g]
    reached = pattern_information(chosen, torch.tensor(sample.mean), complete.sample)
    fitted = pattern_information(chosen, implied.mu, implied.sigma)
    keep = ~_given_moments(fit)
    gamma = torch.zeros_like(reached)
    gamma[keep.outer(keep)] = torch.linalg.inv(reached[keep][:, keep]).flatten()
    slopes = torch.cat([complete.means, complete.slopes(*lower(len(complete.visible)))])
    return DenseBlock(slopes, fitted * keep.outer(keep), gamma)


def _given_moments(fit: Estimate) -> Tensor:
    """Which means and covariances are those of exogenous covariates."""
    given = torch.tensor([name in fit.model.exogenous for name in fit.model.visibles])
    i, j = lower(len(given))
    return torch.cat([given, given[i] & given[j]])


def residual_variances(fit: Estimate) -> list[Tensor] | Unavailable:
    """Variances of the residual moments (`Block`) of every group, shape (p + p*,); zero where they can be no more."""
    if fit.discrepancy != KullbackLeibler.__name__:
        return NOT_ML
    if isinstance(fit.inference, Unavailable):
        return fit.inference
    groups = blocks(fit)
    if isinstance(groups, Unavailable):
        return groups
    shares = [sample.n / fit.n for sample in fit.samples]
    total = sum((share * block.inner for share, block in zip(shares, groups, strict=True)), torch.zeros(()))
    middle = sum((share * block.middle for share, block in zip(shares, groups, strict=True)), torch.zeros(()))
    variance = inverse_within(fit.inference, total)
    twisted = variance @ middle @ variance
    found = []
    for share, block in zip(shares, groups, strict=True):
        own = block.spread / share
        values = block.change(variance, twisted) + own
        found.append(torch.where(values > ROUNDING * own, values, 0.0) / fit.n)
    return found


def _products(slopes: Tensor, lifted: Tensor, variance: Tensor, twisted: Tensor) -> Tensor:
    return (slopes * (slopes @ twisted - 2 * lifted @ variance)).sum(-1)


def moment_variances(fit: Estimate) -> list[Tensor] | Unavailable:
    """The variances of the sample's moments themselves, as `residual_variances` has them."""
    groups = blocks(fit)
    if isinstance(groups, Unavailable):
        return groups
    pairs = zip(fit.samples, groups, strict=True)
    return [torch.where(block.spread > 0, block.spread, 0.0) / sample.n for sample, block in pairs]


def inverse_within(inference: Inference, dense: Tensor) -> Tensor:
    """The inverse of an information on the directions that constraints and bounds leave free, shape (q, q)."""
    scale = inference.scale
    units = torch.outer(scale, scale)
    covariance, factor = inference.covariance() * units, factorise(dense / units)
    if _regular(covariance) and bool(factor.definite):
        return factor.inverse / units
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > 1e-13 * values.amax().clamp(min=1e-300)
    free = vectors[:, kept] * values[kept].sqrt() / scale[:, None]
    inverse: Tensor = free @ torch.linalg.inv(free.mT @ dense @ free) @ free.mT
    return inverse


def _regular(covariance: Tensor) -> bool:
    """Whether a covariance has plainly no direction without variance."""
    factor, failed = torch.linalg.cholesky_ex(covariance)
    pivots = factor.diagonal().square()
    return not bool(failed) and bool((pivots > PLAIN * covariance.diagonal()).all())
