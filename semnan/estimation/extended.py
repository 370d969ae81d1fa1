"""Slopes and information of entries of W and Ω that need not be free, beside those that are.

Every ∂Σ is w (l rᵀ + r lᵀ) and every ∂µ is m U[b], with l and r rows of Z = [U; Y], as in `information`; but U and Y
are those of all variables, so that an entry may also be a path from a sink, or close a loop. With K = Z Σ⁻¹ Zᵀ,

    I_kl = w_k w_l (K[l_k, l_l] K[r_k, r_l] + K[l_k, r_l] K[r_k, l_l]) + m_k m_l K[r_k, r_l],

summed over the patterns of missing values with their shares of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from semnan.data import Patterns
from semnan.estimation.discrepancy import factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.pair_forms import Entries, slices
from semnan.estimation.pattern_information import pattern_terms
from semnan.estimation.relations import Relations

#: Entries of the matrices K that are kept.
KEPT = 1 << 23


@final
@dataclass(frozen=True, eq=False)
class ExtendedGroup:
    """One group: Z of its variables, what the data say, and its free parameters.

    Attributes
    ----------
    relations : Relations
    stacked : Tensor, shape (2 n, p)
        Z = [U; Y].
    shares : Tensor, shape (K,)
        Of the patterns among all rows of all groups; complete rows are one pattern.
    inverses : Tensor, shape (K, p, p)
        Σ⁻¹ of what each pattern observes.
    slope : Tensor, shape (p, p)
        Twice the slope of the discrepancy in Σ.
    pull : Tensor, shape (p,)
        Minus its slope in µ.

    """

    relations: Relations
    stacked: Tensor
    shares: Tensor
    inverses: Tensor
    slope: Tensor
    pull: Tensor

    @classmethod
    def of(cls, fit: Estimate, g: int) -> ExtendedGroup:
        relations = Relations.at(fit.layouts[g], fit.theta)
        at = relations.places(fit.model.visibles)
        stacked = relations.stacked[:, at]
        share, patterns = fit.samples[g].n / fit.n, fit.patterns[g]
        found = _complete(fit, g) if patterns is None else _incomplete(fit, g, patterns)
        weights, inverses, pulled, bent = found
        weights = share * weights
        slope = torch.einsum("k,kij->ij", weights, inverses - bent)
        return cls(relations, stacked, weights, inverses, slope, weights @ pulled)

    @cached_property
    def free(self) -> Entries:
        return Entries.free(self.relations)

    @property
    def inner(self) -> Tensor:
        """Information of the free parameters, shape (q, q)."""
        collect, free = self.relations.layout.collect, self.free
        size = len(free.left)
        if not size:
            return self.slope.new_zeros(self.relations.layout.size, self.relations.layout.size)
        parts = [self.crossed(free.take(at)) for at in slices(size, size)]
        return collect(torch.cat(parts).mT.contiguous())

    def crossed(self, some: Entries) -> Tensor:
        """Information of some entries with the free parameters, shape (k, q)."""
        total = torch.zeros(())
        for share, gram in self._grams():
            total = total + share * crossed(gram, some, self.free)
        return self.relations.layout.collect(total)

    def own(self, some: Entries) -> Tensor:
        """Information of entries with themselves, shape (k,)."""
        total = torch.zeros(())
        for share, gram in self._grams():
            across = gram[some.left, some.right].square()
            found = gram[some.left, some.left] * gram[some.right, some.right] + across
            total = total + share * (found * some.weight**2 + some.mean**2 * gram[some.right, some.right])
        return total

    def gradient(self, some: Entries) -> Tensor:
        """Slopes of the discrepancy in entries, shape (k,)."""
        return some.weight * self._bent[some.left, some.right] - some.mean * (self.stacked @ self.pull)[some.right]

    @cached_property
    def _bent(self) -> Tensor:
        """Z G Zᵀ for the slope G in Σ, shape (2 n, 2 n)."""
        return self.stacked @ self.slope @ self.stacked.mT

    @property
    def gram(self) -> Tensor | None:
        """K of the only pattern."""
        return None if len(self.shares) > 1 else next(iter(self._grams()))[1]

    @cached_property
    def _kept(self) -> list[tuple[Tensor, Tensor]] | None:
        """K of all patterns, if they are few."""
        return list(self._made()) if len(self.shares) * len(self.stacked) ** 2 <= KEPT else None

    def _made(self) -> Iterator[tuple[Tensor, Tensor]]:
        for share, inverse in zip(self.shares, self.inverses, strict=True):
            yield share, self.stacked @ inverse @ self.stacked.mT

    def _grams(self) -> Iterable[tuple[Tensor, Tensor]]:
        return self._made() if self._kept is None else self._kept


def _complete(fit: Estimate, g: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Share, P, P d and P (S + d dᵀ) P of complete rows, as one pattern."""
    sample, implied = fit.samples[g], fit.implied[g]
    inverse = factorise(implied.sigma).inverse
    apart = torch.tensor(sample.mean) - implied.mu if fit.model.has_means else torch.zeros_like(implied.mu)
    pulled = inverse @ apart
    bent = inverse @ torch.tensor(sample.covariance) @ inverse + torch.outer(pulled, pulled)
    return torch.ones(1).double(), inverse[None], pulled[None], bent[None]


def _incomplete(fit: Estimate, g: int, patterns: Patterns) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    chosen = patterns if patterns.names == fit.model.visibles else patterns.select(fit.model.visibles)
    return pattern_terms(chosen, slice(None), fit.implied[g].mu, fit.implied[g].sigma)


def crossed(gram: Tensor, some: Entries, others: Entries) -> Tensor:
    """I of some entries and others from K, shape (k, l)."""
    first, second = gram[some.left], gram[some.right]
    below = second[:, others.right]
    found = first[:, others.left].mul_(below).addcmul_(first[:, others.right], second[:, others.left])
    found.mul_(some.weight[:, None]).mul_(others.weight)
    return found.addcmul_(some.mean[:, None] * others.mean, below) if bool(others.mean.any()) else found
