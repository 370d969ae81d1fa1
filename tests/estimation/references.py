"""lavaan's answers as fits to compare with: the cases of ``tests/reference`` and, where it is at hand, of ../shared."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import semnan
from semnan import Fit, Moments, PathModel
from semnan.data import Sample

Row = dict[str, Any]

REFERENCE = Path(__file__).parents[1] / "reference"
SHARED = Path(__file__).parents[3] / "shared" / "truth" / "sem"
#: What semnan does not have: Wishart likelihood, and modelled covariates that lavaan calls fixed all the same.
LEFT_OUT = ("wishart", "missing_in_x_modelled")
#: Arguments that are not about the model.
ABOUT_DATA = ("group", "missing", "information", "bad.marker.crit", "sample.nobs", "group.label", "likelihood")


@dataclass(frozen=True)
class Case:
    """A model with lavaan's answers.

    `polished` cases are at the optimum to 1e-11 and have ten digits; the others are where lavaan stopped.
    """

    name: str
    text: str
    function: str
    args: Row
    said: Row
    polished: bool

    @property
    def groups(self) -> tuple[str, ...]:
        if self.polished:
            return tuple(self.said["groups"] or ())
        return tuple(self.said["implied"]) if "group" in self.args else ()

    def model(self) -> PathModel:
        options = {key.replace(".", "_"): value for key, value in self.args.items() if key not in ABOUT_DATA}
        for key in ("group_equal", "group_partial"):
            if isinstance(options.get(key), str):
                options[key] = (options[key],)
        return PathModel.from_lavaan(self.text, function=self.function, groups=self.groups, **options)

    def data(self) -> pd.DataFrame | Moments:
        if not self.polished:
            return _shared_data(SHARED / self.name, self.said)
        if self.said["data"] == "moments.csv":
            return _moments(self.said["n"][0], "meanstructure" in self.args)
        return pd.read_csv(REFERENCE / "data" / self.said["data"])


@cache
def cases() -> dict[str, Case]:
    found = {case.name: case for case in _frozen() if case.name not in LEFT_OUT}
    return found | {case.name: case for case in _shared()}


def _frozen() -> Iterator[Case]:
    for said in json.loads((REFERENCE / "lavaan.json").read_text()):
        yield Case(said["name"], said["model"], said["fun"], said["args"], said, polished=True)


def _shared() -> Iterator[Case]:
    for folder in sorted(SHARED.glob("*/")):
        said = json.loads((folder / "truth.json").read_text())
        text = (folder / "model.lav").read_text()
        yield Case(f"{folder.name}", text, said["lavaan"]["fun"], said["lavaan"]["args"], said, polished=False)


def having(*keys: str) -> list[str]:
    """Names of the cases for which lavaan answered one of the questions `keys`."""
    return [name for name, case in cases().items() if any(case.said.get(key) for key in keys)]


@cache
def fitted(name: str) -> Fit:
    case = cases()[name]
    missing = "fiml" if "missing" in case.args else "listwise"
    return semnan.fit(
        case.model(),
        case.data(),
        group=case.args.get("group"),
        missing=missing,  # type: ignore[arg-type]
        information=case.args.get("information"),
    )


def _moments(n: int, with_mean: bool) -> Moments:
    table = pd.read_csv(REFERENCE / "data" / "moments.csv")
    matrix = table.to_numpy()
    return Moments.from_covariance(matrix[:-1], list(table), n, matrix[-1] if with_mean else None, ddof=1)


def _shared_data(folder: Path, said: Row) -> pd.DataFrame | Moments:
    path = folder / "cov.csv"
    if not path.exists():
        return pd.read_csv(folder / "data.csv")
    with path.open() as file:
        header, *lines = csv.reader(file)
    names = [name for name in header if name]
    matrix = [[float(x) for x in line[-len(names) :]] for line in lines]
    return Moments.from_covariance(matrix, names, said["ntotal"], ddof=1)


# -- lavaan's rows and ours under one key: (operator, names, group)

Key = tuple[str, tuple[str, ...], str | None]


def lavaan_key(case: Case, lhs: str, op: str, rhs: str, group: int = 1) -> Key:
    """A row of lavaan: a path is (parent, child), a covariance has its names sorted."""
    label = case.groups[max(group, 1) - 1] if case.groups and op != ":=" else None
    if op == ":=":
        return op, (lhs,), None
    if op == "~1":
        return op, (lhs,), label
    names = (rhs, lhs) if op == "~" else (lhs, rhs)
    return ("~~", tuple(sorted(names)), label) if op == "~~" else ("->", names, label)


def table_rows(case: Case) -> list[Row]:
    """lavaan's parameter table with all its columns, one dict a row, without constraints."""
    if not case.polished:
        return [row for row in case.said["estimates"] if row["op"] not in ("==", "<", ">")]
    columns = case.said["parameters"]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [row for row in rows if row["op"] not in ("==", "<", ">")]


def square(values: Any, size: int) -> np.ndarray:
    """A symmetric matrix from its lower triangle, row by row; or as it is."""
    if np.ndim(values) == 2:
        return np.array(values, dtype=float)
    matrix = np.zeros((size, size))
    matrix[np.tril_indices(size)] = np.array(values, dtype=float)
    return matrix + np.tril(matrix, -1).T


__all__ = ["Case", "Key", "Row", "Sample", "cases", "fitted", "having", "lavaan_key", "square", "table_rows"]
