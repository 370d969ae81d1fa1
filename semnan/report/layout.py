"""Where the variables of a model stand in its drawing.

A causal graph flows from left to right by layer, with its confounders above. A measurement model, whose visibles
only reflect latents, has a row of latents with the indicators of each below it and what causes them above.
"""

from __future__ import annotations

import networkx as nx

from semnan.model import PathModel

Place = tuple[float, float]
#: Room between neighbours: columns and rows of a causal graph, indicators and rows of a measurement model.
ACROSS, DOWN, BESIDE, BELOW = 1.9, 1.3, 1.0, 2.2


def places(model: PathModel) -> dict[str, Place]:
    """A place for every variable, in units of about an inch."""
    visibles, graph = set(model.visibles), model.diagram.digraph
    flows = any(a in visibles and b in visibles for a, b in model.diagram.edges)
    exogenous = all(not graph.in_degree(u) for u in model.latents)
    return _flow(model) if exogenous and (flows or not model.latents) else _measurement(model)


def _flow(model: PathModel) -> dict[str, Place]:
    graph = model.diagram.digraph
    depth: dict[str, int] = {}
    for v in nx.topological_sort(graph.subgraph(model.visibles)):
        depth[v] = 1 + max((depth[a] for a in graph.predecessors(v) if a in depth), default=-1)
    found: dict[str, Place] = {}
    for d in range(1 + max(depth.values())):
        column = [v for v in model.visibles if depth[v] == d]
        for i, v in enumerate(column):
            # Neighbouring columns are shifted a little, so that an edge does not run through a variable between.
            found[v] = (ACROSS * d, DOWN * ((len(column) - 1) / 2 - i) - 0.3 * (d % 2))
    return found | _above(graph, model.latents, found, BESIDE)


def _measurement(model: PathModel) -> dict[str, Place]:
    graph = model.diagram.digraph
    found: dict[str, Place] = {}
    at = 0.0
    owners = [u for u in model.diagram.topological(model.latents) if _indicators(model, u)]
    for i, owner in enumerate(owners):
        mine = [v for v in _indicators(model, owner) if _owner(graph, v, owners) == owner]
        for k, v in enumerate(mine):
            found[v] = (at + BESIDE * k, -BELOW)
        # Latents take turns in height, so that a path may pass over the one between.
        found[owner] = (at + BESIDE * max(len(mine) - 1, 0) / 2, 0.9 * (i % 2))
        at += BESIDE * max(len(mine), 1) + 0.6
    others = tuple(v for v in (*model.latents, *model.visibles) if v not in found)
    return found | _above(graph, others, found, 1.3)


def _indicators(model: PathModel, latent: str) -> list[str]:
    graph = model.diagram.digraph
    return [v for v in graph.successors(latent) if v in model.visibles]


def _owner(graph: nx.DiGraph[str], indicator: str, owners: list[str]) -> str:
    return next(u for u in owners if graph.has_edge(u, indicator))


def _above(graph: nx.DiGraph[str], names: tuple[str, ...], found: dict[str, Place], gap: float) -> dict[str, Place]:
    """Variables in a row over what they lead to, kept apart."""
    top = max((y for _, y in found.values()), default=0.0)
    center = {u: _middle([found[v][0] for v in nx.descendants(graph, u) if v in found]) for u in names}
    row: dict[str, Place] = {}
    for i, u in enumerate(sorted(names, key=center.__getitem__)):
        free = max((x + gap for x, _ in row.values()), default=center[u])
        row[u] = (max(center[u], free), top + 1.3 + 0.4 * (i % 2))
    return row


def _middle(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
