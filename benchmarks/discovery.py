"""Discovery beside peers, on the same rows, in one run: time, SHD, CPDAG-SHD, F1.

Each program works in a process of its own with one BLAS thread; the call that is timed begins with the centred rows
and follows a call on a small set. Peers (dagma, flop, gcastle's notears and golem) take part when `--peer-python` names
an interpreter of an environment that has them. F1 counts an undirected edge of a CPDAG as right where the true graph
has an edge.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from semnan import metrics
from semnan.simulate import GraphKind, Scales, simulate

ROOT = Path(__file__).parents[1]
OURS = ("equal-variance", "order", "variance-sort", "r2-sort", "notears", "golem-ev", "golem-nv", "proximas", "optimas")
PEERS = ("dagma", "flop", "gcastle-notears", "gcastle-golem")
CELLS: tuple[tuple[GraphKind, int], ...] = (("ER", 1), ("ER", 2), ("ER", 4), ("SF", 2))
Array = NDArray[np.float64]
Row = dict[str, Any]


def made(folder: Path, kind: GraphKind, degree: int, scales: Scales, d: int, n: int, seed: int) -> Path:
    """The file of a data set, made on first use: rows X and true weights W."""
    file = folder / f"{kind}{degree}_{scales}_d{d}_n{n}_s{seed}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        drawn = simulate(kind, degree, variables=d, rows=n, scales=scales, seed=seed)
        np.savez(file, X=drawn.train, W=drawn.weights)
    return file


def run(python: str, program: str, files: list[Path], standardise: bool, timeout: float) -> list[Row]:
    """The worker's answers, one for each file, or why there are none."""
    worker = ROOT / "benchmarks" / "peers" / "discovery_worker.py"
    settings = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    with tempfile.TemporaryDirectory() as out:
        command = [python, str(worker), program, out, str(int(standardise)), *(str(f.resolve()) for f in files)]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | dict.fromkeys(settings, "1"),
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return [{"note": f"unfinished after {timeout:g} s"}] * len(files)
        if done.returncode:
            return [{"note": (done.stderr.strip().splitlines() or ["failed"])[-1]}] * len(files)
        return [scored(file, Path(out) / f"{i}.npz") for i, file in enumerate(files)]


def scored(data: Path, answer: Path) -> Row:
    truth = np.load(data)["W"] != 0
    found = np.load(answer)
    edges = found["W"] != 0
    directed, undirected = edges & ~edges.T, np.triu(edges & edges.T)
    pattern = edges if undirected.any() or bool(found["cpdag"]) else metrics.cpdag(edges)
    right = int((directed & truth).sum() + (undirected & (truth | truth.T)).sum())
    skeleton = edges | edges.T
    wrong = int(np.triu(skeleton != (truth | truth.T)).sum() + (directed & truth.T).sum())
    total = int(directed.sum() + undirected.sum() + truth.sum())
    return {
        "seconds": float(found["seconds"]),
        "shd": wrong,
        "shd_cpdag": metrics.shd(metrics.cpdag(truth), pattern),
        "f1": 2 * right / total if total else 1.0,
    }


def table(cell: str, rows: dict[str, list[Row]]) -> Table:
    result = Table(title=cell)
    for name in ("program", "seconds", "SHD", "CPDAG-SHD", "F1", ""):
        result.add_column(name, justify="left" if name in ("program", "") else "right")
    for program, answers in rows.items():
        good = [row for row in answers if "seconds" in row]
        notes = {row["note"] for row in answers if "note" in row}
        means = [
            float(np.mean([row[key] for row in good])) if good else np.nan
            for key in ("seconds", "shd", "shd_cpdag", "f1")
        ]
        result.add_row(
            program, f"{means[0]:.4f}", f"{means[1]:.2f}", f"{means[2]:.2f}", f"{means[3]:.3f}", "; ".join(notes)
        )
    return result


def parsed() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument(
        "--program", nargs="+", choices=[*OURS, *PEERS], default=["equal-variance", "order", "variance-sort"]
    )
    reader.add_argument("--variables", nargs="+", type=int, default=[50])
    reader.add_argument("--scales", nargs="+", choices=["EV", "NV", "WV"], default=["EV", "NV"])
    reader.add_argument("--rows", type=int, default=1000)
    reader.add_argument("--seeds", type=int, default=3)
    reader.add_argument("--standardise", action="store_true")
    reader.add_argument("--peer-python", help="interpreter of an environment with the peers")
    reader.add_argument("--timeout", type=float, default=1800, help="seconds for one program and cell")
    reader.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "semnan-discovery-data")
    reader.add_argument("--json", action="store_true", help="rows as JSON instead of tables")
    return reader.parse_args()


def main() -> None:
    options = parsed()
    every: dict[str, dict[str, list[Row]]] = defaultdict(dict)
    for d in options.variables:
        for scales in options.scales:
            for kind, degree in CELLS:
                cell = f"{kind}{degree} {scales} d={d} n={options.rows}{' standardised' if options.standardise else ''}"
                files = [made(options.data, kind, degree, scales, d, options.rows, s) for s in range(options.seeds)]
                for program in options.program:
                    python = options.peer_python if program in PEERS else sys.executable
                    if python:
                        every[cell][program] = run(python, program, files, options.standardise, options.timeout)
                if not options.json:
                    Console(width=120).print(table(cell, every[cell]))
    if options.json:
        print(json.dumps(every, indent=1))


if __name__ == "__main__":
    main()
