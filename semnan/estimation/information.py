"""Gradient and expected information of a path model from gathers: no Jacobian of size p² × q is ever formed.

With U and Y of `Propagation` and Z = [I; U; Y], every ∂Σ/∂θ is w (l rᵀ + r lᵀ) for two rows l, r of Z (see
`Layout.factors`). So for any metric M, with K = Z M Zᵀ,

    F_kl = ½ tr(M ∂_kΣ M ∂_lΣ) = w_k w_l (K[l_k, l_l] K[r_k, r_l] + K[l_k, r_l] K[r_k, l_l]),

which at M = Σ⁻¹ is the expected information of one observation; and a loss of slope G has the gradient
2 w_k (Z G Zᵀ)[l_k, r_k].
"""

from __future__ import annotations

import torch
from torch import Tensor

from semnan.network import Layout, Propagation

#: Rows of the information that are gathered at a time; up to so many it is gathered whole.
BLOCK = 128
#: Entries of stacked informations that are held at a time.
STACKED = 1 << 23


def gram(at: Propagation, metric: Tensor) -> Tensor:
    """K = Z M Zᵀ for a symmetric M of shape (*batch, p, p)."""
    half = at.factors @ metric
    if not half.shape[-2]:
        return metric
    corner = half @ at.factors.mT
    upper = torch.cat([metric, half.mT], dim=-1)
    return torch.cat([upper, torch.cat([half, corner], dim=-1)], dim=-2)


def pull_back(layout: Layout, at: Propagation, slope: Tensor) -> Tensor:
    """The gradient in θ, shape (*batch, q), of a loss with the symmetric slope ∂loss/∂Σ."""
    left, right, weight = layout.factors
    dense = gram(at, slope)
    values = dense.flatten(-2).index_select(-1, left * dense.shape[-1] + right)
    return layout.collect(values * (2 * weight))


def push_forward(layout: Layout, at: Propagation, direction: Tensor) -> Tensor:
    """dΣ along a direction in θ, shape (*batch, p, p)."""
    left, right, weight = layout.factors
    p, m = at.sigma.shape[-1], at.sigma.shape[-1] + at.factors.shape[-2]
    scaled = weight * direction.index_select(-1, layout.parameter)
    place = scaled.new_zeros(*direction.shape[:-1], m * m).index_add_(-1, left * m + right, scaled).unflatten(-1, (m, m))
    above = place[..., :p, :p] + place[..., :p, p:] @ at.factors
    below = place[..., p:, :p] + place[..., p:, p:] @ at.factors
    half = above + at.factors.mT @ below
    return half + half.mT


def information(layout: Layout, at: Propagation, metric: Tensor) -> Tensor:
    """F = ½ tr(M ∂Σ M ∂Σ), shape (*batch, q, q), dense."""
    return tie(layout, _gathered(layout, gram(at, metric)))


def stacked_information(layout: Layout, at: Propagation, weights: Tensor, metrics: Tensor) -> Tensor:
    """Σ_k a_k F(M_k) for weights of shape (*batch, K) and metrics of shape (*batch, K, p, p)."""
    size = len(layout.parameter)
    step = max(1, STACKED // max(size * size * max(weights[..., 0].numel(), 1), 1))
    total = metrics.new_zeros(*weights.shape[:-1], size, size)
    wide = at._replace(factors=at.factors.unsqueeze(-3))
    for start in range(0, weights.shape[-1], step):
        part = slice(start, start + step)
        found = _gathered(layout, gram(wide, metrics[..., part, :, :]))
        total += (weights[..., part, None, None] * found).sum(-3)
    return tie(layout, total)


def _gathered(layout: Layout, dense: Tensor) -> Tensor:
    """F of the rows of the table from K."""
    left, right, weight = layout.factors
    size, m = len(left), dense.shape[-1]
    if size <= BLOCK:
        flat, row, column = dense.flatten(-2), left * m, right * m
        same = flat.index_select(-1, (row[:, None] + left).flatten()).unflatten(-1, (size, size))
        same = same * flat.index_select(-1, (column[:, None] + right).flatten()).unflatten(-1, (size, size))
        cross = flat.index_select(-1, (row[:, None] + right).flatten()).unflatten(-1, (size, size))
        return torch.addcmul(same, cross, cross.mT) * torch.outer(weight, weight)
    return _blocks(dense, left, right, weight)


def _blocks(dense: Tensor, left: Tensor, right: Tensor, weight: Tensor) -> Tensor:
    """Blocks of rows stay in cache, and columns beyond a block come from its mirror image: 4 times faster than whole."""
    size = len(left)
    result = dense.new_empty(*dense.shape[:-2], size, size)
    for start in range(0, size, BLOCK):
        stop = min(start + BLOCK, size)
        block = _block(dense, left, right, slice(start, stop)).mul_(weight[start:stop, None]).mul_(weight[:stop])
        result[..., start:stop, :stop] = block
        result[..., :start, start:stop] = block[..., :start].mT
    return result


def _block(dense: Tensor, left: Tensor, right: Tensor, rows: slice) -> Tensor:
    """K[l, l] K[r, r] + K[l, r] K[r, l] for a block of rows and the columns up to its end."""
    from_left, from_right = dense.index_select(-2, left[rows]), dense.index_select(-2, right[rows])
    left, right = left[: rows.stop], right[: rows.stop]
    block = from_left.index_select(-1, left).mul_(from_right.index_select(-1, right))
    return block.add_(from_left.index_select(-1, right).mul_(from_right.index_select(-1, left)))


def information_diagonal(layout: Layout, at: Propagation, metric: Tensor) -> Tensor:
    """The diagonal of `information` without the rest, shape (*batch, q). Only for models without ties."""
    left, right, weight = layout.factors
    dense = gram(at, metric)
    values = weight.square() * (dense[..., left, left] * dense[..., right, right] + dense[..., left, right].square())
    return layout.collect(values)


def information_product(layout: Layout, at: Propagation, metric: Tensor, direction: Tensor) -> Tensor:
    """`information` times a direction, without forming it."""
    change = metric @ push_forward(layout, at, direction) @ metric
    return pull_back(layout, at, change) / 2


def tie(layout: Layout, dense: Tensor) -> Tensor:
    """Sum rows and columns that belong to one parameter."""
    if not layout.tied:
        return dense
    half = dense.new_zeros(*dense.shape[:-1], layout.size).index_add_(-1, layout.parameter, dense)
    return half.new_zeros(*dense.shape[:-2], layout.size, layout.size).index_add_(-2, layout.parameter, half)
