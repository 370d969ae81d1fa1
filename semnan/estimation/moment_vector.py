"""`MomentVector`: the means and covariances of a group, perhaps of latent responses, and what each row adds to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from semnan.data import Moments
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class MomentVector:
    """What least squares fits to, for one group.

    Contributions (influence functions) have one row for each row of the data: with ψ of two moments, ψᵀψ / n is the
    asymptotic covariance of √n times these.

    Attributes
    ----------
    names : tuple of str
    ordered : tuple of str
        Ordered variables: those whose latent response has mean zero and variance one.
    n : int
    covariance : array, shape (p, p)
    mean : array, shape (p,)
    thresholds : tuple of array
        Of every ordered variable.
    to_covariance : array, shape (n, p (p + 1) / 2)
        Contributions to the lower triangle, row by row.
    to_mean : array, shape (n, p)
    to_thresholds : array, shape (n, number of thresholds)
    adjusted : tuple of pairs of names
        Ordered variables whose table of two by two had an empty cell.

    """

    names: tuple[str, ...]
    ordered: tuple[str, ...]
    n: int
    covariance: Array
    mean: Array
    thresholds: tuple[Array, ...]
    to_covariance: Array
    to_mean: Array
    to_thresholds: Array
    adjusted: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_moments(cls, moments: Moments) -> MomentVector:
        """Moments without rows, and so without contributions: S with the divisor n − 1."""
        p, mean = len(moments.names), moments.mean
        return cls(
            names=moments.names,
            ordered=(),
            n=moments.n,
            covariance=moments.covariance * (moments.n / (moments.n - 1)),
            mean=np.zeros(p) if mean is None else mean,
            thresholds=(),
            to_covariance=np.zeros((0, p * (p + 1) // 2)),
            to_mean=np.zeros((0, p)),
            to_thresholds=np.zeros((0, 0)),
        )

    @classmethod
    def of_rows(cls, names: tuple[str, ...], rows: Array, exogenous: tuple[str, ...] = ()) -> MomentVector:
        """The moments of continuous variables, with no distribution assumed.

        S has the divisor n − 1, as in lavaan's least squares. Contributions are (x − x̄)(x − x̄)ᵀ − S; with exogenous
        covariates, which do not vary, less the same of what these predict.
        """
        n, (i, j) = len(rows), np.tril_indices(rows.shape[1])
        deviation = rows - rows.mean(0)
        products, linear = deviation[:, i] * deviation[:, j], deviation
        if exogenous:
            given = np.array([name in exogenous for name in names])
            slopes = np.linalg.lstsq(deviation[:, given], deviation, rcond=None)[0]
            predicted = deviation[:, given] @ slopes
            products, linear = products - predicted[:, i] * predicted[:, j], deviation - predicted
        return cls(
            names=names,
            ordered=(),
            n=n,
            covariance=np.asarray(deviation.T @ deviation / (n - 1)),
            mean=rows.mean(0),
            thresholds=(),
            to_covariance=products - products.mean(0),
            to_mean=linear,
            to_thresholds=np.zeros((n, 0)),
        )

    def likeliest(self) -> MomentVector:
        """The same with the divisor n."""
        return replace(self, covariance=self.covariance * ((self.n - 1) / self.n))
