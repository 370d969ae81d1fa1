"""Verdicts on the edges of a channel graph, and the parameters that have no number because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semnan.effects.delta import NOT_IDENTIFIED
from semnan.graph import Edge
from semnan.mmm.graphs.identification import ChannelVerdict
from semnan.mmm.model.structure import coefficient
from semnan.mmm.results.effects import ChannelEffect, ChannelEffects

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


def edge_verdicts(fit: ChannelFit, effects: ChannelEffects) -> dict[Edge, ChannelEffect | ChannelVerdict]:
    """The verdict on the direct effect of every edge; experiments count for those into the KPI."""
    graph, table = fit.model.graph, fit.model.graph.identify()
    on_kpi = {(row.channel, graph.kpi): row for row in effects.listed if row.kind == "direct"}
    return {edge: on_kpi.get(edge) or table.row(edge[0], "direct", edge[1]) for edge in graph.edges}


def unidentified(fit: ChannelFit, effects: ChannelEffects) -> set[str]:
    """The coefficients that the graph does not identify, though a curve may pin them down, and what the data do not."""
    edges = {coefficient(*edge) for edge, row in edge_verdicts(fit, effects).items() if not row.identified}
    return edges | {name for name, error in fit.standard_errors.items() if error == NOT_IDENTIFIED}
