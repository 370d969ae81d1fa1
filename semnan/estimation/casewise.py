"""Casewise scores: the gradient of every row's log-likelihood, for first-order information and what builds on it.

With v = Σ⁻¹ (x − center), the constant among the variables, and ∂Σ = w (l rᵀ + r lᵀ),

    ∂ log f(x) = w [(l · v)(r · v) − lᵀ Σ⁻¹ r].

The *moment scores* Δᵀ W (h(x) − h̄), h the first and second moments about the sample mean, are what the fourth moments
of the data do to the estimates of a model that need not be true (Satorra & Bentler 1994): those of rows that are moved
by a constant to have the implied mean, less their mean. Covariates that the model is given do not vary, so what they
alone predict is taken away from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.data import Sample
from semnan.data.checks import Indices
from semnan.data.design import LAGS
from semnan.errors import DataError
from semnan.estimation.discrepancy import factorise
from semnan.estimation.information import gram
from semnan.estimation.panel import Panel, panel_products
from semnan.estimation.problem import Part, Point, Problem
from semnan.network import Layout, Propagation
from semnan.network.arrays import Array

#: Entries of scores that are held at a time.
HELD = 1 << 23


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of every group, in the order of the model's visibles, NaN where missing.

    Attributes
    ----------
    names : tuple of str
    groups : tuple of Tensor, shape (n_g, p)
    covariates : tuple of str
        The exogenous covariates, which the model is given.
    clusters : tuple of Tensor of int, shape (n_g,), or None
        The cluster of every row, counted from zero in each group; None if rows are independent.
    weights : tuple of Tensor, shape (n_g,), or None
        Sampling weights, of mean one in each group.
    periods : tuple of ndarray of int, shape (n_g,), or None
        When every row is, if rows of near periods depend on each other, in whatever group.
    lags : int
        How many periods apart these may be.

    """

    names: tuple[str, ...]
    groups: tuple[Tensor, ...]
    covariates: tuple[str, ...] = ()
    clusters: tuple[Tensor, ...] | None = None
    weights: tuple[Tensor, ...] | None = None
    periods: tuple[Indices, ...] | None = None
    lags: int = LAGS

    @classmethod
    def of(cls, sample: Sample, covariates: tuple[str, ...]) -> Rows | None:
        """The rows of a sample, if it has them.

        Raises
        ------
        DataError
            If some groups have units that are followed over periods, and others a single one.

        """
        groups = sample.groups
        values = tuple(torch.tensor(group.rows) for group in groups if group.rows is not None)
        if len(values) < len(groups):
            return None
        clusters = tuple(torch.tensor(g.design.clusters) for g in groups if g.design.clusters is not None)
        if clusters and len(clusters) < len(groups):
            label = next(group.label for group in groups if group.design.clusters is None)
            raise DataError(f"the group {label!r} has a single unit, others have many: leave out cluster= or the group")
        weights = tuple(torch.tensor(g.design.weights) for g in groups if g.design.weights is not None)
        periods = tuple(g.design.periods for g in groups if g.design.periods is not None)
        lags = groups[0].design.lags
        return cls(sample.names, values, covariates, clusters or None, weights or None, periods or None, lags)

    def group(self, g: int) -> GroupRows:
        """The rows of one group."""
        clusters = None if self.clusters is None else self.clusters[g]
        weights = None if self.weights is None else self.weights[g]
        periods = None if self.periods is None else self.periods[g]
        return GroupRows(self.names, self.groups[g], self.covariates, clusters, weights, periods, self.lags)


@final
@dataclass(frozen=True, eq=False)
class GroupRows:
    """The rows of one group; see `Rows`."""

    names: tuple[str, ...]
    values: Tensor
    covariates: tuple[str, ...]
    clusters: Tensor | None
    weights: Tensor | None
    periods: Indices | None = None
    lags: int = LAGS

    def __len__(self) -> int:
        return len(self.values)

    def select(self, names: tuple[str, ...]) -> Tensor:
        """The values of some variables."""
        return self.values[:, torch.tensor([self.names.index(name) for name in names])]

    def slices(self, width: int) -> Iterator[slice]:
        """Rows so many at a time that at most `HELD` entries of this width are."""
        step = max(1, HELD // max(width, 1))
        return (slice(start, start + step) for start in range(0, len(self), step))

    def weighted(self, parts: Tensor, at: slice) -> Tensor:
        """What some rows contribute, times their weights."""
        return parts if self.weights is None else parts * self.weights[at, None]

    @property
    def panel(self) -> Panel | None:
        """Which rows depend on each other through periods."""
        if self.periods is None:
            return None
        return Panel(None if self.clusters is None else self.clusters.numpy(), self.periods, self.lags)

    @property
    def correction(self) -> float:
        """C / (C − 1) for C clusters: their scores sum to zero, which costs one degree of freedom."""
        if self.clusters is None:
            return 1.0
        count = int(self.clusters.max()) + 1
        return count / (count - 1)


def outer_products(problem: Problem, point: Point, rows: Rows, *, moments: bool = False) -> Array:
    """The mean over all rows of the outer product of their scores, shape (1, q, q). A single fit only.

    Rows of a cluster count as one; with periods all pairs of rows count by how much they depend on each other, and the
    answer need not be positive semidefinite (`Panel`). With `moments` of the moment scores.
    """
    total = sum(len(group) for group in rows.groups)
    if rows.periods is not None:
        return _panel_products(problem, point, rows, rows.periods, moments=moments)[None] / total
    found = np.zeros((1, point.full.shape[-1], point.full.shape[-1]))
    for g, (part, at) in enumerate(zip(problem.parts, point.implied, strict=True)):
        group = rows.group(g)
        products = _products(part, at, group, moments=moments)
        found += (products * group.correction).numpy() / total
    return found


def _panel_products(
    problem: Problem, point: Point, rows: Rows, periods: tuple[Indices, ...], *, moments: bool
) -> Array:
    """Within groups by units and periods, between them by periods alone; shape (q, q)."""
    scores, units = [], rows.clusters or (None,) * len(periods)
    for g, (part, at) in enumerate(zip(problem.parts, point.implied, strict=True)):
        slices = score_slices(part, at, rows.group(g), moments=moments)
        scores.append(torch.cat([found for _, found in slices]).numpy())
    groups, total = list(zip(scores, units, periods, strict=True)), np.zeros((scores[0].shape[1],) * 2)
    for own, codes, when in groups:
        total += panel_products(own, None if codes is None else codes.numpy(), when, rows.lags)
    if len(groups) > 1:
        total += panel_products(np.concatenate(scores), None, np.concatenate(periods), rows.lags)
        total -= sum(panel_products(own, None, when, rows.lags) for own, _, when in groups)
    return total


def _products(part: Part, at: Propagation[Array], rows: GroupRows, *, moments: bool) -> Tensor:
    """Σ s sᵀ over the rows, or over the sums s of clusters."""
    size = part.layout.size
    products = rows.values.new_zeros(size, size)
    sums = None if rows.clusters is None else rows.values.new_zeros(int(rows.clusters.max()) + 1, size)
    for where, scores in score_slices(part, at, rows, moments=moments):
        if sums is None or rows.clusters is None:
            products += scores.mT @ scores
        else:
            sums.index_add_(0, rows.clusters[where], scores)
    return products if sums is None else sums.mT @ sums


def score_slices(
    part: Part, at: Propagation[Array], rows: GroupRows, *, moments: bool = False
) -> Iterator[tuple[slice, Tensor]]:
    """The scores of the rows times their weights, or their moment scores, some rows at a time."""
    values = rows.select(part.layout.order)
    center = _center(part, values, rows.weights)
    if not moments:
        for where in rows.slices(2 * len(part.layout.names)):
            yield where, rows.weighted(case_scores(part, at, values[where], center), where)
        return
    shift = torch.from_numpy(at.sigma[0, 0, 1:]) + center - values.mean(0) if part.layout.constant else 0.0
    predicted = predictions(values, [part.layout.order.index(name) for name in rows.covariates])
    pairs = values + shift, None if predicted is None else predicted + shift
    found = [scores.sum(0) for _, scores in _moment_scores(part, at, rows, pairs, center)]
    mean = torch.stack(found).sum(0) / len(rows)
    for where, scores in _moment_scores(part, at, rows, pairs, center):
        yield where, scores - mean


def _center(part: Part, values: Tensor, weights: Tensor | None) -> Tensor:
    """What moments are taken around: without a model of means the mean of the rows, which are complete then."""
    if part.center is not None:
        return torch.from_numpy(part.center[0, 1:])
    return values.mean(0) if weights is None else weights @ values / weights.sum()


def _moment_scores(
    part: Part, at: Propagation[Array], rows: GroupRows, pairs: tuple[Tensor, Tensor | None], center: Tensor
) -> Iterator[tuple[slice, Tensor]]:
    """Moment scores before their mean is taken away."""
    values, predicted = pairs
    for where in rows.slices(2 * len(part.layout.names)):
        scores = case_scores(part, at, values[where], center)
        yield where, scores if predicted is None else scores - case_scores(part, at, predicted[where], center)


def predictions(values: Tensor, covariates: list[int], weights: Tensor | None = None) -> Tensor | None:
    """What covariates predict of all variables by least squares, themselves included; None if there are none."""
    if not covariates:
        return None
    root = torch.ones(len(values)).to(values) if weights is None else weights.sqrt()
    center = root.square() @ values / root.square().sum()
    given = values[:, covariates] - center[covariates]
    slopes = torch.linalg.lstsq(root[:, None] * given, root[:, None] * (values - center), driver="gelsd").solution
    found: Tensor = given @ slopes + center
    found[:, covariates] = values[:, covariates]
    return found


def case_scores(part: Part, at: Propagation[Array], values: Tensor, center: Tensor) -> Tensor:
    """Scores of rows of shape (n, p), in the order of the layout: shape (n, q)."""
    layout = part.layout
    deviation = values - center
    observed = ~torch.isnan(deviation)
    if layout.constant:
        deviation = torch.nn.functional.pad(deviation, (1, 0), value=1.0)
        observed = torch.nn.functional.pad(observed, (1, 0), value=True)
    tensors = Propagation(*(torch.from_numpy(moments) for moments in at))
    if bool(observed.all()):
        return layout.collect(_scores(layout, tensors, deviation, deviation.new_ones(deviation.shape[1])))
    deviation = torch.nan_to_num(deviation)
    patterns, which = torch.unique(observed, dim=0, return_inverse=True)
    scores = deviation.new_zeros(len(deviation), len(layout.parameter))
    for k, mask in enumerate(patterns.to(deviation.dtype)):
        mine = which == k
        scores[mine] = _scores(layout, tensors, deviation[mine], mask)
    return layout.collect(scores)


def _scores(layout: Layout, at: Propagation[Tensor], deviation: Tensor, mask: Tensor) -> Tensor:
    """Of rows in which the same variables are observed, one for each free row of the table."""
    left, right, weight = layout.factors
    both = mask[:, None] * mask
    inverse = factorise(at.sigma[0] * both + torch.diag(1 - mask)).inverse * both
    solved = deviation @ inverse
    lifted = torch.cat([solved, solved @ at.factors[0].mT], dim=-1)
    expected = gram(at, inverse[None])[0][left, right]
    return weight * (lifted[:, left] * lifted[:, right] - expected)
