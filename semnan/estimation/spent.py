"""What the free parameters take of the information of other entries: I_kθ C I_θk, for all entries at once.

Most entries of large models are about variables that only their parents connect with others, and those go by
`PairForm`. For such a variable b, with residual variance ψ and parents f, the rows T_b of K = Z Σ⁻¹ Zᵀ are

    K[T_b, z] = 1/ψ ([z = T_b] + Σ_f W_fb (Z[z, f] − K[Φ_f, z])),

since ψ e_b is what Σ has in column b beside Σ_f W_fb Φ_f. Other entries, or few, are treated one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from semnan.estimation.extended import ExtendedGroup
from semnan.estimation.pair_forms import Entries, Local, PairForm, parents, private, slices

#: Products below which entries are treated one by one.
FEW = 1 << 22
#: Least share of the information about a residual that is not about its variable's parents too: with less, the sum
#: above is one of large numbers.
APART = 1e-3


def spent(group: ExtendedGroup, some: Entries, inverse: Tensor) -> Tensor:
    """I_kθ C I_θk, shape (k,), for C of shape (q, q)."""
    gram, products = group.gram, len(some.left) * len(inverse) ** 2
    if gram is None or products < FEW:
        return _one_by_one(group, some, inverse)
    pairs = _Pairs.of(group, gram, some)
    if not pairs.worthwhile:
        return _one_by_one(group, some, inverse)
    parameter, rest = group.relations.layout.parameter, ~pairs.covered
    found = torch.zeros_like(some.weight)
    found[pairs.covered] = pairs.spent(inverse[parameter[:, None], parameter]) * group.shares[0] ** 2
    found[rest] = _one_by_one(group, some.take(rest), inverse)
    return found


def _one_by_one(group: ExtendedGroup, some: Entries, inverse: Tensor) -> Tensor:
    found = [some.weight[:0]]
    for at in slices(len(some.left), len(group.relations.layout.rows)):
        crossed = group.crossed(some.take(at))
        found.append(((crossed @ inverse) * crossed).sum(-1))
    return torch.cat(found)


@final
@dataclass(frozen=True, eq=False)
class _Pairs:
    """Entries with a local variable on their right.

    Attributes
    ----------
    free : Entries
        The free parameters'.
    gram : Tensor, shape (2 n, 2 n)
        K.
    local : Local
        The variables that some entry has.
    covered : Tensor of bool, shape (k,)
        Which entries these are.
    entries : Entries
        Those entries, shape (c,).

    """

    free: Entries
    gram: Tensor
    local: Local
    covered: Tensor
    entries: Entries

    @classmethod
    def of(cls, group: ExtendedGroup, gram: Tensor, some: Entries) -> _Pairs:
        local = _locals(group, gram)
        has = torch.zeros(len(gram), dtype=torch.bool)
        has[local.place] = True
        turned = has[some.left] & ~has[some.right]
        left, right = torch.where(turned, some.right, some.left), torch.where(turned, some.left, some.right)
        covered = has[right]
        entries = Entries(left[covered], right[covered], some.weight[covered], some.mean[covered])
        met = torch.zeros_like(has)
        met[entries.left] = met[entries.right] = True
        return cls(group.free, gram, local.take(met[local.place].nonzero()[:, 0]), covered, entries)

    @cached_property
    def owner(self) -> Tensor:
        """Which local every row of Z belongs to, −1 for others."""
        found = torch.full((len(self.gram),), -1)
        found[self.local.place] = torch.arange(len(self.local.place))
        return found

    @cached_property
    def others(self) -> Tensor:
        """The left rows that are not local."""
        left: Tensor = torch.unique(self.entries.left)
        return left[self.owner[left] < 0]

    @property
    def worthwhile(self) -> bool:
        """Whether the form meets fewer columns than there are entries."""
        count, reach = self.local.loads.shape
        return len(self.others) * reach + min(count, reach) * reach < len(self.entries.left)

    def spent(self, form: Tensor) -> Tensor:
        pairs = PairForm(self.free, form, self.local, self.gram[self.local.place])
        first, second = self.owner[self.entries.left], self.owner[self.entries.right]
        inner = first >= 0
        found = torch.zeros_like(self.entries.weight)
        found[inner] = pairs.within()[first[inner], second[inner]]
        outer, rows = ~inner, self.gram[self.others]
        at = torch.searchsorted(self.others, self.entries.left[outer])
        found[outer] = pairs.across(rows, rows, self._means)[at, second[outer]]
        return found * self.entries.weight**2

    @property
    def _means(self) -> Tensor:
        """The m of the left rows that are not local."""
        means = torch.zeros(len(self.gram)).double()
        means[self.entries.left] = self.entries.mean
        return means[self.others]


def _locals(group: ExtendedGroup, gram: Tensor) -> Local:
    """Variables whose rows of K are few numbers, stably so."""
    relations = group.relations
    places = private(relations)
    residual = relations.omega.diagonal()[places]
    places = places[(residual > 0) & (gram.diagonal()[places] * residual > APART)]
    among = parents(relations, places)
    own = 1 / relations.omega.diagonal()[places]
    base = relations.stacked[:, among].mT - gram[among + len(relations.total)]
    return Local(places, own, relations.weights[among][:, places].mT * own[:, None], base)
