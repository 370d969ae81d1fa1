"""Covariance propagation in constant space: the µ-SEMNAN.

Source: Saremi, JMLR 27(17), 2026. An alias has the covariances of its original, so one (m + p) × p array
`C[a, v] = Cov(a, v)`, filled level by level, holds every Σ⁽ˡ⁾. Backward, a buffer of the same shape holds G⁽ˡ⁾
(its latent-latent block is never needed) and each level turns it into G⁽ˡ⁻¹⁾ with one product beside it.
Space is O(p (m + p)) whatever the depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from semnan.graph import AMASEM
from semnan.graph.layers import levels


@final
@dataclass(frozen=True)
class Levels:
    """Visibles sorted by layer: `order[k]` is the structure column of the k-th, `ends` closes each level."""

    latents: int
    order: list[int]
    inverse: list[int]
    ends: tuple[int, ...]


def plan_levels(graph: AMASEM) -> Levels:
    """The index plan of the µ-SEMNAN of a graph."""
    level = levels(graph.visibles, {v: graph.parents(v) for v in graph.visibles})
    order = sorted(range(len(graph.visibles)), key=lambda i: level[graph.visibles[i]])
    depth = [level[graph.visibles[i]] for i in order]
    ends = tuple(k for k in range(1, len(order) + 1) if k == len(order) or depth[k] > depth[k - 1])
    inverse = sorted(range(len(order)), key=order.__getitem__)
    return Levels(len(graph.latents), order, inverse, ends)


def mu_covariance(weights: Float[Tensor, "*batch rows p"], plan: Levels) -> Float[Tensor, "*batch p p"]:
    """Implied covariance of the visibles, in space that does not grow with depth.

    Parameters
    ----------
    weights : Tensor, shape (*batch, m + p, p)
        W[parent, child], latent rows on top, zero where the graph has no edge.
    plan : Levels
        From `plan_levels`.

    """
    m, order = plan.latents, plan.order
    rows = [*range(m), *(m + i for i in order)]
    sigma: Tensor = _Mu.apply(weights[..., rows, :][..., order], m, plan.ends)  # type: ignore[no-untyped-call]
    return sigma[..., plan.inverse, :][..., plan.inverse]


class _Mu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, m: int, ends: tuple[int, ...]) -> Tensor:
        cov = torch.zeros_like(weights)
        for new, old, here, _ in _levels(m, ends):
            from_latents, from_visibles = weights[..., :m, new], weights[..., old, new]
            past = slice(0, new.start)
            cov[..., :m, new] = from_latents + cov[..., :m, past] @ from_visibles
            cov[..., old, new] = cov[..., :m, past].mT @ from_latents + cov[..., old, past] @ from_visibles
            cov[..., here, past] = cov[..., old, new].mT
            cov[..., here, new] = from_latents.mT @ cov[..., :m, new] + from_visibles.mT @ cov[..., old, new]
        ctx.m, ctx.ends = m, ends
        ctx.save_for_backward(weights, cov)
        return cov[..., m:, :].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        weights, cov = ctx.saved_tensors
        m, result, buffer = ctx.m, torch.zeros_like(weights), torch.zeros_like(weights)
        torch.add(grads[0], grads[0].mT, out=buffer[..., m:, :]).div_(2)
        for new, old, here, known in reversed(_levels(m, ctx.ends)):
            upto, past = slice(0, new.stop), slice(0, new.start)
            slope = buffer[..., known, new]
            result[..., :m, new] = cov[..., :m, upto] @ slope + buffer[..., :m, new]
            result[..., old, new] = cov[..., old, upto] @ slope + cov[..., :m, past].mT @ buffer[..., :m, new]
            _descend(buffer, weights, m, new, old, here)
        return result.mul_(2), None, None


def _descend(buffer: Tensor, weights: Tensor, m: int, new: slice, old: slice, here: slice) -> None:
    """Turn G⁽ˡ⁾ into G⁽ˡ⁻¹⁾ in place: pull the columns, then the rows, of the level back to its parents."""
    past = slice(0, new.start)
    buffer[..., : here.stop, past] += buffer[..., : here.stop, new] @ weights[..., old, new].mT
    buffer[..., :m, past] += weights[..., :m, new] @ buffer[..., here, past]
    buffer[..., old, past] += weights[..., old, new] @ buffer[..., here, past]


def _levels(m: int, ends: tuple[int, ...]) -> list[tuple[slice, slice, slice, slice]]:
    """For every level: its columns; the rows of earlier visibles; its own rows; the rows of both."""
    starts = (0, *ends[:-1])
    return [
        (slice(a, b), slice(m, m + a), slice(m + a, m + b), slice(m, m + b)) for a, b in zip(starts, ends, strict=True)
    ]
