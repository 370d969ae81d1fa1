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

from semnan.mmm.model.design import Design
from semnan.mmm.model.structure import coefficient
from semnan.mmm.model.transform import MediaTransform
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
    def parents(self) -> dict[str, list[str]]:
        return {name: [a for a, b in self.edges if b == name] for name in self.order}

    @cached_property
    def place(self) -> dict[str, int]:
        return {free.name: k for k, free in enumerate(self.design.model.free)}

    @cached_property
    def coefficients(self) -> list[int]:
        """Which free parameters the edges are."""
        return [self.place[coefficient(a, b)] for a, b in self.edges]

    def transformed(self, channel: str, values: Array) -> Array:
        """A channel's media as they are, transformed, shape (G, T); remembered for the last values."""
        before = self._last.get(channel)
        if before is None or not np.array_equal(before[0], values):
            media = self.design.columns[channel]
            self._last[channel] = before = (values.copy(), self.transform[channel].apply(media, values))
        return before[1]

    @cached_property
    def _last(self) -> dict[str, tuple[Array, Array]]:
        return {}

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
        found = [self.place[coefficient(a, b)] for a, b in edges]
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
        steady: bool = True,
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
        steady : bool
            Whether the change of the first week had been made in all weeks before it too, which still work by
            adstock; otherwise media before it were what they were.

        """
        found, free = dict(given), [name for name in self.order if name not in given and name not in held]
        own = dict(zip((part.channel for part in self.design.transforms), self.design.split(tau), strict=True))
        terms = _Terms(self, theta, own, marginal, steady)
        # Changes travel along lags from week to week, so that there are as many rounds as weeks at most.
        for _ in range(next(iter(given.values())).shape[1] + 1):
            settled = True
            for name in free:
                moved = terms.total(name, found)
                if moved is not None and not (name in found and np.array_equal(found[name], moved)):
                    found[name], settled = moved, False
            if settled or not self.design.lags:
                break
        return found

    @cached_property
    def transform(self) -> dict[str, MediaTransform]:
        return {part.channel: part for part in self.design.transforms}


@final
class _Terms:
    """What changes of its parents add to a variable; computed again only for changes that are new."""

    def __init__(
        self, mechanism: Mechanism, theta: Array, own: Mapping[str, Array], marginal: bool, steady: bool
    ) -> None:
        self.mechanism, self.theta, self.own = mechanism, theta, own
        self.marginal, self.steady = marginal, steady
        self.known: dict[tuple[str, str], tuple[Array, Array]] = {}

    def total(self, name: str, found: Mapping[str, Array]) -> Array | None:
        """The change of a variable; None if none of its parents changes."""
        parents = [a for a in self.mechanism.parents[name] if self.mechanism.column(a) in found]
        terms = [self.term(parent, name, found[self.mechanism.column(parent)]) for parent in parents]
        return sum(terms[1:], terms[0]) if terms else None

    def term(self, parent: str, name: str, change: Array) -> Array:
        """The part of one parent, which has the change of its column."""
        before = self.known.get((parent, name))
        if before is None or before[0] is not change:
            self.known[parent, name] = before = (change, self._compute(parent, name, change))
        return before[1]

    def _compute(self, parent: str, name: str, change: Array) -> Array:
        mechanism = self.mechanism
        moved = _later(change, mechanism.design.lags.get(parent, (parent, 0))[1])
        transform = mechanism.transform.get(parent) if name == mechanism.design.kpi else None
        if transform is not None:
            media, own = mechanism.design.columns[parent], self.own[parent]
            if self.marginal:
                moved = transform.marginal(media, moved, own)
            else:
                first = None if self.steady else media[:, :1]
                moved = transform.apply(media + moved, own, first) - mechanism.transformed(parent, own)
        return np.asarray(self.theta[mechanism.place[coefficient(parent, name)]] * moved)


def _later(values: Array, lag: int) -> Array:
    """Values of shape (G, T) so many weeks later; nothing changes before the first week."""
    if not lag:
        return values
    return np.concatenate([np.zeros((len(values), lag)), values[:, :-lag]], axis=1)
