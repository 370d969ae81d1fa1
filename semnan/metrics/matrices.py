"""Graphs as matrices: entry [parent, child]; what is not zero is an edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.errors import GraphError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def is_acyclic(matrix: ArrayLike) -> bool:
    """Whether the edges (entries that are not zero) have no cycle."""
    edges = np.asarray(matrix) != 0
    left = np.ones(len(edges), dtype=bool)
    waiting = edges.sum(axis=0)
    while True:
        sources = left & (waiting == 0)
        if not sources.any():
            return not left.any()
        left &= ~sources
        waiting = waiting - edges[sources].sum(axis=0)


def checked_dag(matrix: ArrayLike) -> Flags:
    """The edges of a DAG; `GraphError` if the matrix is none."""
    edges = np.asarray(matrix) != 0
    if edges.ndim != 2 or edges.shape[0] != edges.shape[1]:
        raise GraphError(f"a graph is a square matrix, got shape {edges.shape}")
    if not is_acyclic(edges):
        raise GraphError("the graph has a cycle: raise the threshold, or remove an edge")
    return np.asarray(edges)


def checked_pair(truth: ArrayLike, estimate: ArrayLike) -> tuple[Flags, Flags]:
    """The edges of two graphs; `GraphError` if they cannot be compared."""
    true, found = np.asarray(truth) != 0, np.asarray(estimate) != 0
    if true.ndim != 2 or true.shape[0] != true.shape[1] or true.shape != found.shape:
        raise GraphError(f"graphs to compare are square and of one size, got shapes {true.shape} and {found.shape}")
    return true, found


def off_diagonal(d: int) -> Flags:
    """All ordered pairs of two different variables, shape (d, d)."""
    return ~np.eye(d, dtype=bool)
