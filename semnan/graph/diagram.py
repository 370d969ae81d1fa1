"""A directed acyclic diagram over named variables, some of them latent: what every graph is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import networkx as nx

from semnan.errors import GraphError

Edge = tuple[str, str]


@final
@dataclass(frozen=True)
class Diagram:
    """Visible and latent variables and the directed edges between them, checked once.

    Latents may have parents here; an `AMASEM` is what is left after exogenising them.

    Attributes
    ----------
    visibles, latents : tuple of str
        Names, in the order they were first mentioned.
    edges : tuple of (parent, child)

    Raises
    ------
    GraphError
        For a name that is empty, twice declared or unknown, a repeated edge, a self-loop, or a cycle.

    """

    visibles: tuple[str, ...]
    latents: tuple[str, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        check_names((*self.visibles, *self.latents))
        _check_edges(self.edges, set(self.visibles) | set(self.latents))
        _check_acyclic(self.edges)

    @cached_property
    def digraph(self) -> nx.DiGraph[str]:
        """The diagram as a networkx graph (a private copy: do not change it)."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from((*self.visibles, *self.latents))
        graph.add_edges_from(self.edges)
        return graph

    def topological(self, names: Iterable[str]) -> tuple[str, ...]:
        """`names` with parents before children; where the diagram leaves a choice, in the order given."""
        place = {name: i for i, name in enumerate(names)}
        # What is not asked for comes as early as it can, so that it holds up nothing that is.
        rank = {name: place.get(name, -1) for name in self.digraph}
        order = nx.lexicographical_topological_sort(self.digraph, key=rank.__getitem__)
        return tuple(name for name in order if name in place)


def check_names(names: Iterable[object]) -> None:
    """Raise `GraphError` for a name that text could not hold, or that stands twice."""
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str):
            raise GraphError(f"variable names are strings, got {name!r} ({type(name).__name__}): rename it")
        if not name.strip() or name != name.strip() or '"' in name or not name.isprintable():
            raise GraphError(
                f"{name!r} cannot be a variable name: it is empty, or has a double quote, a control "
                "character, or blanks at its ends"
            )
        if name in seen:
            raise GraphError(f"the variable {name!r} is declared twice: give every variable one name and one role")
        seen.add(name)


def listed(names: Iterable[str]) -> tuple[str, ...]:
    """`names` as a tuple; a single string is one name, not its letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def known(names: Iterable[str] | str, universe: Iterable[str], what: str = "variable") -> tuple[str, ...]:
    """`names` as a tuple (a single string is one name), or `GraphError` naming the one that is not there."""
    wanted, have = listed(names), tuple(universe)
    there = set(have)
    for name in wanted:
        if not isinstance(name, str) or name not in there:
            raise GraphError(f"the graph has no {what} {name!r}; it has {', '.join(have) or 'none'}")
    return wanted


def _check_edges(edges: tuple[Edge, ...], names: set[str]) -> None:
    seen: set[Edge] = set()
    for parent, child in edges:
        for name in (parent, child):
            if name not in names:
                raise GraphError(f"the edge {parent} -> {child} uses {name!r}, which is not a variable of the graph")
        if parent == child:
            raise GraphError(f"{parent!r} has an edge to itself: remove {parent} -> {child}")
        if (parent, child) in seen:
            raise GraphError(f"the edge {parent} -> {child} is given twice: remove one of the two")
        seen.add((parent, child))


def _check_acyclic(edges: tuple[Edge, ...]) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph(edges)
    if nx.is_directed_acyclic_graph(graph):
        return
    cycle = [edge[0] for edge in nx.find_cycle(graph)]
    path = " -> ".join([*cycle, cycle[0]])
    raise GraphError(f"the graph has the cycle {path}: remove one of its edges, or use a lagged copy of a variable")
