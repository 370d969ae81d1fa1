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

import torch
from torch import Tensor

from semnan.estimation.start_means import Group, start_means
from semnan.model import Kind, PathModel
from semnan.network import Layout

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
    weights : Tensor, shape (B, n, n)
    variances : Tensor, shape (B, n)
        The diagonal of Ω.
    sizes : Tensor, shape (B, n)
        A standard deviation for every variable, that of a latent implied by its start.

    """

    weights: Tensor
    variances: Tensor
    sizes: Tensor


def start_values(groups: Sequence[Group]) -> tuple[Tensor, tuple[Scales, ...]]:
    """Deterministic starts of one model in all its groups: parameters of shape (B, q), and scales by group.

    A parameter that several rows or groups share starts at the mean of what each of them suggests.
    """
    scales = tuple(_scales(group.layout, _graph(group.model, group.label), group.covariance) for group in groups)
    size = groups[0].layout.size
    total, count = torch.zeros(size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    for group, scale in zip(groups, scales, strict=True):
        layout = group.layout
        omega = torch.diag_embed(scale.variances) + _arcs(layout, scale.variances)
        at = layout.rows, layout.columns
        entries = torch.where(layout.is_path, scale.weights[:, *at], omega[:, *at])
        total = total + layout.collect(entries)
        count = count + layout.collect(torch.ones(len(layout.parameter), dtype=torch.float64))
    theta = total / count
    told = [(k, free.start) for k, free in enumerate(groups[0].model.free) if free.start is not None]
    for k, start in told:
        theta[:, k] = start
    return start_means(groups, theta, {k for k, _ in told}), scales


def _arcs(layout: Layout, variances: Tensor) -> Tensor:
    """Covariance arcs start small but not at zero, which may be a saddle point; Ω stays diagonally dominant."""
    arcs = ~layout.is_path & (layout.rows != layout.columns)
    first, second = layout.rows[arcs], layout.columns[arcs]
    degree = torch.bincount(torch.cat([first, second]), minlength=len(layout.names)).clamp(min=1)
    omega = torch.zeros(*variances.shape, variances.shape[-1], dtype=variances.dtype)
    size = (variances[:, first] * variances[:, second]).sqrt()
    omega[:, first, second] = ARC * size / torch.maximum(degree[first], degree[second])
    return omega


def random_starts(
    groups: Sequence[Group], theta: Tensor, scales: Sequence[Scales], generator: torch.Generator
) -> Tensor:
    """A random neighbour of the start values: paths move by half their natural size, variances by a factor."""
    drawn = theta
    for group, scale in zip(groups, scales, strict=True):
        layout = group.layout
        shape = (*theta.shape[:-1], len(layout.parameter))
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        natural = scale.sizes[:, layout.columns] / scale.sizes[:, layout.rows]
        paths = layout.collect(torch.where(layout.is_path, 0.6 * natural * normal, 0.0))
        spread = layout.collect(torch.where(layout.is_path, 0.0, 0.6 * normal)).exp()
        drawn = drawn * spread + paths
    told = torch.tensor([free.start is not None for free in groups[0].model.free])
    return torch.where(told, theta, drawn)


@final
@dataclass(frozen=True)
class _Graph:
    """Parents and children that start values look at, as padded index arrays (−1 pads).

    `markers` are fixed loadings (latent, column of the visible, value), `higher` the paths (from, to, fixed value)
    into latents from latents without visible children.
    """

    parents: Tensor
    children: Tensor
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
        return cls(_pad(parents), _pad(list(children.values())), latents, list(markers.values()), higher)


@lru_cache(maxsize=32)
def _graph(model: PathModel, label: str | None) -> _Graph:
    return _Graph.of(model, label)


def _pad(groups: list[list[int]]) -> Tensor:
    width = max((len(group) for group in groups), default=0)
    return torch.tensor([group + [-1] * (width - len(group)) for group in groups], dtype=torch.long).reshape(
        len(groups), width
    )


def _scales(layout: Layout, graph: _Graph, sample: Tensor) -> Scales:
    batch, n = len(sample), len(layout.names)
    slopes = _regressions(graph.parents, sample)
    eye = torch.eye(sample.shape[-1], dtype=sample.dtype)
    residual = (eye - slopes).mT @ sample @ (eye - slopes)
    loadings = _loadings(graph.children, residual)
    for at, child, fixed in graph.markers:
        _anchor(loadings, graph.latents.index(at), child, fixed)
    explained = loadings.weights.square() * loadings.variances[..., None]
    own = residual.diagonal(dim1=-2, dim2=-1)
    left = torch.maximum(own - explained.sum(-2), LEFT * own)
    weights = torch.zeros(batch, n, n, dtype=sample.dtype)
    visible, latents = layout.shown, torch.tensor(graph.latents, dtype=torch.long)
    weights[:, visible[:, None], visible] = slopes
    weights[:, latents[:, None], visible] = loadings.weights
    variances = torch.zeros(batch, n, dtype=sample.dtype)
    variances[:, visible], variances[:, latents] = left, loadings.variances
    sizes = variances.sqrt()
    if layout.constant:
        sizes[:, 0] = 1.0
    sizes[:, visible] = sample.diagonal(dim1=-2, dim2=-1).sqrt()
    for source, target, held in graph.higher:
        if held:
            sizes[:, source] = SHARE**0.5 * sizes[:, target] / abs(held)
            variances[:, source] = sizes[:, source].square()
        weights[:, source, target] = SHARE**0.5 * sizes[:, target] / sizes[:, source]
    return Scales(weights, variances, sizes)


def _regressions(parents: Tensor, sample: Tensor) -> Tensor:
    """Least-squares slopes of every visible on its visible parents, as W[parent, child], in one batched solve."""
    real = parents >= 0
    index = parents.clamp(min=0)
    scale = sample.diagonal(dim1=-2, dim2=-1).sqrt()
    correlation = sample / scale[:, :, None] / scale[:, None, :]
    inside = correlation[:, index[:, :, None], index[:, None, :]]
    both = real[:, :, None] & real[:, None, :]
    ridge = 1e-8 * torch.eye(parents.shape[1], dtype=sample.dtype)
    inside = torch.where(both, inside, torch.eye(parents.shape[1], dtype=sample.dtype)) + ridge
    across = correlation[:, index, torch.arange(len(parents))[:, None]] * real
    slopes = torch.linalg.solve(inside, across[..., None])[..., 0] if parents.shape[1] else across
    weights = torch.zeros_like(sample)
    child = torch.arange(len(parents))[:, None].expand_as(parents)
    weights[:, index[real], child[real]] = slopes[:, real]
    return weights * scale[:, None, :] / scale[:, :, None]


def _turns(children: list[list[int]], width: int) -> list[int]:
    """Which eigenvector each latent starts at: latents with the same children take successive ones from the last."""
    seen: Counter[tuple[int, ...]] = Counter()
    turns = []
    for group in children:
        key = tuple(sorted(group))
        turns.append(width - 1 - seen[key] % width)
        seen[key] += 1
    return turns


@final
@dataclass(frozen=True)
class _Loadings:
    """W from latents to visibles, shape (B, m, p), and variances of the latents, shape (B, m)."""

    weights: Tensor
    variances: Tensor


def _loadings(children: Tensor, residual: Tensor) -> _Loadings:
    """Unit-variance latents along the leading eigenvector of their children's residual correlations."""
    batch, (m, width) = len(residual), children.shape
    weights = torch.zeros(batch, m, residual.shape[-1], dtype=residual.dtype)
    if width:
        real, index = children >= 0, children.clamp(min=0)
        scale = residual.diagonal(dim1=-2, dim2=-1).sqrt()
        inside = residual[:, index[:, :, None], index[:, None, :]]
        inside = inside / scale[:, index][..., None] / scale[:, index][..., None, :]
        both = real[:, :, None] & real[:, None, :]
        values, vectors = torch.linalg.eigh(torch.where(both, inside, 0.0))
        turn = torch.tensor(_turns(children.tolist(), width))
        vector = vectors[:, torch.arange(m), :, turn].movedim(0, 1)
        sign = torch.where(vector * vector.sum(-1, keepdim=True) < 0, -1.0, 1.0)
        size = _sizes(values[:, torch.arange(m), turn], vector.abs(), real.sum(-1))
        shared = torch.bincount(index[real], minlength=residual.shape[-1])[index].clamp(min=1)
        told = sign * torch.minimum(size, (TOGETHER / shared.to(size)).sqrt()) * scale[:, index]
        latent = torch.arange(m)[:, None].expand_as(children)
        weights[:, latent[real], index[real]] = told[:, real]
    return _Loadings(weights, torch.ones(batch, m, dtype=residual.dtype))


def _sizes(value: Tensor, vector: Tensor, count: Tensor) -> Tensor:
    """Standardised loadings from an eigenvalue, shape (B, m), and eigenvector, shape (B, m, k), of `count` children.

    Equal loadings √r have the eigenvalue 1 + (k − 1) r, so that r is the mean correlation that the latent explains. A
    pair's correlation may as well come from a path between the two, which regressions have taken out: SHARE is used.
    """
    mean = torch.where(count > 2, (value - 1) / (count - 1).clamp(min=1), SHARE).clamp(min=0)
    return (vector * (count * mean).sqrt()[..., None]).clamp(*SIZES)


def _anchor(loadings: _Loadings, latent: int, child: int, fixed: float) -> None:
    """Rescale a latent so that its fixed loading holds."""
    scale = loadings.weights[:, latent, child] / fixed
    loadings.weights[:, latent] /= scale[:, None]
    loadings.variances[:, latent] = scale.square()
