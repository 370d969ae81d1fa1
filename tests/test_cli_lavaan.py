"""`semnan fit MODEL DATA --json OUT` on lavaan's cases: the JSON holds lavaan's numbers under lavaan's names."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from semnan.cli import app

from .lavaan_cases import SHARED, Row

#: Named in the truth of every case, but not an option of a model.
NO_OPTION = ("bad.marker.crit",)
FLAGS = {"group": "--group", "missing": "--missing", "information": "--information"}
#: Where a parameter is on a boundary and lavaan's answer means little.
BOUNDARY = "twin_ace"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared cases are not at hand")


def names() -> list[str]:
    return sorted(folder.name for folder in SHARED.iterdir() if folder.is_dir()) if SHARED.is_dir() else []


def arguments(said: Row) -> list[str]:
    """lavaan's arguments as flags."""
    found = ["--fun", said["lavaan"]["fun"]]
    for name, value in said["lavaan"]["args"].items():
        if name in FLAGS:
            found += [FLAGS[name], "fiml" if value == "ml" else str(value)]
        elif name not in NO_OPTION:
            found += ["--arg", f"{name}={','.join(value) if isinstance(value, list) else value}"]
    return found


def fitted(name: str, folder: Path) -> tuple[Row, Row]:
    """lavaan's record and semnan's JSON."""
    case = SHARED / name
    said = json.loads((case / "truth.json").read_text())
    data, size = case / "data.csv", []
    if not data.exists():
        data, size = case / "cov.csv", ["--n", str(said["ntotal"])]
    out = folder / "out.json"
    command = ["fit", str(case / "model.lav"), str(data), *size, *arguments(said), "--json", str(out)]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    return said, json.loads(out.read_text())


def key(row: Row) -> tuple[Any, ...]:
    return row["lhs"], row["op"], row["rhs"], row.get("group")


@pytest.mark.parametrize("name", names())
def test_json_is_lavaans(name: str, tmp_path: Path) -> None:
    said, found = fitted(name, tmp_path)
    assert (found["outcome"], found["converged"], found["n"]) == ("converged", True, said["ntotal"])
    assert found["npar"] == said["fit"]["npar"]
    if name != BOUNDARY:
        measures = {k: v for k, v in said["fit"].items() if v is not None and k not in ("gfi", "agfi", "pgfi")}
        ours = {k: found["fit"][k] for k in measures if found["fit"][k] is not None}
        assert len(ours) == len(measures)
        assert ours == pytest.approx({k: measures[k] for k in ours}, rel=1e-4, abs=1e-4)
    compare_rows([row for row in said["estimates"] if row["op"] not in ("==", "<", ">")], found["estimates"], name)


def compare_rows(said: list[Row], found: list[Row], name: str) -> None:
    assert [key(row) for row in found] == [key(row) for row in said]
    for row, ours in zip(said, found, strict=True):
        assert ours["label"] == row.get("label", ""), row
        if name == BOUNDARY:
            assert row["se"] > 1000 or ours["est"] == pytest.approx(row["est"], rel=1e-3), row
            continue
        assert ours["est"] == pytest.approx(row["est"], abs=max(1e-3 * row["se"], 1e-6 * abs(row["est"]))), row
        assert ours["se"] == pytest.approx(row["se"], rel=1e-3), row
        for field in ("std.lv", "std.all"):
            assert ours[field] == pytest.approx(row[field], rel=1e-3, abs=1e-5), row
        for field in ("z", "pvalue", "ci.lower", "ci.upper"):
            wanted = row[field]
            assert (ours[field] is None) == (wanted is None), row
            assert wanted is None or ours[field] == pytest.approx(wanted, rel=3e-3, abs=2e-3 * max(row["se"], 1)), row
