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
from typing import NamedTuple, final

import torch
from torch import Tensor

from semnan.data import Patterns
from semnan.estimation.discrepancy import factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.pattern_information import pattern_terms
from semnan.estimation.relations import Relations

#: Entries of an information, or of the matrices K, that are held at a time.
HELD, KEPT = 1 << 22, 1 << 23


class Entries(NamedTuple):
    """Entries of W and Ω as ∂Σ = w (l rᵀ + r lᵀ) and ∂µ = m U[b]: rows of Z, and w and m, shape (k,)."""

    left: Tensor
    right: Tensor
    weight: Tensor
    mean: Tensor


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
        stacked = torch.cat([relations.total[:, at], relations.covariance[:, at]])
        share, patterns = fit.samples[g].n / fit.n, fit.patterns[g]
        found = _complete(fit, g) if patterns is None else _incomplete(fit, g, patterns)
        weights, inverses, pulled, bent = found
        weights = share * weights
        slope = torch.einsum("k,kij->ij", weights, inverses - bent)
        return cls(relations, stacked, weights, inverses, slope, weights @ pulled)

    def entries(self, is_path: Tensor, row: Tensor, column: Tensor) -> Entries:
        n = len(self.relations.layout.names)
        same = ~is_path & (row == column)
        mean = torch.where(is_path, self.relations.mean[row], 0.0)
        return Entries(torch.where(is_path, row + n, row), column, torch.where(same, 0.5, 1.0).double(), mean)

    def free(self) -> Entries:
        layout = self.relations.layout
        return self.entries(layout.is_path, layout.rows, layout.columns)

    @property
    def inner(self) -> Tensor:
        """Information of the free parameters, shape (q, q)."""
        collect, free = self.relations.layout.collect, self.free()
        size = len(free.left)
        if not size:
            return self.slope.new_zeros(self.relations.layout.size, self.relations.layout.size)
        parts = [self.crossed(Entries(*(x[at] for x in free))) for at in slices(size, size)]
        return collect(torch.cat(parts).mT.contiguous())

    def crossed(self, some: Entries) -> Tensor:
        """Information of some entries with the free parameters, shape (k, q)."""
        free, total = self.free(), torch.zeros(())
        for share, gram in self._grams():
            first, second = gram[some.left], gram[some.right]
            found = first[:, free.left] * second[:, free.right] + first[:, free.right] * second[:, free.left]
            found = found * torch.outer(some.weight, free.weight)
            total = total + share * (found + torch.outer(some.mean, free.mean) * second[:, free.right])
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
        bent = (self.stacked[some.left] @ self.slope * self.stacked[some.right]).sum(-1)
        return some.weight * bent - some.mean * (self.stacked[some.right] @ self.pull)

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


def slices(count: int, width: int) -> list[slice]:
    """Rows so many at a time that `HELD` entries of this width are."""
    step = max(1, HELD // max(width, 1))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]
