"""Implied moments by accumulation: small triangular solves and products.

With T = (I − W)⁻¹, U = T[:, V] holds the total effects on the visibles and Y = Tᵀ Ω U the covariances of
every variable with them; Σ = Y[V]. Since dΣ = Yᵀ dW U + (Yᵀ dW U)ᵀ + Uᵀ dΩ U, the gradients are
∂W = 2 Y G Uᵀ and ∂Ω = U G Uᵀ. An AMASEM is the case Ω = diag(1 on latents), where Σ = AᵀA.

Means come by the same formulas from a constant of value 1: U and Y are then about the moments around a given
center, Σ has a row and a column more, [[1, δᵀ], [δ, Cov + δδᵀ]] with δ the mean less the center, and its Gaussian
divergences are those of mean and covariance together.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from semnan.network.arrays import A, cat, copied, invert_unit_upper, take
from semnan.network.layout import Layout


class Propagation(NamedTuple, Generic[A]):
    """The implied moments of a path model and the factors of their derivatives.

    Attributes
    ----------
    factors : array, shape (*batch, 2 s, p)
        U, the total effects of the s inner variables on the visibles, above Y, their covariances with them.
    sigma : array, shape (*batch, p, p)
        Σ: the implied covariance of the visibles, in the order of ``layout.visible``.
    inner : array, shape (*batch, s, s)
        Total effects among the inner variables.

    """

    factors: A
    sigma: A
    inner: A


def propagate(layout: Layout, theta: A, center: A | None = None) -> Propagation[A]:
    """Implied moments of a path model.

    Parameters
    ----------
    layout : Layout
    theta : array or Tensor, shape (*batch, q)
        The answer is of the same kind.
    center : array or Tensor, shape (*batch, p), optional
        Where moments are taken around, zero for the constant; by default zero. Only of a layout with a constant.

    """
    blocks, own = layout.blocks(theta), layout.places(theta).own
    total = _among(layout, blocks.among)
    onto = total @ blocks.onto if layout.within else blocks.onto
    k = len(own)
    effects = cat([take(total, own), onto], -1)
    noise = blocks.inner @ effects
    if layout.across:
        noise[..., k:] += blocks.between
    inner = total.mT @ noise if layout.within else noise
    sinks = blocks.onto.mT @ inner
    sinks[..., k:] += blocks.sinks
    if layout.across:
        sinks = sinks + blocks.between.mT @ effects
    sigma = cat([take(inner, own, -2), sinks], -2) if k else sinks
    if layout.constant:
        effects, inner, sigma = _around(center, total, effects, inner, sigma)
    return Propagation(cat([effects, inner], -2), sigma, total)


def _among(layout: Layout, weights: A) -> A:
    """T among the inner variables."""
    system = layout.places(weights).eye - weights
    return invert_unit_upper(system) if layout.within else system


def _around(center: A | None, total: A, effects: A, inner: A, sigma: A) -> tuple[A, A, A]:
    """Add what the constant contributes, in coordinates that have the center at zero."""
    if center is not None:
        effects = copied(effects)
        effects[..., 0, :] -= center
    deviation = effects[..., :1, :]
    return effects, inner + total[..., :1, :].mT * deviation, sigma + deviation.mT * deviation


def total_effects(weights: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """T = (I − W)⁻¹ of variables in topological order."""
    eye = torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device).expand_as(weights)
    total: Tensor = torch.linalg.solve_triangular(eye - weights, eye, upper=True, unitriangular=True)
    return total


def accumulated_covariance(
    weights: Float[Tensor, "*batch n n"], omega: Float[Tensor, "*batch n n"], visible: Tensor
) -> Float[Tensor, "*batch p p"]:
    """Differentiable implied covariance of variables in topological order.

    Parameters
    ----------
    weights : Tensor, shape (*batch, n, n)
        W, strictly upper triangular.
    omega : Tensor, shape (*batch, n, n)
        Ω, symmetric.
    visible : Tensor of int, shape (p,)
        The places of the visibles.

    """
    sigma: Tensor = _Accumulation.apply(weights, omega, visible)  # type: ignore[no-untyped-call]
    return sigma


class _Accumulation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, omega: Tensor, visible: Tensor) -> Tensor:
        eye = torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device)
        system, target = eye - weights, eye[:, visible].expand(*weights.shape[:-1], len(visible))
        effects = torch.linalg.solve_triangular(system, target, upper=True, unitriangular=True)
        noise = omega @ effects
        covariances = torch.linalg.solve_triangular(system.mT, noise, upper=False, unitriangular=True)
        ctx.save_for_backward(effects, covariances)
        sigma: Tensor = covariances.index_select(-2, visible)
        return (sigma + sigma.mT) / 2

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        effects, covariances = ctx.saved_tensors
        right = (grads[0] + grads[0].mT) / 2 @ effects.mT
        return (2 * covariances @ right).triu(1), effects @ right, None


def implied_moments(layout: Layout, theta: Float[Tensor, "*batch q"]) -> tuple[Tensor, Tensor]:
    """Mean and covariance of all variables of the layout (the mean is zero where no constant leads to)."""
    weights, omega = layout.matrices(theta)
    total = total_effects(weights)
    mean = total[..., 0, :] if layout.constant else torch.zeros_like(total[..., 0, :])
    return mean, total.mT @ omega @ total
