"""`Sample`: groups, missing values and what is told of rows left out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from semnan import DataError, Moments
from semnan.data import Group, Patterns, Sample
from tests.data.tables import BACKENDS, NAMES, columns, table

GAP = float("nan")
REFERENCE = Path(__file__).parents[1] / "reference"


def gaps() -> dict[str, list[Any]]:
    """Twelve rows in two groups; one row is empty, one without a group."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(12, 3)).round(3).tolist()
    values[1][0] = values[4][2] = values[7][1] = values[7][2] = GAP
    values[9] = [GAP, GAP, GAP]
    group = ["s", "t", "s", "t", "s", "t", "s", "t", "s", "t", None, "s"]
    return {"g": group, **dict(zip(NAMES, map(list, zip(*values, strict=True)), strict=True))}


def array(frame: dict[str, list[Any]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([frame[name] for name in NAMES]).T


def moments(sample: Sample, at: int = 0) -> Moments:
    data = sample.groups[at].data
    assert isinstance(data, Moments)
    return data


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("missing", ["listwise", "fiml", "error"])
def test_a_complete_frame_is_its_moments_and_rows(backend: Callable[[dict[str, Any]], Any], missing: Any) -> None:
    sample = Sample.from_frame(backend(columns()), ["c", "a"], missing=missing)
    assert moments(sample) == Moments.from_array(table()[:, [2, 0]], ["c", "a"])
    assert sample.groups[0].rows is not None
    assert np.array_equal(sample.groups[0].rows, table()[:, [2, 0]])
    assert (sample.names, sample.n, sample.labels, sample.column) == (("c", "a"), 20, (), None)
    assert (sample.dropped, sample.notes, sample.missing) == (0, (), False)


@pytest.mark.parametrize("backend", BACKENDS)
def test_listwise_leaves_out_incomplete_rows_and_tells(backend: Callable[[dict[str, Any]], Any]) -> None:
    sample = Sample.from_frame(backend(gaps()), NAMES)
    whole = array(gaps())[~np.isnan(array(gaps())).any(axis=1)]
    assert moments(sample) == Moments.from_array(whole, NAMES)
    assert (sample.n, sample.dropped) == (8, 4)
    assert sample.notes == (
        "4 of 12 rows have a missing value in a, b, c and are left out (listwise); missing='fiml' keeps them",
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_fiml_keeps_incomplete_rows_and_tells_of_empty_ones(backend: Callable[[dict[str, Any]], Any]) -> None:
    sample = Sample.from_frame(backend(gaps()), NAMES, missing="fiml")
    data = sample.groups[0].data
    assert isinstance(data, Patterns)
    assert sample.groups[0].rows is not None
    kept = array(gaps())[[i for i in range(12) if i != 9]]
    assert np.array_equal(sample.groups[0].rows, kept, equal_nan=True)
    assert np.array_equal(data.observed[data.row_pattern], ~np.isnan(kept))
    assert (sample.n, sample.dropped, sample.missing) == (11, 1, True)
    assert sample.notes == ("1 of 12 rows has no value in any variable and is left out",)


def test_fiml_leaves_out_rows_without_their_covariates() -> None:
    sample = Sample.from_frame(pd.DataFrame(gaps()), NAMES, missing="fiml", complete=["b"])
    assert (sample.n, sample.dropped) == (10, 2)
    assert sample.notes == ("2 of 12 rows have a missing value in the exogenous b and are left out",)


def test_error_names_the_first_gap() -> None:
    told = r"'a' is missing in 2 row\(s\), first in row 1: .* missing='listwise' or missing='fiml'"
    with pytest.raises(DataError, match=told):
        Sample.from_frame(pd.DataFrame(gaps()), NAMES, missing="error")


@pytest.mark.parametrize("backend", BACKENDS)
def test_groups_stand_in_the_order_of_their_first_rows(backend: Callable[[dict[str, Any]], Any]) -> None:
    sample = Sample.from_frame(backend(gaps()), NAMES, group="g")
    assert (sample.labels, sample.column) == (("s", "t"), "g")
    assert [group.data.n for group in sample.groups] == [5, 2]
    assert (sample.n, sample.dropped) == (7, 5)
    assert sample.notes[0] == "1 of 12 rows has no value in the group column g and is left out"
    assert sample.notes[1].startswith("4 of 11 rows have a missing value in a, b, c and are left out (listwise)")
    whole = np.isfinite(array(gaps())).all(axis=1)
    for at, label in enumerate(sample.labels):
        mine = array(gaps())[whole & (np.array(gaps()["g"]) == label)]
        assert moments(sample, at) == Moments.from_array(mine, NAMES)


def test_labels_order_and_choose_groups() -> None:
    frame = pd.DataFrame(gaps())
    assert Sample.from_frame(frame, NAMES, group="g", labels=["t", "s"]).labels == ("t", "s")
    only = Sample.from_frame(frame, NAMES, group="g", labels=["t"], missing="fiml")
    assert (only.labels, only.n, only.dropped) == (("t",), 4, 8)
    assert "6 of 11 rows have the group s and are left out (labels= does not name it)" in only.notes


NUMBERED = [
    pd.DataFrame({"g": [2, 2, 1, 1], "x": [1, 2, 3, 5]}),
    pd.DataFrame({"g": [2.0, 2, 1, 1], "x": [1, 2, 3, 5]}),
    pd.DataFrame({"g": pd.Categorical(["2", "2", "1", "1"]), "x": [1, 2, 3, 5]}),
    pl.DataFrame({"g": [2, 2, 1, 1], "x": [1, 2, 3, 5]}),
    pa.table({"g": [2.0, 2.0, 1.0, 1.0], "x": [1, 2, 3, 5]}),
]


@pytest.mark.parametrize("frame", NUMBERED)
def test_a_group_is_called_by_the_text_of_its_value(frame: Any) -> None:
    assert Sample.from_frame(frame, ["x"], group="g").labels == ("2", "1")
    assert Sample.from_frame(frame, ["x"], group="g", labels=[1.0]).labels == ("1",)  # type: ignore[list-item]


def test_if_one_group_has_gaps_all_have_patterns() -> None:
    frame = pd.DataFrame({"g": list("ssstttt"), "x": [1, 2, 4, 3, 1, GAP, 2], "y": [1, 3, 2, 4, 4, 5, 1]})
    sample = Sample.from_frame(frame, ["x", "y"], group="g", missing="fiml")
    assert [isinstance(group.data, Patterns) and group.data.complete for group in sample.groups] == [True, False]
    assert not sample.select(["y"]).missing


def test_booleans_and_integers_are_numbers() -> None:
    for backend in BACKENDS:
        frame = backend({"b": [True, False, True, True], "i": [1, 2, 3, 5], "f": [0.5, 1, 2, 3]})
        sample = Sample.from_frame(frame, ["b", "i", "f"])
        assert moments(sample) == Moments.from_array(
            np.array([[1, 1, 0.5], [0, 2, 1], [1, 3, 2], [1, 5, 3]]), ["b", "i", "f"]
        )


NULLS = [
    pd.DataFrame({"x": pd.array([1, None, 3, 4], dtype="Int64"), "y": [1.0, 2, 2, 3]}),
    pd.DataFrame({"x": pd.array([1, None, 3, 4], dtype="int64[pyarrow]"), "y": [1.0, 2, 2, 3]}),
    pd.DataFrame({"x": pd.array([True, None, False, True], dtype="boolean"), "y": [1, 2, 2, 3]}),
    pl.DataFrame({"x": [True, None, False, True], "y": [1, 2, 2, 3]}),
    pl.DataFrame({"x": [1, None, 3, 4], "y": [1, 2, 2, 3]}, schema={"x": pl.Decimal(10, 2), "y": pl.UInt8}),
    pa.table({"x": [1, None, 3, 4], "y": [1.0, 2.0, 2.0, 3.0]}),
]


@pytest.mark.parametrize("frame", NULLS)
def test_every_kind_of_null_is_missing(frame: Any) -> None:
    assert Sample.from_frame(frame, ["x", "y"]).n == 3
    assert Sample.from_frame(frame, ["x", "y"], missing="fiml").n == 4


def test_select_takes_names_in_their_order() -> None:
    sample = Sample.from_frame(pd.DataFrame(gaps()), NAMES, group="g")
    assert sample.select(NAMES) is sample
    chosen = sample.select(["c", "a"])
    assert chosen.names == ("c", "a")
    assert moments(chosen, 1) == moments(sample, 1).select(["c", "a"])
    assert chosen.groups[1].rows is not None
    assert sample.groups[1].rows is not None
    assert np.array_equal(chosen.groups[1].rows, sample.groups[1].rows[:, [2, 0]])
    assert (chosen.dropped, chosen.notes) == (sample.dropped, sample.notes)


def test_select_leaves_out_rows_that_become_empty_and_tells() -> None:
    sample = Sample.from_frame(pd.DataFrame(gaps()), NAMES, missing="fiml")
    chosen = sample.select(["c", "b"])
    assert (chosen.n, chosen.dropped, chosen.missing) == (10, 2, True)
    assert chosen.notes[1:] == ("1 of 11 rows has no value in any variable and is left out",)
    again = Sample.from_frame(pd.DataFrame(gaps()), ["c", "b"], missing="fiml")
    assert chosen.groups[0].rows is not None
    assert again.groups[0].rows is not None
    assert np.array_equal(chosen.groups[0].rows, again.groups[0].rows, equal_nan=True)


def test_samples_of_moments() -> None:
    first, second = Moments.from_array(table(0), NAMES), Moments.from_array(table(1), NAMES)
    assert moments(Sample.from_moments(first)) is first
    sample = Sample.from_moments({"s": first, "t": second.select(["c", "b", "a"])})
    assert (sample.labels, sample.n, sample.groups[1].rows) == (("s", "t"), 40, None)
    assert moments(sample, 1) == second
    assert moments(sample.select(["b"]), 1) == second.select(["b"])


def test_neither_frame_nor_sample_changes() -> None:
    frame = pd.DataFrame(gaps())
    before = frame.copy()
    sample = Sample.from_frame(frame, NAMES, group="g", missing="fiml")
    pd.testing.assert_frame_equal(frame, before)
    assert all(group.rows is not None and not group.rows.flags.writeable for group in sample.groups)
    single = pd.DataFrame({"x": np.arange(9.0)})
    kept = Sample.from_frame(single, ["x"])
    single.loc[0, "x"] = 99
    assert kept.groups[0].rows is not None
    assert kept.groups[0].rows[0, 0] == 0


def test_patterns_without_rows_make_no_group() -> None:
    with pytest.raises(DataError, match=r"keeps its rows: make it with Sample\.from_frame"):
        Group(None, Patterns.from_rows(table(), NAMES))


@pytest.mark.parametrize("case", [c for c in json.loads((REFERENCE / "lavaan.json").read_text()) if c["groups"]])
def test_groups_are_those_of_lavaan(case: dict[str, Any]) -> None:
    frame = pd.read_csv(REFERENCE / "data" / case["data"])
    missing: Any = "fiml" if "missing" in case["args"] else "listwise"
    sample = Sample.from_frame(frame, case["ov"], group=case["args"]["group"], missing=missing)
    assert list(sample.labels) == case["groups"]
    assert [group.data.n for group in sample.groups] == case["n"]


def test_incomplete_covariates_are_left_out_as_by_lavaan() -> None:
    (case,) = (c for c in json.loads((REFERENCE / "lavaan.json").read_text()) if c["name"] == "missing_in_fixed_x")
    frame = pd.read_csv(REFERENCE / "data" / case["data"])
    sample = Sample.from_frame(frame, case["ov"], missing="fiml", complete=["w1", "w2"])
    assert [sample.n] == case["n"]
    assert sample.dropped == 21
