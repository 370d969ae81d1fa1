"""Witnesses: two feasible parameter vectors with the same covariance and different effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from semnan.errors import Unavailable
from semnan.identification.analysis import Analysis
from semnan.identification.query import Query
from semnan.identification.real import RealModel, Vector

#: What counts as a different effect, and how many random points are tried.
DIFFERENT = 1e-3
ATTEMPTS = 20


@final
@dataclass(frozen=True, eq=False)
class Witness:
    """Two feasible parameter vectors of a model that imply the same moments.

    Attributes
    ----------
    first, second : dict of str to float
        Values of the free parameters by name.
    effects : (float, float)
        The effect under each.
    sigma : array, shape (p, p)
        The covariance that both imply (of the first group).
    gap : float
        Largest difference between the moments they imply.

    """

    first: dict[str, float]
    second: dict[str, float]
    effects: tuple[float, float]
    sigma: Vector
    gap: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "effects": list(self.effects),
            "sigma": self.sigma.tolist(),
            "gap": self.gap,
        }


def find_witness(analysis: Analysis, query: Query) -> Witness | Unavailable:
    """Two parameter vectors with one covariance: moved apart along the fibre, corrected back by Newton steps."""
    for model, pair in pairs(analysis):
        effects = tuple(real_effect(analysis, query, theta) for theta in pair)
        if abs(effects[0] - effects[1]) > DIFFERENT * max(1.0, abs(effects[0])):
            return pack(analysis, model, pair, (effects[0], effects[1]))
    return Unavailable("no pair of feasible parameter vectors was found: the feasible region may be thin")


def pack(analysis: Analysis, model: RealModel, pair: tuple[Vector, Vector], effects: tuple[float, float]) -> Witness:
    """A witness from two parameter vectors."""
    names = [free.name for free in analysis.structure.model.free]
    first, second = (dict(zip(names, theta.tolist(), strict=True)) for theta in pair)
    gap = float(np.abs(model.moments(pair[0]) - model.moments(pair[1])).max())
    return Witness(first, second, effects, model.sigma(pair[0]), gap)


def pairs(analysis: Analysis) -> Iterator[tuple[RealModel, tuple[Vector, Vector]]]:
    """Pairs of feasible points on one fibre, kept with the analysis: a random direction changes all that can change."""
    for attempt in range(ATTEMPTS):
        if attempt not in analysis.pairs:
            analysis.pairs[attempt] = _pair(analysis, attempt)
        found = analysis.pairs[attempt]
        if found is not None:
            yield found


def _pair(analysis: Analysis, seed: int) -> tuple[RealModel, tuple[Vector, Vector]] | None:
    rng = np.random.default_rng(seed)
    model = RealModel.of(analysis.structure, rng)
    theta, rank = model.random(rng), analysis.points[0].draw.rank
    if not model.feasible(theta):
        return None
    space, moments = model.null_space(theta, rank), model.moments(theta)
    if not len(space):
        return None
    direction = rng.normal(size=len(space)) @ space
    direction /= np.abs(direction).max()
    for length in (0.5, 0.25, 0.1, 0.03, 0.01):
        other = model.back(theta + length * direction, moments, rank)
        if other is not None and model.feasible(other):
            return model, (theta, other)
    return None


def real_effect(analysis: Analysis, query: Query, theta: Vector) -> float:
    """The effect at real parameters."""
    structure = analysis.structure
    weights = structure.weights(analysis.part, theta, float)
    a, b = analysis.ends(query)
    if query.function is not None:
        rows = analysis.part.paths
        edges = zip(rows.first.tolist(), rows.second.tolist(), strict=True)
        names = structure.names
        return float(query.function({(names[i], names[j]): float(weights[i, j]) for i, j in edges}))
    if query.kind == "direct":
        return float(weights[a, b])
    return float(np.linalg.inv(np.eye(len(weights)) - analysis.cut(weights, query))[a, b])
