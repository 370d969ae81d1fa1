"""The values of an effect that is identified up to finitely many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import Unavailable
from semnan.identification.analysis import Analysis
from semnan.identification.query import Query
from semnan.identification.real import RealModel, Vector
from semnan.identification.witness import DIFFERENT, Witness, pack, real_effect

#: Random starts of the search for feasible parameters behind a value.
STARTS = 60
#: Starts are stretched, as another solution may be far away.
SCALES = (1.0, 1.0, 2.0, 5.0, 15.0)


@final
@dataclass(frozen=True)
class Value:
    """A real root of the polynomial of an effect.

    Attributes
    ----------
    value : float
    parameters : dict of str to float, or None
        Feasible parameters that imply the covariance and have this effect; None if the search found none.

    """

    value: float
    parameters: dict[str, float] | None

    @property
    def feasible(self) -> bool:
        return self.parameters is not None


def feasible_values(
    analysis: Analysis, query: Query, coefficients: Sequence[float], sigma: NDArray[np.float64]
) -> tuple[Value, ...]:
    """The real roots, smallest first, each with feasible parameters if a search from random starts meets some."""
    roots = np.roots([1.0, *reversed(coefficients)])
    real = sorted(float(r.real) for r in roots if abs(r.imag) < 1e-7 * max(1.0, abs(r)))
    model = RealModel.of(analysis.structure, np.random.default_rng(0))
    moments = np.concatenate([sigma[np.triu_indices(len(sigma))], np.zeros(len(sigma))])
    names = [free.name for free in analysis.structure.model.free]
    behind: dict[float, dict[str, float]] = {}
    for theta in _solutions(analysis, model, moments):
        effect = real_effect(analysis, query, theta)
        near = [r for r in real if abs(r - effect) < 1e-5 * max(1.0, abs(r))]
        for root in near:
            behind.setdefault(root, dict(zip(names, theta.tolist(), strict=True)))
        if len(behind) == len(real):
            break
    return tuple(Value(root, behind.get(root)) for root in real)


def two_values(analysis: Analysis, query: Query) -> Witness | Unavailable:
    """Two feasible parameter vectors on one fibre with different values of a finitely identified effect."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        model = RealModel.of(analysis.structure, rng)
        theta = model.random(rng)
        if not model.feasible(theta):
            continue
        effect = real_effect(analysis, query, theta)
        for other in _solutions(analysis, model, model.moments(theta)):
            value = real_effect(analysis, query, other)
            if abs(value - effect) > DIFFERENT * max(1.0, abs(effect)):
                return pack(analysis, model, (theta, other), (effect, value))
    return Unavailable("no second feasible value was found at random covariances: it may be feasible nowhere")


def _solutions(analysis: Analysis, model: RealModel, moments: Vector, starts: int = STARTS) -> Iterator[Vector]:
    """Feasible parameters with these moments, from random starts."""
    rng, rank = np.random.default_rng(1), analysis.points[0].draw.rank
    for _ in range(starts):
        found = model.back(model.random(rng) * rng.choice(SCALES), moments, rank)
        if found is not None and model.feasible(found):
            yield found
