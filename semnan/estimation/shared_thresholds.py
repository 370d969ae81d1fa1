"""Least squares with thresholds as parameters: of groups that share them, or to compare others with these.

The moments are thresholds, means and covariances of continuous variables, and correlations of latent responses; the
model of these is that of `response_model`, whose further parameters stand behind those of the path model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch

from semnan.estimation.assembly import group_of
from semnan.estimation.constraints import Constraints
from semnan.estimation.generic import Generic, of_information, random_point
from semnan.estimation.least_squares import check_ordered, stack_of
from semnan.estimation.moment_spread import weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Chosen, Weight, weight_of
from semnan.estimation.problem import Part, Problem
from semnan.estimation.response_model import between, scale_label, seen_threshold, written_out
from semnan.estimation.start import start_values
from semnan.estimation.thresholds import Scale, Threshold
from semnan.estimation.variance import unconstrained
from semnan.estimation.weighted import WeightedMoments
from semnan.model import PathModel, intercept
from semnan.network import Layout, propagate
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class Whole:
    """A model with its thresholds written out, and the data that it is fitted to.

    Attributes
    ----------
    model : PathModel
        As given; its parameters are the first of those of the next.
    written : PathModel
    problem : Problem
    limits : Constraints

    """

    model: PathModel
    written: PathModel
    problem: Problem
    limits: Constraints

    @classmethod
    def of(cls, model: PathModel, vectors: Sequence[MomentVector], weight: Weight) -> Whole:
        check_ordered(model, vectors[0].ordered)
        written, total = written_out(model), sum(vector.n for vector in vectors)
        parts = []
        for label, vector in zip(model.groups or (None,), vectors, strict=True):
            layout = Layout.of(written, label)
            loss, center = _loss(vector, layout, weight), _center(vector, layout)
            parts.append(Part(layout, loss, center, np.array([vector.n / total])))
        limits = Constraints.of(written)
        return cls(model, written, Problem(tuple(parts), limits.lower, limits.upper, limits.space), limits)

    @property
    def plain(self) -> Problem:
        """Without constraints and bounds."""
        return unconstrained(self.problem, len(self.written.free))

    def start(self, vectors: Sequence[MomentVector]) -> Array:
        """Start values, shape (1, q): of the path model as ever, mean thresholds, and scales of one."""
        labels = self.model.groups or (None,)
        groups = [group_of(self.model, label, stack_of(one)) for label, one in zip(labels, vectors, strict=True)]
        found = np.ones((1, len(self.written.free)))
        found[:, : len(self.model.free)] = start_values(groups)[0]
        for k, rows in self.thresholds.items():
            found[:, k] = np.mean([vectors[g].thresholds[place][level] for g, place, level in rows])
        return self._with_means(found, vectors)

    def _with_means(self, theta: Array, vectors: Sequence[MomentVector]) -> Array:
        """With the means of continuous variables, where the path model has none."""
        if self.model.has_means:
            return theta
        place = {free.name: k for k, free in enumerate(self.written.free)}
        for label, vector in zip(self.model.groups or (None,), vectors, strict=True):
            for name, mean in zip(vector.names, vector.mean.tolist(), strict=True):
                if name not in vector.ordered:
                    theta[:, place[intercept(name, group=label).name]] = mean
        return theta

    @property
    def thresholds(self) -> dict[int, list[tuple[int, int, int]]]:
        """For every parameter that is a threshold: groups, places of ordered variables, and levels from zero."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        owner = {row: k for k, free in enumerate(self.written.free) for row in free.rows}
        names = {between: (place, level) for between, place, level in _betweens(self.model)}
        labels = self.model.groups or (None,)
        for i, row in enumerate(self.written.parameters):
            if row.kind == "intercept" and row.target in names:
                found.setdefault(owner[i], []).append((labels.index(row.group), *names[row.target]))
        return found

    @property
    def scales(self) -> dict[int, tuple[str, str]]:
        """For every parameter that is a scale, its ordered variable and group."""
        place = {free.name: k for k, free in enumerate(self.written.free)}
        pairs = [(item.name, group) for group in self.model.groups[1:] for item in self.model.ordered if item.shared]
        return {place[scale_label(name, group)]: (name, group) for name, group in pairs}

    @property
    def moments(self) -> int:
        """Of all groups."""
        return sum(len(weighted(part).target) for part in self.problem.parts)

    def known(
        self,
        theta: Array,
        thresholds: Sequence[Threshold],
        scales: Sequence[Scale],
        vectors: Sequence[MomentVector],
    ) -> Array:
        """All parameters, shape (1, q), from those of the path model and what was found besides."""
        labels, found = self.model.groups or (None,), np.ones((1, len(self.written.free)))
        found[0, : len(theta)] = theta
        cuts = {(step.name, step.group, step.level): step.estimate for step in thresholds}
        sizes = {(scale.name, scale.group): scale.estimate for scale in scales}
        for k, rows in self.thresholds.items():
            g, place, level = rows[0]
            found[0, k] = cuts[self.model.ordered[place].name, labels[g], level + 1]
        for k, key in self.scales.items():
            found[0, k] = sizes[key]
        return self._with_means(found, vectors)

    def slopes(self, theta: Array) -> Array:
        """The derivatives of all moments that vary, group by group, at parameters of shape (1, q)."""
        plain = self.plain
        found = []
        for part, at in zip(plain.parts, plain.at(theta).implied, strict=True):
            loss = weighted(part)
            found.append(loss.jacobian(part.layout, at).moments[0][~loss.pinned])
        return np.concatenate(found)

    def generic(self) -> Generic:
        """What the model determines, at a random point."""
        generator = torch.Generator().manual_seed(20_26)
        theta = random_point(self.written, generator)
        dense = np.zeros((len(theta), len(theta)))
        for part in self.problem.parts:
            at = propagate(part.layout, theta.numpy()[None])
            slopes = weighted(part).jacobian(part.layout, at).moments[0]
            dense += slopes.T @ slopes
        return of_information(torch.from_numpy(dense), self.limits.equalities, theta)


def _betweens(model: PathModel) -> list[tuple[str, int, int]]:
    """The variables whose intercepts are thresholds, with the place of the ordered variable and the level."""
    return [
        (between(item.name, level + 1), place, level)
        for place, item in enumerate(model.ordered)
        for level in range(item.thresholds)
    ]


def _center(vector: MomentVector, layout: Layout) -> Array:
    """What means are taken from: those of the sample, thresholds among them."""
    known = dict(zip(vector.names, vector.mean.tolist(), strict=True))
    for name, cuts in zip(vector.ordered, vector.thresholds, strict=True):
        known |= {seen_threshold(name, k + 1): float(cut) for k, cut in enumerate(cuts)}
    return np.array([[0.0, *(known[name] for name in layout.order)]])


def _loss(vector: MomentVector, layout: Layout, weight: Weight) -> WeightedMoments:
    """The loss of one group, of thresholds and means first."""
    ordered = np.array([name in vector.ordered for name in vector.names])
    place = {name: i + 1 for i, name in enumerate(layout.order)}
    cut = [
        place[seen_threshold(name, k + 1)]
        for name, cuts in zip(vector.ordered, vector.thresholds, strict=True)
        for k in range(len(cuts))
    ]
    plain, at = np.flatnonzero(~ordered), np.array([place[name] for name in vector.names])
    rows, columns = np.tril_indices(len(ordered))
    means = np.array([*cut, *at[plain]], dtype=np.int64)
    pinned = np.concatenate([np.zeros(len(means), dtype=np.bool_), (rows == columns) & ordered[rows]])
    chosen, constant = Chosen(means, rows, columns, pinned), np.zeros(len(means), dtype=np.int64)
    influence = np.concatenate([vector.to_thresholds, vector.to_mean[:, plain], vector.to_covariance], axis=1)
    fewer = (vector.n - 1) / vector.n
    return WeightedMoments(
        first=np.concatenate([constant, at[rows]]),
        second=np.concatenate([means, at[columns]]),
        means=len(means),
        target=np.concatenate([constant.astype(float), vector.covariance[rows, columns]]),
        weight=weight_of(vector, chosen, influence, (), weight) * fewer,
        influence=influence / np.sqrt(fewer),
        pinned=pinned,
        offset=1,
    )
