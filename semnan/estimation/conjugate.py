"""Conjugate gradients for many systems at once, with a diagonal preconditioner."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from semnan.network.arrays import Array


def conjugate_gradients(
    product: Callable[[Array], Array], target: Array, diagonal: Array, *, tolerance: float = 1e-2, steps: int = 500
) -> Array:
    """Solve A x = target for every system of a batch, shape (B, q), A given by its product.

    Stops when each residual has fallen to `tolerance` of the target in the norm of the preconditioner, which is
    enough for a scoring step (an inexact Newton method; Nocedal & Wright 2006, §7.1).
    """
    solution, residual = np.zeros_like(target), target.copy()
    conditioned = residual / diagonal
    direction = conditioned.copy()
    size = (residual * conditioned).sum(-1)
    goal = tolerance**2 * size
    for _ in range(steps):
        if (size <= goal).all():
            break
        image = product(direction)
        curve = (direction * image).sum(-1)
        length = np.where(size > goal, size / np.where(curve > 0, curve, 1.0), 0.0)
        solution = solution + length[:, None] * direction
        residual = residual - length[:, None] * image
        conditioned = residual / diagonal
        fresh = (residual * conditioned).sum(-1)
        direction = conditioned + (fresh / np.where(size > 0, size, 1.0))[:, None] * direction
        size = fresh
    return solution
