"""`semnan mmm`: a plan and a table in, a summary, an HTML report and JSON out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from semnan.cli.endings import end, told, whole, written
from semnan.data import read_csv

PlanFile = Annotated[
    Path,
    typer.Argument(
        metavar="PLAN",
        help="A TOML file with the sections [data], [graph], [model], [fit] and [budget], and [[lift_tests]] and "
        "[[priors]]; docs/command_line.md has an example.",
        show_default=False,
    ),
]
DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A CSV file whose header names the variables: a row a week, or a row for each geo and week.",
        show_default=False,
    ),
]
Report = Annotated[
    Path | None, typer.Option(metavar="OUT", help="Write an HTML report, one file that needs nothing else.")
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="OUT", help="Write JSON to this file, or to - , instead of the summary."),
]
Level = Annotated[float, typer.Option(help="Level of the intervals.")]


def mmm(
    plan: PlanFile, data: DataFile, report: Report = None, json_file: JsonFile = None, level: Level = 0.95
) -> None:
    """Fit a marketing-mix model whose channels form a DAG with latent confounders.

    Exit codes: 0 converged, 1 wrong input, 2 wrong usage, 3 not converged (the results are there all the same).
    """
    if not 0 < level < 1:
        raise typer.BadParameter("the level is a number between 0 and 1, such as 0.95", param_hint="--level")
