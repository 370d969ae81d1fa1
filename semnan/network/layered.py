"""Covariance propagation through the layered SEMNAN, every layer's covariance kept.

Source: Saremi, JMLR 27(17), 2026. Forward: Σ⁽ˡ⁾ = W⁽ˡ⁾ᵀ Σ⁽ˡ⁻¹⁾ W⁽ˡ⁾ + E⁽ˡ⁾, where E⁽ˡ⁾ has a one for each latent
that enters at layer l. Backward: Λ⁽ˡ⁾ = Σ⁽ˡ⁻¹⁾ W⁽ˡ⁾, ∂W⁽ˡ⁾ = 2 Λ⁽ˡ⁾ G⁽ˡ⁾, G⁽ˡ⁻¹⁾ = W⁽ˡ⁾ G⁽ˡ⁾ W⁽ˡ⁾ᵀ.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from semnan.graph import AMASEM


@final
@dataclass(frozen=True)
class Layer:
    """Where the weights between two neighbouring layers come from.

    Attributes
    ----------
    below : list of int
        Rows of the structure matrix that stand in the layer below.
    size : int
        Number of neurons of this layer.
    aliases : (rows, columns)
        Entries of W⁽ˡ⁾ that are one.
    trained : (columns, structure columns)
        Columns of W⁽ˡ⁾ that hold trained weights, and where they are in the structure matrix.
    entering : list of int
        Neurons that are latents without a place in the layer below.

    """

    below: list[int]
    size: int
    aliases: tuple[list[int], list[int]]
    trained: tuple[list[int], list[int]]
    entering: list[int]


def plan_layers(graph: AMASEM) -> tuple[Layer, ...]:
    """The index plan of the minimal SEMNAN of a graph."""
    row = {name: i for i, name in enumerate((*graph.latents, *graph.visibles))}
    m, layers = len(graph.latents), graph.layers().layers
    plan = []
    for below, here in pairwise(layers):
        place = {neuron.name: i for i, neuron in enumerate(below)}
        aliases = [(place[n.name], j) for j, n in enumerate(here) if n.alias]
        trained = [(j, row[n.name] - m) for j, n in enumerate(here) if not n.alias and row[n.name] >= m]
        entering = [j for j, n in enumerate(here) if not n.alias and row[n.name] < m]
        plan.append(Layer([row[n.name] for n in below], len(here), _columns(aliases), _columns(trained), entering))
    return tuple(plan)


def _columns(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [a for a, _ in pairs], [b for _, b in pairs]


def layered_covariance(weights: Float[Tensor, "*batch rows p"], plan: tuple[Layer, ...]) -> Float[Tensor, "*batch p p"]:
    """Implied covariance of the visibles, layer by layer.

    Parameters
    ----------
    weights : Tensor, shape (*batch, m + p, p)
        W[parent, child], latent rows on top, zero where the graph has no edge.
    plan : tuple of Layer
        From `plan_layers`.

    """
    sigma: Tensor = _Layered.apply(weights, plan)  # type: ignore[no-untyped-call]
    return sigma


class _Layered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, plan: tuple[Layer, ...]) -> Tensor:
        start = len(plan[0].below)
        sigma = torch.eye(start, dtype=weights.dtype, device=weights.device).expand(*weights.shape[:-2], start, start)
        kept = [sigma]
        for layer in plan:
            between = _between(weights, layer)
            sigma = between.mT @ sigma @ between
            sigma[..., layer.entering, layer.entering] += 1
            kept.append(sigma)
        ctx.plan = plan
        ctx.save_for_backward(weights, *kept[:-1])
        return sigma

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        weights, *kept = ctx.saved_tensors
        upper = (grads[0] + grads[0].mT) / 2
        result = torch.zeros_like(weights)
        for layer, sigma in zip(reversed(ctx.plan), reversed(kept), strict=True):
            between = _between(weights, layer)
            slope = 2 * (sigma @ between) @ upper
            here, there = layer.trained
            _block(result, layer.below, there, slope[..., here])
            upper = between @ upper @ between.mT
        return result, None


def _between(weights: Tensor, layer: Layer) -> Tensor:
    """W⁽ˡ⁾: ones for aliases, the trained columns from the structure matrix."""
    here, there = layer.trained
    between = weights.new_zeros(*weights.shape[:-2], len(layer.below), layer.size)
    between[..., layer.aliases[0], layer.aliases[1]] = 1
    between[..., here] = weights[..., layer.below, :][..., there]
    return between


def _block(target: Tensor, rows: list[int], columns: list[int], values: Tensor) -> None:
    """Write a block of rows and columns; each trained column is written once, by its own layer."""
    at_rows = torch.tensor(rows, device=target.device)[:, None]
    target[..., at_rows, torch.tensor(columns, device=target.device)] = values
