"""The best split of an amount under bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.optimize import LinearConstraint, minimize

from semnan.network.arrays import Array

#: Steps of a search, and the relative change at which it ends.
STEPS, TOLERANCE = 200, 1e-10
#: Halvings after which a projection is exact to rounding.
HALVINGS = 200


def allocate(value: Callable[[Array], float], lower: Array, upper: Array, start: Array) -> Array:
    """The highest value over lower ≤ x ≤ upper with the sum of x that the start has, shape (C,).

    Sequential quadratic programming (Kraft 1988) from the start and from splits that favour each entry, since responses
    that bend both ways have several hills. What is found is never worse than the start.
    """
    total, begins = float(start.sum()), list(_starts(lower, upper, start))
    highest, *others = (value(begin) for begin in begins)
    best, level, apart = start, highest, max((abs(other - highest) for other in others), default=0.0)
    if not apart:
        return start

    def loss(shares: Array) -> float:
        return (level - value(shares * total)) / apart

    for begin in begins:
        found = project(_climbed(loss, begin / total, lower / total, upper / total) * total, lower, upper, total)
        if (reached := value(found)) > highest:
            best, highest = found, reached
    return best


def _climbed(loss: Callable[[Array], float], begin: Array, lower: Array, upper: Array) -> Array:
    """Shares of the least loss near some to begin with."""
    end = minimize(
        loss,
        begin,
        method="SLSQP",
        bounds=list(zip(lower, upper, strict=True)),
        constraints=LinearConstraint(np.ones(len(begin)), 1.0, 1.0),
        options={"maxiter": STEPS, "ftol": TOLERANCE},
    )
    return np.asarray(end.x)


def _starts(lower: Array, upper: Array, start: Array) -> Iterator[Array]:
    total = float(start.sum())
    yield start
    for k in range(len(start)):
        most = lower.copy()
        most[k] = upper[k]
        yield project(most, lower, upper, total)


def project(x: Array, lower: Array, upper: Array, total: float) -> Array:
    """The nearest point with this sum between the bounds, which leave room for it."""
    low, high = float((lower - x).min()), float((upper - x).max())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(x + middle, lower, upper).sum() < total else (low, middle)
    found = np.clip(x + high, lower, upper)
    # What rounding left goes to the entry with the most room for it.
    rest = total - found.sum()
    at = int(np.argmax(upper - found if rest > 0 else found - lower))
    found[at] = np.clip(found[at] + rest, lower[at], upper[at])
    return found
