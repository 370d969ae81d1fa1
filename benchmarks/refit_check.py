"""Error rates of `refit_check` against exact verdicts, over random mixed graphs on four nodes.

A false alarm is an identified effect that the refits take for different, a miss one that is not identified or has
several values and that they take for the same.
"""

from __future__ import annotations

import argparse
import time

from rich.console import Console
from rich.table import Table

from benchmarks.identification import codes
from semnan.bounds import refit_check
from semnan.identification import Status, identify_all
from semnan.identification.verdict import Verdict


def errors(graphs: int, draws: int, starts: int) -> dict[str, float]:
    """Counts of effects by verdict, and of errors."""
    found = dict.fromkeys(("identified", "false alarms", "not identified", "missed", "finite", "finite missed"), 0.0)
    ends, fits, seconds = 0, 0, 0.0
    for at, model in enumerate(codes(graphs)):
        verdicts = identify_all(model)
        if not verdicts:
            continue
        begin = time.perf_counter()
        check = refit_check(model, draws=draws, starts=starts, seed=at)
        seconds += time.perf_counter() - begin
        ends, fits = ends + check.reached, fits + draws * starts
        for verdict, row in zip(verdicts, check.rows, strict=True):
            _count(found, verdict, row.differs)
    return found | {"reached": ends / fits, "ms a graph": 1000 * seconds / graphs}


def _count(found: dict[str, float], verdict: Verdict, differs: bool) -> None:
    if verdict.status is Status.IDENTIFIED:
        found["identified"] += 1
        found["false alarms"] += differs
    elif verdict.status is Status.FINITE:
        found["finite"] += 1
        found["finite missed"] += not differs
    else:
        found["not identified"] += 1
        found["missed"] += not differs


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--graphs", type=int, default=400)
    options = reader.parse_args()
    table = Table("draws", "starts", *errors(1, 1, 2))
    for draws, starts in ((1, 2), (3, 10), (5, 50)):
        row = errors(options.graphs, draws, starts)
        table.add_row(str(draws), str(starts), *(f"{value:.4g}" for value in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
