"""What could be measured so that an effect becomes identified, cheapest first, each checked on the changed graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from semnan.identification import Query, Remedy
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.lags import ChannelAnalysis


@final
class Fixes:
    """The measurements that could be added to a graph; what they change is analysed once for all effects.

    Parameters
    ----------
    graph : ChannelGraph
    carry_over : bool
        As in `ChannelAnalysis`.

    """

    def __init__(self, graph: ChannelGraph, *, carry_over: bool) -> None:
        self._graph, self._carry_over = graph, carry_over
        self._known: dict[str, ChannelAnalysis] = {}

    def find(self, query: Query) -> Iterator[Remedy]:
        """The changes after which an effect is identified, cheapest first: proxies, a shock, an experiment."""
        for change, other, drawn in _changes(self._graph, query.source):
            if {query.source, query.target} <= {*other.nodes}:
                if change not in self._known:
                    self._known[change] = ChannelAnalysis(other, carry_over=self._carry_over, drawn=drawn)
                verdict = self._known[change].decide(query)
                if verdict.identified:
                    yield Remedy(change, verdict.status.value)


def fixes(graph: ChannelGraph, query: Query, *, carry_over: bool) -> Iterator[Remedy]:
    """The changes after which one effect is identified, cheapest first; see `Fixes`."""
    return Fixes(graph, carry_over=carry_over).find(query)


def _changes(graph: ChannelGraph, source: str) -> Iterator[tuple[str, ChannelGraph, tuple[str, ...]]]:
    """What could be measured, the graph then, and what is drawn by chance every week in it."""
    for latent in graph.confounders:
        yield f"{_ordinal(graph, latent)} proxy of {latent}", _with_proxies(graph, latent, 1), ()
    for latent in graph.confounders:
        more = "two" if not graph.proxies.get(latent) else "two more"
        yield f"{more} proxies of {latent}", _with_proxies(graph, latent, 2), ()
    channels = _channels(graph)
    for channel in sorted(channels, key=lambda name: name != source):
        shock = f"new shock to {channel}"
        yield f"an exogenous shock to {channel}", graph.with_edges([*graph.edges, (shock, channel)]), (shock,)
    if source in channels:
        yield f"an experiment on {source}", _randomised(graph, source), (source,)


def _channels(graph: ChannelGraph) -> list[str]:
    """What can be set: every variable but the KPI, its lags and proxies, in the order of the nodes."""
    apart = {graph.kpi, *graph.lags, *graph.measurements}
    return [node for node in graph.nodes if node not in apart]


def _ordinal(graph: ChannelGraph, latent: str) -> str:
    return {0: "a", 1: "a second", 2: "a third"}.get(len(graph.proxies.get(latent, ())), "one more")


def _with_proxies(graph: ChannelGraph, latent: str, count: int) -> ChannelGraph:
    for i in range(count):
        graph = graph.with_proxy(latent, f"new proxy {i + 1} of {latent}")
    return graph


def _randomised(graph: ChannelGraph, channel: str) -> ChannelGraph:
    """The graph while a channel is set by chance: nothing acts on it, and confounders of it alone are gone."""
    acting = {u: tuple(v for v in names if v != channel) for u, names in graph.confounders.items()}
    confounders = {u: names for u, names in acting.items() if len(names) > 1}
    proxies = {u: names for u, names in graph.proxies.items() if u in confounders}
    edges = [edge for edge in graph.edges if edge[1] != channel]
    return ChannelGraph(edges, kpi=graph.kpi, confounders=confounders, proxies=proxies)
