"""Findings on what the data do not determine: by the model itself, or at these estimates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.finding import Finding, listed
from semnan.estimation.generic import Generic
from semnan.estimation.inference import WEAK, Inference
from semnan.estimation.null_basis import sparse_basis
from semnan.estimation.sizes import natural_sizes

Array = NDArray[np.float64]

#: A standardised parameter whose standard error is larger than this is told: the data say nothing about it.
FLAT = 100.0
#: A block of a projector that is no projector by more than this is coupled to the rest.
WHOLE = 1e-4
#: Powers with which parameters are multiplied are whole numbers up to this.
MOST_POWER = 4
#: So many directions are written out.
DIRECTIONS = 4
#: Parameters with less than this share of the largest weight are not named as weakly identified.
HEAVY = 0.3


def unidentified(fit: Estimate) -> Iterator[Finding]:
    """What is not identified, with the directions in which it is loose; what is nearly so; what is so just here."""
    for part in (fit.generic, fit.inference):
        if isinstance(part, Unavailable):
            yield Finding("no standard errors", (), part.reason)
            return
    assert isinstance(fit.generic, Generic)
    assert isinstance(fit.inference, Inference)
    names = [free.name for free in fit.model.free]
    for group in fit.generic.groups():
        yield _loose([names[k] for k in group], _frame(fit, fit.generic, fit.inference, group))
    if fit.outcome.ok:
        yield from _lost(names, fit.generic, fit.inference)
        weak = float(fit.inference.smallest) < WEAK
        yield from _weak(names, fit.inference) if weak else _flat(fit, names, fit.inference)


class _Frame(NamedTuple):
    """The null space of some parameters: the point, units and projector there; and which point this is."""

    theta: Array
    scale: Array
    null: Array
    where: str


def _frame(fit: Estimate, generic: Generic, inference: Inference, group: NDArray[np.int64]) -> _Frame:
    """At the estimates, unless these sit on an exceptional point; then at a typical one."""
    here, typical = (part.null.numpy()[np.ix_(group, group)] for part in (inference, generic))
    whole = np.abs(here @ here - here).max() < WHOLE  # Nothing of it is shared with other parameters.
    if whole and round(np.trace(here)) == round(np.trace(typical)):
        return _Frame(fit.theta.numpy()[group], inference.scale.numpy()[group], here, "at the estimates")
    return _Frame(generic.theta.numpy()[group], generic.scale.numpy()[group], typical, "at a typical point")


def _loose(names: list[str], frame: _Frame) -> Finding:
    """The finding on parameters that are only determined jointly."""
    ways = [_Way.of(names, vector / frame.scale, frame) for vector in sparse_basis(frame.null)]
    joint = f"{names[0]} is" if len(names) == 1 else f"{listed(names)} are (jointly)"
    count = "one" if len(ways) == 1 else str(len(ways))
    told = "; ".join(way.text for way in ways[:DIRECTIONS])
    rest = len(ways) - DIRECTIONS
    return Finding(
        "not identified",
        tuple(names),
        f"{joint} not determined by the data: {told}{f'; and {rest} more' if rest > 0 else ''}. Fix {count} of them, "
        "add a measurement, or read only what is identified.",
        tuple(way.weights for way in ways),
    )


class _Way(NamedTuple):
    """A direction in which nothing changes: how much each parameter moves, and in words."""

    weights: tuple[tuple[str, float], ...]
    text: str

    @classmethod
    def of(cls, names: list[str], vector: Array, frame: _Frame) -> _Way:
        at = np.flatnonzero(vector)
        moved, values = [names[k] for k in at], frame.theta[at]
        step = vector[at] / vector[at[0]]
        weights = tuple(zip(moved, step.tolist(), strict=True))
        if len(at) == 1:
            return cls(weights, f"any value of {moved[0]} fits exactly as well")
        powers = _powers(step, values)
        if powers is not None:
            return cls(weights, _multiplied(moved, powers))
        shown = [f"{name} by {number:+.3g}" for name, number in weights]
        return cls(weights, f"nothing changes when they move together ({frame.where}: {listed(shown)})")


def _powers(step: Array, values: Array) -> list[int] | None:
    """Whole powers of one number that all parameters can be multiplied by; None if the direction is no such scaling."""
    if np.any(np.abs(values) < 1e-8 * np.abs(step)):
        return None
    relative = step / values
    powers = relative / np.abs(relative).min()
    whole = np.round(powers)
    if np.abs(powers - whole).max() > 1e-4 or np.abs(whole).max() > MOST_POWER:
        return None
    return [int(power) for power in whole * np.sign(whole[0])]


def _multiplied(names: list[str], powers: list[int]) -> str:
    parts = []
    for power in dict.fromkeys(powers):
        inside = listed([name for name, other in zip(names, powers, strict=True) if other == power])
        factor = "c" if abs(power) == 1 else f"c^{abs(power)}"
        parts.append(f"{inside} by {factor if power > 0 else f'1/{factor}'}")
    return f"multiplying {' and '.join(parts)} changes nothing for any c (the scale of a latent)"


def _lost(names: list[str], generic: Generic, inference: Inference) -> Iterator[Finding]:
    """What the model identifies, but not where the estimates are."""
    estimable = inference.own()[0].numpy() | inference.held.numpy()
    lost = [name for name, here, there in zip(names, estimable, generic.own().numpy(), strict=True) if there > here]
    if lost:
        yield Finding(
            "not identified here",
            tuple(lost),
            f"the model determines {listed(lost)}, but not at these estimates (empirical underidentification): a path "
            "or covariance that this hangs on is estimated as zero, variables are collinear, or missing values leave "
            "it open. Fix what hangs on it, or simplify the model.",
        )


def _flat(fit: Estimate, names: list[str], inference: Inference) -> Iterator[Finding]:
    """Estimates that could be anything: their information vanishes, as that of a loading at zero does."""
    known, variance = (part.numpy() for part in inference.own())
    error = np.sqrt(variance / fit.n) / natural_sizes(fit)
    flat = [name for name, big in zip(names, known & (error > FLAT) & ~inference.held.numpy(), strict=True) if big]
    if flat:
        yield Finding(
            "no information",
            tuple(flat),
            f"the likelihood is flat around {listed(flat)}: the standard error is hundreds of standard deviations. So "
            "it is where only the square of a loading matters and its best value is zero (or would be negative): "
            "read it as zero without a sign, and do not read its interval.",
        )


def _weak(names: list[str], inference: Inference) -> Iterator[Finding]:
    """The parameters along the largest eigenvector of the inverse of the information."""
    smallest = float(inference.smallest)
    from scipy.sparse.linalg import eigsh  # Slow to import, and rarely needed.

    weight = np.abs(eigsh(inference.sandwich.numpy(), k=1, v0=np.ones(len(names)))[1]).ravel()
    heavy = [names[k] for k in np.argsort(-weight) if weight[k] > HEAVY * weight.max()]
    yield Finding(
        "weakly identified",
        tuple(heavy),
        f"the information is nearly singular (smallest eigenvalue {smallest:.1e} in units of its diagonal), most of "
        f"all in {listed(heavy)}: standard errors and intervals are unreliable. Fix one of these, or get more data.",
    )
