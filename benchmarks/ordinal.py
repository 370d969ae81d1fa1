"""Ordered data: the time of polychoric correlations, and coverage of 95 % intervals for Likert items.

Two latents with four items of five categories each, whose thresholds are lopsided. WLSMV takes the items for
ordered; maximum likelihood takes category numbers for normal variables: MLR repairs its errors, but not its estimates.
What is covered are standardised loadings and the correlation of the latents; of the test, the share rejected at 5 %.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import semnan as sn
from semnan import Unavailable
from semnan.estimation.categories import Categories
from semnan.estimation.estimators import Estimator
from semnan.estimation.latent_response import latent_responses
from semnan.estimation.polychoric import Polychoric

Array = NDArray[np.float64]

LOADINGS = np.array([0.8, 0.7, 0.6, 0.75, 0.8, 0.65, 0.7, 0.6])
CORRELATION = 0.5
CUTS = [0.2, 0.8, 1.3, 1.8], [-1.8, -1.3, -0.8, -0.2]
NAMES = [f"y{i}" for i in range(1, 9)]
TEXT = "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"

LAVAAN = """
suppressPackageStartupMessages(library(lavaan))
table <- read.csv(commandArgs(TRUE)[1])
time <- function(...) min(sapply(1:3, function(i) system.time(lavCor(table, ordered = names(table), ...))["user.self"]))
cat(time(se = "none"), system.time(lavCor(table, ordered = names(table), se = "robust.sem",
                                          output = "fit"))["user.self"])
"""


def draw(n: int, generator: np.random.Generator) -> pd.DataFrame:
    """Rows of items from 1 to 5."""
    latents = generator.multivariate_normal([0, 0], [[1, CORRELATION], [CORRELATION, 1]], size=n).repeat(4, axis=1)
    items = LOADINGS * latents + generator.normal(size=(n, 8)) * np.sqrt(1 - LOADINGS**2)
    return pd.DataFrame({name: np.digitize(items[:, j], CUTS[j % 2]) + 1.0 for j, name in enumerate(NAMES)})


def covered(fit: sn.Fit) -> tuple[Array, Array, float]:
    """Which intervals hold the truth, estimates less the truth, and whether the test rejects."""
    rows = [row for row in fit.standardised("std.all") if row.kind == "path" or (row.source, row.target) == ("f", "g")]
    truth = [*LOADINGS, CORRELATION]
    within, apart = [], []
    for row, known in zip(rows, truth, strict=True):
        error = float(row.standard_error)
        apart.append(row.estimate - known)
        within.append(abs(row.estimate - known) <= 1.959964 * error)
    measures = fit.fit_measures
    p = measures.get("pvalue.scaled", measures["pvalue"])
    return np.array(within), np.array(apart), float(not isinstance(p, Unavailable) and p < 0.05)


def coverage(console: Console, replicates: int, n: int) -> None:
    table = Table("estimator", "loadings", "correlation", "bias of loadings", "test rejects", "did not converge")
    estimators: tuple[Estimator, ...] = ("WLSMV", "ULSMV", "ML", "MLR")
    for estimator in estimators:
        generator, kept, lost = np.random.default_rng(3), [], 0
        ordered = NAMES if estimator.startswith(("WLS", "ULS")) else []
        for _ in range(replicates):
            fit = sn.cfa(TEXT, draw(n, generator), estimator=estimator, std_lv=True, ordered=ordered)
            lost += not fit.converged
            if fit.converged:
                kept.append(covered(fit))
        within, apart, rejects = (np.stack(part) for part in zip(*kept, strict=True))
        shares = within.mean(0)
        numbers = (shares[:8].mean(), shares[8], apart.mean(0)[:8].mean(), rejects.mean())
        table.add_row(estimator, *(f"{number:.3f}" for number in numbers), str(lost))
    console.print(f"\nCoverage of 95 % intervals, n = {n}, {replicates} replicates, five lopsided categories", table)


def timing(console: Console, items: int, rows: int) -> None:
    generator = np.random.default_rng(1)
    factor = generator.normal(size=(rows, 1))
    values = np.digitize(0.7 * factor + 0.71 * generator.normal(size=(rows, items)), [-1.2, -0.4, 0.4, 1.2]).astype(
        float
    )
    names = tuple(f"y{j}" for j in range(items))
    levels = {name: np.arange(5.0) for name in names}
    here = min(clock(lambda: Polychoric.of(Categories.of(names, values))) for _ in range(5))
    whole = min(clock(lambda: latent_responses(names, values, levels)) for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "data.csv", Path(folder) / "time.R"
        pd.DataFrame(values.astype(int), columns=list(names)).to_csv(data, index=False)
        script.write_text(LAVAAN)
        done = subprocess.run(["Rscript", str(script), str(data)], capture_output=True, text=True, check=True)
    there, full = map(float, done.stdout.split())
    table = Table(f"{items} items x {rows} rows", "semnan", "lavaan", "ratio")
    table.add_row("correlations", f"{here:.3f} s", f"{there:.2f} s", f"{there / here:.0f}")
    table.add_row("with their asymptotic covariance", f"{whole:.3f} s", f"{full:.2f} s", f"{full / whole:.0f}")
    console.print(table)


def clock(work: object) -> float:
    start = time.process_time()
    assert callable(work)
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--n", type=int, default=500)
    arguments = parser.parse_args()
    console = Console(width=120)
    timing(console, 50, 2000)
    coverage(console, arguments.replicates, arguments.n)


if __name__ == "__main__":
    main()
