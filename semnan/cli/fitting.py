"""`semnan fit`: a model and a table in, a summary or JSON out."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from semnan import text as functions
from semnan.cli.arguments import read_arguments
from semnan.cli.endings import end, told, written
from semnan.data import CsvTable, Moments, read_covariance, read_csv
from semnan.data.csv_table import read_text
from semnan.errors import GraphError
from semnan.fit import fit as fit_model
from semnan.fitted import Fit
from semnan.graph import AMASEM

#: Larger models are refused.
MAX_MODEL_BYTES = 10_000_000
_QUOTES_AND_COMMENTS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[#!][^\n]*")


class Function(StrEnum):
    """Whose defaults a text has."""

    SEM = "sem"
    CFA = "cfa"
    GROWTH = "growth"
    LAVAAN = "lavaan"


class Missing(StrEnum):
    """What becomes of rows with missing values."""

    LISTWISE = "listwise"
    FIML = "fiml"
    TWO_STAGE = "two.stage"
    ROBUST_TWO_STAGE = "robust.two.stage"
    ERROR = "error"


class Information(StrEnum):
    """What standard errors come from."""

    EXPECTED = "expected"
    OBSERVED = "observed"
    FIRST_ORDER = "first.order"


ModelFile = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A file with a model in lavaan's language (f =~ x1 + x2 + x3; y ~ f), or with a graph "
        "(latent U; U -> X, Y; X -> M -> Y). A text with a ~ outside of comments and quotes is in lavaan's language.",
        show_default=False,
    ),
]
DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A CSV file whose header names the variables; empty cells, NA and NaN are missing. With --n it is a "
        "covariance matrix, and a last line named mean may hold means.",
        show_default=False,
    ),
]
Rows = Annotated[
    int | None,
    typer.Option("--n", min=2, help="DATA is a covariance matrix (divisor n - 1) of so many rows.", show_default=False),
]
GroupColumn = Annotated[
    str | None, typer.Option("--group", help="The column that says the group.", metavar="COL", show_default=False)
]
MissingRows = Annotated[
    Missing | None, typer.Option(help="Leave rows with missing values out (and tell), use them, or refuse them.")
]
Errors = Annotated[
    Information | None, typer.Option(help="What standard errors come from; of incomplete rows observed by default.")
]
Defaults = Annotated[Function | None, typer.Option("--fun", help="The lavaan function whose defaults count: sem.")]
Arguments = Annotated[
    list[str] | None,
    typer.Option(
        "--arg",
        metavar="KEY=VALUE",
        help="An option of that function, such as std.lv=true or group.equal=loadings,intercepts. Repeatable.",
        show_default=False,
    ),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="OUT", help="Write JSON to this file, or to - , instead of the summary."),
]
Starts = Annotated[int, typer.Option(min=1, help="Number of starts.")]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the random starts.")]
Level = Annotated[float, typer.Option(help="Level of the intervals.")]
Save = Annotated[Path | None, typer.Option(help="Save the fit as SAVE.json and SAVE.safetensors.")]
Draw = Annotated[Path | None, typer.Option(help="Save a path diagram, such as model.png or model.svg.")]


def fit(
    model: ModelFile,
    data: DataFile,
    n: Rows = None,
    group: GroupColumn = None,
    missing: MissingRows = None,
    information: Errors = None,
    fun: Defaults = None,
    arg: Arguments = None,
    json: JsonFile = None,
    starts: Starts = 1,
    seed: Seed = 0,
    level: Level = 0.95,
    save: Save = None,
    draw: Draw = None,
) -> None:
    """Fit a model to the rows of a table, or to a covariance, by maximum likelihood.

    Exit codes: 0 converged, 1 wrong input, 2 wrong usage, 3 not converged (the results are there all the same).
    """
    if not 0 < level < 1:
        raise typer.BadParameter("the level is a number between 0 and 1, such as 0.95", param_hint="--level")
    if n is not None and (group is not None or missing is not None):
        wrong = "--group" if group is not None else "--missing"
        raise typer.BadParameter(f"a covariance (--n) has no rows: leave out {wrong}", param_hint=wrong)
    arguments = read_arguments(arg or ())
    how = {"missing": missing and missing.value, "information": information and information.value}
    options: dict[str, Any] = {name: value for name, value in how.items() if value is not None}
    options |= {"starts": starts, "seed": seed}
    with told():
        text = read_text(model, MAX_MODEL_BYTES)
        if is_graph(text):
            _refuse_for_graphs(group=group, fun=fun, arg=arg)
            result = fit_model(_parse_graph(text, model), _read(data, n), **options)
        else:
            function = getattr(functions, (fun or Function.SEM).value)
            result = function(text, _read(data, n), group=group, **arguments, **options)
        _show(result, json, level)
        _save(result, save, draw)
    end(result.outcome)


def is_graph(text: str) -> bool:
    """Whether a model is a graph: no ~ is in it, except in comments and quotes."""
    return "~" not in _QUOTES_AND_COMMENTS.sub("", text)


def _parse_graph(text: str, path: Path) -> AMASEM:
    try:
        return AMASEM.parse(text)
    except GraphError as error:
        why = "" if "->" in text else f"{path} is read as a graph, since it has no ~: "
        raise GraphError(f"{why}{error}") from error


def _refuse_for_graphs(**given: Any) -> None:
    for name, value in given.items():
        if value:
            raise typer.BadParameter(
                "the model is a graph, not in lavaan's language: leave this out", param_hint=f"--{name}"
            )


def _read(path: Path, n: int | None) -> CsvTable | Moments:
    if n is None:
        return read_csv(path)
    found = read_covariance(path)
    return Moments.from_covariance(found.matrix, found.names, n, found.mean, ddof=1)


def _show(result: Fit, json: Path | None, level: float) -> None:
    if json is None:
        print(result.summary(level))
    elif str(json) == "-":
        print(result.to_json(level))
    else:
        json.write_text(result.to_json(level) + "\n", encoding="utf-8")


def _save(result: Fit, save: Path | None, draw: Path | None) -> None:
    if save is not None:
        with written(save):
            result.save(save)
    if draw is not None:
        with written(draw):
            result.draw(draw)
