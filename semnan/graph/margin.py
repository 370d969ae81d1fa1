"""Margins of a diagram: eliminating a visible, and exogenising a latent that has parents.

Source: Saremi, JMLR 27(17), 2026, on marginalisation without coalescence. For every weight of the diagram
there are weights of the margin with the same covariance over what is left (the stability theorem). The
converse can fail, and then the margin is a relaxation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

import networkx as nx

from semnan.errors import GraphError
from semnan.graph.diagram import Diagram, Edge


@final
@dataclass(frozen=True)
class Freed:
    """A rank-one pattern of weights that a margin no longer enforces.

    `W[parents, via] W[via, children]` has rank one in the original; in the margin its entries are free.
    """

    via: str
    parents: tuple[str, ...]
    children: tuple[str, ...]

    def __str__(self) -> str:
        return f"the paths {', '.join(self.parents)} -> {self.via} -> {', '.join(self.children)}"


@final
@dataclass(frozen=True)
class Elimination:
    """What is left of a diagram, its weights if there were any, and the patterns that were freed."""

    diagram: Diagram
    weights: dict[Edge, float] | None
    freed: tuple[Freed, ...]


def eliminate(diagram: Diagram, names: Iterable[str], weights: Mapping[Edge, float] | None = None) -> Elimination:
    """Marginalise visibles out: every parent of a removed variable becomes a parent of its children.

    Latents are kept apart even where one's children are a subset of another's (no coalescence); a latent
    that is left without children is dropped.
    """
    work = _Work(diagram, weights)
    for name in names:
        work.bypass(name, keeps_noise=False)
    return work.finish(drop=set(names))


def exogenise(diagram: Diagram, weights: Mapping[Edge, float] | None = None) -> Elimination:
    """Give the parents of every latent to its children, so that its noise alone is left of it."""
    work = _Work(diagram, weights)
    for latent in diagram.topological(diagram.latents):
        work.bypass(latent, keeps_noise=True)
    return work.finish(drop=set())


@final
class _Work:
    """The state of an elimination in progress."""

    def __init__(self, diagram: Diagram, weights: Mapping[Edge, float] | None) -> None:
        self.diagram = diagram
        self.edges: dict[Edge, float] = dict.fromkeys(diagram.edges, 0.0)
        self.weighted = weights is not None
        if weights is not None:
            self.edges.update(checked_weights(diagram.edges, weights))
        self.freed: list[Freed] = []

    def bypass(self, name: str, *, keeps_noise: bool) -> None:
        """Connect the parents of `name` to its children and cut the edges into it."""
        parents = [a for a, b in self.edges if b == name]
        children = [b for a, b in self.edges if a == name]
        if not parents:
            return
        fresh = [(a, c) for a in parents for c in children if (a, c) not in self.edges]
        # The noise of a latent that stays has its own row in the pattern: it uses the same W[name, children].
        pattern = fresh + ([(name, c) for c in children] if keeps_noise else [])
        if not _is_forest(pattern):
            self.freed.append(Freed(name, tuple(parents), tuple(children)))
        for a in parents:
            for c in children:
                product = self.edges[a, name] * self.edges[name, c]
                self.edges[a, c] = self.edges.get((a, c), 0.0) + product
            del self.edges[a, name]

    def finish(self, drop: set[str]) -> Elimination:
        edges = {edge: w for edge, w in self.edges.items() if not drop.intersection(edge)}
        visibles = tuple(v for v in self.diagram.visibles if v not in drop)
        sources = {a for a, _ in edges}
        latents = tuple(u for u in self.diagram.latents if u in sources)
        diagram = Diagram(visibles, latents, tuple(edges))
        return Elimination(diagram, edges if self.weighted else None, tuple(self.freed))


def checked_weights(edges: Iterable[Edge], weights: Mapping[Edge, float]) -> dict[Edge, float]:
    """`weights` as a plain dictionary, with exactly one number an edge."""
    wanted = dict.fromkeys(edges)
    for edge in weights:
        if edge not in wanted:
            shown = " -> ".join(map(str, edge)) if isinstance(edge, tuple) else repr(edge)
            raise GraphError(f"there is a weight for {shown}, which is not an edge of the graph")
    for parent, child in wanted:
        if (parent, child) not in weights:
            raise GraphError(f"the edge {parent} -> {child} has no weight: give one number for every edge")
    return {edge: _finite(edge, weights[edge]) for edge in wanted}


def _finite(edge: Edge, weight: float) -> float:
    try:
        value = float(weight)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise GraphError(f"the weight of {edge[0]} -> {edge[1]} is {weight!r}: give a finite number")
    return value


def _is_forest(pairs: list[Edge]) -> bool:
    """Whether any values on `pairs` are a product of a row factor and a column factor (generically).

    That is so exactly when the bipartite graph of the pairs has no cycle: scale the factors outwards
    from one variable of each tree.
    """
    graph: nx.Graph[tuple[str, str]] = nx.Graph((("row", a), ("column", c)) for a, c in pairs)
    return not pairs or nx.is_forest(graph)
