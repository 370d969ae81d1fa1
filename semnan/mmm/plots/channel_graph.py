"""The channel graph with the effect on every edge, and what data cannot tell marked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from semnan.errors import Unavailable
from semnan.graph import Edge
from semnan.identification import LocalIdentification, Status
from semnan.mmm.channel_graph import ChannelGraph
from semnan.mmm.structure import coefficient
from semnan.model import as_model
from semnan.report import Drawing
from semnan.report.diagram import drawn_places, figure
from semnan.report.edges import Arrow
from semnan.report.layout import LETTER, Places

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit
    from semnan.mmm.identification import ChannelVerdict

#: Inches from a confounder up to its proxies, and between these.
ABOVE, BESIDE = 1.2, 1.5
LEGEND = """on edges: change of the effect per unit of its cause
dashed, ?: data cannot tell; 2 values: one of these
boxes are measured, ellipses latent"""


def draw_channel_graph(fit: ChannelFit) -> Drawing:
    """The channel graph: on every edge its direct effect; dashed and marked what data cannot tell.

    Of media that are transformed the effect is that of a small change of them all.

    Raises
    ------
    SemnanError
        If matplotlib is missing, or the graph is too large for a drawing.

    """
    graph = fit.model.graph
    at, left_out = _places(graph)
    return figure(as_model(graph.amasem()), {None: list(_arrows(fit, at))}, at, LEGEND + left_out)


def _places(graph: ChannelGraph) -> tuple[Places, str]:
    """Causes left of effects, confounders above them, and on top of each the proxies that do nothing else."""
    named = {name for edge in graph.edges for name in edge}
    apart = {latent: [v for v in columns if v not in named] for latent, columns in graph.proxies.items()}
    inside = {latent: [v for v in columns if v in named] for latent, columns in graph.proxies.items()}
    proxies = {latent: columns for latent, columns in inside.items() if columns}
    rest = ChannelGraph(graph.edges, kpi=graph.kpi, confounders=graph.confounders, proxies=proxies)
    at, left_out = drawn_places(as_model(rest.amasem()))
    height = max((at[latent][1] for latent in apart), default=0.0) + ABOVE
    apart_by = BESIDE + max(0.0, LETTER * max((len(v) for columns in apart.values() for v in columns), default=0) - 0.6)
    right = -math.inf
    for latent in sorted((latent for latent in apart if apart[latent]), key=lambda name: at[name]):
        for i, column in enumerate(apart[latent]):
            across = at[latent][0] + apart_by * (i - (len(apart[latent]) - 1) / 2)
            right = max(across, right + apart_by)
            at[column] = (right, height)
    return at, left_out


def _arrows(fit: ChannelFit, at: Places) -> Iterator[Arrow]:
    graph = fit.model.graph
    verdicts, direct = graph.identify(), _direct(fit)
    for edge in graph.edges:
        if {*edge} <= {*at}:
            row = verdicts.row(edge[0], "direct", edge[1])
            yield Arrow(*edge, False, row.identified, _text(row, direct[edge]))
    loose = {*LocalIdentification.of(as_model(graph.amasem())).unidentified}
    for edge in graph.latent_edges:
        if {*edge} <= {*at}:
            known = coefficient(*edge) not in loose
            yield Arrow(*edge, False, known, _number(fit.estimates[coefficient(*edge)]) if known else "?")


def _text(row: ChannelVerdict, value: float | Unavailable) -> str:
    if row.identified:
        return _number(value)
    return "?" if row.verdict in (Status.NOT_IDENTIFIED.value, Status.UNDECIDED.value) else row.verdict


def _number(value: float | Unavailable) -> str:
    return "" if isinstance(value, Unavailable) else f"{value:.3g}"


def _direct(fit: ChannelFit) -> dict[Edge, float | Unavailable]:
    """The direct effect of every edge."""
    return {edge: fit.estimates[coefficient(*edge)] for edge in fit.model.graph.edges}
