"""Implied covariance by accumulation: two triangular solves and two products.

With T = (I − W)⁻¹, U = T[:, V] holds the total effects on the visibles and Y = Tᵀ Ω U the covariances of
every variable with them; Σ = Y[V]. Since dΣ = Yᵀ dW U + (Yᵀ dW U)ᵀ + Uᵀ dΩ U, the gradients are
∂W = 2 Y G Uᵀ and ∂Ω = U G Uᵀ. An AMASEM is the case Ω = diag(1 on latents), where Σ = AᵀA.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


class Propagation(NamedTuple):
    """The implied moments of a path model and the factors of their derivatives.

    Attributes
    ----------
    effects : Tensor, shape (*batch, n, p)
        U: total effects of all variables on the visibles.
    covariances : Tensor, shape (*batch, n, p)
        Y: covariances of all variables with the visibles.
    sigma : Tensor, shape (*batch, p, p)
        Σ: the implied covariance of the visibles.

    """

    effects: Tensor
    covariances: Tensor
    sigma: Tensor


def propagate(weights: Float[Tensor, "*batch n n"], omega: Float[Tensor, "*batch n n"], visible: Tensor) -> Propagation:
    """Implied moments of a path model whose variables are in topological order.

    Parameters
    ----------
    weights : Tensor, shape (*batch, n, n)
        W, strictly upper triangular.
    omega : Tensor, shape (*batch, n, n)
        Ω, symmetric.
    visible : Tensor of int, shape (p,)
        The places of the visibles.

    """
    n = weights.shape[-1]
    eye = torch.eye(n, dtype=weights.dtype, device=weights.device)
    system = eye - weights
    target = eye[:, visible].expand(*weights.shape[:-1], len(visible))
    effects = torch.linalg.solve_triangular(system, target, upper=True, unitriangular=True)
    noise = omega @ effects
    covariances = torch.linalg.solve_triangular(system.mT, noise, upper=False, unitriangular=True)
    sigma = covariances.index_select(-2, visible)
    return Propagation(effects, covariances, (sigma + sigma.mT) / 2)


def total_effects(weights: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """T = (I − W)⁻¹ of variables in topological order."""
    eye = torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device).expand_as(weights)
    total: Tensor = torch.linalg.solve_triangular(eye - weights, eye, upper=True, unitriangular=True)
    return total


def accumulated_covariance(
    weights: Float[Tensor, "*batch n n"], omega: Float[Tensor, "*batch n n"], visible: Tensor
) -> Float[Tensor, "*batch p p"]:
    """Differentiable implied covariance; the arguments are those of `propagate`."""
    sigma: Tensor = _Accumulation.apply(weights, omega, visible)  # type: ignore[no-untyped-call]
    return sigma


class _Accumulation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, omega: Tensor, visible: Tensor) -> Tensor:
        effects, covariances, sigma = propagate(weights, omega, visible)
        ctx.save_for_backward(effects, covariances)
        return sigma

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        effects, covariances = ctx.saved_tensors
        right = (grads[0] + grads[0].mT) / 2 @ effects.mT
        return (2 * covariances @ right).triu(1), effects @ right, None
