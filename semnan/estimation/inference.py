"""Variances at the estimates, from the information matrix of one observation.

Whether a parameter or function is identified is decided for the model (`generic`). The variance of an identified
τ(θ) is ∇τᵀ I⁻ ∇τ / n for any generalised inverse of the information I at the estimates, singular or not, provided
that ∇τ lies in its row space there. All work is in units of √I_kk, so that nothing depends on the units of the
variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from semnan.errors import Unavailable

#: Eigenvalues of the scaled information below this are zero; below WEAK the model is nearly unidentified.
NULL, WEAK = 1e-10, 1e-7
#: Share of a scaled gradient outside the row space above which it has no variance.
OUTSIDE = 1e-4
#: Up to so many parameters eigenvalues cost nothing to speak of.
SMALL = 100


@final
@dataclass(frozen=True, eq=False)
class Inference:
    """Row space and generalised inverse of the information at the estimates, with leading batch dimensions.

    Attributes
    ----------
    scale : Tensor, shape (*batch, q)
        √I_kk, one where the information is zero.
    held : Tensor of bool, shape (*batch, q)
        Parameters at a bound: they count as fixed.
    sandwich : Tensor, shape (*batch, q, q)
        Covariance of the scaled estimates times n: the generalised inverse of the scaled information of the parameters
        not held, or for discrepancies that are not efficient the sandwich around it.
    null : Tensor, shape (*batch, q, q)
        Projector onto the null space of the scaled information.
    smallest : Tensor, shape (*batch,)
        Its smallest nonzero eigenvalue, roughly.

    """

    scale: Tensor
    held: Tensor
    sandwich: Tensor
    null: Tensor
    smallest: Tensor

    def estimable(self, gradients: Tensor) -> Tensor:
        """Whether functions with these gradients, shape (*batch, k, q), have a variance here; shape (*batch, k)."""
        scaled = self._scaled(gradients)
        outside, size = (scaled @ self.null).norm(dim=-1), scaled.norm(dim=-1)
        return torch.le(outside, OUTSIDE * size.clamp(min=1e-300))

    def unit_variance(self, gradients: Tensor) -> Tensor:
        """N times the variance of functions with these gradients, shape (*batch, k)."""
        scaled = self._scaled(gradients)
        return ((scaled @ self.sandwich) * scaled).sum(-1).clamp(min=0)

    def own(self) -> tuple[Tensor, Tensor]:
        """For the parameters themselves: which have a variance, and n times that; shape (*batch, q)."""
        loose = self.null.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
        variance = self.sandwich.diagonal(dim1=-2, dim2=-1).clamp(min=0) / self.scale.square()
        return torch.le(loose, OUTSIDE), variance

    def covariance(self) -> Tensor:
        """N times the covariance of the estimates, shape (*batch, q, q); zero for parameters that are held."""
        out = self.held[..., :, None] | self.held[..., None, :]
        unscaled = self.sandwich / self.scale[..., :, None] / self.scale[..., None, :]
        return unscaled.masked_fill(out, 0.0)

    def _scaled(self, gradients: Tensor) -> Tensor:
        return torch.where(self.held[..., None, :], 0.0, gradients / self.scale[..., None, :])

    def take(self, index: int) -> Inference:
        """The inference of one fit of a batch."""
        fields = (self.scale, self.held, self.sandwich, self.null, self.smallest)
        return Inference(*(field[index].clone() for field in fields))


def concatenate(parts: list[Inference | Unavailable]) -> Inference | Unavailable:
    """One batch from several; the first reason if any part is missing."""
    found = []
    for part in parts:
        if isinstance(part, Unavailable):
            return part
        found.append((part.scale, part.held, part.sandwich, part.null, part.smallest))
    return Inference(*(torch.cat(fields) for fields in zip(*found, strict=True)))


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
    inverse, null, smallest, scale = generalised_inverse(dense, held)
    if meat is None:
        return Inference(scale, held, inverse, null, smallest)
    out = held[:, :, None] | held[:, None, :]
    middle = (meat / scale[:, :, None] / scale[:, None, :]).masked_fill(out, 0.0)
    return Inference(scale, held, inverse @ middle @ inverse, null, smallest)


def infer_constrained(dense: Tensor, rows: Tensor, held: Tensor, meat: Tensor | None = None) -> Inference:
    """The same under constraints with active gradients `rows`, shape (B, c, q).

    Directions that violate a constraint, or move a held parameter, have no variance: with P the projector on the
    others, the inverse is that of P I P on its range (Aitchison & Silvey 1958).
    """
    diagonal = dense.diagonal(dim1=-2, dim2=-1)
    scale = torch.where(diagonal > 0, diagonal, 1.0).sqrt()
    tangent = tangent_projector(torch.cat([rows, torch.diag_embed(held.to(dense))], dim=-2) / scale[:, None, :])
    eye = torch.eye(dense.shape[-1], dtype=dense.dtype)
    scaled = tangent @ (dense / scale[:, :, None] / scale[:, None, :]) @ tangent + (eye - tangent)
    none = torch.zeros_like(held)
    inverse, null, smallest = _by_eigenvectors(torch.nan_to_num(scaled), none)
    inverse = tangent @ inverse @ tangent
    fixed = tangent.diagonal(dim1=-2, dim2=-1) < NULL
    if meat is not None:
        inverse = inverse @ (meat / scale[:, :, None] / scale[:, None, :]) @ inverse
    return Inference(scale, fixed, inverse, null, smallest)


def tangent_projector(rows: Tensor) -> Tensor:
    """The projector on what all rows, shape (B, c, q), leave free."""
    _, values, vectors = torch.linalg.svd(rows, full_matrices=False)
    used = vectors * (values > 1e-9 * values.amax(-1, keepdim=True).clamp(min=1e-300))[..., None]
    projector: Tensor = torch.eye(rows.shape[-1], dtype=rows.dtype) - used.mT @ used
    return projector


def generalised_inverse(dense: Tensor, held: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inverse, null projector and smallest eigenvalue of the scaled matrix without `held` rows, and the scale.

    By Cholesky where the matrix is plainly regular, otherwise by its eigenvectors. A matrix that holds something
    that is not a finite number is taken as zero: it determines nothing.
    """
    finite = torch.isfinite(dense).all(-1).all(-1)
    dense = torch.where(finite[:, None, None], dense, 0.0)
    diagonal = dense.diagonal(dim1=-2, dim2=-1)
    scale = torch.where(diagonal > 0, diagonal, 1.0).sqrt()
    out = held[:, :, None] | held[:, None, :]
    scaled = (dense / scale[:, :, None] / scale[:, None, :]).masked_fill(out, 0.0)
    chol, info = torch.linalg.cholesky_ex(scaled + torch.diag_embed(held.to(scaled.dtype)))
    safe = torch.where(info[:, None, None] == 0, chol, torch.eye(scaled.shape[-1], dtype=scaled.dtype))
    inverse = torch.cholesky_inverse(safe).masked_fill(out, 0.0)
    null = torch.zeros_like(inverse)
    smallest = torch.where(info == 0, _smallest(inverse), 0.0)
    doubtful = (smallest < WEAK).nonzero()[:, 0]
    if doubtful.numel():
        pieces = _by_eigenvectors(scaled[doubtful], held[doubtful])
        inverse[doubtful], null[doubtful], smallest[doubtful] = pieces
    return inverse, null, smallest, scale


def _smallest(inverse: Tensor) -> Tensor:
    """The smallest eigenvalue of a matrix from its inverse: by power iteration, roughly, where that is large."""
    if inverse.shape[-1] <= SMALL:
        largest: Tensor = torch.linalg.eigvalsh(inverse)[..., -1]
        return 1 / largest.clamp(min=1e-300)
    generator = torch.Generator().manual_seed(0)
    vector = torch.randn(inverse.shape[-1], 1, generator=generator, dtype=inverse.dtype).expand(*inverse.shape[:-1], 1)
    length = torch.ones_like(inverse[..., 0, 0])
    for _ in range(20):
        vector = inverse @ (vector / vector.norm(dim=-2, keepdim=True).clamp(min=1e-300))
        length = vector.norm(dim=-2)[..., 0]
    return 1 / length.clamp(min=1e-300)


def _by_eigenvectors(scaled: Tensor, held: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(scaled)
    real = values > NULL
    reciprocal = torch.where(real, 1 / torch.where(real, values, 1.0), 0.0)
    inverse = (vectors * reciprocal[:, None, :]) @ vectors.mT
    null = (vectors * (~real).to(values)[:, None, :]) @ vectors.mT
    null = null - torch.diag_embed(held.to(values))
    smallest = torch.where(real, values, torch.inf).amin(-1)
    return inverse, null, smallest
