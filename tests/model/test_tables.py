"""lavaan's parameter tables, row by row: the frozen cases of ``tests/reference``, and ../shared where it is at hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from semnan import Parameter, PathModel
from semnan.model import Kind

FROZEN = Path(__file__).parents[1] / "reference" / "lavaan.json"
SHARED = Path(__file__).parents[3] / "shared" / "truth" / "sem"
ABOUT_DATA = ("group", "group.label", "missing", "information", "likelihood", "sample.nobs", "bad.marker.crit")
Row = dict[str, Any]


def frozen() -> Iterator[Any]:
    if FROZEN.is_file():
        for case in json.loads(FROZEN.read_text()):
            columns = case["parameters"]
            table = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            said = {"table": table, "ov": case["ov"], "lv": case["lv"]}
            groups = tuple(case["groups"] or ())
            yield pytest.param(case["model"], case["fun"], case["args"], groups, said, id=case["name"])


def shared() -> Iterator[Any]:
    for folder in sorted(SHARED.glob("*/")):
        case = json.loads((folder / "truth.json").read_text())
        args = case["lavaan"]["args"]
        groups = tuple(case["implied"]) if "group" in args else ()
        said = {"table": case["partable"], "ov": case["ov"], "lv": case["lv"]}
        text = (folder / "model.lav").read_text()
        yield pytest.param(text, case["lavaan"]["fun"], args, groups, said, id=f"shared-{folder.name}")


@pytest.mark.parametrize(("text", "function", "args", "groups", "said"), [*frozen(), *shared()])
def test_the_table_is_that_of_lavaan(text: str, function: str, args: Row, groups: tuple[str, ...], said: Row) -> None:
    options = {name.replace(".", "_"): value for name, value in args.items() if name not in ABOUT_DATA}
    if args.get("missing", "").startswith("ml"):
        options["meanstructure"] = True
    model = PathModel.from_lavaan(text, function=function, groups=groups, **options)
    table = [row | {"number": i} for i, row in enumerate(said["table"], 1)]
    wanted = [row for row in table if row["op"] in ("=~", "~", "~~", "~1") and not row["exo"]]
    if function == "lavaan":
        kept = {pair(row) for row in wanted if row["user"] or row["free"] or row["est"] != 0}
        wanted = [row for row in wanted if pair(row) in kept]
    assert [key(row, groups) for row in model.parameters] == [
        (row["group"], row["lhs"], row["op"], row["rhs"]) for row in wanted
    ]
    for row, theirs in zip(model.parameters, wanted, strict=True):
        check(row, theirs)
    check_ties(model, wanted, table)
    assert (list(model.visibles), list(model.latents)) == (listed(said["ov"]), listed(said["lv"]))
    exogenous = [row["lhs"] for row in table if row["exo"] and row["lhs"] == row["rhs"] and row["group"] == 1]
    assert list(model.exogenous) == exogenous
    check_arithmetic(model, table)


def pair(row: Row) -> tuple[str, str, str]:
    return row["lhs"], row["op"], row["rhs"]


def listed(names: str | list[str] | None) -> list[str]:
    return [names] if isinstance(names, str) else names or []


def key(row: Parameter, groups: tuple[str, ...]) -> tuple[int, str, str, str]:
    group = groups.index(row.group) + 1 if row.group is not None else 1
    if row.kind is Kind.INTERCEPT:
        return group, row.target, "~1", ""
    if row.kind is Kind.COVARIANCE:
        return group, row.source, "~~", row.target
    return (group, row.source, "=~", row.target) if row.loading else (group, row.target, "~", row.source)


def check(row: Parameter, theirs: Row) -> None:
    assert (row.fixed is None) == (theirs["free"] > 0)
    if row.fixed is not None:
        assert row.fixed == pytest.approx(theirs["est"], abs=1e-9)
    if "~" not in theirs["label"]:  # equal("f=~x2") shows in lavaan's labels; here it is that of the other row
        assert (row.label or "") == theirs["label"]


def check_ties(model: PathModel, wanted: list[Row], table: list[Row]) -> None:
    """The rows of one free parameter are those that lavaan's constraints of lines make equal."""
    root = {f".p{row['number']}.": f".p{row['number']}." for row in table}
    for row in table:
        if row["op"] == "==" and row["lhs"] in root and row["rhs"] in root:
            root[row["rhs"]] = root[row["lhs"]]
    sets: dict[str, list[int]] = {}
    for i, row in enumerate(wanted):
        if row["free"]:
            sets.setdefault(root[f".p{row['number']}."], []).append(i)
    assert sorted(free.rows for free in model.free) == sorted(map(tuple, sets.values()))


def check_arithmetic(model: PathModel, table: list[Row]) -> None:
    """Definitions and constraints, but for ties; inequalities of a label and a number are bounds."""
    theirs = [row for row in table if row["op"] in (":=", "==", "<", ">") and not row["lhs"].startswith(".p")]
    plain = [row for row in theirs if row["op"] in "<>" and any(row["lhs"] == free.name for free in model.free)]
    plain = [row for row in plain if is_number(row["rhs"])]
    for row in plain:
        (free,) = (free for free in model.free if free.name == row["lhs"])
        assert (free.upper if row["op"] == "<" else free.lower) == float(row["rhs"])
    kept = [row["lhs"] + row["op"] + row["rhs"] for row in theirs if row not in plain]
    assert sorted(str(it).replace(" ", "") for it in (*model.defined, *model.constraints)) == sorted(kept)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
