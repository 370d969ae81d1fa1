"""How the slopes of least squares spread: Jᵀ W Γ W J, the middle of the sandwich around standard errors."""

from __future__ import annotations

import numpy as np

from semnan.estimation.problem import Part, Point, Problem
from semnan.estimation.weighted import WeightedMoments
from semnan.network.arrays import Array


def moment_spread(problem: Problem, point: Point, *, robust: bool = True) -> Array:
    """Jᵀ W Γ W J of all groups, shape (1, q, q); if not robust, as if Γ were W⁻¹."""
    size = point.full.shape[-1]
    found = np.zeros((1, size, size))
    for part, at in zip(problem.parts, point.implied, strict=True):
        loss = weighted(part)
        slopes = loss.jacobian(part.layout, at)
        if robust:
            scores = loss.scores(slopes)
            found[0] += part.share[0] * (scores.T @ scores) / len(scores)
        else:
            found += part.share[0] * loss.gauss_newton(slopes, varying=True)
    return found


def weighted(part: Part) -> WeightedMoments:
    """The loss of a group of least squares."""
    assert isinstance(part.loss, WeightedMoments)
    return part.loss
