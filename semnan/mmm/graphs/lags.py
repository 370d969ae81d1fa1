"""The model that verdicts on a channel graph are about: confounders carry over, so that lags are confounded too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations, pairwise
from typing import final

import networkx as nx

from semnan.identification import Identification, Query, Status, Verdict
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.checks import split_lag
from semnan.model import Parameter, PathModel, as_model, covariance, path

#: Most term operations of an elimination that counts values without a formula.
WORK = 20_000


def confounded_lags(graph: ChannelGraph) -> dict[str, tuple[str, ...]]:
    """Of every lagged node that a confounder of its own week reached, these confounders.

    A confounder reaches a column along edges of any lag: what search did last week may act on sales this week.
    """
    reach: nx.DiGraph[str] = nx.DiGraph(graph.latent_edges)
    reach.add_edges_from((split_lag(a)[0], b) for a, b in graph.edges)
    found = {}
    for node, (column, _) in graph.lags.items():
        above = nx.ancestors(reach, column) if column in reach else set()
        latents = tuple(u for u in graph.confounders if u in above)
        if latents:
            found[node] = latents
    return found


@final
class ChannelAnalysis:
    """The verdicts on one channel graph, of which the least favourable counts where lags are confounded.

    The past of a confounder may matter or not, and so may other reasons for a lag to go along with the variables of
    today. An effect is identified if it is in every one of these cases: a formula that lives on a correlation which may
    be absent would be none.

    Parameters
    ----------
    graph : ChannelGraph
    carry_over : bool
        Whether confounders may carry over from week to week.
    drawn : collection of str
        Variables that chance sets every week, as in an experiment: no lag goes along with them.

    """

    def __init__(self, graph: ChannelGraph, *, carry_over: bool, drawn: Collection[str] = ()) -> None:
        lags = confounded_lags(graph) if carry_over else {}
        models = [as_model(graph.amasem())]
        if lags:
            chained = _chained(graph, models[0], lags)
            free = replace(chained, parameters=(*chained.parameters, *_free(graph, tuple(lags), drawn)))
            models = [free, chained, *models]
        self._known = [Identification(model) for model in models]

    def decide(self, query: Query) -> Verdict:
        """The verdict on a query: the first that is not identified, or that of the most general case."""
        general = _decided(self._known[0], query)
        if not general.identified:
            return general
        others = (_decided(known, query) for known in self._known[1:])
        return next((verdict for verdict in others if not verdict.identified), general)


def _decided(known: Identification, query: Query) -> Verdict:
    """The verdict with a formula, or else, of large graphs, without one."""
    verdict = known.decide(query)
    return known.glance(query, WORK) if verdict.status is Status.UNDECIDED else verdict


def _chained(graph: ChannelGraph, model: PathModel, lags: dict[str, tuple[str, ...]]) -> PathModel:
    """With the past of every confounder, which acts on the lags of its week and on the confounder's next one."""
    rows, pasts = list(model.parameters), []
    for latent in graph.confounders:
        mine = {node: graph.lags[node][1] for node, latents in lags.items() if latent in latents}
        chain = [*(_past(latent, k) for k in sorted(set(mine.values()), reverse=True)), latent]
        pasts += chain[:-1]
        rows += [covariance(past, fixed=1.0) for past in chain[:-1]]
        rows += [path(a, b) for a, b in pairwise(chain)]
        rows += [path(_past(latent, k), node) for node, k in mine.items()]
    return replace(model, latents=(*model.latents, *pasts), parameters=tuple(rows))


def _past(latent: str, weeks: int) -> str:
    return f"{latent}@{weeks}"


def _free(graph: ChannelGraph, lags: tuple[str, ...], drawn: Collection[str]) -> list[Parameter]:
    """Any dependence of confounded lags on the variables without a cause in the graph, and on each other."""
    caused = {b for _, b in graph.edges} | {*graph.measurements} | {*lags}
    roots = [node for node in graph.nodes if node not in caused and node not in drawn]
    rows = [path(root, lag) for lag in lags for root in roots]
    return rows + [covariance(a, b) for a, b in combinations(lags, 2)]
