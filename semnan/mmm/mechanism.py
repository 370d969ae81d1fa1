"""`Mechanism`: what a change of media does to the other channels and to the KPI, all else as it was.

The disturbances of every week stay what they were, so only differences matter: a channel moves by its coefficients
times the moves of its parents, the KPI by its coefficients times the moves of transformed media.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import networkx as nx
import numpy as np

from semnan.mmm.design import Design
from semnan.mmm.structure import coefficient
from semnan.mmm.transform import MediaTransform
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class Mechanism:
    """The structural equations of a channel model.

    Attributes
    ----------
    design : Design
    edges : tuple of (str, str)
        Of the channel graph; a source may be a lagged node.

    """

    design: Design
    edges: tuple[tuple[str, str], ...]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """What has parents, each after its parents of the same week."""
        graph: nx.DiGraph[str] = nx.DiGraph(self.edges)
        targets = {b for _, b in self.edges}
        return tuple(name for name in nx.topological_sort(graph) if name in targets)

    @cached_property
    def _parents(self) -> dict[str, list[str]]:
        return {name: [a for a, b in self.edges if b == name] for name in self.order}

    @cached_property
    def _place(self) -> dict[str, int]:
        return {free.name: k for k, free in enumerate(self.design.model.free)}

    @cached_property
    def coefficients(self) -> list[int]:
        """Which free parameters the edges are."""
        return [self._place[coefficient(a, b)] for a, b in self.edges]

    def column(self, node: str) -> str:
        """The column that a node is, in its own week or before."""
        return self.design.lags.get(node, (node, 0))[0]

    def along(self, sources: Collection[str], held: Collection[str] = ()) -> list[tuple[str, str]]:
        """The edges along which changes of these variables get to the KPI, in some week."""
        edges = [(self.column(a), b) for a, b in self.edges if b not in {*sources, *held}]
        after: nx.DiGraph[str] = nx.DiGraph(edges)
        after.add_nodes_from((*sources, self.design.kpi))
        moved = set(sources).union(*(nx.descendants(after, name) for name in sources))
        live = moved & {self.design.kpi, *nx.ancestors(after, self.design.kpi)}
        return [(a, b) for a, b in self.edges if self.column(a) in live and b in live and b not in {*sources, *held}]

    def touched(self, sources: Collection[str], held: Collection[str] = ()) -> list[int]:
        """The entries of (θ, τ) that matter for what changes of these variables do to the KPI."""
        edges = self.along(sources, held)
        found = [self._place[coefficient(a, b)] for a, b in edges]
        owners = [part.channel for part in self.design.transforms for _ in part.names]
        moving = {a for a, b in edges if b == self.design.kpi}
        q = len(self.design.model.free)
        return found + [q + k for k, name in enumerate(owners) if name in moving]

    def respond(
        self,
        theta: Array,
        tau: Array,
        given: Mapping[str, Array],
        held: Collection[str] = (),
        *,
        marginal: bool = False,
    ) -> dict[str, Array]:
        """The change of every variable, shape (G, T), when some are changed by hand.

        Parameters
        ----------
        theta : array, shape (q,)
        tau : array, shape (k,)
        given : mapping of str to array, shape (G, T)
            By how much media are changed; nothing acts on these any more.
        held : collection of str
            Variables that stay as they were, whatever acts on them.
        marginal : bool
            Whether the changes are infinitesimal: the response is linear in them then.

        """
        found, free = dict(given), [name for name in self.order if name not in given and name not in held]
        own = dict(zip((part.channel for part in self.design.transforms), self.design.split(tau), strict=True))
        for _ in range(next(iter(given.values())).shape[1] + 1):
            before = dict(found)
            for name in free:
                moved = self._moved(name, theta, own, found, marginal=marginal)
                if moved is not None:
                    found[name] = moved
            if not self.design.lags or _same(before, found):
                break
        return found

    def _moved(
        self, name: str, theta: Array, own: Mapping[str, Array], found: Mapping[str, Array], *, marginal: bool
    ) -> Array | None:
        """The change of a variable by the changes of its parents; None if none of these changes."""
        total: Array | None = None
        for parent in self._parents[name]:
            column, lag = self.design.lags.get(parent, (parent, 0))
            if column not in found:
                continue
            change = _later(found[column], lag)
            transform = self._transform.get(parent) if name == self.design.kpi else None
            if transform is not None:
                media = self.design.columns[parent]
                change = (transform.marginal if marginal else transform.change)(media, change, own[parent])
            term = theta[self._place[coefficient(parent, name)]] * change
            total = term if total is None else total + term
        return total

    @cached_property
    def _transform(self) -> dict[str, MediaTransform]:
        return {part.channel: part for part in self.design.transforms}


def _later(values: Array, lag: int) -> Array:
    """Values of shape (G, T) so many weeks later; nothing changes before the first week."""
    if not lag:
        return values
    return np.concatenate([np.zeros((len(values), lag)), values[:, :-lag]], axis=1)


def _same(before: Mapping[str, Array], after: Mapping[str, Array]) -> bool:
    return before.keys() == after.keys() and all(np.array_equal(before[name], after[name]) for name in after)
