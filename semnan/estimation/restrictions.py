"""χ² differences scaled and shifted by how restrictions are distributed (Satorra 2000; Asparouhov & Muthén 2006).

At the estimates of the less restricted model, with slopes Δ, weight W, information P = Δᵀ W Δ and G = Δᵀ W Γ W Δ, the
difference of χ² is distributed as a sum of squares whose mean is t = tr(C G) and whose variance is 2 tr[(C G)²],

    C = P⁻¹ − H (Hᵀ P H)⁻¹ Hᵀ,

H the directions in its parameters that the other model leaves: those that bring its moments nearest to the slopes of
the other's at its own estimates (the ``A.method = "delta"`` of lavaan). It is scaled by √(m / tr[(C G)²]) and shifted,
so that mean and variance are those of χ² with its m degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import recipe
from semnan.estimation.information import push_forward
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.shared_thresholds import Whole
from semnan.estimation.squares import LeastSquares
from semnan.estimation.variance import variances
from semnan.network import propagate
from semnan.network.arrays import Array

CASEWISE = Unavailable("this test is not there with missing values, clusters or weights: use 'satorra.bentler.2001'")
#: An eigenvalue of a scaled covariance that is rounding.
FLAT = 1e-10
SINGULAR = Unavailable("the restrictions have no variance here: the models may be the same")


@final
@dataclass(frozen=True, eq=False)
class View:
    """A fit as this test looks at it.

    Attributes
    ----------
    inverse, covariance : array, shape (q, q)
        Of the information of one observation, and n times that of the estimates.
    slopes : array, shape (k, q)
        The derivatives of all fitted moments.
    conventional : list of int
        Residual variances of ordered variables, which follow from the variance one of their responses.

    """

    inverse: Array
    covariance: Array
    slopes: Array
    conventional: list[int]

    @classmethod
    def of(cls, fit: Estimate, names: tuple[str, ...]) -> View | Unavailable:
        """Of means and covariances of variables in the order of the names."""
        if isinstance(fit.inference, Unavailable):
            return fit.inference
        if fit.stages is None and recipe(fit.estimator).errors != "robust.sem":
            return CASEWISE
        inverse, covariance = fit.inference.inverse_information().numpy(), fit.inference.covariance().numpy()
        return cls(inverse, covariance, _slopes(fit, names), _conventional(fit))

    @classmethod
    def of_whole(cls, fit: Estimate, vectors: Sequence[MomentVector]) -> View | Unavailable:
        """Of thresholds too."""
        weight, squares = recipe(fit.estimator).weight, fit.squares
        assert weight is not None
        if not isinstance(squares, LeastSquares):
            return CASEWISE
        whole = Whole.of(fit.model, vectors, weight)
        theta = whole.known(fit.theta.numpy(), squares.thresholds, squares.scales, vectors)
        pushing = np.array([whole.limits.equality])
        found = variances(whole.problem, whole.limits, theta, "expected", recipe(fit.estimator).errors, pushing, None)
        if isinstance(found, Unavailable):
            return found
        inverse, covariance = found.inverse_information()[0].numpy(), found.covariance()[0].numpy()
        return cls(inverse, covariance, whole.slopes(theta), _conventional(fit))


def shifted_difference(less: View, more: View, rise: float, df: int) -> float | Unavailable:
    """The scaled and shifted difference of χ² of the less and the more restricted fit."""
    found = restriction_traces(less, more)
    first, second = found
    if second <= 0:
        return SINGULAR
    scale = math.sqrt(df / second)
    return rise * scale + df - scale * first


def restriction_traces(less: View, more: View) -> tuple[float, float]:
    """tr(C G) and tr[(C G)²]."""
    one, other = _Directions.of(less), _Directions.of(more)
    left = np.linalg.pinv(less.slopes @ one.basis) @ more.slopes @ other.basis
    information = np.diag(1 / one.variances)
    taken = left @ np.linalg.pinv(left.T @ information @ left) @ left.T
    found = (np.diag(one.variances) - taken) @ one.spread
    return float(np.trace(found)), float((found * found.T).sum())


class _Directions(NamedTuple):
    """Directions θ = T φ that constraints, bounds and conventions leave free, in which the information is diagonal.

    Attributes
    ----------
    basis : array, shape (q, r)
        T.
    variances : array, shape (r,)
        The diagonal of the inverse information in φ.
    spread : array, shape (r, r)
        G in φ.

    """

    basis: Array
    variances: Array
    spread: Array

    @classmethod
    def of(cls, view: View) -> _Directions:
        inverse, covariance = view.inverse, view.covariance
        size = np.sqrt(np.clip(inverse.diagonal(), 0, None))
        size[view.conventional] = 0.0
        at = np.flatnonzero(size > 0)
        scale = size[at]
        values, vectors = np.linalg.eigh(inverse[np.ix_(at, at)] / np.outer(scale, scale))
        kept = values > FLAT
        values, vectors = values[kept], vectors[:, kept]
        basis = np.zeros((len(size), len(values)))
        basis[at] = scale[:, None] * vectors
        back = vectors / scale[:, None] / values
        return cls(basis, values, np.asarray(back.T @ covariance[np.ix_(at, at)] @ back))


def _conventional(fit: Estimate) -> list[int]:
    """Residual variances of ordered variables, which follow from the variance one of their responses."""
    ordered = {item.name for item in fit.model.ordered}
    rows = [fit.model.parameters[free.rows[0]] for free in fit.model.free]
    return [k for k, row in enumerate(rows) if row.is_variance and row.source in ordered]


def _slopes(fit: Estimate, names: tuple[str, ...]) -> Array:
    """The derivatives of all fitted means and covariances in θ, those of variables in the order of the names."""
    model, found = fit.model, []
    given = np.array([name in model.exogenous for name in names])
    ordered = np.array([name in {item.name for item in model.ordered} for name in names])
    i, j = np.tril_indices(len(names))
    kept = ~(given[i] & given[j]) & ~((i == j) & ordered[i])
    for layout in fit.layouts:
        at = propagate(layout, fit.theta.numpy()[None])
        moved, first = push_forward(layout, at, np.eye(len(fit.theta))), int(layout.constant)
        place = np.array([layout.order.index(name) for name in names]) + first
        second = moved[:, place[i[kept]], place[j[kept]]]
        if first:
            mean, shift = moved[:, 0], at.sigma[0, 0]
            a, b = place[i[kept]], place[j[kept]]
            second = second - mean[:, a] * shift[b] - mean[:, b] * shift[a]
            found.append(mean[:, place[~given]].T)
        found.append(second.T)
    return np.concatenate(found)
