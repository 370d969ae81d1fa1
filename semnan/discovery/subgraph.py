"""The maximum acyclic subgraph: edges to keep so that no cycle is left and the most weight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from semnan.metrics import is_acyclic
from semnan.simulate import topological_order

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

#: Share of weights that are not zero below which rows are added sparse.
SPARSE = 0.05


def acyclic_order(weights: Array | csr_array, before: Flags | None = None) -> Indices:
    """An order along which the edges keep much of their weight, shape (d,): Eades, Lin & Smyth 1993.

    Strongly connected components stand one after another, so that only edges of cycles are lost. Within one, again and
    again the variable whose weight out exceeds its weight in the most goes to the head, or the one with the opposite
    to the tail, whichever is more: every step adds one row of a matrix.

    Parameters
    ----------
    weights : ndarray or sparse array, shape (d, d)
        Not negative.
    before : ndarray of bool, shape (d, d), optional
        ``before[a, b]``: a must stand before b (transitive).

    """
    if before is not None and before.any():
        weights = weights.toarray() if isinstance(weights, csr_array) else weights
        much = 1.0 + 2.0 * len(weights) * float(weights.sum())
        weights = np.where(before, much, np.where(before.T, 0.0, weights))
    if not isinstance(weights, csr_array):
        if _all_near(weights != 0):
            return _greedy(weights)
        weights = csr_array(weights)
    count, labels = connected_components(weights, directed=True, connection="strong")
    if count == 1:
        return _greedy(weights)
    follows = np.zeros((count, count), dtype=bool)
    parents, children = weights.nonzero()
    follows[labels[parents], labels[children]] = True
    np.fill_diagonal(follows, val=False)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    parts = [members[c] for c in topological_order(follows)]
    ordered = [part if len(part) == 1 else part[_greedy(weights[part][:, part])] for part in parts]
    return np.concatenate(ordered)


def _all_near(edges: Flags) -> bool:
    """Whether two steps lead from the first variable to all and from all to it: one component, found at little cost."""
    ahead, back = edges[0], edges[:, 0]
    return bool((ahead | edges[ahead].any(axis=0))[1:].all() and (back | edges[:, back].any(axis=1))[1:].all())


def _greedy(weights: Array | csr_array) -> Indices:
    d = weights.shape[0]
    if isinstance(weights, csr_array) and weights.nnz > SPARSE * d * d:
        weights = weights.toarray()
    surplus = csr_array(weights - weights.T) if isinstance(weights, csr_array) else weights - weights.T
    total = np.asarray(surplus @ np.ones(d))
    both = np.concatenate([total, -total])
    high, low = both[:d], both[d:]  # Surplus and its opposite of those not placed; -inf of the others.
    add = _row_adder(surplus, high, low)
    order, head, tail = np.zeros(d, dtype=np.int64), 0, d
    for _ in range(d):
        i = int(both.argmax())
        if i < d:
            order[head], head = i, head + 1
        else:
            i, tail = i - d, tail - 1
            order[tail] = i
        add(i)
        high[i] = low[i] = -np.inf
    return order


def _row_adder(surplus: Array | csr_array, high: Array, low: Array) -> Callable[[int], None]:
    """A function that adds a row of the surplus to `high` and subtracts it from `low`, in place."""
    if not isinstance(surplus, csr_array):

        def add(i: int) -> None:
            row = surplus[i]
            np.add(high, row, out=high)
            np.subtract(low, row, out=low)

        return add
    starts, columns, values = surplus.indptr.tolist(), surplus.indices, surplus.data

    def add_sparse(i: int) -> None:
        span = slice(starts[i], starts[i + 1])
        high[columns[span]] += values[span]
        low[columns[span]] -= values[span]

    return add_sparse


def strongest_acyclic(weights: Array, threshold: float, required: Flags) -> tuple[Array, float]:
    """Drop edges below a threshold, raised as far as it takes to leave no cycle; required edges stay.

    Returns
    -------
    weights : ndarray, shape (d, d)
    threshold : float
        The one used.

    """
    sizes = np.where(required, np.inf, np.abs(weights))

    def kept(limit: float) -> Flags:
        return np.asarray((sizes >= limit) & (sizes > 0))

    if is_acyclic(kept(threshold)):
        return np.where(kept(threshold), weights, 0.0), threshold
    limits = np.unique(sizes[(sizes >= threshold) & np.isfinite(sizes)])
    low, high = 0, len(limits)  # With limits[low − 1] there are cycles; above all limits only required edges are left.
    while low < high:
        middle = (low + high) // 2
        if is_acyclic(sizes > limits[middle]):
            high = middle
        else:
            low = middle + 1
    limit = float(np.nextafter(limits[low], np.inf))
    return np.where(kept(limit), weights, 0.0), limit
