"""What the information matrix says of the parameters: which are identified, and with what variance.

Where the model is not identified the information I is singular. A function τ(θ) with ∇τ in its row space
still has the variance ∇τᵀ I⁻ ∇τ / n for any generalised inverse; for every other τ there is none to report.
All work is in units of √I_kk, so that nothing depends on the units of the variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from torch import Tensor

#: Eigenvalues of the scaled information below this are zero; below WEAK the model is nearly unidentified.
NULL, WEAK = 1e-10, 1e-7
#: Share of a scaled gradient outside the row space above which a function is not identified.
OUTSIDE = 1e-5


@final
@dataclass(frozen=True, eq=False)
class Inference:
    """Row space and generalised inverse of the information, with leading batch dimensions.

    Attributes
    ----------
    scale : Tensor, shape (*batch, q)
        √I_kk, one where the information is zero.
    held : Tensor of bool, shape (*batch, q)
        Parameters at a bound: they count as fixed.
    inverse : Tensor, shape (*batch, q, q)
        Generalised inverse of the scaled information of the others.
    sandwich : Tensor, shape (*batch, q, q)
        Covariance of the scaled estimates times n: `inverse` itself for asymptotically efficient discrepancies.
    null : Tensor, shape (*batch, q, q)
        Projector onto the null space of the scaled information.
    smallest : Tensor, shape (*batch,)
        Its smallest nonzero eigenvalue, or a lower bound of it.

    """

    scale: Tensor
    held: Tensor
    inverse: Tensor
    sandwich: Tensor
    null: Tensor
    smallest: Tensor

    @property
    def rank(self) -> Tensor:
        """The number of dimensions of θ that the data determine, shape (*batch,)."""
        free = (~self.held).sum(-1)
        return free - self.null.diagonal(dim1=-2, dim2=-1).sum(-1).round().long()

    def identified(self, gradients: Tensor) -> Tensor:
        """Whether functions with these gradients, shape (*batch, k, q), are identified; shape (*batch, k)."""
        scaled = self._scaled(gradients)
        outside, size = (scaled @ self.null).norm(dim=-1), scaled.norm(dim=-1)
        return torch.le(outside, OUTSIDE * size.clamp(min=1e-300))

    def unit_variance(self, gradients: Tensor) -> Tensor:
        """N times the variance of functions with these gradients, shape (*batch, k)."""
        scaled = self._scaled(gradients)
        return ((scaled @ self.sandwich) * scaled).sum(-1).clamp(min=0)

    def own(self) -> tuple[Tensor, Tensor]:
        """For the parameters themselves: which are identified, and n times their variances; shape (*batch, q)."""
        loose = self.null.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        variance = self.sandwich.diagonal(dim1=-2, dim2=-1).clamp(min=0) / self.scale.square()
        return loose <= OUTSIDE, variance

    def _scaled(self, gradients: Tensor) -> Tensor:
        return torch.where(self.held[..., None, :], 0.0, gradients / self.scale[..., None, :])

    def groups(self) -> list[NDArray[np.int64]]:
        """Sets of parameters that the data only determine jointly, for a single fit."""
        null = self.null.cpu().numpy()
        loose = np.flatnonzero(np.diagonal(null) > OUTSIDE**2)
        linked = np.abs(null[np.ix_(loose, loose)]) > OUTSIDE
        count, label = connected_components(linked, directed=False)
        return [loose[label == g] for g in range(count)]

    def null_directions(self) -> Tensor:
        """Directions in θ that change no covariance, for a single fit, shape (r, q)."""
        values, vectors = torch.linalg.eigh(self.null)
        directions: Tensor = vectors[:, values > 0.5].mT / self.scale
        return directions

    def take(self, index: int) -> Inference:
        """The inference of one fit of a batch."""
        fields = (self.scale, self.held, self.inverse, self.sandwich, self.null, self.smallest)
        return Inference(*(field[index] for field in fields))


def infer(dense: Tensor, held: Tensor, meat: Tensor | None = None) -> Inference:
    """Analyse the information of a batch of fits.

    Parameters
    ----------
    dense : Tensor, shape (B, q, q)
        Expected information of one observation, in the metric of the discrepancy.
    held : Tensor of bool, shape (B, q)
    meat : Tensor, shape (B, q, q), optional
        Covariance of the estimating equations; by default `dense`, as for efficient discrepancies.

    """
    diagonal = dense.diagonal(dim1=-2, dim2=-1)
    scale = torch.where(diagonal > 0, diagonal, 1.0).sqrt()
    out = held[:, :, None] | held[:, None, :]
    scaled = (dense / scale[:, :, None] / scale[:, None, :]).masked_fill(out, 0.0)
    inverse, null, smallest = _invert(scaled, held)
    sandwich = inverse
    if meat is not None:
        middle = (meat / scale[:, :, None] / scale[:, None, :]).masked_fill(out, 0.0)
        sandwich = inverse @ middle @ inverse
    return Inference(scale, held, inverse, sandwich, null, smallest)


def _invert(scaled: Tensor, held: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Inverse by Cholesky where the matrix is plainly regular, otherwise by its eigenvectors."""
    chol, info = torch.linalg.cholesky_ex(scaled + torch.diag_embed(held.to(scaled.dtype)))
    safe = torch.where(info[:, None, None] == 0, chol, torch.eye(scaled.shape[-1], dtype=scaled.dtype))
    inverse = torch.cholesky_inverse(safe).masked_fill(held[:, :, None] | held[:, None, :], 0.0)
    null = torch.zeros_like(inverse)
    # The trace of the inverse bounds its largest eigenvalue, so this is at most the smallest of the matrix.
    smallest = torch.where(info == 0, 1 / inverse.diagonal(dim1=-2, dim2=-1).sum(-1).clamp(min=1e-300), 0.0)
    doubtful = (smallest < WEAK).nonzero()[:, 0]
    if doubtful.numel():
        pieces = _by_eigenvectors(scaled[doubtful], held[doubtful])
        inverse[doubtful], null[doubtful], smallest[doubtful] = pieces
    return inverse, null, smallest


def _by_eigenvectors(scaled: Tensor, held: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(scaled)
    real = values > NULL
    reciprocal = torch.where(real, 1 / torch.where(real, values, 1.0), 0.0)
    inverse = (vectors * reciprocal[:, None, :]) @ vectors.mT
    null = (vectors * (~real).to(values)[:, None, :]) @ vectors.mT
    null = null - torch.diag_embed(held.to(values))
    smallest = torch.where(real, values, torch.inf).amin(-1)
    return inverse, null, smallest
