"""How parameters change the variances of residual covariances (`residual_variance`), by `PairForm`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from semnan.estimation.pair_forms import Entries, Local, PairForm, parents, private
from semnan.estimation.relations import Relations


@final
@dataclass(frozen=True, eq=False)
class MomentPairs:
    """Covariances of the visibles of a group, of which at least one is local: its column of Z is e_j and Σ_f W_fj Z_f.

    Attributes
    ----------
    relations : Relations
    visible : Tensor of int, shape (p,)
        The visibles among the variables.
    local : Local
    whole : Tensor of bool, shape (p,)
        Which visibles are local.

    """

    relations: Relations
    visible: Tensor
    local: Local
    whole: Tensor

    @classmethod
    def of(cls, relations: Relations, visible: Tensor) -> MomentPairs:
        whole = torch.isin(visible, private(relations))
        places = visible[whole]
        among = parents(relations, places)
        base = relations.stacked[:, among].mT
        loads = relations.weights[among][:, places].mT
        return cls(relations, visible, Local(places, torch.ones(len(places)).to(loads), loads, base), whole)

    @property
    def worthwhile(self) -> bool:
        """Whether the forms meet fewer columns than there are covariances."""
        count, reach = self.local.loads.shape
        others = len(self.visible) - count
        return others * reach + min(count, reach) * reach < count * (others + count // 2)

    def change(self, variance: Tensor, twisted: Tensor, lifts: tuple[Tensor, Tensor]) -> Tensor:
        """Δ T Δᵀ − 2 Δ V (Γ W Δ)ᵀ of covariances, shape (p, p), zero where neither variable is local.

        Parameters
        ----------
        variance, twisted : Tensor, shape (q, q)
            V and T.
        lifts : tuple of Tensor, shape (p, p)
            Γ W ∂Σ is ∂Σ with l and r multiplied by the first, less ∂Σ with both multiplied by the second.

        """
        found = self._form(twisted, self._rows)
        for sign, lift in zip((-2.0, 2.0), lifts, strict=True):
            if bool(lift.any()):
                found += sign * self._form(variance, lift @ self._rows)
        return found

    def _form(self, form: Tensor, lifted: Tensor) -> Tensor:
        """Σ_kl V_kl x_k y_l of slopes x with rows of Zᵀ and y with lifted rows."""
        parameter, whole = self.relations.layout.parameter, self.whole
        pairs = PairForm(self._free, form[parameter[:, None], parameter], self.local, lifted[whole])
        others = (~whole).nonzero()[:, 0]
        found = lifted.new_zeros(len(whole), len(whole))
        found[whole.outer(whole)] = pairs.within().flatten()
        across = pairs.across(self._rows[others], lifted[others], torch.zeros(len(others)).to(lifted))
        found[(~whole).outer(whole)] = across.flatten()
        found[whole.outer(~whole)] = across.mT.flatten()
        return found

    @cached_property
    def _rows(self) -> Tensor:
        """Zᵀ of the visibles, shape (p, 2 n)."""
        return self.relations.stacked[:, self.visible].mT

    @cached_property
    def _free(self) -> Entries:
        return Entries.free(self.relations)
