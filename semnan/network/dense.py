"""The dense oracle: the definition of the implied covariance, with nothing clever. For tests and small checks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def dense_covariance(
    weights: Float[Tensor, "*batch n n"], omega: Float[Tensor, "*batch n n"], visible: Tensor
) -> Float[Tensor, "*batch p p"]:
    """Σ = T[:, V]ᵀ Ω T[:, V] with T = (I − W)⁻¹ by a general inverse; variables in any order."""
    eye = torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device)
    effects = torch.linalg.inv(eye - weights)[..., visible]
    sigma: Tensor = effects.mT @ omega @ effects
    return sigma
