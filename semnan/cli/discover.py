"""`semnan discover`: a table in, a learned graph out."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from semnan.cli.endings import INTERRUPTED, NOT_CONVERGED, told, written
from semnan.data import Moments, read_csv
from semnan.discovery import (
    BowFree,
    EqualVariance,
    Golem,
    Method,
    Notears,
    OptiMAS,
    OrderSearch,
    ProxiMAS,
    RSquaredSort,
    SearchOutcome,
    VarianceSort,
    draw_graph,
)
from semnan.discovery import discover as learn
from semnan.errors import GraphError
from semnan.graph import Edge


class MethodName(StrEnum):
    """How to learn the graph."""

    ORDER = "order"
    EQUAL = "equal-variance"
    NOTEARS = "notears"
    GOLEM_EV = "golem-ev"
    GOLEM_NV = "golem-nv"
    PROXIMAS = "proximas"
    OPTIMAS = "optimas"
    BOW_FREE = "bow-free"
    VARIANCE_SORT = "variance-sort"
    R2_SORT = "r2-sort"


DataFile = Annotated[
    Path, typer.Argument(metavar="DATA", help="A CSV file whose header names the variables.", show_default=False)
]
Edges = Annotated[list[str] | None, typer.Option(metavar="'A -> B'", help="May be given many times.")]


def discover(
    data: DataFile,
    method: Annotated[MethodName, typer.Option(help="How to learn the graph.")] = MethodName.ORDER,
    columns: Annotated[str | None, typer.Option(help="Columns to use, separated by commas; default: all.")] = None,
    standardise: Annotated[bool, typer.Option("--standardise", help="Learn from the correlations.")] = False,
    required: Edges = None,
    forbidden: Edges = None,
    tier: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Variables of a tier; give the tiers from the earliest on.")
    ] = None,
    threshold: Annotated[float | None, typer.Option(min=0, help="Drop edges with a smaller absolute weight.")] = None,
    refine: Annotated[bool, typer.Option("--refine", help="Search on from the answer's order.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the restarts of an order search.")] = 0,
    save: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write JSON; - is the screen.")] = None,
    draw: Annotated[Path | None, typer.Option(help="Save a drawing, such as graph.png or graph.svg.")] = None,
) -> None:
    """Learn a linear causal graph from the rows of a table, and say how far the answer depends on units."""
    with told():
        found = learn(
            Moments.from_frame(read_csv(data), None if columns is None else _names(columns)),
            method=_method(method, seed),
            standardise=standardise,
            required=[_edge(text) for text in required or ()],
            forbidden=[_edge(text) for text in forbidden or ()],
            tiers=[_names(text) for text in tier or ()],
            threshold=threshold,
            refine=OrderSearch(seed=seed) if refine else None,
        )
        text = json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False, indent=1)
        print(text if save == Path("-") else found)
        if save is not None and save != Path("-"):
            save.write_text(text + "\n", encoding="utf-8")
        if draw is not None:
            with written(draw):
                draw_graph(found).save(draw)
    if not found.outcome.ok:
        raise typer.Exit(INTERRUPTED if found.outcome is SearchOutcome.INTERRUPTED else NOT_CONVERGED)


def _method(name: MethodName, seed: int) -> Method:
    match name:
        case MethodName.ORDER:
            return OrderSearch(seed=seed)
        case MethodName.EQUAL:
            return EqualVariance()
        case MethodName.NOTEARS:
            return Notears()
        case MethodName.GOLEM_EV:
            return Golem()
        case MethodName.GOLEM_NV:
            return Golem(variances="different")
        case MethodName.PROXIMAS:
            return ProxiMAS()
        case MethodName.OPTIMAS:
            return OptiMAS()
        case MethodName.BOW_FREE:
            return BowFree(seed=seed)
        case MethodName.VARIANCE_SORT:
            return VarianceSort()
        case MethodName.R2_SORT:
            return RSquaredSort()


def _edge(text: str) -> Edge:
    parent, arrow, child = (part.strip() for part in text.partition("->"))
    if not (parent and arrow and child):
        raise GraphError(f"{text!r} is no edge: write 'A -> B'")
    return parent, child


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
