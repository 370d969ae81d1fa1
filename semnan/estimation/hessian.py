"""The exact Hessian of a discrepancy in the parameters, from gathers like the expected information.

With G the slope of the discrepancy in Σ, and its second derivative a sum of terms a A Δ A (its `second`),

    H_kl = Σ a tr(∂_kΣ A ∂_lΣ A) + tr(G ∂²_klΣ).

The first part is the information in the metric A, times 2a. For the second, with T = (I − W)⁻¹ and Φ = Tᵀ Ω T,

    ∂_cd U[b] = T[b, c] U[d],    ∂_cd Y[a] = T[d, a] Y[c] + Φ[a, c] U[d]    along a path c -> d,
    ∂_cd Y[a] = w (T[d, a] U[c] + T[c, a] U[d])                             along an entry (c, d) of Ω.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semnan.estimation.information import BLOCK, information, tie
from semnan.network import Layout, Propagation, total_effects


def exact_hessian(
    layout: Layout, theta: Tensor, at: Propagation, slope: Tensor, second: tuple[tuple[Tensor, Tensor], ...]
) -> Tensor:
    """H, shape (*batch, q, q), from the slope of a discrepancy and its `Discrepancy.second`."""
    result = _bending(layout, theta, at, 2 * slope)
    for factor, metric in second:
        result.addcmul_(2 * factor[..., None, None], information(layout, at, metric))
    return result


def _bending(layout: Layout, theta: Tensor, at: Propagation, twist: Tensor) -> Tensor:
    """½ tr(X ∂²Σ) = N + Nᵀ, where row k of N is nonzero for paths only."""
    weights, omega = layout.matrices(theta)
    total = total_effects(weights)
    reach = torch.cat([total, total.mT @ omega @ total], dim=-2).mT.contiguous()
    stacked = torch.cat([at.effects, at.covariances], dim=-2)
    gram = at.effects @ twist @ stacked.mT
    half = torch.zeros(*twist.shape[:-2], len(layout.rows), len(layout.rows), dtype=twist.dtype)
    paths = layout.is_path.nonzero()[:, 0]
    for rows in torch.split(paths, BLOCK):
        half[..., rows, :] = _half(layout, reach, gram, rows)
    return tie(layout, half + half.mT)


def _half(layout: Layout, reach: Tensor, gram: Tensor, rows: Tensor) -> Tensor:
    left, right, weight = layout.factors
    from_parent = reach.index_select(-2, layout.rows[rows])
    from_child = gram.index_select(-2, layout.columns[rows])
    own = from_parent.index_select(-1, right).mul_(from_child.index_select(-1, left))
    other = from_parent.index_select(-1, left).mul_(from_child.index_select(-1, right))
    return own.add_(other.mul_(torch.where(layout.is_path, 0.5, 1.0).double())).mul_(weight)
