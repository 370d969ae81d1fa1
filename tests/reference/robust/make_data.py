"""Simulates the tables that robust.json rests on: `python make_data.py` writes them beside itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
Array = NDArray[np.float64]


def write(name: str, columns: dict[str, Array], texts: dict[str, list[str]]) -> None:
    """Four decimals; NaN is an empty cell."""
    cells = [[*texts[key]] for key in texts]
    cells += [["" if np.isnan(value) else f"{value:.4f}" for value in column] for column in columns.values()]
    lines = [",".join([*texts, *columns]), *(",".join(row) for row in zip(*cells, strict=True))]
    (HERE / f"{name}.csv").write_text("\n".join(lines) + "\n")


def clustered(n: int = 400, clusters: int = 60) -> tuple[dict[str, Array], dict[str, list[str]]]:
    """Two factors of four heavy-tailed indicators, a covariate, clusters with means of their own, unequal weights."""
    rng = np.random.default_rng(5)
    own = rng.integers(0, clusters, n)
    shift = rng.normal(0, 0.5, (clusters, 2))[own]
    w = rng.normal(0, 1, clusters)[own] + rng.normal(0, 0.7, n)
    f1 = 0.4 * w + shift[:, 0] + rng.standard_t(5, n)
    f2 = 0.5 * f1 + shift[:, 1] + rng.standard_t(5, n) * 0.8
    columns: dict[str, Array] = {}
    for i, loading in enumerate((1, 0.9, 0.7, 0.8, 1, 1.1, 0.6, 0.9)):
        factor = f1 if i < 4 else f2
        skewed = np.exp(rng.normal(0, 0.6, n)) - 1.2
        columns[f"x{i + 1}"] = 1 + loading * factor + (skewed if i % 2 else rng.standard_t(6, n) * 0.8)
    columns["x4"] += 0.3 * columns["x8"]
    columns["w"] = w
    columns["weight"] = rng.gamma(2, 0.5, n) + 0.2
    texts = {"group": ["a" if k % 3 else "b" for k in own], "cluster": [f"c{k}" for k in own]}
    return columns, texts


def incomplete(columns: dict[str, Array]) -> dict[str, Array]:
    """Values lost at random, and x6 where w is large."""
    rng = np.random.default_rng(6)
    lost = {name: values.copy() for name, values in columns.items()}
    for name in ("x2", "x3", "x7"):
        lost[name][rng.random(len(lost[name])) < 0.15] = np.nan
    lost["x6"][(columns["w"] > 0.8) & (rng.random(len(columns["w"])) < 0.6)] = np.nan
    return lost


if __name__ == "__main__":
    found, labels = clustered()
    write("clustered", found, labels)
    write("incomplete", incomplete(found), labels)
