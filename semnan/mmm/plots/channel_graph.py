"""The channel graph with the effect on every edge, and what data cannot tell marked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from semnan.errors import SemnanError, Unavailable
from semnan.identification import LocalIdentification, Status
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.model.structure import coefficient
from semnan.mmm.results.edges import edge_verdicts
from semnan.model import as_model
from semnan.report import Drawing
from semnan.report.diagram import figure
from semnan.report.edges import Arrow
from semnan.report.layout import LETTER, Places, places

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit
    from semnan.mmm.results.effects import ChannelEffects

#: Inches from a confounder up to its proxies, and between these.
ABOVE, BESIDE = 1.2, 1.5
#: Larger graphs are not drawn.
MOST = 60
LEGEND = """on edges: change of the effect per unit of its cause
dashed, ?: data cannot tell; 2 values: one of these
boxes are measured, ellipses latent"""


def draw_channel_graph(fit: ChannelFit, effects: ChannelEffects | None = None) -> Drawing:
    """The channel graph: on every edge its direct effect; dashed and marked what data cannot tell.

    Of media that are transformed the effect is that of a small change of them all.

    Parameters
    ----------
    fit : ChannelFit
    effects : ChannelEffects, optional
        Those of the fit, if they are there already.

    Raises
    ------
    SemnanError
        If matplotlib is missing, or the graph is too large for a drawing.

    """
    graph, known = fit.model.graph, fit.effects() if effects is None else effects
    if len(graph.nodes) > MOST:
        raise SemnanError(f"the graph has {len(graph.nodes)} variables, too many for a drawing")
    return figure(as_model(graph.amasem()), {None: list(_arrows(fit, known))}, _places(graph), LEGEND)


def _places(graph: ChannelGraph) -> Places:
    """Causes left of effects, confounders above them, and on top of each the proxies that do nothing else."""
    named = {name for edge in graph.edges for name in edge}
    apart = {latent: [v for v in columns if v not in named] for latent, columns in graph.proxies.items()}
    inside = {latent: [v for v in columns if v in named] for latent, columns in graph.proxies.items()}
    proxies = {latent: columns for latent, columns in inside.items() if columns}
    rest = ChannelGraph(graph.edges, kpi=graph.kpi, confounders=graph.confounders, proxies=proxies)
    at = places(as_model(rest.amasem()))
    height = max((at[latent][1] for latent in apart), default=0.0) + ABOVE
    apart_by = BESIDE + max(0.0, LETTER * max((len(v) for columns in apart.values() for v in columns), default=0) - 0.6)
    right = -math.inf
    for latent in sorted((latent for latent in apart if apart[latent]), key=lambda name: at[name]):
        for i, column in enumerate(apart[latent]):
            across = at[latent][0] + apart_by * (i - (len(apart[latent]) - 1) / 2)
            right = max(across, right + apart_by)
            at[column] = (right, height)
    return at


def _arrows(fit: ChannelFit, effects: ChannelEffects) -> Iterator[Arrow]:
    graph, verdicts = fit.model.graph, edge_verdicts(fit, effects)
    on_kpi = {(row.channel, graph.kpi): row for row in effects.listed if row.kind == "direct"}
    moved = {part.channel for part in fit.model.design.transforms}
    lagged = {column for node, (column, _) in graph.lags.items() if (node, graph.kpi) in graph.edges}
    for edge in graph.edges:
        row = verdicts[edge]
        value: float | Unavailable = fit.estimates[coefficient(*edge)]
        if edge in on_kpi and edge[0] in moved:
            # The effect of a channel is that of all its weeks, which no single one of its edges has.
            value = Unavailable("of several weeks") if edge[0] in lagged else on_kpi[edge].estimate
        yield Arrow(*edge, False, row.identified, _text(row.verdict, value))
    loose = {*LocalIdentification.of(as_model(graph.amasem())).unidentified}
    for edge in graph.latent_edges:
        known = coefficient(*edge) not in loose
        yield Arrow(*edge, False, known, _number(fit.estimates[coefficient(*edge)]) if known else "?")


def _text(verdict: str, value: float | Unavailable) -> str:
    """The effect; or a question mark, or of how many values it is one."""
    if verdict == Status.IDENTIFIED.value:
        return _number(value)
    return "?" if verdict in (Status.NOT_IDENTIFIED.value, Status.UNDECIDED.value) else verdict


def _number(value: float | Unavailable) -> str:
    return "" if isinstance(value, Unavailable) else f"{value:.3g}"
