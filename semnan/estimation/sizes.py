"""The natural unit of every free parameter, in standard deviations of the variables that it is about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semnan.estimation.estimate import Estimate
from semnan.model import Kind

Array = NDArray[np.float64]


def deviations(fit: Estimate) -> dict[str | None, dict[str, float]]:
    """Implied standard deviations of all variables by group; those of a negative variance by its size."""
    found = {}
    for label, implied in zip(fit.labels, fit.implied, strict=True):
        spread = np.sqrt(np.abs(np.diagonal(implied.covariance.numpy())))
        found[label] = dict(zip(implied.names, spread.tolist(), strict=True))
    return found


def natural_sizes(fit: Estimate) -> Array:
    """One unit of each free parameter when all variables have variance one, shape (q,); of a tied one its first row's.

    For a path, standard deviations of the target by one of the source. Infinite where a variance is zero.
    """
    spread = deviations(fit)
    sizes = []
    for free in fit.model.free:
        row = fit.model.parameters[free.rows[0]]
        source, target = spread[row.group][row.source], spread[row.group][row.target]
        if row.kind is Kind.COVARIANCE:
            size = source * target
        elif row.kind is Kind.PATH:
            size = target / source if source > 0 else 0.0
        else:
            size = target
        sizes.append(size if size > 0 else np.inf)
    return np.array(sizes)
