"""Where the variables of a model stand in its drawing.

A causal graph flows from left to right by layer, with its confounders above. A model with measured latents has these in
a row, in causal order, with the indicators of each below it, and above it what causes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import networkx as nx

from semnan.model import PathModel

Place = tuple[float, float]
Places = dict[str, Place]
#: Room between neighbours: columns and rows of a causal graph, indicators and rows of a measurement model.
ACROSS, DOWN, BESIDE, BELOW = 1.9, 1.3, 1.0, 2.2
#: Width of a letter in a box, in inches.
LETTER = 0.095


def places(model: PathModel) -> Places:
    """A place for every variable, in units of about an inch."""
    longest = max(map(len, (*model.visibles, *model.latents)))
    wide = max(0.0, LETTER * longest - 0.6)
    graph = model.diagram.digraph
    if not any(graph.in_degree(u) for u in model.latents) and (not model.latents or _linked(model)):
        return _flow(model, wide)
    return _Measurement(model, wide).places()


def indicators(model: PathModel) -> dict[str, list[str]]:
    """The visibles that each latent measures itself by; all its visible children where no loading is marked."""
    marked = {(row.source, row.target) for row in model.parameters if row.loading}
    graph, visible = model.diagram.digraph, set(model.visibles)
    found = {
        u: [v for v in graph.successors(u) if v in visible and (not marked or (u, v) in marked)] for u in model.latents
    }
    return {u: mine for u, mine in found.items() if mine}


def _linked(model: PathModel) -> bool:
    """Whether indicators cause each other, so that the latents confound rather than are measured."""
    marked = any(row.loading for row in model.parameters)
    inside = {v for mine in indicators(model).values() for v in mine} if marked else set(model.visibles)
    return any(a in inside and b in inside for a, b in model.diagram.edges)


def _flow(model: PathModel, wide: float) -> Places:
    graph = model.diagram.digraph
    depth: dict[str, int] = {}
    for v in nx.topological_sort(graph.subgraph(model.visibles)):
        depth[v] = 1 + max((depth[a] for a in graph.predecessors(v) if a in depth), default=-1)
    found: Places = {}
    for d in range(1 + max(depth.values())):
        column = [v for v in model.visibles if depth[v] == d]
        for i, v in enumerate(column):
            # Neighbouring columns are shifted a little, so that an edge does not run through a variable between.
            found[v] = ((ACROSS + wide) * d, DOWN * ((len(column) - 1) / 2 - i) - 0.3 * (d % 2))
    return found | _row(graph, model.latents, found, BESIDE + wide, _top(found) + 1.3)


class _Measurement:
    """The places of a model with measured latents."""

    def __init__(self, model: PathModel, wide: float) -> None:
        self.model, self.graph, self.beside = model, model.diagram.digraph, BESIDE + wide
        self.loads = indicators(model)
        self.inside = {v for mine in self.loads.values() for v in mine}
        self.owned = self._owned()

    def places(self) -> Places:
        found: Places = {}
        at = 0.0
        stepped = any(a in self.owned and b in self.owned for a, b in self.model.diagram.edges)
        for i, (owner, mine) in enumerate(self.owned.items()):
            width = self.beside * max(len(mine) - 1, 0)
            found |= {v: (at + self.beside * k, -BELOW) for k, v in enumerate(mine)}
            tops = [owner, *self._sharing(owner, equal=True)]
            # Latents with paths among them take turns in height, so that a path may pass over the one between.
            height = 0.9 * (i % 2) * stepped
            found |= {u: (at + width * (2 * k + 1) / (2 * len(tops)), height) for k, u in enumerate(tops)}
            at += width + self.beside + 0.6
        found |= self._under(found)
        others = [v for v in (*self.model.latents, *self.model.visibles) if v not in found]
        return found | _row(self.graph, others, found, self.beside + 0.3, _top(found) + 1.3)

    def _owned(self) -> dict[str, list[str]]:
        """Latents with the indicators that no latent before has, and outcomes, which have none."""
        found: dict[str, list[str]] = {}
        taken: set[str] = set()
        for u in self.model.diagram.topological((*self.model.latents, *self.model.visibles)):
            mine = [v for v in self.loads.get(u, ()) if v not in taken]
            outcome = u in self.model.visibles and u not in self.inside and self.graph.in_degree(u)
            if mine or outcome:
                found[u] = mine
                taken |= {*mine}
        return found

    def _sharing(self, owner: str, *, equal: bool) -> list[str]:
        """Latents without indicators of their own whose indicators are all, or some, of those of `owner`."""
        whole = {*self.loads.get(owner, ())}
        others = (u for u in self.loads if u not in self.owned)
        return [u for u in others if ({*self.loads[u]} == whole if equal else {*self.loads[u]} < whole)]

    def _under(self, found: Places) -> Places:
        """Below the indicators: latents of some indicators of another one, and what causes nothing but indicators."""
        partial = [u for owner in self.owned for u in self._sharing(owner, equal=False)]
        roots = [v for v in self.model.visibles if v not in found and not self.graph.in_degree(v)]
        causes = [v for v in roots if self.graph.out_degree(v) and {*self.graph.successors(v)} <= self.inside]
        names = [u for u in dict.fromkeys((*partial, *causes)) if u not in found]
        return _row(self.graph, names, found, self.beside + 0.3, -2 * BELOW, step=0.0)


def _row(
    graph: nx.DiGraph[str], names: Sequence[str], found: Places, gap: float, height: float, step: float = 0.4
) -> Places:
    """Variables in a row over or under what they lead to, kept apart."""
    center = {u: _middle(found[v][0] for v in _reached(graph, u, found)) for u in names}
    row: Places = {}
    for i, u in enumerate(sorted(names, key=center.__getitem__)):
        free = max((x + gap for x, _ in row.values()), default=center[u])
        row[u] = (max(center[u], free), height + step * (i % 2))
    shift = _middle(center.values()) - _middle(x for x, _ in row.values())
    return {u: (x + shift, y) for u, (x, y) in row.items()}


def _reached(graph: nx.DiGraph[str], name: str, found: Places) -> list[str]:
    """The children that have a place; or else all descendants that have one."""
    children = [v for v in graph.successors(name) if v in found]
    return children or [v for v in nx.descendants(graph, name) if v in found]


def _top(found: Places) -> float:
    return max((y for _, y in found.values()), default=0.0)


def _middle(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0
