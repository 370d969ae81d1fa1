"""Drawing a channel graph with its verdicts, those that consider what carries over from week to week."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from semnan.identification import LocalIdentification, Query
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.lags import ChannelAnalysis
from semnan.model import PathModel, as_model
from semnan.report import Drawing
from semnan.report.diagram import drawn_places, figure
from semnan.report.edges import Arrow

LEGEND = """solid: identified (of a confounder: locally); dashed, ?: not identified
boxes are columns of the panel, ellipses confounders; @1: one week before"""


def draw_channels(graph: ChannelGraph, path: str | Path | None, *, carry_over: bool) -> Drawing:
    """Draw a graph; see `ChannelGraph.draw`."""
    model = as_model(graph.amasem())
    at, left_out = drawn_places(model)
    drawing = figure(model, {None: list(_arrows(graph, model, carry_over=carry_over))}, at, LEGEND + left_out)
    if path is not None:
        drawing.save(path)
    return drawing


def _arrows(graph: ChannelGraph, model: PathModel, *, carry_over: bool) -> Iterator[Arrow]:
    analysis, loose = ChannelAnalysis(graph, carry_over=carry_over), {*LocalIdentification.of(model).unidentified}
    for cause, effect in graph.edges:
        known = analysis.decide(Query(cause, effect, "direct")).identified
        yield Arrow(cause, effect, False, known, "" if known else "?")
    for latent, child in graph.latent_edges:
        known = f"{latent} -> {child}" not in loose
        yield Arrow(latent, child, False, known, "" if known else "?")
