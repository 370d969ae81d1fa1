"""The cases of `benchmarks.sem`: one folder each with data.csv, model.lav and meta.json; simulated with fixed seeds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Peers = tuple[str, ...]
ALL = ("semnan", "semopy", "lavaan")
DEMOCRACY = """ind60 =~ x1 + x2 + x3
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
ABILITY = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"


@dataclass(frozen=True)
class Meta:
    """How a case is called.

    Attributes
    ----------
    function : str
        The name that it has in lavaan and in semnan.
    options : dict
        As lavaan spells them; semnan has an underscore for each dot.
    semopy_options : dict
        Arguments of ``semopy.Model``.
    programs : tuple of str
        Who is asked for it unless told otherwise.

    """

    kind: str
    p: int
    n: int
    parameters: int
    function: str = "cfa"
    options: dict[str, Any] = field(default_factory=dict)
    semopy_options: dict[str, Any] = field(default_factory=dict)
    programs: Peers = ALL


def write(folder: Path, names: list[str], rows: Array, text: str, meta: Meta) -> None:
    """The files of one case; meta.json last, for it says that the case is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savetxt(folder / "data.csv", rows, fmt="%.8g", delimiter=",", header=",".join(names), comments="")
    (folder / "model.lav").write_text(text)
    (folder / "meta.json").write_text(json.dumps(asdict(meta), indent=1) + "\n")


def read(folder: Path) -> Meta:
    return Meta(**json.loads((folder / "meta.json").read_text()))


def cfa(folder: Path, factors: int, each: int, n: int, seed: int, programs: Peers = ALL) -> None:
    """Correlated factors, each with its own indicators, the first loading fixed to 1."""
    rng, p = np.random.default_rng(seed), factors * each
    phi = _correlation(rng, factors)
    loadings = np.zeros((p, factors))
    for j in range(factors):
        loadings[j * each : (j + 1) * each, j] = rng.uniform(0.5, 0.9, each)
    sigma = loadings @ phi @ loadings.T + np.diag(1 - (loadings**2).sum(1))
    rows = rng.normal(size=(n, p)) @ np.linalg.cholesky(sigma).T
    text = "".join(_measurement(f"f{j + 1}", "x", range(j * each, (j + 1) * each)) for j in range(factors))
    parameters = 2 * p - factors + factors * (factors + 1) // 2
    write(folder, _names("x", p), rows, text, Meta("cfa", p, n, parameters, programs=programs))


def _correlation(rng: np.random.Generator, size: int) -> Array:
    root = rng.normal(size=(size, size))
    product = root @ root.T / size + 0.6 * np.eye(size) + 0.3
    scale = np.sqrt(np.diag(product))
    return np.asarray(product / np.outer(scale, scale), float)


def path(folder: Path, p: int, confounders: int, n: int, seed: int) -> None:
    """An acyclic path model with latent confounders of three children each.

    Confounders are orthogonal, their children are not adjacent, no two share a pair of children. The first variable is
    a child of the first confounder and every other has one to three parents, so no visible variable is exogenous.
    """
    rng = np.random.default_rng(seed)
    parents = _parents(rng, p)
    children = _children(rng, parents, confounders)
    edges, loadings, residual = _weights(rng, parents, children)
    noise = rng.normal(size=(n, confounders)) @ loadings.T + rng.normal(size=(n, p)) * np.sqrt(residual)
    rows = np.asarray(np.linalg.solve(np.eye(p) - edges, noise.T).T, float)
    strongest_first = [sorted(c, key=lambda i: -loadings[i, j]) for j, c in enumerate(children)]
    text = "".join(_measurement(f"L{j + 1}", "v", c) for j, c in enumerate(strongest_first))
    text += "".join(_regression(i, parents[i]) for i in range(p) if parents[i])
    parameters = sum(map(len, parents)) + 3 * confounders + p
    options = {"auto.var": True, "auto.fix.first": True, "fixed.x": False}
    write(folder, _names("v", p), rows, text, Meta("path", p, n, parameters, "lavaan", options, {"cov_diag": True}))


def _parents(rng: np.random.Generator, p: int) -> list[list[int]]:
    """One to three parents among the fifteen variables before."""
    parents: list[list[int]] = [[]]
    for i in range(1, p):
        low, count = max(0, i - 15), int(rng.integers(1, 4))
        parents.append(sorted(rng.choice(np.arange(low, i), size=min(count, i - low), replace=False).tolist()))
    return parents


def _children(rng: np.random.Generator, parents: list[list[int]], confounders: int) -> list[list[int]]:
    """Three children of each confounder, by rejection."""
    taken = {(a, i) for i, above in enumerate(parents) for a in above}
    children: list[list[int]] = []
    while len(children) < confounders:
        drawn = sorted(rng.choice(len(parents), 3, replace=False).tolist())
        if not children:
            drawn = sorted({0, *drawn[1:]})
        pairs = {(a, b) for a in drawn for b in drawn if a < b}
        if len(drawn) == 3 and not pairs & taken:
            taken |= pairs
            children.append(drawn)
    return children


def _weights(
    rng: np.random.Generator, parents: list[list[int]], children: list[list[int]]
) -> tuple[Array, Array, Array]:
    """Weights that explain half of every variance: edges, loadings, residual variances."""
    p, confounders = len(parents), len(children)
    edges, loadings, residual = np.zeros((p, p)), np.zeros((p, confounders)), np.ones(p)
    total = np.zeros((p, confounders + p))  # of each variable on the confounders and the residuals
    for i in range(p):
        for a in parents[i]:
            edges[i, a] = rng.uniform(0.4, 0.9) * rng.choice([-1, 1])
        for j in (j for j, c in enumerate(children) if i in c):
            loadings[i, j] = rng.uniform(0.5, 0.9)
        row = edges[i] @ total
        row[:confounders] += loadings[i]
        if row.any():
            scale, residual[i] = np.sqrt(0.5 / (row @ row)), 0.5
            edges[i], loadings[i], row = edges[i] * scale, loadings[i] * scale, row * scale
        total[i] = row
        total[i, confounders + i] = np.sqrt(residual[i])
    return edges, loadings, residual


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{i + 1}" for i in range(count)]


def _measurement(factor: str, letter: str, items: range | list[int]) -> str:
    return f"{factor} =~ " + " + ".join(f"{letter}{i + 1}" for i in items) + "\n"


def _regression(child: int, parents: list[int]) -> str:
    return f"v{child + 1} ~ " + " + ".join(f"v{a + 1}" for a in parents) + "\n"


def democracy(folder: Path) -> None:
    """Bollen's political democracy."""
    from semnan import datasets

    columns = datasets.political_democracy().columns
    meta = Meta("sem", len(columns), 75, 31, "sem")
    write(folder, list(columns), np.column_stack(list(columns.values())).astype(float), DEMOCRACY, meta)


def ability(folder: Path) -> None:
    """Holzinger and Swineford's nine tests."""
    from semnan import datasets

    columns = datasets.holzinger_swineford_1939().columns
    names = _names("x", 9)
    rows = np.column_stack([np.asarray(columns[name], float) for name in names])
    write(folder, names, rows, ABILITY, Meta("cfa", 9, len(rows), 21))


CASES: dict[str, Callable[[Path], None]] = {
    "political_democracy": democracy,
    "hs1939": ability,
    "cfa_10x5": lambda folder: cfa(folder, 10, 5, 1000, 1),
    "path_50_10lat": lambda folder: path(folder, 50, 10, 2000, 4),
    "cfa_20x10": lambda folder: cfa(folder, 20, 10, 2000, 2),
    "path_200_40lat": lambda folder: path(folder, 200, 40, 2000, 5),
    "cfa_30x20": lambda folder: cfa(folder, 30, 20, 2000, 3, programs=("semnan",)),
    "cfa_40x50": lambda folder: cfa(folder, 40, 50, 4000, 6, programs=("semnan",)),
}


def prepared(directory: Path, name: str) -> Path:
    """The folder of a case, made when it is missing."""
    folder = directory / name
    if not (folder / "meta.json").exists():
        CASES[name](folder)
    return folder
