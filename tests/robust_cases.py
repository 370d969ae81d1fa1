"""lavaan's robust answers: the frozen cases in tests/reference/robust, and the same options for semnan."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import semnan as sn
from semnan import Fit

HERE = Path(__file__).parent / "reference" / "robust"
Row = dict[str, Any]


@cache
def answers() -> dict[str, Any]:
    """All of robust.json."""
    found: dict[str, Any] = json.loads((HERE / "robust.json").read_text())
    return found


def cases() -> dict[str, Row]:
    """The calls of lavaan by name."""
    return {said["name"]: said for said in answers()["cases"]}


@cache
def table(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"{name}.csv")


def options(args: dict[str, Any]) -> dict[str, Any]:
    """lavaan's arguments under semnan's names."""
    found = {k.replace(".", "_"): v for k, v in args.items() if k != "sampling.weights.normalization"} if args else {}
    if found.get("missing") == "ml":
        found["missing"] = "fiml"
    if isinstance(found.get("group_equal"), str):
        found["group_equal"] = [found["group_equal"]]
    return found


def run(text: str, args: dict[str, Any], data: str = "clustered") -> Fit:
    """Semnan's fit of a case."""
    fit: Fit = sn.sem(text, table(data), **options(args))
    return fit


def rows(said: Row) -> list[Row]:
    """The parameter table of a case, with labels of groups."""
    columns, labels = said["rows"], said["groups"] or [None]
    found = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [{**row, "group": labels[max(row["group"], 1) - 1]} for row in found]
