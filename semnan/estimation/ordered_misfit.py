"""Robust indices of fit of ordered variables (Savalei 2021, Multivariate Behavioral Research 56).

χ² of least squares depends on its weight, and so do indices made of it. In its place stands the misfit that maximum
likelihood would tell if the latent responses were seen, at the estimates of least squares,

    n F = n Σ_g share_g [log|Σ| + tr(R Σ⁻¹) − log|R| − p],

which divides by k / df, with V the information of normal correlations, Δ their slopes, W the weight and E = Δᵀ W Δ,

    k = tr(V P Γ Pᵀ),   P = I − Δ E⁻¹ Δᵀ W.

Of the baseline, where V = I and nothing is estimated, k is tr Γ. (lavaan 0.6 divides it by the shares of the groups.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from semnan.errors import Unavailable
from semnan.estimation.correction import Correction
from semnan.estimation.discrepancy import factorise
from semnan.estimation.moment_spread import moment_spread, weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.problem import Part, Point, Problem
from semnan.network import Propagation
from semnan.network.arrays import Array

MIXED = Unavailable("there are no robust indices of ordered and continuous variables together: see the scaled ones")
INDEFINITE = Unavailable("the correlations of latent responses, or those implied, are not positive definite together")
#: Entries of matrices, one a row of the data, that are held at a time.
HELD = 1 << 22


def ordered_misfit(
    problem: Problem, point: Point, inverse: Array, vectors: Sequence[MomentVector]
) -> Correction | Unavailable:
    """The misfit of a fit at its estimates; the problem is without constraints, the inverse is E⁻¹ within them."""
    if any(set(vector.ordered) != set(vector.names) for vector in vectors):
        return MIXED
    covariance, total = inverse @ moment_spread(problem, point)[0] @ inverse, np.zeros(4)
    for part, at, vector in zip(problem.parts, point.implied, vectors, strict=True):
        found = _group(part, at, vector, inverse, covariance)
        if found is None:
            return INDEFINITE
        total += found
    return Correction(*total.tolist())


class _Metric(NamedTuple):
    """Correlations of one group: the places of their pairs, in the layout and among the moments, and Σ⁻¹."""

    first: Array
    second: Array
    chosen: Array
    inverse: Array

    def times(self, moments: Array) -> Array:
        """V times vectors, one a row, shape (m, k): the entries of Σ⁻¹ H Σ⁻¹, H having these off its diagonal."""
        pulled = [(self.inverse @ half)[:, self.first, self.second] for half in self._halves(moments)]
        return np.concatenate(pulled)

    def length(self, moments: Array) -> float:
        """The sum over the rows of hᵀ V h = ½ tr(H Σ⁻¹ H Σ⁻¹)."""
        return sum(float(np.einsum("nij,nji->", half, half)) for half in self._halves(moments)) / 2

    def _halves(self, moments: Array) -> Iterator[Array]:
        """H Σ⁻¹, some rows at a time."""
        p = len(self.inverse)
        step = max(1, HELD // (p * p))
        for start in range(0, len(moments), step):
            part = moments[start : start + step]
            matrix = np.zeros((len(part), p, p))
            matrix[:, self.first, self.second] = matrix[:, self.second, self.first] = part
            yield (matrix.reshape(-1, p) @ self.inverse).reshape(-1, p, p)


def _group(part: Part, at: Propagation[Array], vector: MomentVector, inverse: Array, covariance: Array) -> Array | None:
    """The misfit and k of the model, and those of the baseline; None if a matrix is not positive definite."""
    loss, share, order = weighted(part), float(part.share[0]), part.layout.order
    place = [vector.names.index(name) for name in order]
    sample, implied = vector.covariance[np.ix_(place, place)], at.sigma[0]
    seen, told = factorise(sample), factorise(implied)
    if not (seen.definite and told.definite):
        return None
    metric = _Metric(loss.first[~loss.pinned], loss.second[~loss.pinned], ~loss.pinned, told.inverse)
    influence, jacobian = loss.influence[:, metric.chosen], loss.jacobian(part.layout, at)
    slopes = jacobian.moments[0][metric.chosen]
    weighed = metric.times(slopes.T)
    crossed = weighed @ influence.T @ loss.scores(jacobian) / len(influence)
    k = metric.length(influence) / len(influence)
    k += share * float((covariance * (weighed @ slopes) - 2 * inverse * crossed).sum())
    far, fitted = -float(seen.logdet), float(told.logdet) + float((told.inverse * sample).sum()) - len(order)
    # The loss holds its contributions with n − 1 in the place of n, which a likelihood does not.
    simple, fewer = float(np.square(influence).sum()) / len(influence), (vector.n - 1) / vector.n
    return np.array([vector.n * (fitted + far), k * fewer, vector.n * far, simple * fewer])
