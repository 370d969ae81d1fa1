"""Background knowledge: edges that must or must not be there, and tiers of variables in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data.checks import check_names, places
from semnan.errors import GraphError
from semnan.graph import Edge

Flags = NDArray[np.bool_]


@final
@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known before the data, as matrices [parent, child].

    Attributes
    ----------
    allowed, required : ndarray of bool, shape (d, d)
        Edges that may be in the graph, and edges that must.
    before : ndarray of bool, shape (d, d)
        ``before[a, b]``: a stands before b in every order that is allowed.

    """

    allowed: Flags
    required: Flags
    before: Flags

    @property
    def none(self) -> bool:
        """Whether nothing is known."""
        return not self.required.any() and bool((self.allowed | np.eye(len(self.allowed), dtype=bool)).all())

    def directs(self, dag: Flags) -> Flags:
        """The edges of a DAG whose direction is knowledge: required, or not allowed the other way round."""
        return np.asarray(dag & (self.required | ~self.allowed.T))


def read_knowledge(
    names: Sequence[str],
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Sequence[str]] = (),
) -> Knowledge:
    """Matrices of the knowledge about the variables `names`.

    Raises
    ------
    GraphError
        For knowledge that contradicts itself, naming the edge or the variable.
    DataError
        For a variable that the data do not have.

    """
    d = len(names)
    must, not_ = _edges(names, required, "required"), _edges(names, forbidden, "forbidden")
    level = _levels(names, tiers)
    earlier = (level[:, None] >= 0) & (level[None, :] > level[:, None])
    for text, clash in (("is both required and forbidden", not_), ("is required, but its tiers forbid it", earlier.T)):
        for a, b in np.argwhere(must & clash).tolist():
            raise GraphError(f"the edge {names[a]} -> {names[b]} {text}: remove one of the two")
    before = _closed(must | earlier)
    for a in np.flatnonzero(np.diagonal(before)).tolist():
        raise GraphError(f"required edges and tiers make a cycle through {names[a]!r}: remove one of the edges")
    allowed = ~not_ & ~before.T & ~np.eye(d, dtype=bool)
    return Knowledge(allowed, must, before)


def _edges(names: Sequence[str], edges: Iterable[Edge], what: str) -> Flags:
    matrix = np.zeros((len(names), len(names)), dtype=bool)
    for edge in edges:
        if isinstance(edge, str) or len(tuple(edge)) != 2:
            raise GraphError(f"{what} edges are pairs (parent, child), got {edge!r}")
        a, b = places(names, tuple(edge))
        if a == b:
            raise GraphError(f"the {what} edge {names[a]} -> {names[b]} joins a variable with itself: remove it")
        matrix[a, b] = True
    return matrix


def _levels(names: Sequence[str], tiers: Iterable[Sequence[str]]) -> NDArray[np.int64]:
    """The tier of every variable, −1 where it is in none."""
    level = np.full(len(names), -1)
    seen: list[str] = []
    for i, tier in enumerate(tiers):
        if isinstance(tier, str):
            raise GraphError(f"a tier is a list of names, not the single string {tier!r}: write [{tier!r}]")
        seen += tier
        level[places(names, tier)] = i
    check_names(seen)
    return level


def _closed(relation: Flags) -> Flags:
    """The transitive closure."""
    if not relation.any():
        return relation
    closed = relation
    while True:
        paths = closed.astype(np.float32)
        wider = closed | (paths @ paths > 0)
        if (wider == closed).all():
            return np.asarray(closed)
        closed = wider
