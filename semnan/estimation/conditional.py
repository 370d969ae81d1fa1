"""The regression of some visibles on others that a fit implies, and how uncertain it is.

With µ and Σ the implied moments, x what is observed and z = x − µ_x,

    E[y | x] = µ_y + B z,   B = Σ_yx Σ_xx⁻¹,   Var[y | x] = Σ_yy − B Σ_xy.

With a = e_y − Bᵀ on the variables, the slope of E[y | x] in θ is

    ∂E = aᵀ ∂µ + aᵀ ∂Φ Σ_xx⁻¹ z,   ∂Φ = w (l rᵀ + r lᵀ),

linear in u = (1, z): uᵀ G with a matrix G for each outcome, so that the variance of E[y | x] over the samples is the
quadratic form uᵀ (G V Gᵀ / n) u (the delta method). Means that are not modelled are those of the sample, which are
independent of θ; they add Var[y | x] / n, as in `effects.intervention`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import Flags, sample_mean
from semnan.estimation.relations import Relations

Array = NDArray[np.float64]


class Regression(NamedTuple):
    """How k outcomes depend on o observed variables.

    Attributes
    ----------
    mean : ndarray, shape (k,)
        Of the outcomes.
    center : ndarray, shape (o,)
        The mean of what is observed.
    slopes : ndarray, shape (k, o)
        B.
    variance : ndarray, shape (k,)
        Of the outcomes given what is observed.
    gradient : Tensor, shape (k, o + 1, q)
        G.
    extra : float
        The share of `variance` that sample means add to that of the conditional mean.

    """

    mean: Array
    center: Array
    slopes: Array
    variance: Array
    gradient: Tensor
    extra: float

    def predict(self, rows: Array) -> Array:
        """E[y | x] of rows of shape (n, o): shape (n, k)."""
        return self.mean + (rows - self.center) @ self.slopes.T

    def uncertainty(self, rows: Array, covariance: Tensor) -> Array:
        """The variance of E[y | x] over the samples, shape (n, k), if that of the estimates is `covariance`."""
        spread = (self.gradient @ covariance @ self.gradient.mT).numpy()
        lifted = np.concatenate([np.ones((len(rows), 1)), rows - self.center], axis=1)
        found = np.stack([((lifted @ part) * lifted).sum(axis=1) for part in spread], axis=1)
        total: Array = np.maximum(found, 0.0) + self.extra * self.variance
        return total


def regression(fit: Estimate, g: int, outcomes: tuple[str, ...], given: tuple[str, ...], seen: Flags) -> Regression:
    """The regression of the outcomes on those of the given variables that are seen, in group g."""
    relations = Relations.at(fit.layouts[g], fit.theta)
    known = tuple(name for name, there in zip(given, seen.tolist(), strict=True) if there)
    out, at = relations.places(outcomes), relations.places(known)
    phi = relations.covariance
    inverse = torch.linalg.inv(phi[at[:, None], at])
    slopes = phi[out[:, None], at] @ inverse
    variance = phi[out, out] - (slopes * phi[out[:, None], at]).sum(-1)
    mean, center = _means(fit, g, relations, outcomes), _means(fit, g, relations, known)
    gradient = _gradient(fit, relations, out, at, slopes, inverse)
    extra = 0.0 if fit.model.has_means else 1 / fit.samples[g].n
    return Regression(mean, center, slopes.numpy(), variance.numpy(), gradient, extra)


def _means(fit: Estimate, g: int, relations: Relations, names: tuple[str, ...]) -> Array:
    if fit.model.has_means:
        modelled: Array = relations.mean[relations.places(names)].numpy()
        return modelled
    of_rows: Array = sample_mean(fit, g)[[fit.model.visibles.index(name) for name in names]]
    return of_rows


def _gradient(fit: Estimate, relations: Relations, out: Tensor, at: Tensor, slopes: Tensor, inverse: Tensor) -> Tensor:
    """G, shape (k, o + 1, q)."""
    left, right, weight = relations.factors
    contrast = torch.zeros(len(out), len(relations.layout.names), dtype=torch.float64)
    contrast[:, at] = -slopes
    contrast[torch.arange(len(out)), out] += 1
    along = (contrast @ left.mT)[:, None, :] * (right[:, at] @ inverse).mT
    across = (contrast @ right.mT)[:, None, :] * (left[:, at] @ inverse).mT
    moved = relations.layout.collect(weight * (along + across))
    means = contrast @ relations.mean_slopes if fit.model.has_means else torch.zeros(len(out), relations.layout.size)
    return torch.cat([means[:, None, :].to(moved), moved], dim=1)
