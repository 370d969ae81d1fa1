"""Drawing the verdicts on a graph: which edges its covariance determines, before any data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from semnan.graph import AMASEM
from semnan.identification import Identification, LocalIdentification, Query, Status, Verdict
from semnan.identification.two_step import measured_latents
from semnan.model import Kind, Parameter, PathModel, as_model
from semnan.report.diagram import Drawing, drawn_places, figure
from semnan.report.edges import Arrow
from semnan.report.layout import Places

LEGEND = """solid: identified; from confounders, and covariances (dotted): locally
dashed, ?: not identified; 2 values, local: one of finitely many
boxes are visible, ellipses latent"""
#: What stands on an edge of each verdict but finite ones. What is undecided has passed the local verdict.
MARKS = {Status.IDENTIFIED: "", Status.NOT_IDENTIFIED: "?", Status.UNDECIDED: "local"}


def draw_identification(
    graph: AMASEM | PathModel, path: str | Path | None = None, *, group: str | None = None
) -> Drawing:
    """Draw a graph with its verdicts: identified edges solid, the others dashed and marked; needs matplotlib.

    Between visibles and measured latents the verdict is that of `identify`. Of the paths of latents that only confound,
    and of covariances, it is local: solid is what takes finitely many values, as loadings of either sign.

    Parameters
    ----------
    graph : AMASEM or PathModel
    path : str or Path, optional
        Where to save the drawing; the ending (.png, .svg, .pdf) says in which format.
    group : str, optional
        Of a model with several groups.

    Raises
    ------
    SemnanError
        If matplotlib is missing, cannot write that format, or the model is too large for a drawing.

    """
    model = as_model(graph)
    at, left_out = drawn_places(model)
    drawing = figure(model, {group: list(_arrows(model, group, at))}, at, LEGEND + left_out)
    if path is not None:
        drawing.save(path)
    return drawing


def _arrows(model: PathModel, group: str | None, at: Places) -> Iterator[Arrow]:
    known, loose = Identification(model, group), {*LocalIdentification.of(model).unidentified}
    asked = {*model.visibles, *measured_latents(model)}
    for row in model.parameters:
        if row.group != group or row.source == row.target or not {row.source, row.target} <= {*at}:
            continue
        if row.kind is Kind.PATH and row.source in asked and row.fixed is None:
            yield _decided(row, known.decide(Query(row.source, row.target, "direct")))
        elif row.kind is Kind.PATH or row.fixed is None:
            yield _local(row, row.name not in loose)


def _decided(row: Parameter, verdict: Verdict) -> Arrow:
    text = f"{verdict.solutions} values" if verdict.status is Status.FINITE else MARKS[verdict.status]
    return Arrow(row.source, row.target, False, verdict.identified, text)


def _local(row: Parameter, known: bool) -> Arrow:
    return Arrow(row.source, row.target, row.kind is Kind.COVARIANCE, known, "" if known else "?")
