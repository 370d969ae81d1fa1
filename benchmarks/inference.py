"""Bootstrap replicates a second: semnan beside lavaan (and semopy, fitted in a loop) on PoliticalDemocracy.

Each works alone on one core on the same rows with the same model; the standard deviations of the replicates must agree
as far as chance lets them. The second table is semnan on larger models, with the memory that the process took. The
third leaves out every row of a sample from that model, at once and one by one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

Row = dict[str, Any]
TEXT = """
ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60
dem65 ~ ind60 + dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
"""
LAVAAN = """
suppressPackageStartupMessages(library(lavaan))
given <- commandArgs(TRUE); d <- read.csv(given[1]); text <- readLines(given[2])
fit <- sem(paste(text, collapse = "\\n"), d); set.seed(1)
took <- system.time(found <- bootstrapLavaan(fit, R = as.integer(given[3])))[["elapsed"]]
cat(sprintf('{"seconds": %.6f, "replicates": %d, "spread": %.8f}\\n', took, nrow(found),
            sd(found[, match("dem60~ind60", names(coef(fit)))])))
"""
SEMOPY = """
import json, sys, time
import numpy as np, pandas as pd
from semopy import Model
d, text, count = pd.read_csv(sys.argv[1]), open(sys.argv[2]).read(), int(sys.argv[3])
model = Model(text); model.fit(d)
rng, found, begun = np.random.default_rng(1), [], time.perf_counter()
for _ in range(count):
    again = Model(text)
    again.fit(d.iloc[rng.integers(0, len(d), len(d))].reset_index(drop=True))
    table = again.inspect(std_est=False, se_robust=False)
    row = table[(table.lval == "dem60") & (table.op == "~") & (table.rval == "ind60")]
    found.append(float(row.Estimate.iloc[0]))
print(json.dumps({"seconds": time.perf_counter() - begun, "replicates": count, "spread": float(np.std(found, ddof=1))}))
"""


def semnan_bootstrap(count: int) -> Row:
    import semnan as sn

    fit = sn.sem(TEXT, sn.datasets.political_democracy().to_frame())
    sn.bootstrap(fit, 10)
    begun = time.perf_counter()
    found = sn.bootstrap(fit, count, seed=1)
    took = time.perf_counter() - begun
    spread = found.estimates[:, found.names.index("ind60 -> dem60")].std(ddof=1)
    return {"seconds": took, "replicates": found.converged, "spread": float(spread)}


def large(visibles: int, count: int) -> Row:
    """Factors of five indicators each, that covary, of 500 rows."""
    import semnan as sn

    rng, factors = np.random.default_rng(0), visibles // 5
    scores = rng.normal(size=(500, factors)) + rng.normal(size=(500, 1)) * 0.7
    table = 0.8 * scores.repeat(5, axis=1) + rng.normal(size=(500, visibles)) * 0.6
    frame = pd.DataFrame(table, columns=[f"x{i}" for i in range(visibles)])
    lines = [f"f{k} =~ " + " + ".join(f"x{5 * k + i}" for i in range(5)) for k in range(factors)]
    fit = sn.cfa("\n".join(lines), frame)
    begun = time.perf_counter()
    found = sn.bootstrap(fit, count, seed=1)
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": took, "replicates": found.converged, "parameters": len(fit.model.free), "GiB": peak}


def leave_out(count: int) -> Row:
    """Every row of so many left out by `Fit.influence`, and by fits one after the other."""
    import semnan as sn

    model = sn.sem(TEXT, sn.datasets.political_democracy().to_frame())
    names, root = list(model.model.visibles), np.linalg.cholesky(model.implied_covariance)
    rows = np.random.default_rng(0).normal(size=(count, len(names))) @ root.T
    frame = pd.DataFrame(rows, columns=names)
    fit = sn.fit(model.model, frame)
    fit.influence()
    begun = time.perf_counter()
    found = fit.influence()
    estimates, at_once = found.estimates, time.perf_counter() - begun
    assert not isinstance(found.cook, sn.Unavailable)
    measured = time.perf_counter() - begun
    begun, far = time.perf_counter(), 0.0
    errors = np.array([float(error) for error in fit.standard_errors.values() if not isinstance(error, sn.Unavailable)])
    for i in range(count):
        again = sn.fit(fit.model, frame.drop(i))
        far = max(far, float((np.abs(again.estimate.theta.numpy() - estimates[i]) / errors).max()))
    each = time.perf_counter() - begun
    return {"seconds": at_once, "measures": measured, "refits": each, "rows": count, "far": far}


def alone(command: list[str]) -> Row:
    """The last line that a program prints, in a process of its own on one core."""
    settings = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"note": (done.stderr.strip().splitlines() or ["it failed"])[-1]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def compare(count: int, rscript: str | None, semopy: str | None) -> list[tuple[str, Row]]:
    """Every program on the same files."""
    import semnan as sn

    with tempfile.TemporaryDirectory() as folder:
        data, text = Path(folder) / "data.csv", Path(folder) / "model.txt"
        sn.datasets.political_democracy().to_frame().to_csv(data, index=False)
        text.write_text(TEXT)
        given = [str(data), str(text), str(count)]
        rows = [("semnan", alone([sys.executable, "-m", "benchmarks.inference", "--worker", str(count)]))]
        for name, program, code, ending in (("lavaan", rscript, LAVAAN, "R"), ("semopy", semopy, SEMOPY, "py")):
            if program is not None:
                script = Path(folder) / f"{name}_worker.{ending}"
                script.write_text(code)
                rows.append((name, alone([program, str(script), *given])))
    return rows


def show(rows: list[tuple[str, Row]]) -> None:
    table, first = Table("", "replicates", "seconds", "times semnan's", "SD of dem60 ~ ind60"), rows[0][1]["seconds"]
    for name, row in rows:
        if "note" in row:
            table.add_row(name, row["note"])
        else:
            ratio = f"{row['seconds'] / first:.1f}"
            table.add_row(name, str(row["replicates"]), f"{row['seconds']:.2f}", ratio, f"{row['spread']:.3f}")
    Console().print(table)


def show_large(rows: list[tuple[int, Row]]) -> None:
    table = Table("visibles", "parameters", "replicates", "seconds", "GiB")
    for visibles, row in rows:
        cells = (row["parameters"], row["replicates"], f"{row['seconds']:.1f}", f"{row['GiB']:.2f}")
        table.add_row(str(visibles), *map(str, cells))
    Console().print(table)


def show_left_out(row: Row) -> None:
    table = Table("rows", "fits one by one", "at once", "times less", "with Cook's distance", "largest difference (SE)")
    ratio = row["refits"] / row["seconds"]
    cells = (f"{row['refits']:.2f} s", f"{row['seconds']:.3f} s", f"{ratio:.0f}", f"{row['measures']:.3f} s")
    table.add_row(str(row["rows"]), *cells, f"{row['far']:.0e}")
    Console().print(table)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--replicates", type=int, default=1000)
    reader.add_argument("--rscript", default=shutil.which("Rscript"))
    reader.add_argument("--semopy", help="an interpreter that has semopy")
    reader.add_argument("--large", type=int, nargs=2, action="append", metavar=("VISIBLES", "REPLICATES"), default=[])
    reader.add_argument("--leave-out", type=int, default=1000, help="rows of the sample to leave out one by one")
    reader.add_argument("--leave-out-worker", type=int, help=argparse.SUPPRESS)
    reader.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    reader.add_argument("--large-worker", type=int, nargs=2, help=argparse.SUPPRESS)
    options = reader.parse_args()
    if options.worker is not None:
        print(json.dumps(semnan_bootstrap(options.worker)))
    elif options.leave_out_worker is not None:
        print(json.dumps(leave_out(options.leave_out_worker)))
    elif options.large_worker is not None:
        print(json.dumps(large(*options.large_worker)))
    else:
        show(compare(options.replicates, options.rscript, options.semopy))
        command = [sys.executable, "-m", "benchmarks.inference"]
        show_large([(p, alone([*command, "--large-worker", str(p), str(count)])) for p, count in options.large])
        show_left_out(alone([*command, "--leave-out-worker", str(options.leave_out)]))


if __name__ == "__main__":
    main()
