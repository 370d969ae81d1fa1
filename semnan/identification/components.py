"""Confounded components of a graph, and their laws as functions of Σ (Tian & Pearl, AAAI 2002).

The component C of a visible is what bidirected edges connect it with. Q[C] is the law of C when all other variables
are set: the product of the conditional laws of its members given what comes before them, which are regressions if
the variables are Gaussian. Written as a covariance of C and its outer parents (these independent and of variance one)
it is a linear model again, over the edges into C alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import networkx as nx
import numpy as np

from semnan.identification.analysis import Analysis
from semnan.identification.expression import ONE, ZERO, Expression, covariance, solution
from semnan.identification.modular import product

Nodes = frozenset[int]


@final
@dataclass(frozen=True, eq=False)
class Confounding:
    """The mixed graph over the visibles that a model is at least as restrictive as.

    Attributes
    ----------
    order : tuple of int
        The visibles, parents first.
    parents, siblings : dict of int to frozenset of int

    """

    order: tuple[int, ...]
    parents: dict[int, Nodes]
    siblings: dict[int, Nodes]

    @classmethod
    def of(cls, analysis: Analysis) -> Confounding:
        """Bidirected edges are the error covariances that are not zero at the random points."""
        p = len(analysis.names)
        arcs = np.zeros((p, p), dtype=bool)
        for point in analysis.points:
            left = (np.eye(p, dtype=np.int64) - point.direct) % point.prime
            arcs |= product(product(left.T, point.sigma, point.prime), left, point.prime) != 0
        order = tuple(int(k) for k in np.argsort(analysis.structure.visible))
        parents = {v: frozenset(a for a, b in analysis.edges if b == v) for v in order}
        return cls(order, parents, {v: frozenset(np.flatnonzero(arcs[v]).tolist()) - {v} for v in order})

    def component(self, of: Iterable[int], within: Nodes) -> Nodes:
        """What bidirected paths inside a set connect with some of its members."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(within)
        graph.add_edges_from((a, b) for a in within for b in self.siblings[a] & within)
        return frozenset(v for start in of for v in nx.node_connected_component(graph, start))

    def components(self, within: Nodes) -> list[Nodes]:
        """The components of a set."""
        return list(dict.fromkeys(self.component([v], within) for v in self.order if v in within))

    def ancestors(self, of: Iterable[int], within: Nodes) -> Nodes:
        """What directed paths inside a set lead from to some of its members, and these."""
        found, frontier = set(of), list(of)
        while frontier:
            fresh = (self.parents[frontier.pop()] & within) - found
            found |= fresh
            frontier += fresh
        return frozenset(found)

    def outer_parents(self, members: Nodes) -> Nodes:
        """Parents of a set that are not in it."""
        return frozenset(a for v in members for a in self.parents[v]) - members


@final
@dataclass(frozen=True, eq=False)
class Law:
    """The law of some visibles when their outer parents are set.

    Attributes
    ----------
    graph : Confounding
    members : frozenset of int
    entries : dict of (int, int) to Expression
        The covariance of members and outer parents, each pair once.

    """

    graph: Confounding
    members: Nodes
    entries: dict[tuple[int, int], Expression]

    @classmethod
    def whole(cls, graph: Confounding) -> Law:
        """The law of all visibles: Σ itself."""
        p = len(graph.order)
        return cls(graph, frozenset(graph.order), {(i, j): covariance(i, j) for i in range(p) for j in range(i, p)})

    def entry(self, i: int, j: int) -> Expression:
        return self.entries.get((min(i, j), max(i, j)), ZERO)

    @cached_property
    def slopes(self) -> dict[int, dict[int, Expression]]:
        """The regression of every member on what comes before it, as far as that matters."""
        found, before = {}, set()
        for v in self.graph.order:
            if v in self.members:
                before.add(v)
                found[v] = self._regression(v, frozenset(before))
        return found

    def _regression(self, v: int, before: Nodes) -> dict[int, Expression]:
        component = self.graph.component([v], before)
        given = sorted((component | self.graph.outer_parents(component)) - {v})
        if not given:
            return {}
        matrix = [[self.entry(a, b) for b in given] for a in given]
        return dict(zip(given, solution(matrix, [self.entry(a, v) for a in given]), strict=True))

    def ancestral(self, members: Nodes) -> Law:
        """The law of a set that contains its ancestors among the members."""
        kept = members | self.graph.outer_parents(members)
        return Law(self.graph, members, {(i, j): e for (i, j), e in self.entries.items() if i in kept and j in kept})

    def part(self, members: Nodes) -> Law:
        """The law of a component of the members."""
        if members == self.members:
            return self
        known = sorted(self.graph.outer_parents(members))
        entries: dict[tuple[int, int], Expression] = {(a, a): ONE for a in known}
        law = Law(self.graph, members, entries)
        for v in (v for v in self.graph.order if v in members):
            slopes = self.slopes[v]
            for u in known:
                entries[min(u, v), max(u, v)] = _sum([b * law.entry(u, r) for r, b in slopes.items()])
            spread = _sum([b * (law.entry(r, v) - self.entry(r, v)) for r, b in slopes.items()])
            entries[v, v] = self.entry(v, v) + spread
            known.append(v)
        return law


def _sum(terms: list[Expression]) -> Expression:
    return sum(terms, start=ZERO)
