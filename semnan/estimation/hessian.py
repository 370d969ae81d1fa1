"""The exact Hessian of a discrepancy in θ, from the same gathers as the expected information.

With G the slope of the discrepancy in Σ, and its second derivative a sum of terms a A Δ A (its `second`),

    H_kl = Σ a tr(∂_kΣ A ∂_lΣ A) + tr(G ∂²_klΣ).

The first part is the information in the metric A, times 2a. For the second, with T = (I − W)⁻¹ and Φ = Tᵀ Ω T (and
1 for the constant in Ω),

    ∂_cd U[b] = T[b, c] U[d],    ∂_cd Y[a] = T[d, a] Y[c] + Φ[a, c] U[d]    along a path c -> d,
    ∂_cd Y[a] = w (T[d, a] U[c] + T[c, a] U[d])                             along an entry (c, d) of Ω.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semnan.estimation.information import BLOCK, tie
from semnan.network import Layout, Propagation


def bending(layout: Layout, theta: Tensor, at: Propagation, dense: Tensor) -> Tensor:
    """½ tr(X ∂²Σ) = N + Nᵀ, shape (*batch, q, q), from K = Z X Zᵀ; row k of N is nonzero for paths only."""
    reach = _reach(layout, theta, at)
    half = torch.zeros(*dense.shape[:-2], len(layout.rows), len(layout.rows), dtype=dense.dtype)
    for rows in torch.split(layout.paths, BLOCK):
        half[..., rows, :] = _half(layout, reach, dense, rows)
    return tie(layout, half + half.mT)


def _reach(layout: Layout, theta: Tensor, at: Propagation) -> Tensor:
    """For every inner variable c (a row), T[b, c] at the rows U[b] of Z = [I; U; Y] and Φ[a, c] at the rows Y[a]."""
    total, omega = at.inner, layout.blocks(theta).inner
    among = total.mT @ omega @ total if layout.within else omega
    if layout.constant:
        among = among + total.narrow(-2, 0, 1).mT * total.narrow(-2, 0, 1)
    sinks = layout.eye.new_zeros(()).expand(*total.shape[:-1], at.sigma.shape[-1])
    return torch.cat([sinks, total.mT, among], dim=-1)


def _half(layout: Layout, reach: Tensor, dense: Tensor, rows: Tensor) -> Tensor:
    left, right, weight = layout.factors
    from_parent = reach.index_select(-2, layout.rows[rows])
    from_child = dense.index_select(-2, right[rows])
    own = from_parent.index_select(-1, right).mul_(from_child.index_select(-1, left))
    other = from_parent.index_select(-1, left).mul_(from_child.index_select(-1, right))
    return own.addcmul_(other, layout.halved).mul_(weight)
