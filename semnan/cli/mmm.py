"""`semnan mmm`: a plan and a table in, a summary, an HTML report and JSON out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from semnan.cli.endings import end, told, whole
from semnan.data import read_csv
from semnan.errors import FileError, SemnanError, Unavailable

if TYPE_CHECKING:
    from semnan.mmm import Answers

#: Characters in a line of text.
WIDTH = 110
#: What stands for the screen instead of a file.
SCREEN = Path("-")
PlanFile = Annotated[
    Path,
    typer.Argument(
        metavar="PLAN",
        help="A TOML file: [data] names the columns, [graph] says what acts on what; [model], [fit], [budget], "
        "[[lift_tests]] and [[priors]] may follow.",
        show_default=False,
    ),
]
DataFile = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A CSV file whose header names the columns, with a row for each week, or for each geo and week.",
        show_default=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(metavar="OUT", help="Write an HTML report: one file that loads nothing (needs matplotlib)."),
]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="OUT", help="Write JSON to this file, or to - instead of the summary."),
]
Level = Annotated[float, typer.Option(help="Level of the intervals.")]


def mmm(plan: PlanFile, data: DataFile, report: Report = None, save: JsonFile = None, level: Level = 0.95) -> None:
    """Fit a marketing-mix model whose channels form a graph with unseen confounders, and say what the data can tell.

    Exit codes: 0 converged, 1 wrong input, 2 wrong usage, 3 not converged (the results are there all the same).
    """
    if not 0 < level < 1:
        raise typer.BadParameter("the level is a number between 0 and 1, such as 0.95", param_hint="--level")
    with told():
        _check(report, save)
        found = _answers(plan, data, level)
        if save is not None:
            _write(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n", save)
        if save != SCREEN:
            print("\n\n".join(_summary(found)))
        if report is not None:
            _write(found.to_html(), report)
    end(found.fit.outcome)


def _check(report: Path | None, save: Path | None) -> None:
    """Refuse places that cannot be written to, before the work begins."""
    if report is not None and find_spec("matplotlib") is None:
        raise SemnanError("the report needs matplotlib: pip install 'semnan[plot]'")
    for path in (report, save):
        if path is None or path == SCREEN:
            continue
        if not path.resolve().parent.is_dir():
            raise FileError(f"cannot write {path}: there is no folder {path.parent}")
        if path.is_dir():
            raise FileError(f"cannot write {path}: it is a folder")


def _write(text: str, to: Path) -> None:
    if to == SCREEN:
        print(text, end="")
        return
    with whole(to) as file:
        file.write(text)


def _answers(place: Path, data: Path, level: float) -> Answers:
    from semnan.mmm import read_plan

    plan = read_plan(place)
    panel = plan.panel(read_csv(data))
    fit = plan.channel_sem(panel).fit(**plan.fit, known=plan.known(panel))
    return plan.answers(fit, level=level)


def _summary(found: Answers) -> Iterator[str]:
    """The report in text."""
    budget = found.budget
    yield str(found.fit.summary(level=found.level))
    if isinstance(budget, Unavailable):
        hint = "With channels in [budget] the plan names those to decide about, and the others respond."
        yield fill(f"no best split of the budget: {budget.reason}. {hint}", WIDTH)
    else:
        yield str(budget)
    if found.holdout is not None:
        yield str(found.holdout)
