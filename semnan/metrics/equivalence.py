"""CPDAGs: what all DAGs with the same conditional independences share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from semnan.metrics.matrices import Flags, checked_dag, off_diagonal


def cpdag(dag: ArrayLike, known: ArrayLike | None = None) -> Flags:
    """The CPDAG of a DAG: the directions that all DAGs with its conditional independences share.

    Parameters
    ----------
    dag : array_like, shape (d, d)
    known : array_like, shape (d, d), optional
        Edges of the DAG whose direction is background knowledge; what follows from them is directed too.

    Returns
    -------
    ndarray of bool, shape (d, d)
        An edge without direction is True in both entries. By v-structures and the rules of Meek (UAI 1995).

    """
    edges = checked_dag(dag)
    adjacent = edges | edges.T
    directed = _v_structures(edges, adjacent)
    if known is not None:
        directed |= edges & (np.asarray(known) != 0)
    while True:
        open_ = adjacent & ~(directed | directed.T)
        found = open_ & edges & _meek(directed, adjacent, open_)
        if not found.any():
            return np.asarray(directed | open_)
        directed |= found


def _v_structures(edges: Flags, adjacent: Flags) -> Flags:
    """Edges a -> c for which some b -> c has b not adjacent to a."""
    apart = ~adjacent & off_diagonal(len(edges))
    return np.asarray(edges & _product(apart, edges))


def _meek(directed: Flags, adjacent: Flags, open_: Flags) -> Flags:
    """Pairs (b, c) that one of Meek's four rules directs as b -> c, given the directions found so far."""
    found = _product(directed.T, ~adjacent) | _product(directed, directed)
    rest = np.argwhere(open_ & ~found & ~found.T)
    for b, c in rest.tolist():
        found[b, c] = _third(directed, adjacent, open_, b, c) or _fourth(directed, adjacent, open_, b, c)
    return np.asarray(found)


def _third(directed: Flags, adjacent: Flags, open_: Flags, b: int, c: int) -> bool:
    """Whether b - k -> c and b - l -> c with k and l not adjacent."""
    between = np.flatnonzero(open_[b] & directed[:, c])
    if len(between) < 2:
        return False
    apart = ~adjacent[np.ix_(between, between)]
    return int(apart.sum()) > len(between)


def _fourth(directed: Flags, adjacent: Flags, open_: Flags, b: int, c: int) -> bool:
    """Whether b - k -> l -> c with b adjacent to l, and k and c not adjacent."""
    last = adjacent[b] & directed[:, c]
    first = open_[b] & ~adjacent[:, c]
    first[c] = False
    return bool(directed[np.ix_(first, last)].any())


def _product(left: Flags, right: Flags) -> Flags:
    """Whether two relations meet: single precision counts exactly up to 2²⁴."""
    return np.asarray(left.astype(np.float32) @ right.astype(np.float32) > 0)
