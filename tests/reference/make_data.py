"""Simulates the tables that lavaan.json rests on: `python tests/reference/make_data.py` writes data/*.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"
Array = NDArray[np.float64]
Columns = dict[str, Array]


def write(name: str, columns: Columns, groups: NDArray[np.str_] | None = None) -> None:
    """Four decimals; NaN is an empty cell, a group the first column."""
    lines = [",".join([*(["group"] if groups is not None else []), *columns])]
    for i, row in enumerate(zip(*columns.values(), strict=True)):
        cells = ["" if np.isnan(value) else f"{value:.4f}" for value in row]
        lines.append(",".join([*([str(groups[i])] if groups is not None else []), *cells]))
    DATA.mkdir(exist_ok=True)
    (DATA / f"{name}.csv").write_text("\n".join(lines) + "\n")


def items(n: int = 300) -> tuple[Columns, NDArray[np.str_]]:
    """Three factors of three indicators in two groups, two covariates, two outcomes.

    In the south the mean of f1, the intercept of x5 and the loading of x2 differ; "south" comes first but not always.
    """
    rng = np.random.default_rng(101)
    south = rng.random(n) < 0.45
    south[0] = True
    w1 = rng.normal(0.5, 1, n)
    w2 = 0.4 * w1 + rng.normal(0, 0.9, n)
    f1 = 0.4 * south + rng.normal(0, 1, n)
    f2 = 0.5 * f1 + rng.normal(0, 0.8, n)
    f3 = 0.5 * f1 + 0.3 * f2 + 0.4 * w1 + rng.normal(0, 0.7, n)
    method = rng.normal(0, 0.4, n)  # shared by x3 and x6
    loadings = [np.full(n, loading) for loading in (1, 0.9, 0.8, 1, 1.1, 0.7, 1, 0.8, 0.9)]
    loadings[1][south] = 0.6
    columns: Columns = {}
    for i, loading in enumerate(loadings):
        noise = rng.normal(0, 0.6 + 0.05 * (i % 3), n) + method * (i in (2, 5))
        columns[f"x{i + 1}"] = 2 + 0.2 * i + 0.5 * south * (i == 4) + loading * (f1, f2, f3)[i // 3] + noise
    columns |= {"w1": w1, "w2": w2}
    columns["z1"] = 1 + 0.6 * f3 - 0.2 * w2 + rng.normal(0, 0.7, n)
    columns["z2"] = 0.3 * f1 + 0.3 * columns["z1"] + rng.normal(0, 0.8, n)
    return columns, np.where(south, "south", "north")


def gaps(columns: Columns, groups: NDArray[np.str_]) -> Columns:
    """Values lost by pattern: at random, by w1 seen, and a few of the covariate w2."""
    rng = np.random.default_rng(102)
    lost = {name: values.copy() for name, values in columns.items()}
    pattern, n = rng.random(len(groups)), len(groups)
    for low, high, names in ((0.0, 0.1, "x2 x3"), (0.1, 0.18, "x7 x8 x9 z1"), (0.18, 0.25, "x4"), (0.25, 0.3, "z1 z2")):
        for name in names.split():
            lost[name][(low <= pattern) & (pattern < high)] = np.nan
    lost["x5"][(columns["w1"] > 1) & (rng.random(n) < 0.5)] = np.nan
    lost["w2"][(pattern > 0.92)] = np.nan
    return lost


def curves(n: int = 250) -> Columns:
    """Linear growth over four times with a covariate of each time and two of the person."""
    rng = np.random.default_rng(103)
    a1, a2 = rng.normal(0, 1, (2, n))
    level = 1 + 0.5 * a1 + 0.2 * a2 + rng.normal(0, 0.8, n)
    slope = 0.6 - 0.2 * a1 + 0.3 * a2 + 0.2 * (level - 1) + rng.normal(0, 0.4, n)
    columns: Columns = {}
    for time in range(4):
        covariate = rng.normal(0, 1, n) + 0.3 * a1
        columns[f"t{time + 1}"] = level + time * slope + 0.3 * covariate + rng.normal(0, 0.6, n)
        columns[f"c{time + 1}"] = covariate
    return columns | {"a1": a1, "a2": a2}


def paths(n: int = 300) -> Columns:
    """Visible variables only: two causes, two mediators, two outcomes with correlated residuals."""
    rng = np.random.default_rng(104)
    x1 = rng.normal(1, 1.2, n)
    x2 = 0.4 * x1 + rng.normal(0, 1, n)
    m1 = 0.5 + 0.6 * x1 + 0.36 * x2 + rng.normal(0, 0.8, n)
    m2 = 0.3 * m1 + 0.5 * x2 + rng.normal(0, 0.9, n)
    shared = rng.normal(0, 0.5, n)
    y1 = 0.5 * m1 + 0.45 * m2 + shared + rng.normal(0, 0.7, n)
    y2 = 0.25 * m1 + 0.5 * m2 + shared + rng.normal(0, 0.7, n)
    return {"x1": x1, "x2": x2, "m1": m1, "m2": m2, "y1": y1, "y2": y2}


def second_order(n: int = 300) -> Columns:
    """Four factors of three indicators under a general factor."""
    rng = np.random.default_rng(105)
    general = rng.normal(0, 1, n)
    columns: Columns = {}
    for j, weight in enumerate((1.0, 0.8, 0.7, 0.9)):
        factor = weight * general + rng.normal(0, 0.6, n)
        for i, loading in enumerate((1.0, 0.8, 0.9)):
            columns[f"y{3 * j + i + 1}"] = loading * factor + rng.normal(0, 0.7, n)
    return columns


def moments(columns: Columns) -> Columns:
    """Covariances (divisor n - 1) as a published table would give them, and the means in a last row."""
    rows = np.column_stack(list(columns.values()))
    table = np.vstack([np.cov(rows, rowvar=False), rows.mean(0)])
    return {name: table[:, i] for i, name in enumerate(columns)}


def main() -> None:
    columns, groups = items()
    write("items", columns, groups)
    write("gaps", gaps(columns, groups), groups)
    write("curves", curves())
    write("paths", paths())
    write("second_order", second_order())
    write("moments", moments(paths()))


if __name__ == "__main__":
    main()
