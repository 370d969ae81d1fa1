"""semnan beside semopy and lavaan: from model text and data frame to estimates, standard errors, χ² and baseline.

Each program works in a process of its own, on the same files, with the same number of threads; its first call is
told apart from the median of later ones. χ² must agree to 1e-3; a program that is above the least by up to a
hundred-thousandth of it stopped short, by more it found another optimum. The floor is the linear algebra that no
second-order step can do without, one p × p Cholesky with inverse and one q × q Cholesky, times semnan's steps. Peers
take part when their interpreters are given or found; semopy computes no baseline.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.peers.cases import ALL, CASES, Meta, prepared, read

ROOT = Path(__file__).parents[1]
WORKERS = "benchmarks.peers"
AGREE, SHORT = 1e-3, 1e-5
Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """How often and how long a program may work on a case."""

    folder: Path
    threads: int
    reps: int
    budget: float
    timeout: float

    def run(self, command: list[str]) -> Row:
        """The worker's answer, or why there is none."""
        settings = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = os.environ | dict.fromkeys(settings, str(self.threads))
        whole = [*command, str(self.folder.resolve()), str(self.reps), str(self.budget)]
        try:
            done = subprocess.run(
                whole, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=self.timeout
            )
        except subprocess.TimeoutExpired:
            return {"note": f"unfinished after {self.timeout:g} s"}
        if done.returncode:
            return {"note": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """How each program that can be asked is started."""
    found = {"semnan": [sys.executable, "-m", f"{WORKERS}.semnan_worker"]}
    if options.semopy_python:
        found["semopy"] = [options.semopy_python, "-m", f"{WORKERS}.semopy_worker"]
    if options.rscript:
        found["lavaan"] = [options.rscript, "benchmarks/peers/lavaan_worker.R"]
    return found


def compared(rows: list[Row]) -> list[Row]:
    """Beside each program its time over semnan's and its χ² less the smallest."""
    ours = next((row.get("wall") for row in rows if row["program"] == "semnan"), None)
    smallest = min((row["chi_square"] for row in rows if "chi_square" in row), default=None)
    for row in rows:
        if ours and "wall" in row:
            row["ratio"] = row["wall"] / ours
        if smallest is not None and "chi_square" in row:
            row["excess"] = row["chi_square"] - smallest
            short = row["excess"] <= SHORT * smallest
            row["agreement"] = "" if row["excess"] <= AGREE else "stopped short" if short else "differs"
    return rows


def measured(name: str, threads: int, options: argparse.Namespace) -> list[Row]:
    """One case with each program that takes part."""
    folder = prepared(options.cases, name)
    meta: Meta = read(folder)
    wanted = options.program or meta.programs
    job = Job(folder, threads, options.reps, options.budget, options.timeout)
    rows = []
    for program, command in commands(options).items():
        if program in wanted:
            Console(stderr=True).print(f"{name}, {threads} threads: {program}", style="dim")
            row = {"case": name, "parameters": meta.parameters, "threads": threads, "program": program}
            rows.append(row | job.run(command))
    return compared(rows)


def shown(row: Row, key: str, form: str) -> str:
    return format(row[key], form) if row.get(key) is not None else ""


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table."""
    excess = " ".join(filter(None, [shown(row, "excess", ".1e"), row.get("agreement")]))
    over = f"{row['wall'] / row['floor']:.1f}" if row.get("floor") else ""
    notes = ", ".join(filter(None, [row.get("note", ""), "" if row.get("converged", True) else "not converged"]))
    numbers = [shown(row, key, ".3f") for key in ("first", "wall", "cpu")]
    numbers += [shown(row, "peak", ".0f"), shown(row, "chi_square", ".3f"), excess, shown(row, "ratio", ".1f")]
    program = " ".join(filter(None, [row["program"], row.get("version")]))
    return (program, *numbers, shown(row, "steps", "d"), shown(row, "floor", ".4f"), over, notes)


def table(rows: list[Row]) -> Table:
    """The rows of one case."""
    head = rows[0]
    columns = ("first s", "wall s", "CPU s", "MiB", "χ²", "above least", "× semnan", "steps", "floor s", "/ floor", "")
    result = Table(title=f"{head['case']}, {head['parameters']} free parameters, threads: {head['threads']}")
    result.add_column("program", no_wrap=True)
    for name in columns:
        result.add_column(name, justify="right" if name else "left")
    for row in rows:
        result.add_row(*cells(row))
    return result


def parsed() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--case", nargs="+", choices=CASES, default=list(CASES), help="default: all")
    reader.add_argument("--program", nargs="+", choices=ALL, help="default: those that manage the case in minutes")
    reader.add_argument("--reps", type=int, default=5, help="calls after the first")
    reader.add_argument("--threads", nargs="+", type=int, default=[1])
    reader.add_argument("--budget", type=float, default=60, help="seconds of a program after which no call is begun")
    reader.add_argument("--timeout", type=float, default=900, help="seconds after which a program is stopped")
    reader.add_argument("--semopy-python", help="interpreter of an environment with semopy")
    reader.add_argument("--rscript", default=shutil.which("Rscript"), help="of an R with lavaan and jsonlite")
    made = Path(tempfile.gettempdir()) / "semnan-benchmark-cases"
    reader.add_argument("--cases", type=Path, default=made, help="where the cases lie or are made")
    reader.add_argument("--json", action="store_true", help="rows as JSON instead of tables")
    return reader.parse_args()


def main() -> None:
    options = parsed()
    every = []
    for name in options.case:
        for threads in options.threads:
            rows = measured(name, threads, options)
            every += rows
            if rows and not options.json:
                Console(width=150).print(table(rows))
    if options.json:
        print(json.dumps(every, indent=1))


if __name__ == "__main__":
    main()
