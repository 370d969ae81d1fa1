"""Graphs to and from edge lists, structure matrices, networkx and mixed graphs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from semnan.errors import GraphError
from semnan.graph.diagram import Diagram, Edge, known


def as_edges(edges: Iterable[Edge]) -> list[Edge]:
    """`edges` as a list of pairs, or `GraphError` naming the row that is none."""
    pairs: list[Edge] = []
    for row, edge in enumerate(edges):
        if isinstance(edge, str) or not isinstance(edge, Sequence) or len(edge) != 2:
            raise GraphError(f"row {row} of the edge list is {edge!r}: give (parent, child) pairs of names")
        for name in edge:
            if not isinstance(name, str):
                raise GraphError(
                    f"row {row} of the edge list is {edge!r}: names are strings, not {type(name).__name__}"
                )
        pairs.append((edge[0], edge[1]))
    return pairs


def check_roles(visibles: Iterable[str], latents: Collection[str]) -> None:
    """Raise `GraphError` for a name that is declared in both roles."""
    for name in visibles:
        if name in latents:
            raise GraphError(f"{name!r} is declared both visible and latent: choose one")


def arc_latents(arcs: Iterable[Edge], taken: Iterable[str]) -> dict[str, Edge]:
    """A new latent for every bidirected edge: its name and its two children."""
    used, latents, seen = set(taken), {}, set()
    for a, b in arcs:
        if a == b:
            raise GraphError(f"{a!r} has a bidirected edge to itself: remove it")
        if frozenset((a, b)) in seen:
            raise GraphError(f"the bidirected edge {a} <-> {b} is given twice: remove one of the two")
        seen.add(frozenset((a, b)))
        name = f"u_{a}_{b}"
        while name in used:
            name += "_"
        used.add(name)
        latents[name] = (a, b)
    return latents


def read_structure(
    matrix: ArrayLike, visibles: Sequence[str] | None, latents: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[Edge]]:
    """Names and edges of a structure matrix (latent rows on top, then visible rows)."""
    try:
        array = np.asarray(matrix)
    except ValueError as error:
        raise GraphError("the rows of the structure matrix differ in length: give p numbers in each") from error
    if array.ndim != 2 or array.shape[1] == 0 or array.shape[0] <= array.shape[1]:
        raise GraphError(
            f"a structure matrix has m latent rows above p visible rows and p columns, got shape {array.shape}"
        )
    p, m = array.shape[1], array.shape[0] - array.shape[1]
    shown = _names(visibles, p, "V", "visibles")
    rows = (*_names(latents, m, "L", "latents"), *shown)
    for i, j in np.argwhere((array != 0) & (array != 1)):
        raise GraphError(
            f"the structure matrix holds {array[i, j].item()!r} in row {i} ({rows[i]}), column {j}: "
            "only 0 and 1 are allowed"
        )
    for i, j in np.argwhere(array):
        if i - m >= j:
            raise GraphError(
                f"the edge {rows[i]} -> {shown[j]} is on or below the diagonal of the visible block: "
                "order the visibles so that parents come first"
            )
    edges = frozenset((rows[i], shown[j]) for i, j in np.argwhere(array))
    return shown, rows[:m], edges


def _names(names: Sequence[str] | None, count: int, letter: str, what: str) -> tuple[str, ...]:
    if names is None:
        return tuple(f"{letter}{i}" for i in range(count))
    if isinstance(names, str):
        raise GraphError(f"give the names of the {what} as a list, not as the single string {names!r}")
    if len(names) != count:
        raise GraphError(f"the structure matrix has {count} {what}, but {len(names)} names were given for them")
    return tuple(names)


def read_networkx(graph: nx.DiGraph[str], latents: Iterable[str] | None) -> tuple[Diagram, dict[str, list[str]]]:
    """The diagram of a networkx graph, and the nodes its attributes call noiseless or intervened.

    A graph whose attributes come from `write_networkx` lists its private latents itself, so its visibles are
    all noiseless in the sense of "no private latent is implied".
    """
    if not isinstance(graph, nx.DiGraph) or graph.is_multigraph():
        raise GraphError(f"expected a networkx DiGraph, got {type(graph).__name__}")
    flags: dict[str, dict[str, Any]] = {name: graph.nodes[name] for name in graph}
    hidden = (
        [name for name in flags if flags[name].get("latent")]
        if latents is None
        else list(known(latents, flags, "node"))
    )
    shown = [name for name in flags if name not in set(hidden)]
    marks = {
        "noiseless": [v for v in shown if flags[v].get("noiseless")],
        "do": [v for v in shown if flags[v].get("intervened")],
    }
    return Diagram(tuple(shown), tuple(hidden), tuple(graph.edges())), marks


def write_networkx(
    visibles: tuple[str, ...], latents: tuple[str, ...], edges: Iterable[Edge], intervened: frozenset[str]
) -> nx.DiGraph[str]:
    """An AMASEM as a networkx graph whose node attributes let `read_networkx` make an equal one."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(latents, latent=True)
    for v in visibles:
        graph.add_node(v, latent=False, noiseless=v not in intervened, intervened=v in intervened)
    graph.add_edges_from(edges)
    return graph


def random_diagram(visibles: int, parents: int, confounders: int, children: int, rng: np.random.Generator) -> Diagram:
    """A random DAG over ``V0, V1, …`` in that order, with random confounders ``U0, U1, …``."""
    if visibles < 1 or parents < 0 or confounders < 0:
        raise GraphError(
            f"a random graph of {visibles} visibles, {parents} parents and {confounders} confounders does not exist: "
            "take at least 1 visible, and no negative number"
        )
    if confounders and not 2 <= children <= visibles:
        raise GraphError(
            f"cannot give a confounder {children} of {visibles} visibles as children: take at least 2, "
            "and no more than there are"
        )
    names = tuple(f"V{i}" for i in range(visibles))
    latents = tuple(f"U{i}" for i in range(confounders))
    edges = [(names[a], v) for i, v in enumerate(names) for a in sorted(rng.permutation(i)[:parents])]
    edges += [(u, names[c]) for u in latents for c in sorted(rng.permutation(visibles)[:children])]
    return Diagram(names, latents, tuple(edges))
