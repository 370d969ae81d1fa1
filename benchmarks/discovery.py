"""Discovery beside peers, on the same rows, in one run: CPU time, SHD, CPDAG-SHD, F1, objectives.

Each program works in a process of its own with one BLAS thread; the call that is timed begins with the centred rows
and follows a call on a small set. Peers (dagma, flop, gcastle's notears and golem) take part when `--peer-python` names
an interpreter of an environment that has them. F1 counts an undirected edge of a CPDAG as right where the true graph
has an edge. The claims: 1 equal variances, 2 other variances, 3 notears and golem, 4 steps of ProxiMAS and what a
refinement does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from semnan import metrics
from semnan.discovery import Golem, OptiMAS, OrderSearch, ProxiMAS, Task, discover
from semnan.discovery.knowledge import read_knowledge
from semnan.discovery.losses import least_squares
from semnan.discovery.projection_steps import Fista, Scaled
from semnan.discovery.subgraph import acyclic_order
from semnan.simulate import GraphKind, Scales, simulate

ROOT = Path(__file__).parents[1]
OURS = (
    "equal-variance-search",
    "equal-variance",
    "order",
    "variance-sort",
    "r2-sort",
    "notears",
    "golem-ev",
    "golem-nv",
    "proximas",
    "optimas",
)
PEERS = ("flop", "dagma", "gcastle-notears", "gcastle-golem-ev", "gcastle-golem-nv")
CELLS: tuple[tuple[GraphKind, int], ...] = (("ER", 1), ("ER", 2), ("ER", 4), ("SF", 2))
#: Notears and golem beside gcastle's, pair by pair.
PAIRS = ("notears", "gcastle-notears", "golem-ev", "gcastle-golem-ev", "golem-nv", "gcastle-golem-nv")
#: By claim: programs, the first being the one that others are compared with, and (scales, standardised).
CLAIMS: dict[int, tuple[tuple[str, ...], tuple[tuple[Scales, bool], ...]]] = {
    1: (("equal-variance-search", "equal-variance", "variance-sort", "flop", "dagma"), (("EV", False),)),
    2: (("order", "flop", "dagma"), (("NV", True), ("WV", False))),
    3: (PAIRS, (("EV", False), ("NV", False))),
}
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
        return [scored(program, file, Path(out) / f"{i}.npz") for i, file in enumerate(files)]


def scored(program: str, data: Path, answer: Path) -> Row:
    read, found = np.load(data), np.load(answer)
    truth, edges = read["W"] != 0, found["W"] != 0
    directed, undirected = edges & ~edges.T, np.triu(edges & edges.T)
    pattern = edges if bool(found["cpdag"]) else metrics.cpdag(edges)
    right = int((directed & truth).sum() + (undirected & (truth | truth.T)).sum())
    wrong = int(np.triu((edges | edges.T) != (truth | truth.T)).sum() + (directed & truth.T).sum())
    total = int(directed.sum() + undirected.sum() + truth.sum())
    return {
        "seconds": float(found["seconds"]),
        "SHD": wrong,
        "CPDAG-SHD": metrics.shd(metrics.cpdag(truth), pattern),
        "F1": 2 * right / total if total else 1.0,
        "objective": objective(program, read["X"], found["raw"]),
    }


def objective(program: str, rows: Array, weights: Array) -> float:
    """What NOTEARS and GOLEM minimise, before the threshold; NaN for others."""
    centred = rows - rows.mean(axis=0)
    covariance, size = centred.T @ centred / len(rows), float(np.abs(weights).sum())
    if "notears" in program:
        return least_squares(covariance, weights)[0] + 0.1 * size
    if "golem" not in program:
        return np.nan
    method = Golem(variances="equal" if program.endswith("ev") else "different")
    smooth = method.objective(as_task(covariance, len(rows)))
    return smooth(weights)[0] + method.penalties[0] * size


def as_task(covariance: Array, n: int) -> Task:
    names = tuple(f"V{i}" for i in range(len(covariance)))
    return Task(covariance, n, read_knowledge(names), names, False)


def table(title: str, rows: dict[str, list[Row]]) -> Table:
    """Means over data sets; times over that of the first program, or of the one before where two are compared."""
    result = Table(title=title)
    for name in ("program", "CPU s", "ratio", "SHD", "CPDAG-SHD", "F1", "objective", ""):
        result.add_column(name, justify="left" if name in ("program", "") else "right")
    first = np.nan
    for program, answers in rows.items():
        good = [row for row in answers if "seconds" in row]
        notes = {row["note"] for row in answers if "note" in row}
        mean = {key: float(np.mean([row[key] for row in good])) for key in (good[0] if good else ())}
        if mean and (np.isnan(first) or program in PAIRS[::2]):
            first = mean["seconds"]
        values = [f"{mean['seconds']:.4f}", f"{mean['seconds'] / first:.2f}"] if mean else ["", ""]
        values += [f"{mean[key]:.3f}" if mean else "" for key in ("SHD", "CPDAG-SHD", "F1")]
        known = bool(mean) and np.isfinite(mean["objective"])
        result.add_row(program, *values, f"{mean['objective']:.4f}" if known else "", "; ".join(sorted(notes)))
    return result


def beside_peers(claim: int, options: argparse.Namespace, console: Console) -> None:
    programs, settings = CLAIMS[claim]
    chosen = [name for name in programs if options.program is None or name in options.program]
    for d in options.variables:
        for scales, standardise in settings:
            for kind, degree in CELLS if claim < 3 else (("ER", 2),):
                files = [made(options.data, kind, degree, scales, d, options.rows, s) for s in range(options.seeds)]
                rows = {}
                for program in chosen:
                    python = options.peer_python if program in PEERS else sys.executable
                    if python:
                        rows[program] = run(python, program, files, standardise, options.timeout)
                title = f"{kind}{degree} {scales}{' standardised' if standardise else ''}, d = {d}, n = {options.rows}"
                console.print(table(title, rows))


def many_variables(console: Console) -> None:
    """`EqualVariance` with thousands of variables, the whole call."""
    result = Table("d", "rows", "CPU s", "SHD", "edges", title="EqualVariance, ER4")
    for d, n in ((1000, 2000), (2000, 3000)):
        with tempfile.TemporaryDirectory() as folder:
            file = made(Path(folder), "ER", 4, "EV", d, n, 0)
            row = run(sys.executable, "equal-variance", [file], False, 600)[0]
        result.add_row(str(d), str(n), f"{row['seconds']:.2f}", str(row["SHD"]), str(4 * d))
    console.print(result)


def cpu(call: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return float(np.median(times))


def projections(console: Console) -> None:
    result = Table("rows", "CPU ms a step", title="ProxiMAS: a step by rows, ER2, d = 500")
    for rows in (500, 5_000, 50_000):
        moments = simulate("ER", 2, variables=500, rows=rows, seed=0).moments
        stepper = Fista(Scaled(as_task(np.array(moments.covariance), 1000), 0.1, 1.0))
        for _ in range(20):
            stepper.step(None, 0.0)
        result.add_row(str(rows), f"{1e3 * cpu(lambda s=stepper: s.step(None, 0.0), 20):.1f}")  # type: ignore[misc]
    console.print(result)
    full = np.random.default_rng(0).random((1000, 1000))
    console.print(f"maximum acyclic subgraph, full 1000 x 1000: {1e3 * cpu(lambda: acyclic_order(full), 20):.1f} ms")
    console.print(large_steps(5000))
    console.print(refined())


def large_steps(d: int) -> Table:
    result = Table("step", "weights a variable", "CPU s", title=f"ProxiMAS: steps with d = {d}, ER2, 1000 rows")
    moments = simulate("ER", 2, variables=d, rows=1000, seed=0).moments
    scaled = Scaled(as_task(np.array(moments.covariance), 1000), 0.1, 1.0)
    stepper = Fista(scaled)
    for step in range(45):
        pulled = step >= 40
        start = time.process_time()
        stepper.step(scaled.places(stepper.weights) if pulled else None, 10.0 if pulled else 0.0)
        seconds = time.process_time() - start
        if step in (0, 1, 5, 10, 20, 39, 40, 44):
            name = f"{step + 1}{', with pull' if pulled else ''}"
            result.add_row(name, f"{stepper.weights.nnz / d:.1f}", f"{seconds:.2f}")
    return result


def refined() -> Table:
    """SHD after a quarter of the steps, after all, and refined by OrderSearch."""
    result = Table("", "a quarter", "all", "refined", title="SHD, d = 50, mean of three sets")
    for degree in (1, 2, 4):
        for short, method in ((ProxiMAS(steps=250), ProxiMAS()), (OptiMAS(steps=500), OptiMAS())):
            found = []
            for seed in range(3):
                drawn = simulate("ER", degree, variables=50, rows=1000, seed=seed)
                answers = (
                    discover(drawn.moments, method=short),
                    discover(drawn.moments, method=method),
                    discover(drawn.moments, method=method, refine=OrderSearch()),
                )
                found.append([answer.compare(drawn.weights).shd for answer in answers])
            result.add_row(f"ER{degree} {type(method).__name__}", *(f"{value:.1f}" for value in np.mean(found, axis=0)))
    return result


def parsed() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--claim", nargs="+", type=int, choices=[1, 2, 3, 4], default=[1, 2, 4])
    reader.add_argument("--program", nargs="+", choices=[*OURS, *PEERS], help="only these of a claim's programs")
    reader.add_argument("--variables", nargs="+", type=int, default=[50, 100])
    reader.add_argument("--rows", type=int, default=1000)
    reader.add_argument("--seeds", type=int, default=3)
    reader.add_argument("--peer-python", help="interpreter of an environment with the peers")
    reader.add_argument("--timeout", type=float, default=1800, help="seconds for one program and cell")
    reader.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "semnan-discovery-data")
    return reader.parse_args()


def main() -> None:
    options, console = parsed(), Console(width=120)
    for claim in options.claim:
        if claim == 4:
            projections(console)
        else:
            beside_peers(claim, options, console)
        if claim == 1:
            many_variables(console)


if __name__ == "__main__":
    main()
