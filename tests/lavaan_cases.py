"""What lavaan answered: the frozen cases in tests/reference, and those of ../shared where it is at hand."""

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import semnan as sn
from semnan import Fit, Moments

HERE = Path(__file__).parent / "reference"
SHARED = Path(__file__).parents[2] / "shared" / "truth" / "sem"
#: What lavaan has and semnan does not: another likelihood, and a model of covariates with gaps.
LEFT_OUT = ("wishart", "missing_in_x_modelled")
Row = dict[str, Any]
Key = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Case:
    """One call of lavaan.

    Attributes
    ----------
    name, text, function : str
    options : dict
        semnan's.
    data : data frame or Moments
    rows : list of dict
        lavaan's parameter table with estimates; keys lhs, op, rhs, group (a label or None), est, se.
    fit : dict
        lavaan's fitMeasures.
    said : dict
        The whole record.

    """

    name: str
    text: str
    function: str
    options: dict[str, Any]
    data: Any
    rows: list[Row]
    fit: dict[str, float]
    said: Row

    def run(self) -> Fit:
        found: Fit = getattr(sn, self.function)(self.text, self.data, **self.options)
        return found


def names() -> list[str]:
    """The frozen cases, and those of ../shared."""
    frozen = [said["name"] for said in _frozen() if said["name"] not in LEFT_OUT]
    return frozen + (sorted(f"shared/{d.name}" for d in SHARED.iterdir() if d.is_dir()) if SHARED.is_dir() else [])


@cache
def case(name: str) -> Case:
    """One case by its name."""
    if name.startswith("shared/"):
        return _shared(SHARED / name.removeprefix("shared/"))
    return _own(next(said for said in _frozen() if said["name"] == name))


@cache
def _frozen() -> list[Row]:
    with (HERE / "lavaan.json").open(encoding="utf-8") as file:
        found: list[Row] = json.load(file)
    return found


def _options(args: Row) -> dict[str, Any]:
    """lavaan's arguments under semnan's names."""
    found = {k.replace(".", "_"): v for k, v in args.items() if k not in ("bad.marker.crit", "sample.nobs")}
    if found.get("missing") == "ml":
        found["missing"] = "fiml"
    for name in ("group_equal", "group_partial", "group_label"):
        if isinstance(found.get(name), str):
            found[name] = [found[name]]
    return found


def _own(said: Row) -> Case:
    columns = said["parameters"]
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    groups = said["groups"] or [None]
    for row in rows:
        row["group"] = groups[max(row["group"], 1) - 1]
    data = _moments(said) if said["data"] == "moments.csv" else pd.read_csv(HERE / "data" / said["data"])
    return Case(said["name"], said["model"], said["fun"], _options(said["args"]), data, rows, said["fit"], said)


def _moments(said: Row) -> Moments:
    with (HERE / "data" / "moments.csv").open() as file:
        header, *lines = csv.reader(file)
    first = len(lines[0]) - len([h for h in header if h])
    numbers = [[float(x) for x in line[first:]] for line in lines]
    mean = numbers.pop() if said["args"].get("meanstructure") else None
    if len(numbers) > len(numbers[0]):
        numbers.pop()
    labels = [h for h in header if h]
    return Moments.from_covariance(numbers, labels, said["args"]["sample.nobs"], mean=mean, ddof=1)


def _shared(folder: Path) -> Case:
    said = json.loads((folder / "truth.json").read_text())
    labels = list(said["sample"]) if isinstance(said["n"], list) else [None]
    rows = [{**row, "group": labels[max(row.get("group") or 1, 1) - 1]} for row in said["estimates"]]
    covariance = folder / "cov.csv"
    if covariance.exists():
        table = sn.data.read_covariance(covariance)
        data: Any = Moments.from_covariance(table.matrix, table.names, said["ntotal"], ddof=1)
    else:
        data = pd.read_csv(folder / "data.csv")
    function, options = said["lavaan"]["fun"], _options(said["lavaan"]["args"])
    text = (folder / "model.lav").read_text()
    return Case(f"shared/{folder.name}", text, function, options, data, rows, said["fit"], said)


def keys(row: Row) -> tuple[Key, Key]:
    """Sides, operator and group of a row of lavaan's; a covariance may be written either way round."""
    one = (row["lhs"], row["op"], row["rhs"] or "", row["group"])
    return one, ((one[2], one[1], one[0], one[3]) if row["op"] == "~~" else one)
