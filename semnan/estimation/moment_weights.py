"""The weights of least squares: from moments with their contributions to the loss of a group.

"full" is Γ⁻¹ (asymptotically distribution free, Browne 1984); "diagonal" is that of the diagonal of Γ; "normal" is Γ⁻¹
of normal data (GLS); "identity" weighs all alike; a `Mixture` is the inverse of a mean of Γ and that of normal data
(distributionally weighted, Du & Bentler 2022, Structural Equation Modeling 29). Moments of exogenous covariates alone
are left out, and Γ is that of moments given these. The variance of a latent response is one by convention: it is fitted
exactly by the residual variance, so that any weight will do, and it varies not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from semnan.errors import DataError, FitError
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.weighted import WeightedMoments
from semnan.network import Layout
from semnan.network.arrays import Array, cholesky, inverse_of_factor

#: Entries of a weight or of Γ that are held at most.
LARGE = 1 << 25
#: A variance of a moment, relative to those of the variables, that is rounding.
FLAT = 1e-14
Source = Literal["model", "sample"]


@final
@dataclass(frozen=True)
class Mixture:
    """The inverse of (1 − a) Γ + a Γ_NT.

    Attributes
    ----------
    normal : float
        a: how much of Γ is that of normal data.
    source : "model" or "sample"
        The covariance of these normal data: the implied one, at the estimates, or the sample's.

    """

    normal: float = 1.0
    source: Source = "model"


Weight = Literal["full", "diagonal", "normal", "identity"] | Mixture


@final
@dataclass(frozen=True, eq=False)
class Chosen:
    """Which moments of a vector are fitted.

    Attributes
    ----------
    means : array of int
        Places of variables whose mean is fitted.
    rows, columns : array of int, shape (c,)
        Places of variables whose covariance is, from the lower triangle.
    pinned : array of bool
        Of all of these, means first, which are variances of latent responses.

    """

    means: Array
    rows: Array
    columns: Array
    pinned: Array

    @classmethod
    def of(cls, vector: MomentVector, exogenous: tuple[str, ...], *, means: bool) -> Chosen:
        given = np.array([name in exogenous for name in vector.names])
        ordered = np.array([name in vector.ordered for name in vector.names])
        rows, columns = np.tril_indices(len(given))
        kept = ~(given[rows] & given[columns])
        rows, columns = rows[kept], columns[kept]
        mean = np.flatnonzero(~given) if means else np.zeros(0, dtype=np.int64)
        pinned = np.concatenate([np.zeros(len(mean), dtype=np.bool_), (rows == columns) & ordered[rows]])
        return cls(mean, rows, columns, pinned)

    def __len__(self) -> int:
        return len(self.means) + len(self.rows)

    def influence(self, vector: MomentVector) -> Array:
        """Contributions of rows to these moments, shape (n, k)."""
        places = self.rows * (self.rows + 1) // 2 + self.columns
        return np.concatenate([vector.to_mean[:, self.means], vector.to_covariance[:, places]], axis=1)


def weighted_moments(
    vector: MomentVector,
    layout: Layout,
    exogenous: tuple[str, ...],
    weight: Weight,
    *,
    means: bool,
    normal: bool = False,
) -> WeightedMoments:
    """The loss of one group; contributions are those of normal data, if asked for, which need no rows.

    As in lavaan n − 1 takes the place of n in all that follows from W and Γ.

    Raises
    ------
    DataError
        If Γ has no inverse: there are too few rows.
    FitError
        If there are too many moments for a full weight.

    """
    chosen = Chosen.of(vector, exogenous, means=means)
    whole = normal or weight in ("full", "normal") or isinstance(weight, Mixture)
    if whole and len(chosen) ** 2 > LARGE:
        raise FitError(f"{len(chosen)} moments are too many for Γ as a whole: use estimator='DWLS' or 'ML'")
    fewer = (vector.n - 1) / vector.n
    normal = normal or weight == "normal"
    influence = normal_influence(vector, chosen, exogenous) if normal else chosen.influence(vector)
    offset = int(layout.constant)
    place = np.array([layout.order.index(name) for name in vector.names]) + offset
    constant = np.zeros(len(chosen.means), dtype=np.int64)
    return WeightedMoments(
        first=np.concatenate([constant, place[chosen.rows]]),
        second=np.concatenate([place[chosen.means], place[chosen.columns]]),
        means=len(chosen.means),
        target=np.concatenate([constant.astype(float), vector.covariance[chosen.rows, chosen.columns]]),
        weight=weight_of(vector, chosen, influence, exogenous, weight) * fewer,
        influence=influence / np.sqrt(fewer),
        pinned=chosen.pinned,
        offset=offset,
    )


def weight_of(
    vector: MomentVector, chosen: Chosen, influence: Array, exogenous: tuple[str, ...], weight: Weight
) -> Array:
    """W of contributions ψ, shape (n, k): its diagonal, or all of it."""
    if weight == "identity":
        return np.ones(len(chosen))
    if weight == "diagonal":
        own = np.where(chosen.pinned, 1.0, (influence * influence).mean(0))
        _check_varying(vector, chosen, own)
        return np.asarray(1 / own)
    gamma = _gamma(vector, chosen, influence, exogenous, weight)
    gamma[chosen.pinned, chosen.pinned] = 1.0
    scale = np.sqrt(gamma.diagonal())
    factor, definite = cholesky(gamma / np.outer(scale, scale))
    few = weight == "full" and vector.n <= len(chosen) - chosen.pinned.sum()
    if not definite or few:
        raise DataError(
            f"{vector.n} rows are too few for the full weight of {len(chosen)} moments, or some of these are functions "
            "of others, as mean and variance of a variable of two values: use more rows, estimator='DWLS' or 'MLR'"
        )
    return np.asarray(inverse_of_factor(factor) / np.outer(scale, scale))


def _gamma(vector: MomentVector, chosen: Chosen, influence: Array, exogenous: tuple[str, ...], weight: Weight) -> Array:
    if weight == "normal":
        return normal_gamma(vector, chosen, exogenous)
    found = influence.T @ influence / vector.n
    if not isinstance(weight, Mixture):
        return np.asarray(found)
    return np.asarray((1 - weight.normal) * found + weight.normal * normal_gamma(vector, chosen, exogenous))


def _check_varying(vector: MomentVector, chosen: Chosen, own: Array) -> None:
    """Refuse a variance that is the same whatever row is left out: that of two values, equally often."""
    size, scale = len(chosen.means), vector.covariance.diagonal()
    flat = np.flatnonzero(own[size:] <= FLAT * scale[chosen.rows] * scale[chosen.columns])
    if len(flat):
        name = vector.names[chosen.rows[flat[0]]]
        raise DataError(
            f"every row of {name!r} is as far from the mean, so that its variance has no weight: use estimator='ULSMV' "
            "or 'ML', or name it in ordered="
        )


def normal_influence(vector: MomentVector, chosen: Chosen, exogenous: tuple[str, ...]) -> Array:
    """As many contributions ψ as moments with ψᵀψ / k the Γ of normal data."""
    KullbackLeibler(vector.covariance, names=vector.names)  # Refuses a singular covariance, by name.
    root = np.linalg.cholesky(normal_gamma(vector, chosen, exogenous))
    return np.asarray(np.sqrt(len(chosen)) * root.T)


def normal_gamma(vector: MomentVector, chosen: Chosen, exogenous: tuple[str, ...]) -> Array:
    """Γ of normal data: S_ac S_bd + S_ad S_bc, less what covariates, which do not vary, have of it."""
    given = np.array([name in exogenous for name in vector.names])
    covariance = vector.covariance
    fitted = np.zeros_like(covariance)
    if given.any():
        slopes = np.linalg.solve(covariance[np.ix_(given, given)], covariance[given])
        fitted = covariance[:, given] @ slopes
    size = len(chosen.means)
    found = np.zeros((len(chosen), len(chosen)))
    found[:size, :size] = (covariance - fitted)[np.ix_(chosen.means, chosen.means)]
    a, b = chosen.rows, chosen.columns
    found[size:, size:] = _products(covariance, a, b) - _products(fitted, a, b)
    return found


def _products(matrix: Array, a: Array, b: Array) -> Array:
    straight = matrix[np.ix_(a, a)] * matrix[np.ix_(b, b)]
    return np.asarray(straight + matrix[np.ix_(a, b)] * matrix[np.ix_(b, a)])
