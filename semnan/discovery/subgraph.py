"""The maximum acyclic subgraph: edges to keep so that no cycle is left and the most weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from semnan.metrics import is_acyclic
from semnan.simulate import topological_order

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


def acyclic_order(weights: Array, before: Flags | None = None) -> Indices:
    """An order along which the edges keep much of their weight, shape (d,): Eades, Lin & Smyth 1993.

    Strongly connected components stand one after another, so that only edges of cycles are lost. Within one, again and
    again the variable whose weight out exceeds its weight in the most goes to the head, or the one with the opposite
    to the tail, whichever is more: every step adds one row of a matrix.

    Parameters
    ----------
    weights : ndarray, shape (d, d)
        Not negative.
    before : ndarray of bool, shape (d, d), optional
        ``before[a, b]``: a must stand before b (transitive).

    """
    if before is not None and before.any():
        much = 1.0 + 2.0 * len(weights) * float(weights.sum())
        weights = np.where(before, much, np.where(before.T, 0.0, weights))
    edges = weights != 0
    count, labels = connected_components(csr_array(edges), directed=True, connection="strong")
    if count == 1:
        return _greedy(weights)
    follows = np.zeros((count, count), dtype=bool)
    parents, children = np.nonzero(edges)
    follows[labels[parents], labels[children]] = True
    np.fill_diagonal(follows, val=False)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    parts = [members[c] for c in topological_order(follows)]
    ordered = [part if len(part) == 1 else part[_greedy(weights[np.ix_(part, part)])] for part in parts]
    return np.concatenate(ordered)


def _greedy(weights: Array) -> Indices:
    d = len(weights)
    surplus = weights - weights.T
    out = surplus.sum(axis=1)
    high, low = out.copy(), out.copy()
    order, head, tail = np.zeros(d, dtype=np.int64), 0, d
    for _ in range(d):
        i, j = int(high.argmax()), int(low.argmin())
        if high[i] >= -low[j]:
            order[head], head = i, head + 1
        else:
            i, tail = j, tail - 1
            order[tail] = i
        row = surplus[i]
        high += row
        low += row
        high[i], low[i] = -np.inf, np.inf
    return order


def acyclic_mask(weights: Array, before: Flags | None = None) -> Flags:
    """The edges that follow `acyclic_order`, shape (d, d): ``mask * W`` is acyclic and near W if weights are W∘W."""
    place = np.argsort(acyclic_order(weights, before))
    return np.asarray(place[:, None] < place[None, :])


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
