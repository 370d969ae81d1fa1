"""Forms Σ_kl V_kl x_k(i, j) y_l(i, j) in the slopes of all pairs (i, j) of variables, without slopes for every pair.

Free entries have rows l and r of Z, so the slope in a pair of rows i and j of a matrix K is

    x_k(i, j) = w_k (K_i[l_k] K_j[r_k] + K_i[r_k] K_j[l_k]) + m_i m_k K_j[r_k].

A variable j without children whose residual is its own is felt through its few parents only: K_j = d_j e_j + A_j H, one
at its own row and r numbers elsewhere. For a fixed i then x(i, j) = X_i A_j and something in the parameters of j
itself, so that V meets r columns for each i in place of one for each pair; and for all i of this kind only r² columns,
since X_i is linear in K_i. y is any other such slope, with rows Q in place of K.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import torch
from torch import Tensor

from semnan.estimation.relations import Relations

#: Numbers that are held at a time, and the most that V times the columns of H may have.
HELD, MOST = 1 << 20, 1 << 25


class Entries(NamedTuple):
    """Entries of W and Ω as ∂Σ = w (l rᵀ + r lᵀ) and ∂µ = m U[b]: rows of Z, and w and m, shape (k,)."""

    left: Tensor
    right: Tensor
    weight: Tensor
    mean: Tensor

    @classmethod
    def of(cls, relations: Relations, is_path: Tensor, row: Tensor, column: Tensor) -> Entries:
        same, n = ~is_path & (row == column), len(relations.total)
        mean = torch.where(is_path, relations.mean[row], 0.0)
        return cls(torch.where(is_path, row + n, row), column, torch.where(same, 0.5, 1.0).double(), mean)

    @classmethod
    def free(cls, relations: Relations) -> Entries:
        layout = relations.layout
        return cls.of(relations, layout.is_path, layout.rows, layout.columns)

    def take(self, at: Tensor | slice) -> Entries:
        return Entries(*(part[at] for part in self))


class Local(NamedTuple):
    """Variables that only their parents connect with others: rows K_j = d_j e_j + A_j H.

    Attributes
    ----------
    place : Tensor of int, shape (P,)
        The row of Z that is e_j, those of total effects on the variables themselves.
    own : Tensor, shape (P,)
        The d.
    loads : Tensor, shape (P, r)
        A.
    base : Tensor, shape (r, 2 n)
        H.

    """

    place: Tensor
    own: Tensor
    loads: Tensor
    base: Tensor

    def take(self, at: Tensor) -> Local:
        return Local(self.place[at], self.own[at], self.loads[at], self.base)


def slices(count: int, width: int) -> list[slice]:
    """Rows so many at a time that `HELD` numbers of this width are."""
    step = max(1, HELD // max(width, 1))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def private(relations: Relations) -> Tensor:
    """The visibles without children whose residuals are theirs alone, shape (P,)."""
    layout, omega = relations.layout, relations.omega
    shared = (relations.weights != 0).any(1) | ((omega - torch.diag(omega.diagonal())) != 0).any(1)
    paths, pairs = layout.is_path, ~layout.is_path & (layout.rows != layout.columns)
    shared[torch.cat([layout.rows[paths], layout.rows[pairs], layout.columns[pairs]])] = True
    visible = relations.places(tuple(layout.order))
    return visible[~shared[visible]]


def parents(relations: Relations, of: Tensor) -> Tensor:
    """Which variables, but for the constant, are parents of some."""
    found = (relations.weights[:, of] != 0).any(1)
    if relations.layout.constant:
        found[0] = False
    return found.nonzero()[:, 0]


class _Sides(NamedTuple):
    """What multiplies K_j[r] and K_j[l] in the slopes of pairs with some i, shape (e, c)."""

    right: Tensor
    left: Tensor

    def take(self, at: slice) -> _Sides:
        return _Sides(self.right[:, at], self.left[:, at])

    def times(self, right: Tensor, left: Tensor) -> Tensor:
        """With values of shape (e, r): shape (e, c, r)."""
        found = self.right[:, :, None] * right[:, None]
        return found.addcmul_(self.left[:, :, None], left[:, None])


@final
@dataclass(frozen=True, eq=False)
class PairForm:
    """The form of pairs whose second variable is local.

    Attributes
    ----------
    free : Entries
        The free parameters' rows of the table, e of them.
    form : Tensor, shape (e, e)
        V, symmetric.
    local : Local
    lifted : Tensor, shape (P, 2 n)
        Rows Q of the local variables.

    """

    free: Entries
    form: Tensor
    local: Local
    lifted: Tensor

    def across(self, rows: Tensor, lifted: Tensor, means: Tensor) -> Tensor:
        """The form of variables with rows K and Q, shape (Z, 2 n), and m, shape (Z,), with all locals, shape (Z, P)."""
        first, second = (self._sides(part[:, self._used], means) for part in (rows, lifted))
        (found,) = self._own([first], second)
        for at in slices(len(rows), self._width):
            found[:, at] += self._met(self._bent(first.take(at)), second.take(at))
        return found.mT

    def within(self) -> Tensor:
        """The form of all pairs of locals, shape (P, P)."""
        rows, none = self.rows, torch.zeros_like(self.local.own)
        reach, size = self.local.base.shape[0], len(self.form)
        if reach >= len(none) or size * reach**2 > MOST:
            return self.across(rows, self.lifted, none)
        # X of the rows of H: that of any local i is a combination of these, but for the parameters of i itself.
        base = self.local.base[:, self._used]
        bent = self._bent(self._sides(base, none[:reach]))
        whole, far = rows[:, self._used], self.local.loads @ base
        first, apart, second = (self._sides(part, none) for part in (whole, far, self._lifted))
        found, mirrored = self._own([first, apart], second)
        found += mirrored.mT
        for at in slices(len(rows), self._width):
            found[:, at] += self._met(self.local.loads[at] @ bent, second.take(at))
        return found.mT

    @cached_property
    def rows(self) -> Tensor:
        """The rows K of the locals, shape (P, 2 n)."""
        found = self.local.loads @ self.local.base
        found[torch.arange(len(found)), self.local.place] += self.local.own
        return found

    @property
    def _width(self) -> int:
        """Numbers of a slope X."""
        return self.local.base.shape[0] * len(self.form)

    def _sides(self, rows: Tensor, means: Tensor) -> _Sides:
        left, right = self._at
        weight = self.free.weight[:, None]
        on_right = rows.mT[left] * weight + torch.outer(self.free.mean, means)
        return _Sides(on_right, rows.mT[right] * weight)

    def _bent(self, first: _Sides) -> Tensor:
        """V X_i, shape (e, c, r)."""
        slopes = first.times(*self._base)
        return (self.form @ slopes.flatten(1)).reshape(slopes.shape)

    def _met(self, bent: Tensor, second: _Sides) -> Tensor:
        """Σ_k y_k (V X_i A_j)_k from V X, shape (e, c, r): shape (P, c)."""
        left, right = self._at
        gathered = bent.new_zeros(len(self._used), *bent.shape[1:])
        gathered.index_add_(0, right, bent * second.right[:, :, None])
        gathered.index_add_(0, left, bent * second.left[:, :, None])
        met = (self._lifted @ gathered.flatten(1)).reshape(len(self._lifted), *bent.shape[1:])
        return (met @ self.local.loads[:, :, None])[:, :, 0]

    def _own(self, firsts: list[_Sides], second: _Sides) -> list[Tensor]:
        """The part of x in the parameters of every j itself, with y: shape (P, c) for each first side."""
        found = [second.left.new_zeros(len(self.local.own), second.left.shape[1]) for _ in firsts]
        left, right = self._at
        entries, owners, sides = self._touching
        for at in slices(len(entries), len(self.form)):
            entry, owner, on_right = entries[at], owners[at], sides[at]
            form, lifted = self.form[entry], self._lifted[owner]
            met = (form * lifted[:, right]) @ second.right
            met.addmm_(form * lifted[:, left], second.left)
            met *= self.local.own[owner, None]
            for total, first in zip(found, firsts, strict=True):
                total.index_add_(0, owner, met * torch.where(on_right[:, None], first.right[entry], first.left[entry]))
        return found

    @cached_property
    def _touching(self) -> tuple[Tensor, Tensor, Tensor]:
        """Entries that have the row of a local variable, which one, and whether on their right."""
        place = self.local.place
        owner = torch.full((self.local.base.shape[1],), -1)
        owner[place] = torch.arange(len(place))
        sides = [owner[self.free.right], owner[self.free.left]]
        entries = [(side >= 0).nonzero()[:, 0] for side in sides]
        on_right = torch.arange(len(entries[0]) + len(entries[1])) < len(entries[0])
        owners = torch.cat([side[at] for side, at in zip(sides, entries, strict=True)])
        return torch.cat(entries), owners, on_right

    @cached_property
    def _used(self) -> Tensor:
        """The rows of Z that the free entries have."""
        found: Tensor = torch.unique(torch.cat([self.free.left, self.free.right]))
        return found

    @cached_property
    def _at(self) -> tuple[Tensor, Tensor]:
        """Where the left and right rows of the entries are among `_used`."""
        return torch.searchsorted(self._used, self.free.left), torch.searchsorted(self._used, self.free.right)

    @cached_property
    def _lifted(self) -> Tensor:
        return self.lifted[:, self._used]

    @cached_property
    def _base(self) -> tuple[Tensor, Tensor]:
        """H at the right and left rows of the entries, shape (e, r)."""
        base = self.local.base.mT
        return base[self.free.right], base[self.free.left]
