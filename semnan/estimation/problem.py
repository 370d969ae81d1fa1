"""The optimisation problem of a fit: discrepancy ∘ implied moments over the box of the bounds, batched.

A model of several groups has one part a group; parts share θ. Linear equality constraints are substituted: the
optimiser sees coordinates φ with θ = offset + K φ (`Space`). Other constraints enter as a `Term`, their `Penalty`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, final

import numpy as np

from semnan.estimation.discrepancy import Discrepancy, Evaluation
from semnan.estimation.information import (
    information,
    information_diagonal,
    information_product,
    pull_back,
    push_forward,
    stacked_information,
)
from semnan.estimation.missing import PatternLikelihood
from semnan.estimation.outcome import Outcome
from semnan.estimation.slopes import Slopes, part_slopes
from semnan.estimation.space import Space, Term
from semnan.estimation.weighted import WeightedMoments
from semnan.network import Layout, Propagation, propagate
from semnan.network.arrays import Array, cholesky, diagonal

#: A scaled eigenvalue of the Hessian below minus this leads down; above it is rounding, or a flat direction.
NEGATIVE = 1e-6


Loss = Discrepancy | PatternLikelihood | WeightedMoments


class Point(NamedTuple):
    """The loss and its implied moments, one for each part, at parameters of shape (*batch, r)."""

    theta: Array
    full: Array
    implied: tuple[Propagation[Array], ...]
    loss: tuple[Evaluation[Array], ...]
    value: Array


class Solution(NamedTuple):
    """Where an optimiser ended, one entry for each fit of the batch.

    Attributes
    ----------
    theta : array, shape (B, r)
    value : array, shape (B,)
    gradient : array, shape (B,)
        The largest gradient entry, in units of √F_kk: steps in standard errors of a single observation.
    steps : array of int, shape (B,)
    outcomes : tuple of Outcome

    """

    theta: Array
    value: Array
    gradient: Array
    steps: Array
    outcomes: tuple[Outcome, ...]


@final
@dataclass(frozen=True)
class Part:
    """One group of a batch of fits.

    Attributes
    ----------
    layout : Layout
    loss : Loss
    center : array, shape (B, p), or None
        What moments are taken around, if the model has means.
    share : array, shape (B,)
        The group's share of the rows.

    """

    layout: Layout
    loss: Loss
    center: Array | None
    share: Array

    def take(self, index: Array) -> Part:
        """The part of some of the fits."""
        center = None if self.center is None else self.center[index]
        return Part(self.layout.take(index), self.loss.take(index), center, self.share[index])


@final
@dataclass(frozen=True)
class Problem:
    """A batch of fits of one model.

    Attributes
    ----------
    parts : tuple of Part
    lower, upper : array, shape (r,)
    space : Space or None
        How the coordinates of the optimiser become θ; None if they are θ.
    penalty : Term or None
        What is added to the loss.

    """

    parts: tuple[Part, ...]
    lower: Array
    upper: Array
    space: Space | None = None
    penalty: Term | None = None

    @property
    def size(self) -> int:
        """The number r of coordinates."""
        return len(self.lower)

    def at(self, theta: Array) -> Point:
        """Evaluate the loss at coordinates of shape (B, r)."""
        full = self.expand(theta)
        implied = tuple(propagate(part.layout, full, part.center) for part in self.parts)
        loss = tuple(part.loss.evaluate(at.sigma) for part, at in zip(self.parts, implied, strict=True))
        value = self._shared([at.value for at in loss])
        if self.penalty is not None:
            value = value + self.penalty.value(full)
        return Point(theta, full, implied, loss, value)

    def expand(self, coordinates: Array) -> Array:
        """θ at coordinates of shape (*batch, r)."""
        return coordinates if self.space is None else self.space.expand(coordinates)

    def take(self, index: Array) -> Problem:
        """The problem of some of the fits."""
        penalty = None if self.penalty is None else self.penalty.take(index)
        return replace(self, parts=tuple(part.take(index) for part in self.parts), penalty=penalty)

    def gradient(self, point: Point) -> Array:
        """∂loss/∂φ, shape (B, r)."""
        return self._gradient(point, self._sum(point, lambda part, at, loss: pull_back(part.layout, at, loss.slope)))

    def hessian(self, point: Point) -> Array:
        """The Gauss–Newton Hessian 4 c F of the loss, shape (B, r, r)."""
        return self.linearise(point).gauss_newton

    def exact_hessian(self, point: Point) -> Array:
        """The Hessian of the loss, shape (B, r, r)."""
        exact = self.linearise(point, exact=True).exact
        assert exact is not None
        return exact

    def linearise(self, point: Point, *, exact: bool = False) -> Slopes:
        """Gradient, Gauss–Newton Hessian and, if asked for, exact Hessian, from the same products."""
        parts = zip(self.parts, point.implied, point.loss, strict=True)
        found = [part_slopes(part.layout, part.loss, point.full, at, loss, exact=exact) for part, at, loss in parts]
        gradient = self._gradient(point, self._shared([slopes.gradient for slopes in found]))
        rough = self._shared([slopes.gauss_newton for slopes in found])
        if self.penalty is not None:
            rough = rough + self.penalty.gauss_newton(point.full)
        rough = rough if self.space is None else self.space.pull_both(rough)
        fine = [slopes.exact for slopes in found if slopes.exact is not None]
        return Slopes(gradient, rough, self._exact(point, fine) if exact else None)

    def _gradient(self, point: Point, found: Array) -> Array:
        if self.penalty is not None:
            found = found + self.penalty.gradient(point.full)
        return found if self.space is None else self.space.pull(found)

    def _exact(self, point: Point, parts: list[Array]) -> Array:
        found = self._shared(parts)
        if self.penalty is not None:
            found = found + self.penalty.hessian(point.full)
        return found if self.space is None else self.space.pull_both(found)

    def information(self, point: Point, *, spread: bool = False) -> Array:
        """Expected information of one observation in the metric of the discrepancy, shape (B, q, q).

        With `spread` the metric is M Σ M instead: the covariance of the estimating equations of least squares.
        """

        def found(part: Part, at: Propagation[Array], loss: Evaluation[Array]) -> Array:
            if isinstance(part.loss, WeightedMoments):
                return part.loss.gauss_newton(part.loss.jacobian(part.layout, at))
            if isinstance(part.loss, PatternLikelihood):
                return stacked_information(part.layout, at, 4 * loss.curvature, loss.metric)
            metric = loss.metric @ at.sigma @ loss.metric if spread else loss.metric
            return information(part.layout, at, metric)

        return self._sum(point, found)

    def bend(self, point: Point, move: Array) -> Array:
        """The gradient that Σ(φ + move), less its linear prediction, would add: shape (B, r)."""
        step = move if self.space is None else self.space.push(move)

        def missed(part: Part, at: Propagation[Array], loss: Evaluation[Array]) -> Array:
            end = propagate(part.layout, point.full + step, part.center)
            change = end.sigma - at.sigma - push_forward(part.layout, at, step)
            if isinstance(part.loss, WeightedMoments):
                slope = part.loss.answer(change, at.sigma)
            elif loss.metric.ndim == change.ndim:
                slope = 2 * loss.curvature[:, None, None] * (loss.metric @ change @ loss.metric)
            else:
                pieces = loss.metric @ change[:, None] @ loss.metric
                slope = 2 * (loss.curvature[..., None, None] * pieces).sum(1)
            return pull_back(part.layout, at, slope)

        found = self._sum(point, missed)
        return found if self.space is None else self.space.pull(found)

    @cached_property
    def bounded(self) -> bool:
        """Whether any coordinate has a bound."""
        return bool((np.isfinite(self.lower) | np.isfinite(self.upper)).any())

    def held(self, theta: Array, gradient: Array) -> Array | None:
        """Which coordinates are at a bound that the loss pushes against, shape (B, r); None if none has bounds."""
        if not self.bounded:
            return None
        return ((theta <= self.lower) & (gradient > 0)) | ((theta >= self.upper) & (gradient < 0))

    def at_bound(self, theta: Array) -> Array:
        """Which coordinates are at a bound, whatever the loss does there, shape (B, r)."""
        return (theta <= self.lower) | (theta >= self.upper)

    def clip(self, theta: Array) -> Array:
        return np.clip(theta, self.lower, self.upper) if self.bounded else theta

    def hessian_diagonal(self, point: Point) -> Array:
        """The diagonal of `hessian`, shape (B, r), up to the cross terms of tied rows."""
        if not self._plain:
            return diagonal(self.hessian(point))

        def own(part: Part, at: Propagation[Array], loss: Evaluation[Array]) -> Array:
            return 4 * loss.curvature[:, None] * information_diagonal(part.layout, at, loss.metric)

        return self._sum(point, own)

    def hessian_product(self, point: Point, direction: Array) -> Array:
        """`hessian` times a direction, without forming it."""
        if not self._plain:
            return (self.hessian(point) @ direction[..., None])[..., 0]

        def product(part: Part, at: Propagation[Array], loss: Evaluation[Array]) -> Array:
            return 4 * loss.curvature[:, None] * information_product(part.layout, at, loss.metric, direction)

        return self._sum(point, product)

    @property
    def _plain(self) -> bool:
        """Whether the matrix-free forms apply: complete data, and no constraints."""
        whole = all(isinstance(part.loss, Discrepancy) for part in self.parts)
        return whole and self.space is None and self.penalty is None

    def scaled_gradient(self, point: Point) -> Array:
        """The largest gradient entry in units of √F_kk, over coordinates not held at a bound, shape (B,)."""
        gradient, spread = self.gradient(point), self.hessian_diagonal(point)
        held = self.held(point.theta, gradient)
        size = np.abs(gradient) / np.sqrt(np.where(spread > 0, spread, 1.0))
        free = size if held is None else np.where(held, 0.0, size)
        return np.asarray(free.max(-1, initial=0.0))

    def _sum(self, point: Point, term: Callable[[Part, Propagation[Array], Evaluation[Array]], Array]) -> Array:
        """A term of every part, weighed by the share of its group."""
        parts = zip(self.parts, point.implied, point.loss, strict=True)
        return self._shared([term(part, at, loss) for part, at, loss in parts])

    def _shared(self, terms: list[Array]) -> Array:
        if len(terms) == 1:
            return terms[0]
        shares = [part.share.reshape(-1, *[1] * (terms[0].ndim - 1)) for part in self.parts]
        return sum((share * term for share, term in zip(shares[1:], terms[1:], strict=True)), shares[0] * terms[0])


def descent(exact: Array, spread: Array, held: Array) -> tuple[Array, Array]:
    """Where an exact Hessian has a negative eigenvalue: the mask, shape (B,), and directions down, shape (B, r).

    In units of √F_kk (the square root of `spread`), over the coordinates that are not held at a bound. A Cholesky
    factorisation that succeeds saves the eigenvectors.
    """
    scale = np.sqrt(np.where(spread > 0, spread, 1.0))
    hessian = exact / scale[:, :, None] / scale[:, None, :]
    if held.any():
        hessian[held[:, :, None] | held[:, None, :]] = 0.0
    at = np.arange(hessian.shape[-1])
    hessian[:, at, at] += NEGATIVE + held
    direction, down = np.zeros_like(scale), ~cholesky(hessian)[1]
    if down.any():
        values, vectors = np.linalg.eigh(hessian[down])
        direction[down] = vectors[..., 0] / scale[down]
        down[down.copy()] = values[:, 0] < 0
    return down, direction
