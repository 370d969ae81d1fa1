"""The values of an effect that is identified up to finitely many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import Unavailable
from semnan.identification.analysis import Analysis
from semnan.identification.formula import Formula
from semnan.identification.query import Query
from semnan.identification.real import RealModel, Vector
from semnan.identification.witness import DIFFERENT, Witness, pack, real_effect

#: Random starts of the search for feasible parameters behind a value, and steps of each.
STARTS, STEPS = 30, 60
#: Starts are stretched, as a solution may be far away.
SCALES = (1.0, 1.0, 2.0, 5.0)
#: Covariances at which two feasible values are sought.
COVARIANCES = 4
#: What counts as a real root, and as the effect that was asked for.
REAL, NEAR = 1e-7, 1e-6


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
    analysis: Analysis, query: Query, polynomial: Sequence[Formula], sigma: NDArray[np.float64]
) -> tuple[Value, ...]:
    """The real roots, smallest first, each with feasible parameters if a search from random starts meets some."""
    rng = np.random.default_rng(1)
    model = RealModel.of(analysis.structure, rng)
    further = len(sigma) + len(analysis.structure.equalities)
    moments = np.concatenate([sigma[np.triu_indices(len(sigma))], np.zeros(further)])
    names = [free.name for free in analysis.structure.model.free]
    found = []
    for root in real_roots(polynomial, sigma):
        theta = _behind(analysis, query, model, moments, root, rng)
        behind = None if theta is None else dict(zip(names, theta.tolist(), strict=True))
        found.append(Value(root, behind))
    return tuple(found)


def real_roots(polynomial: Sequence[Formula], sigma: NDArray[np.float64]) -> list[float]:
    """The real values that the effect may have at a covariance, smallest first."""
    roots = np.roots([1.0, *(float(c(sigma)) for c in reversed(polynomial))])
    return sorted(float(r.real) for r in roots if abs(r.imag) < REAL * max(1.0, abs(r)))


def two_values(analysis: Analysis, query: Query, polynomial: Sequence[Formula]) -> Witness | Unavailable:
    """Two feasible parameter vectors on one fibre with different values of a finitely identified effect."""
    for seed in range(COVARIANCES if polynomial else 0):
        rng = np.random.default_rng(seed)
        model = RealModel.of(analysis.structure, rng)
        theta = model.random(rng)
        if not model.feasible(theta):
            continue
        effect = real_effect(analysis, query, theta)
        for root in real_roots(polynomial, model.sigma(theta)):
            if abs(root - effect) > DIFFERENT * max(1.0, abs(effect)):
                other = _behind(analysis, query, model, model.moments(theta), root, rng, near=theta)
                if other is not None:
                    return pack(analysis, model, (theta, other), (effect, real_effect(analysis, query, other)))
    return Unavailable("no second feasible value was found at random covariances: it may be feasible nowhere")


def _behind(
    analysis: Analysis,
    query: Query,
    model: RealModel,
    moments: Vector,
    root: float,
    rng: np.random.Generator,
    near: Vector | None = None,
) -> Vector | None:
    """Feasible parameters with these moments and this effect, sought from random starts."""
    for attempt in range(STARTS):
        start = near if near is not None and attempt == 0 else model.random(rng) * rng.choice(SCALES)
        close = _approach(analysis, query, model, start, moments, root)
        found = None if close is None else model.back(close, moments, analysis.points[0].draw.rank)
        if found is not None and model.feasible(found):
            reached = real_effect(analysis, query, found)
            if abs(reached - root) < NEAR * max(1.0, abs(root)):
                return found
    return None


def _approach(
    analysis: Analysis, query: Query, model: RealModel, theta: Vector, moments: Vector, root: float
) -> Vector | None:
    """Damped Gauss–Newton steps towards moments and effect together."""

    def gap(at: Vector) -> Vector:
        return np.append(moments - model.moments(at), root - real_effect(analysis, query, at))

    here = gap(theta)
    for _ in range(STEPS):
        if np.abs(here).max() < 1e-9:
            return theta
        step = np.linalg.lstsq(np.vstack([model.jacobian(theta), _slope(analysis, query, theta)]), here, rcond=1e-10)[0]
        for length in (1.0, 0.5, 0.2, 0.05, 0.01):
            there = gap(theta + length * step)
            if there @ there < here @ here:
                break
        else:
            return None
        theta, here = theta + length * step, there
    return None


def _slope(analysis: Analysis, query: Query, theta: Vector) -> Vector:
    """The gradient of the effect, by differences."""
    steps = 1e-6 * np.eye(len(theta))
    ends = [(real_effect(analysis, query, theta + h), real_effect(analysis, query, theta - h)) for h in steps]
    return np.array([(high - low) / 2e-6 for high, low in ends])
