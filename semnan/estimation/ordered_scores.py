"""Factor scores from ordered variables: the likeliest latents given a row.

Given the latents η, about their means, an ordered variable falls into category k with probability

    P_k(η) = Φ((τ_k − b η) / s) − Φ((τ_{k−1} − b η) / s),

b and s² the regression of its response on η and the variance left, and continuous variables are normal. The mode of the
posterior (``EBM`` in lavaan: empirical Bayes modal) has the normal prior of the model, the maximum-likelihood score has
none. Both are maxima of concave functions, found by Newton steps for all rows at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from semnan.data import Sample
from semnan.errors import DataError, Unavailable
from semnan.estimation.discrepancy import factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import patterns, sample_mean
from semnan.estimation.relations import Relations
from semnan.estimation.scores import EMPTY_ROW, NOT_MEASURED, OPEN, Method, Scores
from semnan.estimation.squares import LeastSquares
from semnan.network.arrays import Array

Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
#: Newton steps, how often one is halved, and how short the last one is, in standard deviations of the latents.
STEPS, HALVINGS, SHORT = 100, 30, 1e-9
#: What keeps the Hessian regular where rows leave a direction open, as a share of the prior.
RIDGE = 1e-9
#: A covariance of residuals, relative to the variances, that is rounding.
ZERO = 1e-6
NO_ROWS = Unavailable("scores from ordered variables need the rows of the fit, which say what its categories are")
DEPENDENT = Unavailable("an ordered variable depends on others given the latents: its scores would need an integral")
SINGULAR = Unavailable("the covariance of the latents, or what they leave of the variables, is not positive definite")
UNBOUNDED = Unavailable("in some rows the likelihood rises without end, as the values do: use method='regression'")


def categories_of(fit: Estimate, sample: Sample) -> dict[str, Array] | Unavailable:
    """The values that ordered variables have in the rows of a fit, in their order."""
    tables = [group.rows for group in sample.groups]
    if any(table is None for table in tables):
        return NO_ROWS
    whole = np.concatenate([table for table in tables if table is not None])
    columns = {item.name: whole[:, sample.names.index(item.name)] for item in fit.model.ordered}
    return {name: np.unique(column[~np.isnan(column)]) for name, column in columns.items()}


def ordered_scores(
    fit: Estimate, g: int, rows: Array, method: Method, categories: dict[str, Array]
) -> Scores | Unavailable:
    """Scores of the rows of one group, shape (n, p), NaN where missing; see `scores`.

    Raises
    ------
    DataError
        For a value that is no category.

    """
    group = _Group.of(fit, g, categories)
    if isinstance(group, Unavailable):
        return group
    codes = _codes(fit, rows, categories)
    values = np.full((len(rows), len(group.prior)), np.nan)
    reasons: dict[str, Unavailable] = {}
    for members, seen in patterns(rows):
        if not seen.any():
            reasons |= dict.fromkeys(fit.model.latents, EMPTY_ROW)
            continue
        part = group.seen(seen, rows[members], codes[members], prior=method == "regression")
        found, reached = part.maximum()
        values[members] = np.where(reached[:, None] & ~part.open, group.center + found, np.nan)
        reasons |= {name: NOT_MEASURED for name, out in zip(fit.model.latents, part.open, strict=True) if out}
        if not reached.all():
            reasons = dict.fromkeys(fit.model.latents, UNBOUNDED) | reasons
    return Scores(values, reasons)


def _codes(fit: Estimate, rows: Array, categories: dict[str, Array]) -> Indices:
    """Category numbers, shape (n, p); zero where there is none."""
    codes = np.zeros(rows.shape, dtype=np.int64)
    for name, levels in categories.items():
        at = fit.model.visibles.index(name)
        column = rows[:, at]
        place = np.searchsorted(levels, column).clip(max=len(levels) - 1)
        strange = ~np.isnan(column) & (levels[place] != column)
        if strange.any():
            row, known = int(np.flatnonzero(strange)[0]), ", ".join(f"{level:g}" for level in levels)
            told = f"row {row} has {column[row]:g} in the ordered variable {name!r}"
            raise DataError(f"{told}: its categories are {known}")
        codes[:, at] = place
    return codes


@final
@dataclass(frozen=True, eq=False)
class _Group:
    """What the visibles of a group are given its latents.

    Attributes
    ----------
    prior : array, shape (m, m)
        The inverse covariance of the latents.
    slopes : array, shape (p, m)
        b.
    left : array, shape (p, p)
        The covariance given the latents.
    mean : array, shape (p,)
    center : array, shape (m,)
        The mean of the latents.
    edges : array, shape (p, C + 1)
        Thresholds of the ordered variables, about the means of their responses, from −∞ to ∞.
    ordered : array of bool, shape (p,)

    """

    prior: Array
    slopes: Array
    left: Array
    mean: Array
    center: Array
    edges: Array
    ordered: Flags

    @classmethod
    def of(cls, fit: Estimate, g: int, categories: dict[str, Array]) -> _Group | Unavailable:
        relations, names = Relations.at(fit.layouts[g], fit.theta), fit.model.visibles
        visible, latent = (relations.places(part).numpy() for part in (names, fit.model.latents))
        covariance = relations.covariance.numpy()
        among = factorise(covariance[np.ix_(latent, latent)])
        slopes = covariance[np.ix_(visible, latent)] @ among.inverse
        left = covariance[np.ix_(visible, visible)] - slopes @ covariance[np.ix_(latent, visible)]
        ordered = np.array([name in categories for name in names])
        size = np.sqrt(np.clip(left.diagonal(), 0, None))
        if not among.definite or (size <= ZERO).any() or not factorise(left[np.ix_(~ordered, ~ordered)]).definite:
            return SINGULAR
        apart = np.abs(left / np.outer(size, size)) - np.eye(len(size))
        if (apart[ordered] > ZERO).any():
            return DEPENDENT
        implied = relations.mean.numpy()
        mean = implied[visible] if fit.model.has_means else sample_mean(fit, g)
        edges = _edges(fit, g) - np.where(ordered, mean, 0.0)[:, None]
        return cls(among.inverse, slopes, left, mean, implied[latent], edges, ordered)

    def seen(self, seen: Flags, rows: Array, codes: Indices, *, prior: bool) -> _Posterior:
        """Of rows that observe the same variables."""
        plain, cut = np.flatnonzero(seen & ~self.ordered), np.flatnonzero(seen & self.ordered)
        solved = np.linalg.solve(self.left[np.ix_(plain, plain)], self.slopes[plain])
        scale = np.sqrt(self.left[cut, cut])
        inner = self.slopes[plain].T @ solved + (self.prior if prior else 0.0)
        return _Posterior(
            inner=inner,
            pull=(rows[:, plain] - self.mean[plain]) @ solved,
            slopes=self.slopes[cut] / scale[:, None],
            lower=self.edges[cut, codes[:, cut]] / scale,
            upper=self.edges[cut, codes[:, cut] + 1] / scale,
            scale=1 / np.sqrt(self.prior.diagonal()),
            open=np.zeros(len(inner), dtype=np.bool_) if prior else _open(self.slopes[seen], self.prior),
        )


def _edges(fit: Estimate, g: int) -> Array:
    """Thresholds as the fit has them, one row a visible; padded by ∞."""
    assert isinstance(fit.squares, LeastSquares)
    width = max(item.thresholds for item in fit.model.ordered)
    edges = np.full((len(fit.model.visibles), width + 2), np.inf)
    edges[:, 0] = -np.inf
    for step in fit.squares.thresholds:
        if step.group == fit.labels[g]:
            edges[fit.model.visibles.index(step.name), step.level] = step.estimate
    return edges


def _open(slopes: Array, prior: Array) -> Flags:
    """Which latents what is observed does not determine, whatever their distribution."""
    scaled = slopes / np.sqrt(prior.diagonal())
    _, values, vectors = np.linalg.svd(scaled, full_matrices=True)
    known = vectors[: int((values > ZERO * values.max(initial=1e-300)).sum())]
    return np.asarray(1 - np.square(known).sum(0) > OPEN)


class _Likelihood(NamedTuple):
    """Σ log P of rows, its slopes in the shifts b η / s, and minus its second derivatives in these."""

    value: Array
    slope: Array
    curve: Array


@final
@dataclass(frozen=True, eq=False)
class _Posterior:
    """Minus the log posterior, or log-likelihood, of rows that observe the same: ½ ηᵀ A η − hᵀ η − Σ log P.

    Attributes
    ----------
    inner : array, shape (m, m)
        A.
    pull : array, shape (n, m)
        h.
    slopes : array, shape (o, m)
        b / s.
    lower, upper : array, shape (n, o)
        τ / s on both sides of the category.
    scale : array, shape (m,)
        Of steps.
    open : array of bool, shape (m,)

    """

    inner: Array
    pull: Array
    slopes: Array
    lower: Array
    upper: Array
    scale: Array
    open: Flags

    def maximum(self) -> tuple[Array, Flags]:
        """Where it is least, shape (n, m), and which rows got there."""
        eta = np.zeros_like(self.pull)
        likely = self._likelihood(eta)
        value, reached = self._value(eta, likely), np.zeros(len(eta), dtype=np.bool_)
        for _ in range(STEPS):
            step = self._step(eta, likely)
            eta, value = self._descend(eta, value, step)
            reached = np.abs(step / self.scale)[:, ~self.open].max(-1, initial=0.0) < SHORT
            if reached.all():
                break
            likely = self._likelihood(eta)
        return eta, np.asarray(reached)

    def _likelihood(self, eta: Array) -> _Likelihood:
        """By tails that do not cancel: categories above the middle are mirrored."""
        shift = eta @ self.slopes.T
        lower, upper = self.lower - shift, self.upper - shift
        sign = np.where(lower > 0, -1.0, 1.0)
        low, high = np.where(lower > 0, -upper, lower), np.where(lower > 0, -lower, upper)
        above = log_ndtr(high)
        value = above + np.log1p(-np.exp(log_ndtr(low) - above))
        (at_low, by_low), (at_high, by_high) = (_density(edge, value) for edge in (low, high))
        rise = at_low - at_high
        return _Likelihood(value.sum(-1), sign * rise, rise * rise + by_high - by_low)

    def _value(self, eta: Array, likely: _Likelihood) -> Array:
        return np.asarray(((eta @ self.inner) * eta / 2 - self.pull * eta).sum(-1) - likely.value)

    def _step(self, eta: Array, likely: _Likelihood) -> Array:
        gradient = eta @ self.inner - self.pull - likely.slope @ self.slopes
        hessian = self.inner + np.einsum("no,oi,oj->nij", likely.curve, self.slopes, self.slopes)
        hessian = hessian + RIDGE * np.diag(1 / self.scale**2)
        return np.asarray(-np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0])

    def _descend(self, eta: Array, value: Array, step: Array) -> tuple[Array, Array]:
        """The step, halved in rows where it would lead up."""
        share = np.ones(len(eta))
        for _ in range(HALVINGS):
            there = eta + share[:, None] * step
            found = self._value(there, self._likelihood(there))
            up = ~(found <= value + 1e-12 * np.abs(value))
            if not up.any():
                break
            share[up] /= 2
        return there, found


def _density(edge: Array, value: Array) -> tuple[Array, Array]:
    """φ(u) / P and u φ(u) / P, zero at infinite edges."""
    finite = np.where(np.isfinite(edge), edge, 0.0)
    ratio = np.where(np.isfinite(edge), np.exp(-finite * finite / 2 - value) / np.sqrt(2 * np.pi), 0.0)
    return ratio, finite * ratio
