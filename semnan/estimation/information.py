"""Gradient and expected information of a path model from gathers: no Jacobian of size p² × q is ever formed.

With U and Y of `Propagation`, every ∂Σ/∂θ is w (l rᵀ + r lᵀ): l = Y[a], r = U[b], w = 1 for a path a -> b; l = U[a],
r = U[b] for an entry of Ω, w = 1, or ½ on its diagonal. So for any metric M, with K = Z M Zᵀ and Z = [U; Y],

    F_kl = ½ tr(M ∂_kΣ M ∂_lΣ) = w_k w_l (K[l_k, l_l] K[r_k, r_l] + K[l_k, r_l] K[r_k, l_l]),

which at M = Σ⁻¹ is the expected information of one observation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semnan.network import Layout, Propagation

#: Rows of the information that are gathered at a time.
BLOCK = 128


def pull_back(layout: Layout, at: Propagation, slope: Tensor) -> Tensor:
    """The gradient in θ, shape (*batch, q), of a loss with the symmetric slope ∂loss/∂Σ."""
    right = slope @ at.effects.mT
    return layout.gradient(2 * (at.covariances @ right), at.effects @ right)


def push_forward(layout: Layout, at: Propagation, direction: Tensor) -> Tensor:
    """dΣ along a direction in θ, shape (*batch, p, p)."""
    left, right, weight = layout.factors
    scaled = (weight * direction[..., layout.parameter])[..., None] * at.effects.index_select(-2, right)
    stacked = torch.cat([at.effects, at.covariances], dim=-2)
    half = stacked.mT @ torch.zeros_like(stacked).index_add_(-2, left, scaled)
    return half + half.mT


def information(layout: Layout, at: Propagation, metric: Tensor) -> Tensor:
    """F = ½ tr(M ∂Σ M ∂Σ), shape (*batch, q, q), dense."""
    left, right, weight = layout.factors
    stacked = torch.cat([at.effects, at.covariances], dim=-2)
    gram = stacked @ metric @ stacked.mT
    size = len(left)
    dense = gram.new_empty(*gram.shape[:-2], size, size)
    # Blocks of rows stay in cache, and columns beyond a block come from its mirror image: 4 times faster than whole.
    for start in range(0, size, BLOCK):
        stop = min(start + BLOCK, size)
        block = _block(gram, left, right, slice(start, stop)).mul_(weight[start:stop, None]).mul_(weight[:stop])
        dense[..., start:stop, :stop] = block
        dense[..., :start, start:stop] = block[..., :start].mT
    return tie(layout, dense)


def _block(gram: Tensor, left: Tensor, right: Tensor, rows: slice) -> Tensor:
    """K[l, l] K[r, r] + K[l, r] K[r, l] for a block of rows and the columns up to its end."""
    from_left, from_right = gram.index_select(-2, left[rows]), gram.index_select(-2, right[rows])
    left, right = left[: rows.stop], right[: rows.stop]
    block = from_left.index_select(-1, left).mul_(from_right.index_select(-1, right))
    return block.add_(from_left.index_select(-1, right).mul_(from_right.index_select(-1, left)))


def information_diagonal(layout: Layout, at: Propagation, metric: Tensor) -> Tensor:
    """The diagonal of `information` without the rest, shape (*batch, q). Only for models without ties."""
    left, right, weight = layout.factors
    stacked = torch.cat([at.effects, at.covariances], dim=-2)
    gram = stacked @ metric @ stacked.mT
    values = weight.square() * (gram[..., left, left] * gram[..., right, right] + gram[..., left, right].square())
    return layout.collect(values)


def information_product(layout: Layout, at: Propagation, metric: Tensor, direction: Tensor) -> Tensor:
    """`information` times a direction, without forming it."""
    left, right, weight = layout.factors
    change = metric @ push_forward(layout, at, direction) @ metric
    image = torch.cat([at.effects, at.covariances], dim=-2) @ change
    products = image.index_select(-2, left).mul_(at.effects.index_select(-2, right)).sum(-1)
    return layout.collect(weight * products)


def tie(layout: Layout, dense: Tensor) -> Tensor:
    """Sum rows and columns that belong to one parameter."""
    if not layout.tied:
        return dense
    half = dense.new_zeros(*dense.shape[:-1], layout.size).index_add_(-1, layout.parameter, dense)
    return half.new_zeros(*dense.shape[:-2], layout.size, layout.size).index_add_(-2, layout.parameter, half)
