"""Start values from the data, batched: regressions, first principal components, and their remainders.

Everything is equivariant under a change of units. Regression coefficients start at ordinary least squares on
the visible parents; the loadings of a latent follow the leading eigenvector of the residual correlations of its
visible children; residual variances are what is left. A user's start values come before all of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
import torch

from semnan.estimation.start_means import Group, start_means
from semnan.model import Kind, PathModel
from semnan.network import Layout
from semnan.network.arrays import Array, diagonal, identity

#: A latent of one or two children starts with this share of their residual variance; all latents of a visible together
#: explain no more than TOGETHER of it at first, and LEFT is left over.
SHARE, TOGETHER, LEFT = 0.4, 0.6, 0.3
#: Standardised loadings start between these.
SIZES = 0.3, 0.85
#: Correlation at which a single covariance arc starts.
ARC = 0.1


@final
@dataclass(frozen=True)
class Scales:
    """Start values of the model's matrices, and the size of each variable.

    Attributes
    ----------
    weights : array, shape (B, n, n)
    variances : array, shape (B, n)
        The diagonal of Ω.
    sizes : array, shape (B, n)
        A standard deviation for every variable, that of a latent implied by its start.

    """

    weights: Array
    variances: Array
    sizes: Array


def start_values(groups: Sequence[Group]) -> tuple[Array, tuple[Scales, ...]]:
    """Deterministic starts of one model in all its groups: parameters of shape (B, q), and scales by group.

    A parameter that several rows or groups share starts at the mean of what each of them suggests.
    """
    graphs = [_graph(group.model, group.label) for group in groups]
    scales = tuple(
        _scales(group.layout, graph, group.covariance.numpy()) for group, graph in zip(groups, graphs, strict=True)
    )
    entries = [_entries(group.layout, scale) for group, scale in zip(groups, scales, strict=True)]
    total = sum(group.layout.collect(values) for group, values in zip(groups, entries, strict=True))
    count = sum(group.layout.collect(np.ones(values.shape[-1])) for group, values in zip(groups, entries, strict=True))
    theta = np.asarray(total / count)
    told = [(k, free.start) for k, free in enumerate(groups[0].model.free) if free.start is not None]
    for k, start in told:
        theta[:, k] = start
    return start_means(groups, torch.from_numpy(theta), {k for k, _ in told}).numpy(), scales


def _entries(layout: Layout, scale: Scales) -> Array:
    """What every row of the table starts at; covariances small but not at zero, which may be a saddle point.

    Those of a variable together are less than its variance, so that Ω is diagonally dominant.
    """
    places = layout.places(scale.variances)
    rows, columns, is_path = places.rows, layout.columns.numpy(), layout.is_path.numpy()
    first, second = scale.variances[:, rows], scale.variances[:, columns]
    apart = ~is_path & (rows != columns)
    degree = np.bincount(np.concatenate([rows[apart], columns[apart]]), minlength=len(layout.names)).clip(min=1)
    arcs = ARC * np.sqrt(first * second) / np.maximum(degree[rows], degree[columns])
    return np.where(is_path, scale.weights[:, rows, columns], np.where(apart, arcs, first))


def random_starts(groups: Sequence[Group], theta: Array, scales: Sequence[Scales], generator: torch.Generator) -> Array:
    """A random neighbour of the start values: paths move by half their natural size, variances by a factor."""
    drawn = theta
    for group, scale in zip(groups, scales, strict=True):
        layout = group.layout
        rows, columns, is_path = layout.rows.numpy(), layout.columns.numpy(), layout.is_path.numpy()
        normal = torch.randn(len(theta), len(rows), generator=generator, dtype=torch.float64).numpy()
        natural = scale.sizes[:, columns] / scale.sizes[:, rows]
        paths = layout.collect(np.where(is_path, 0.6 * natural * normal, 0.0))
        drawn = drawn * np.exp(layout.collect(np.where(is_path, 0.0, 0.6 * normal))) + paths
    told = np.array([free.start is not None for free in groups[0].model.free])
    return np.where(told, theta, drawn)


@final
@dataclass(frozen=True)
class _Graph:
    """Parents and children that start values look at, as padded index arrays (−1 pads).

    `turns` says which eigenvector of its children's correlations a latent starts at. `markers` are fixed loadings
    (latent, column of the visible, value), `higher` the paths (from, to, fixed value) into latents from latents without
    visible children.
    """

    parents: Array
    children: Array
    turns: Array
    latents: list[int]
    markers: list[tuple[int, int, float]]
    higher: list[tuple[int, int, float | None]]

    @classmethod
    def of(cls, model: PathModel, label: str | None) -> _Graph:
        layout = Layout.of(model, label)
        place = {name: i for i, name in enumerate(layout.names)}
        column = {name: i for i, name in enumerate(layout.order)}
        parents: list[list[int]] = [[] for _ in layout.order]
        children: dict[str, list[int]] = {u: [] for u in model.latents}
        markers: dict[str, tuple[int, int, float]] = {}
        table = [row for row in model.parameters if row.group == label]
        for row in table:
            if row.kind is not Kind.PATH or row.target not in column:
                continue
            if row.source in column:
                parents[column[row.target]].append(column[row.source])
                continue
            children[row.source].append(column[row.target])
            if row.fixed:
                markers.setdefault(row.source, (place[row.source], column[row.target], row.fixed))
        latents = [place[u] for u in model.latents]
        higher = [
            (place[row.source], place[row.target], row.fixed)
            for row in table
            if row.kind is Kind.PATH and row.target in model.latents and not children.get(row.source, [row.source])
        ]
        padded = _pad(list(children.values()))
        turns = _turns(padded.tolist(), padded.shape[1])
        return cls(_pad(parents), padded, turns, latents, list(markers.values()), higher)


@lru_cache(maxsize=32)
def _graph(model: PathModel, label: str | None) -> _Graph:
    return _Graph.of(model, label)


def _pad(groups: list[list[int]]) -> Array:
    width = max((len(group) for group in groups), default=0)
    padded = [group + [-1] * (width - len(group)) for group in groups]
    return np.array(padded, dtype=np.int64).reshape(len(groups), width)


def _scales(layout: Layout, graph: _Graph, sample: Array) -> Scales:
    batch, n = len(sample), len(layout.names)
    slopes = _regressions(graph.parents, sample) if graph.parents.size else None
    residual = sample if slopes is None else _residual(sample, slopes)
    loadings = _loadings(graph.children, graph.turns, residual)
    for at, child, fixed in graph.markers:
        _anchor(loadings, graph.latents.index(at), child, fixed)
    explained = np.square(loadings.weights) * loadings.variances[..., None]
    own = diagonal(residual)
    weights, variances = np.zeros((batch, n, n)), np.zeros((batch, n))
    visible, latents = layout.shown.numpy(), np.array(graph.latents, dtype=np.int64)
    if slopes is not None:
        weights[:, visible[:, None], visible] = slopes
    weights[:, latents[:, None], visible] = loadings.weights
    variances[:, visible], variances[:, latents] = np.maximum(own - explained.sum(-2), LEFT * own), loadings.variances
    sizes = np.sqrt(variances)
    if layout.constant:
        sizes[:, 0] = 1.0
    sizes[:, visible] = np.sqrt(diagonal(sample))
    for source, target, held in graph.higher:
        if held:
            sizes[:, source] = SHARE**0.5 * sizes[:, target] / abs(held)
            variances[:, source] = np.square(sizes[:, source])
        weights[:, source, target] = SHARE**0.5 * sizes[:, target] / sizes[:, source]
    return Scales(weights, variances, sizes)


def _residual(sample: Array, slopes: Array) -> Array:
    left = identity(sample.shape[-1]) - slopes
    return np.asarray(left.mT @ sample @ left)


def _regressions(parents: Array, sample: Array) -> Array:
    """Least-squares slopes of every visible on its visible parents, as W[parent, child], in one batched solve."""
    real, index, width = parents >= 0, parents.clip(min=0), parents.shape[1]
    scale = np.sqrt(diagonal(sample))
    correlation = sample / scale[:, :, None] / scale[:, None, :]
    both = real[:, :, None] & real[:, None, :]
    inside = np.where(both, correlation[:, index[:, :, None], index[:, None, :]], identity(width))
    inside += 1e-8 * identity(width)
    across = correlation[:, index, np.arange(len(parents))[:, None]] * real
    slopes = np.linalg.solve(inside, across[..., None])[..., 0]
    weights = np.zeros_like(sample)
    child = np.broadcast_to(np.arange(len(parents))[:, None], parents.shape)
    weights[:, index[real], child[real]] = slopes[:, real]
    return np.asarray(weights * scale[:, None, :] / scale[:, :, None])


def _turns(children: list[list[int]], width: int) -> Array:
    """Which eigenvector each latent starts at: latents with the same children take successive ones from the last."""
    seen: Counter[tuple[int, ...]] = Counter()
    turns = []
    for group in children:
        key = tuple(sorted(group))
        turns.append(width - 1 - seen[key] % max(width, 1))
        seen[key] += 1
    return np.array(turns, dtype=np.int64)


@final
@dataclass(frozen=True)
class _Loadings:
    """W from latents to visibles, shape (B, m, p), and variances of the latents, shape (B, m)."""

    weights: Array
    variances: Array


def _loadings(children: Array, turns: Array, residual: Array) -> _Loadings:
    """Unit-variance latents along the leading eigenvector of their children's residual correlations."""
    batch, (m, width) = len(residual), children.shape
    weights, latents = np.zeros((batch, m, residual.shape[-1])), np.arange(m)
    if width:
        real, index = children >= 0, children.clip(min=0)
        scale = np.sqrt(diagonal(residual))[:, index]
        inside = residual[:, index[:, :, None], index[:, None, :]] / scale[..., None] / scale[..., None, :]
        values, vectors = np.linalg.eigh(np.where(real[:, :, None] & real[:, None, :], inside, 0.0))
        vector = np.moveaxis(vectors[:, latents, :, turns], 0, 1)
        sign = np.where(vector * vector.sum(-1, keepdims=True) < 0, -1.0, 1.0)
        size = _sizes(values[:, latents, turns], np.abs(vector), real.sum(-1))
        shared = np.bincount(index[real], minlength=residual.shape[-1])[index].clip(min=1)
        told = sign * np.minimum(size, np.sqrt(TOGETHER / shared)) * scale
        weights[:, np.broadcast_to(latents[:, None], children.shape)[real], index[real]] = told[:, real]
    return _Loadings(weights, np.ones((batch, m)))


def _sizes(value: Array, vector: Array, count: Array) -> Array:
    """Standardised loadings from an eigenvalue, shape (B, m), and eigenvector, shape (B, m, k), of `count` children.

    Equal loadings √r have the eigenvalue 1 + (k − 1) r, so that r is the mean correlation that the latent explains. A
    pair's correlation may as well come from a path between the two, which regressions have taken out: SHARE is used.
    """
    mean = np.where(count > 2, (value - 1) / (count - 1).clip(min=1), SHARE).clip(min=0)
    return np.asarray((vector * np.sqrt(count * mean)[..., None]).clip(*SIZES))


def _anchor(loadings: _Loadings, latent: int, child: int, fixed: float) -> None:
    """Rescale a latent so that its fixed loading holds."""
    scale = loadings.weights[:, latent, child] / fixed
    loadings.weights[:, latent] /= scale[:, None]
    loadings.variances[:, latent] = np.square(scale)
