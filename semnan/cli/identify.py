"""`semnan identify`: a graph in, a verdict for every effect out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from semnan.cli.endings import told, whole, written
from semnan.cli.fitting import is_graph
from semnan.data.csv_table import read_text
from semnan.errors import GraphError
from semnan.graph import AMASEM
from semnan.identification import Verdict, Witness, identify_all
from semnan.identification import identify as identify_one
from semnan.identification.reading import read_code, read_graphs, read_record
from semnan.model import PathModel
from semnan.report import draw_identification

#: Larger files are refused.
MAX_BYTES = 100_000_000
GraphFile = Annotated[
    Path | None,
    typer.Argument(
        help="A file with a graph (latent U; U -> X, Y; X -> M -> Y), a model in lavaan's language, or structure "
        "matrices in JSON."
    ),
]


def identify(
    graph: GraphFile = None,
    effect: Annotated[str | None, typer.Option(help='One effect, such as "X -> Y"; all by default.')] = None,
    code: Annotated[str | None, typer.Option(help="A mixed graph as D_B, bits over the pairs 12, 13, …")] = None,
    many: Annotated[Path | None, typer.Option(help="JSON lines, one graph each.")] = None,
    to: Annotated[Path | None, typer.Option("--json", help="Write JSON to this file, or to -.")] = None,
    draw: Annotated[Path | None, typer.Option(help="Draw the graph with its verdicts: .png, .svg or .pdf.")] = None,
) -> None:
    """Say which effects of a graph its covariance determines, by which formula, or show two models that differ."""
    if sum(given is not None for given in (graph, code, many)) != 1:
        raise typer.BadParameter("give one of GRAPH, --code and --many")
    if many is not None and (to is None or effect is not None or draw is not None):
        raise typer.BadParameter("--many goes with --json OUT.jsonl, and without --effect and --draw")
    with told():
        if many is not None and to is not None:
            _many(many, to)
            return
        graphs = _graphs(graph, code)
        if draw is not None:
            _draw(graphs, draw)
        found = {name: _verdicts(drawn, effect) for name, drawn in graphs.items()}
        if to is None:
            print("\n\n".join(_shown(name, verdicts, remedies=effect is not None) for name, verdicts in found.items()))
            return
        records = [{**_named(name), **v.to_dict()} for name, verdicts in found.items() for v in verdicts]
        _write(json.dumps(records, ensure_ascii=False, allow_nan=False, indent=1), to)


def _graphs(path: Path | None, code: str | None) -> Mapping[str, AMASEM | PathModel]:
    """The graphs asked about, by name; in a file a text with a ~ is a model in lavaan's language."""
    if path is None:
        return {"": read_code(code or "")}
    text = read_text(path, MAX_BYTES)
    if text.lstrip().startswith(("{", "[")) or is_graph(text):
        return read_graphs(text)
    return {"": PathModel.from_lavaan(text)}


def _write(text: str, to: Path) -> None:
    if str(to) == "-":
        print(text)
        return
    with written(to):
        to.write_text(text + "\n", encoding="utf-8")


def _draw(graphs: Mapping[str, AMASEM | PathModel], to: Path) -> None:
    if len(graphs) > 1:
        raise GraphError(f"--draw takes one graph, and there are {len(graphs)}: give one of them")
    with written(to):
        draw_identification(next(iter(graphs.values())), to)


def _named(name: str) -> dict[str, str]:
    return {"graph": name} if name else {}


def _verdicts(graph: AMASEM | PathModel, effect: str | None) -> tuple[Verdict, ...]:
    if effect is None:
        return identify_all(graph)
    direct = identify_one(graph, effect, kind="direct")
    total = identify_one(graph, effect, kind="total")
    return (direct, total) if direct.method != "no edge" else (total,)


def _shown(name: str, verdicts: tuple[Verdict, ...], *, remedies: bool) -> str:
    """The verdicts in text, with what would identify the effects if that is asked for."""
    lines = [f"=== {name}"] if name else []
    for verdict in verdicts:
        lines.append(str(verdict))
        witness = verdict.witness if verdict.solutions != 1 else None
        if isinstance(witness, Witness):
            first, second = witness.effects
            lines.append(f"  two models with one covariance: {first:.4g} and {second:.4g}")
        if remedies:
            lines += [f"  to identify it, {remedy}" for remedy in verdict.remedies()]
    return "\n".join(lines) or "the graph has no effect between visibles"


def _many(source: Path, out: Path) -> None:
    """One graph a line in, one line of records out; nothing if a line is wrong."""
    with written(out), whole(out) as file:
        for number, line in enumerate(read_text(source, MAX_BYTES).splitlines(), 1):
            if line.strip():
                records = [verdict.to_dict() for verdict in identify_all(_line(line, number))]
                file.write(json.dumps({"effects": records}, ensure_ascii=False, allow_nan=False) + "\n")


def _line(line: str, number: int) -> AMASEM | PathModel:
    try:
        record: Any = json.loads(line)
        return read_record(record)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"line {number}: {error}") from None
