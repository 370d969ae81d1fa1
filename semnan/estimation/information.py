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
#: Up to so many visibles Z is formed whole.
SMALL = 64
#: Entries of stacked informations that are held at a time.
STACKED = 1 << 23


def gram(layout: Layout, at: Propagation, metric: Tensor) -> Tensor:
    """K = Z M Zᵀ for a symmetric M of shape (*batch, p, p)."""
    if metric.shape[-1] <= SMALL:
        stacked = torch.cat([layout.unit.expand(*at.factors.shape[:-2], -1, -1), at.factors], dim=-2)
        return stacked @ metric @ stacked.mT
    half = at.factors @ metric
    upper = torch.cat([metric, half.mT], dim=-1)
    return torch.cat([upper, torch.cat([half, half @ at.factors.mT], dim=-1)], dim=-2)


def pull_back(layout: Layout, at: Propagation, slope: Tensor) -> Tensor:
    """The gradient in θ, shape (*batch, q), of a loss with the symmetric slope ∂loss/∂Σ."""
    return gathered_gradient(layout, gram(layout, at, slope))


def gathered_gradient(layout: Layout, dense: Tensor) -> Tensor:
    """The same from K = Z G Zᵀ."""
    place, twice = layout.own
    return layout.collect(dense.flatten(-2).index_select(-1, place) * twice)


def push_forward(layout: Layout, at: Propagation, direction: Tensor) -> Tensor:
    """dΣ along a direction in θ, shape (*batch, p, p)."""
    left, right, weight = layout.factors
    p, m = at.sigma.shape[-1], at.sigma.shape[-1] + at.factors.shape[-2]
    scaled = weight * direction.index_select(-1, layout.parameter)
    flat = scaled.new_zeros(*direction.shape[:-1], m * m).index_add_(-1, left * m + right, scaled)
    place = flat.reshape(*direction.shape[:-1], m, m)
    above = place[..., :p, :p] + place[..., :p, p:] @ at.factors
    below = place[..., p:, :p] + place[..., p:, p:] @ at.factors
    half = above + at.factors.mT @ below
    return half + half.mT


def information(layout: Layout, at: Propagation, metric: Tensor) -> Tensor:
    """F = ½ tr(M ∂Σ M ∂Σ), shape (*batch, q, q), dense."""
    return tie(layout, gathered(layout, gram(layout, at, metric)))


def stacked_information(layout: Layout, at: Propagation, weights: Tensor, metrics: Tensor) -> Tensor:
    """Σ_k a_k F(M_k) for weights of shape (*batch, K) and metrics of shape (*batch, K, p, p)."""
    size = len(layout.parameter)
    step = max(1, STACKED // max(size * size * max(weights[..., 0].numel(), 1), 1))
    total = metrics.new_zeros(*weights.shape[:-1], size, size)
    wide = at._replace(factors=at.factors.unsqueeze(-3))
    for start in range(0, weights.shape[-1], step):
        part = slice(start, start + step)
        found = gathered(layout, gram(layout, wide, metrics[..., part, :, :]))
        total += (weights[..., part, None, None] * found).sum(-3)
    return tie(layout, total)


def gathered(layout: Layout, dense: Tensor) -> Tensor:
    """F of the rows of the table from K = Z M Zᵀ."""
    size = len(layout.parameter)
    if size <= BLOCK:
        flat, at = dense.flatten(-2), layout.gathers
        same = flat.index_select(-1, at.both_left) * flat.index_select(-1, at.both_right)
        cross = flat.index_select(-1, at.cross).reshape(*dense.shape[:-2], size, size)
        return torch.addcmul(same.view_as(cross), cross, cross.mT).mul_(at.weights)
    return _blocks(dense, *layout.factors)


def _blocks(dense: Tensor, left: Tensor, right: Tensor, weight: Tensor) -> Tensor:
    """Blocks of rows stay in cache, and columns beyond a block come from its mirror image: 4 times faster."""
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
    dense = gram(layout, at, metric)
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
