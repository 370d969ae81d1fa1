"""Variances at the estimates, from the information matrix of one observation.

Whether a parameter or function is identified is decided for the model (`generic`). The variance of an identified
τ(θ) is ∇τᵀ I⁻ ∇τ / n for any generalised inverse of the information I at the estimates, singular or not, provided
that ∇τ lies in its row space there. All work is in units of √I_kk, so that nothing depends on the units of the
variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.errors import Unavailable
from semnan.network.arrays import Array, cholesky, diagonal, inverse_of_factor

#: Eigenvalues of the scaled information below this are zero; below WEAK the model is nearly unidentified.
NULL, WEAK = 1e-10, 1e-7
#: Share of a scaled gradient outside the row space above which it has no variance.
OUTSIDE = 1e-4
#: Steps of a power iteration.
POWERS = 20


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
        Its smallest nonzero eigenvalue, roughly; where that is far from zero a lower bound of it.
    inverse : Tensor, shape (*batch, q, q)
        The generalised inverse of the scaled information itself.

    """

    scale: Tensor
    held: Tensor
    sandwich: Tensor
    null: Tensor
    smallest: Tensor
    inverse: Tensor

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
        return self._unscaled(self.sandwich)

    def inverse_information(self) -> Tensor:
        """The inverse of the information of one observation, shape (*batch, q, q); zero for what is held.

        What `covariance` is for efficient estimates; for others that is a sandwich around it.
        """
        return self._unscaled(self.inverse)

    def _unscaled(self, scaled: Tensor) -> Tensor:
        out = self.held[..., :, None] | self.held[..., None, :]
        unscaled = scaled / self.scale[..., :, None] / self.scale[..., None, :]
        return unscaled.masked_fill(out, 0.0)

    def _scaled(self, gradients: Tensor) -> Tensor:
        return torch.where(self.held[..., None, :], 0.0, gradients / self.scale[..., None, :])

    def take(self, index: int) -> Inference:
        """The inference of one fit of a batch."""
        fields = (self.scale, self.held, self.sandwich, self.null, self.smallest, self.inverse)
        return Inference(*(field[index].clone() for field in fields))


def concatenate(parts: list[Inference | Unavailable]) -> Inference | Unavailable:
    """One batch from several; the first reason if any part is missing."""
    found = []
    for part in parts:
        if isinstance(part, Unavailable):
            return part
        found.append((part.scale, part.held, part.sandwich, part.null, part.smallest, part.inverse))
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
        return Inference(scale, held, inverse, null, smallest, inverse)
    out = held[:, :, None] | held[:, None, :]
    middle = (meat / scale[:, :, None] / scale[:, None, :]).masked_fill(out, 0.0)
    return Inference(scale, held, inverse @ middle @ inverse, null, smallest, inverse)


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
    if meat is None:
        return Inference(scale, fixed, inverse, null, smallest, inverse)
    around = inverse @ (meat / scale[:, :, None] / scale[:, None, :]) @ inverse
    return Inference(scale, fixed, around, null, smallest, inverse)


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
    matrix, out = dense.numpy(), held.numpy()
    finite = np.isfinite(matrix.sum((-2, -1)))
    if not finite.all():
        matrix = np.where(finite[:, None, None], matrix, 0.0)
    own = diagonal(matrix)
    scale = np.sqrt(np.where(own > 0, own, 1.0))
    scaled = matrix / scale[:, :, None] / scale[:, None, :]
    off = out[:, :, None] | out[:, None, :] if out.any() else None
    inverse, smallest = _regular(scaled, out, off)
    null, doubtful = torch.zeros(dense.shape, dtype=dense.dtype), np.flatnonzero(smallest < WEAK)
    found = tuple(torch.from_numpy(part) for part in (inverse, smallest, scale))
    if len(doubtful):
        at = torch.from_numpy(doubtful)
        whole = scaled if off is None else np.where(off, 0.0, scaled)
        found[0][at], null[at], found[1][at] = _by_eigenvectors(torch.from_numpy(whole)[at], held[at])
    return found[0], null, found[1], found[2]


def _regular(scaled: Array, out: Array, off: Array | None) -> tuple[Array, Array]:
    """Inverse by Cholesky, zero for what is held; and the smallest eigenvalue, zero where there is no inverse."""
    if off is None:
        factor, definite = cholesky(scaled)
        inverse = inverse_of_factor(factor)
    else:
        at = np.arange(out.shape[-1])
        padded = np.where(off, 0.0, scaled)
        padded[:, at, at] += out
        factor, definite = cholesky(padded)
        inverse = np.where(off, 0.0, inverse_of_factor(factor))
    return inverse, np.where(definite, _smallest(inverse), 0.0)


def _smallest(inverse: Array) -> Array:
    """The smallest eigenvalue of a matrix from its inverse: at least one over the trace, which is enough where large.

    Otherwise by power iteration, roughly.
    """
    size = inverse.shape[-1]
    bound = 1 / np.maximum(diagonal(inverse).sum(-1), 1e-300)
    if (bound >= WEAK).all():
        return np.asarray(bound)
    vector = np.random.default_rng(0).normal(size=(len(inverse), size, 1))
    length = np.ones(len(inverse))
    for _ in range(POWERS):
        vector = inverse @ (vector / np.maximum(np.linalg.norm(vector, axis=-2, keepdims=True), 1e-300))
        length = np.linalg.norm(vector, axis=-2)[:, 0]
    return np.asarray(1 / np.maximum(length, 1e-300))


def _by_eigenvectors(scaled: Tensor, held: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(scaled)
    real = values > NULL
    reciprocal = torch.where(real, 1 / torch.where(real, values, 1.0), 0.0)
    inverse = (vectors * reciprocal[:, None, :]) @ vectors.mT
    null = (vectors * (~real).to(values)[:, None, :]) @ vectors.mT
    null = null - torch.diag_embed(held.to(values))
    smallest = torch.where(real, values, torch.inf).amin(-1)
    return inverse, null, smallest
