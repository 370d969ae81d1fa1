"""Weighted least squares of means and covariances: ½ (s − σ)ᵀ W (s − σ) for any weight W (Browne 1984).

The implied moments come with the constant among the variables, M = [[1, δᵀ], [δ, C + δδᵀ]] with δ the mean less the
sample's; the moments fitted are entries of δ and of C. Their Jacobian has one row for each moment, which a weight that
is no product of matrices needs: so models are bounded in size here, and only here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from semnan.errors import FitError
from semnan.estimation.discrepancy import Evaluation
from semnan.network import Layout, Propagation
from semnan.network.arrays import Array, eye

#: Entries of a Jacobian that are held at most.
MOST = 1 << 27


@final
@dataclass(frozen=True, eq=False)
class WeightedMoments:
    """The loss of one group.

    Attributes
    ----------
    first, second : array of int, shape (k,)
        The place of each moment in M: first is that of the constant for a mean.
    means : int
        So many of the moments are means; they come first.
    target : array, shape (k,)
        s: zero for means, from which deviations are taken.
    weight : array, shape (k,) or (k, k)
        The diagonal of W, or all of it.
    influence : array, shape (n, k)
        What each row contributes to s, or imagined rows of normal data: ψᵀψ / n is Γ, the asymptotic
        covariance of √n s.
    pinned : array of bool, shape (k,)
        Variances of latent responses, which are one by convention and do not vary.
    offset : int
        One if the constant is among the variables.

    """

    first: Array
    second: Array
    means: int
    target: Array
    weight: Array
    influence: Array
    pinned: Array
    offset: int

    def evaluate(self, sigma: Array) -> Evaluation[Array]:
        """Value and slope in M at M of shape (B, p, p); the metric is M itself, from which `jacobian` knows δ."""
        apart = self.moments(sigma) - self.target
        pull = self.weigh(apart)
        slope = self.spread(pull, sigma)
        return Evaluation((apart * pull).sum(-1) / 2, slope, sigma, np.ones(len(sigma)))

    def weigh(self, moments: Array) -> Array:
        """W times vectors of shape (..., k)."""
        return moments * self.weight if self.weight.ndim == 1 else moments @ self.weight

    def root(self) -> Array:
        """R with R Rᵀ = W, as a diagonal or whole."""
        return np.sqrt(self.weight) if self.weight.ndim == 1 else np.linalg.cholesky(self.weight)

    def spread(self, pull: Array, sigma: Array) -> Array:
        """The slope in M, symmetric, of a function with these slopes in the moments, shape (B, k)."""
        slope = np.zeros((len(pull), *sigma.shape[-2:]))
        half = np.where(self.first == self.second, 1.0, 0.5) * pull
        covariances = slice(self.means, None)
        slope[:, self.first[covariances], self.second[covariances]] = half[:, covariances]
        upper, lower = self.second[covariances], self.first[covariances]
        slope[:, upper, lower] = half[:, covariances]
        if self.offset:
            slope[:, 0, :] = slope[:, :, 0] = -(slope @ sigma[:, 0, :, None])[..., 0] * self._inner(sigma)
            at = self.second[: self.means]
            slope[:, 0, at] += half[:, : self.means]
            slope[:, at, 0] = slope[:, 0, at]
        return slope

    def answer(self, change: Array, sigma: Array) -> Array:
        """The slope in M that a small change of M brings about."""
        return self.spread(self.weigh(self._linear(change, sigma)), sigma)

    def _inner(self, sigma: Array) -> Array:
        inner = np.ones(sigma.shape[-1])
        inner[0] = 0.0
        return inner

    def moments(self, sigma: Array) -> Array:
        """The moments fitted at M, shape (B, k)."""
        entries: Array = sigma[:, self.first, self.second]
        if self.offset:
            part = slice(self.means, None)
            entries[:, part] -= sigma[:, 0, self.first[part]] * sigma[:, 0, self.second[part]]
        return entries

    def _linear(self, change: Array, sigma: Array) -> Array:
        """How moments change, to first order."""
        entries: Array = change[:, self.first, self.second]
        if self.offset:
            part = slice(self.means, None)
            i, j = self.first[part], self.second[part]
            entries[:, part] -= sigma[:, 0, i] * change[:, 0, j] + sigma[:, 0, j] * change[:, 0, i]
        return entries

    def jacobian(self, layout: Layout, at: Propagation[Array]) -> Jacobian:
        """∂moments/∂θ."""
        places = layout.places(at.sigma)
        if len(self.first) * len(places.left) > MOST:
            raise FitError(
                f"{len(self.first)} moments by {len(places.left)} parameters are too many for weighted least squares: "
                "use maximum likelihood, or fewer variables"
            )
        unit = np.broadcast_to(eye(at.sigma), at.sigma.shape)
        rows = np.concatenate([unit, at.factors], axis=-2)
        left, right = rows[:, places.left] * places.weight[:, None], rows[:, places.right]
        found = left[..., self.first] * right[..., self.second] + left[..., self.second] * right[..., self.first]
        if not self.offset:
            return Jacobian(layout.collect(found.mT), None)
        mean = left[..., :1] * right + left * right[..., :1]
        part, delta = slice(self.means, None), at.sigma[:, None, 0, :]
        i, j = self.first[part], self.second[part]
        found[..., part] -= mean[..., i] * delta[..., j] + mean[..., j] * delta[..., i]
        return Jacobian(layout.collect(found.mT), layout.collect(mean.mT))

    def gauss_newton(self, found: Jacobian, *, varying: bool = False) -> Array:
        """Jᵀ W J, shape (B, q, q); of moments that vary only, if asked for."""
        slopes = found.moments
        if varying:
            slopes = np.where(self.pinned[:, None], 0.0, slopes)
        weighed = slopes * self.weight[:, None] if self.weight.ndim == 1 else self.weight @ slopes
        return np.asarray(slopes.mT @ weighed)

    def curvature_of_means(self, found: Jacobian, slope: Array) -> Array | float:
        """What products of means in C = M − δδᵀ add to the Hessian."""
        if found.means is None:
            return 0.0
        inner = self._inner(slope)
        covariances = slope * inner[:, None] * inner
        return np.asarray(-2 * (found.means.mT @ covariances @ found.means))

    def scores(self, found: Jacobian) -> Array:
        """What each row contributes to the gradient, shape (n, q): ψ W J. Of a single fit."""
        return np.asarray(self.weigh(self.influence) @ found.moments[0])

    def take(self, index: Array) -> WeightedMoments:
        """The loss itself: all fits of a batch share the rows."""
        del index
        return self


class Jacobian(NamedTuple):
    """Slopes of the moments, shape (B, k, q), and of all means, shape (B, p, q), the constant among them."""

    moments: Array
    means: Array | None
