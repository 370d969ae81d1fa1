"""Vuong's tests of models that need not be nested (Vuong 1989, Econometrica 57; Merkle, You & Preacher 2016,
Psychological Methods 21).

With d the difference of the log-likelihoods of a row in two models and ω² its variance,

    n ω²              is Σ λ_i² Z_i² if no data can tell the models apart,
    Σ d / (ω √n)      is standard normal if they can, and both are equally near the truth.

The λ_i are the eigenvalues of

    [ −B₁₁ V₁   −B₁₂ V₂ ]
    [  B₂₁ V₁    B₂₂ V₂ ],

B the mean outer product of the scores of both, V the inverse of the information of one observation. With J the
diagonal matrix of −1 for the first model and 1 for the second, and B = R Rᵀ, these are the eigenvalues of the symmetric
matrix Rᵀ V J R.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr
from torch import Tensor

from semnan.errors import FitError, Unavailable
from semnan.estimation.case_likelihood import case_log_likelihood
from semnan.estimation.casewise import Rows, case_scores
from semnan.estimation.chi_square_mixture import mixture_tail
from semnan.estimation.distributions import normal_reach
from semnan.estimation.estimate import Estimate
from semnan.estimation.situation import Situation
from semnan.estimation.statistics import Statistics

Array = NDArray[np.float64]
Value = float | Unavailable
Interval = tuple[float, float] | Unavailable
Correction = Literal["aic", "bic"]
#: A variance of differences below this share of that of the log-likelihoods is rounding.
ROUNDING = 1e-14
SAME = Unavailable("the models give every row the same likelihood: there is nothing to choose")


@final
@dataclass(frozen=True, eq=False)
class Differences:
    """The log-likelihoods of every row in one model less those in another.

    Attributes
    ----------
    rows : ndarray, shape (n,)
    spread : float
        The variance of the log-likelihoods themselves.
    weights : ndarray, shape (q₁ + q₂,)
        λ_i².
    parameters : (int, int)
        How many free parameters the models have.

    """

    rows: Array
    spread: float
    weights: Array
    parameters: tuple[int, int]

    @property
    def n(self) -> int:
        return len(self.rows)

    @property
    def ratio(self) -> float:
        """The log-likelihood of the first model less that of the second."""
        return float(self.rows.sum())

    @cached_property
    def variance(self) -> float:
        """ω², with divisor n."""
        return float(self.rows.var())

    @property
    def same(self) -> bool:
        return self.variance <= ROUNDING * self.spread

    @property
    def p_distinguishable(self) -> float:
        """P(n ω² at least as large) if no data can tell the models apart."""
        return 1.0 if self.same else mixture_tail(self.n * self.variance, self.weights)

    def z(self, correction: Correction | None) -> Value:
        """The test statistic; the correction is for the number of parameters."""
        if self.same:
            return SAME
        price = {None: 0.0, "aic": 1.0, "bic": math.log(self.n) / 2}[correction]
        surplus = self.parameters[0] - self.parameters[1]
        return (self.ratio - price * surplus) / math.sqrt(self.n * self.variance)

    def criterion(self, price: float, level: float) -> tuple[float, Interval]:
        """−2 log-likelihood plus the price of parameters, first less second model, with an interval."""
        found = -2 * self.ratio + price * (self.parameters[0] - self.parameters[1])
        reach = normal_reach(level) * 2 * math.sqrt(self.n * self.variance)
        return found, SAME if self.same else (found - reach, found + reach)


def upper_tail(z: Value) -> Value:
    """P(Z ≥ z)."""
    return z if isinstance(z, Unavailable) else float(ndtr(-z))


def differences(fits: Sequence[Estimate], rows: Sequence[Rows]) -> Differences | Unavailable:
    """What the tests are made of, from two fits and the rows of each, in the order of its visibles.

    Raises
    ------
    FitError
        If rows are in clusters or have weights.

    """
    for part in rows:
        if part.clusters is not None or part.weights is not None or part.periods is not None:
            raise FitError(
                "the rows are in clusters or periods, or have weights: Vuong's tests are for independent rows"
            )
    situations = [Situation.of(fit, part) for fit, part in zip(fits, rows, strict=True)]
    likelihoods = [_log_likelihoods(fit, part) for fit, part in zip(fits, rows, strict=True)]
    counts = [Statistics(fit).parameters for fit in fits]
    for reason in (*situations, *likelihoods, *counts):
        if isinstance(reason, Unavailable):
            return reason
    known = [part for part in situations if isinstance(part, Situation)]
    one, other = (part for part in likelihoods if not isinstance(part, Unavailable))
    first, second = (count for count in counts if not isinstance(count, Unavailable))
    return Differences(one - other, float(one.var()), _weights(known), (first, second))


def _log_likelihoods(fit: Estimate, rows: Rows) -> Array | Unavailable:
    found = []
    for g in range(len(fit.labels)):
        part = case_log_likelihood(fit, g, rows.group(g).select(fit.model.visibles).numpy())
        if isinstance(part, Unavailable):
            return part
        found.append(part)
    return np.concatenate(found)


def _weights(situations: Sequence[Situation]) -> Array:
    """λ_i², shape (q₁ + q₂,)."""
    first, second = (at.inverse for at in situations)
    inverse = torch.zeros(len(first) + len(second), len(first) + len(second), dtype=torch.float64)
    inverse[: len(first), : len(first)], inverse[len(first) :, len(first) :] = -first, second
    products, count = torch.zeros_like(inverse), 0
    for scores in _joint_scores(situations):
        products += scores.mT @ scores
        count += len(scores)
    scale = products.diagonal().clamp(min=0).sqrt()
    scale = torch.where(scale > 0, scale, 1.0)
    values, vectors = torch.linalg.eigh(products / torch.outer(scale, scale))
    root = scale[:, None] * vectors * (values.clamp(min=0) / count).sqrt()
    found: Array = torch.linalg.eigvalsh(root.mT @ inverse @ root).square().numpy()
    return found


def _joint_scores(situations: Sequence[Situation]) -> Iterator[Tensor]:
    """The scores of some rows at a time in both models, shape (n, q₁ + q₂)."""
    width = 2 * sum(len(at.problem.parts[0].layout.names) for at in situations)
    for g, group in enumerate(situations[0].groups):
        for where in group.slices(width):
            yield torch.cat([_scores(at, g, where) for at in situations], dim=1)


def _scores(at: Situation, g: int, where: slice) -> Tensor:
    part = at.problem.parts[g]
    values = at.rows.group(g).select(part.layout.order)
    center = values.mean(0) if part.center is None else torch.from_numpy(part.center[0, 1:])
    return case_scores(part, at.point.implied[g], values[where], center)
