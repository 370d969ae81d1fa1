"""The optimisation problem of a fit: discrepancy ∘ implied covariance over the box of the bounds, batched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

from semnan.estimation.discrepancy import Discrepancy, Evaluation
from semnan.estimation.hessian import exact_hessian
from semnan.estimation.information import (
    information,
    information_diagonal,
    information_product,
    pull_back,
)
from semnan.estimation.outcome import Outcome
from semnan.network import Layout, Propagation, propagate

#: A scaled eigenvalue of the Hessian below minus this leads down; above it is rounding, or a flat direction.
NEGATIVE = 1e-6


class Point(NamedTuple):
    """The loss and its implied moments at parameters of shape (*batch, q)."""

    theta: Tensor
    implied: Propagation
    loss: Evaluation


class Solution(NamedTuple):
    """Where an optimiser ended, one entry for each fit of the batch.

    Attributes
    ----------
    theta : Tensor, shape (B, q)
    value : Tensor, shape (B,)
    gradient : Tensor, shape (B,)
        The largest gradient entry, in units of √F_kk: steps in standard errors of a single observation.
    steps : Tensor of int, shape (B,)
    outcomes : tuple of Outcome

    """

    theta: Tensor
    value: Tensor
    gradient: Tensor
    steps: Tensor
    outcomes: tuple[Outcome, ...]


@final
@dataclass(frozen=True)
class Problem:
    """A batch of fits of one model.

    Attributes
    ----------
    layout : Layout
    discrepancy : Discrepancy
        Of samples with shape (B, p, p).
    lower, upper : Tensor, shape (q,)

    """

    layout: Layout
    discrepancy: Discrepancy
    lower: Tensor
    upper: Tensor

    def at(self, theta: Tensor) -> Point:
        """Evaluate the loss at parameters of shape (B, q)."""
        implied = propagate(*self.layout.matrices(theta), self.layout.visible)
        return Point(theta, implied, self.discrepancy.evaluate(implied.sigma))

    def take(self, index: Tensor) -> Problem:
        """The problem of some of the fits."""
        return Problem(self.layout, self.discrepancy.take(index), self.lower, self.upper)

    def gradient(self, point: Point) -> Tensor:
        """∂loss/∂θ, shape (B, q)."""
        return pull_back(self.layout, point.implied, point.loss.slope)

    def held(self, theta: Tensor, gradient: Tensor) -> Tensor:
        """Which parameters are at a bound that the loss pushes against, shape (B, q)."""
        return ((theta <= self.lower) & (gradient > 0)) | ((theta >= self.upper) & (gradient < 0))

    def at_bound(self, theta: Tensor) -> Tensor:
        """Which parameters are at a bound, whatever the loss does there, shape (B, q)."""
        return (theta <= self.lower) | (theta >= self.upper)

    def clip(self, theta: Tensor) -> Tensor:
        return torch.minimum(torch.maximum(theta, self.lower), self.upper)

    def hessian(self, point: Point) -> Tensor:
        """The Gauss–Newton Hessian 4 c F of the loss, shape (B, q, q)."""
        dense = information(self.layout, point.implied, point.loss.metric)
        return dense.mul_(4 * point.loss.curvature[:, None, None])

    def exact_hessian(self, point: Point) -> Tensor:
        """The Hessian of the loss, shape (B, q, q)."""
        second = self.discrepancy.second(point.loss)
        return exact_hessian(self.layout, point.theta, point.implied, point.loss.slope, second)

    def descent(self, point: Point, held: Tensor) -> tuple[Tensor, Tensor]:
        """Where the exact Hessian has a negative eigenvalue: the mask, shape (B,), and directions down, shape (B, q).

        In units of √F_kk, over the parameters that are not held at a bound. A Cholesky factorisation that succeeds
        saves the eigenvectors.
        """
        diagonal = self.hessian_diagonal(point)
        scale = torch.where(diagonal > 0, diagonal, 1.0).sqrt()
        out = held[:, :, None] | held[:, None, :]
        hessian = (self.exact_hessian(point) / scale[:, :, None] / scale[:, None, :]).masked_fill(out, 0.0)
        hessian.diagonal(dim1=-2, dim2=-1).add_(NEGATIVE + held.to(hessian.dtype))
        direction, down = torch.zeros_like(scale), torch.linalg.cholesky_ex(hessian).info > 0
        if bool(down.any()):
            values, vectors = torch.linalg.eigh(hessian[down])
            direction[down] = vectors[..., 0] / scale[down]
            down[down.clone()] = values[:, 0] < 0
        return down, direction

    def hessian_diagonal(self, point: Point) -> Tensor:
        """The diagonal of `hessian`, shape (B, q), up to the cross terms of tied rows."""
        diagonal = information_diagonal(self.layout, point.implied, point.loss.metric)
        return 4 * point.loss.curvature[:, None] * diagonal

    def hessian_product(self, point: Point, direction: Tensor) -> Tensor:
        """`hessian` times a direction, without forming it."""
        product = information_product(self.layout, point.implied, point.loss.metric, direction)
        return 4 * point.loss.curvature[:, None] * product

    def scaled_gradient(self, gradient: Tensor, diagonal: Tensor, held: Tensor) -> Tensor:
        """The largest gradient entry in units of √F_kk, over parameters not held at a bound, shape (B,)."""
        size = gradient.abs() / torch.where(diagonal > 0, diagonal, 1.0).sqrt()
        return torch.where(held, 0.0, size).amax(-1) if size.shape[-1] else size.sum(-1)
