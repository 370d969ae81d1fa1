"""The embedded tables."""

from typing import Literal

import narwhals as nw
import numpy as np
import pytest

from semnan import DataError, Moments, datasets
from semnan.datasets import Dataset

TABLES = [datasets.political_democracy(), datasets.holzinger_swineford_1939()]
every_table = pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])


def test_political_democracy() -> None:
    table = datasets.political_democracy()
    assert list(table.columns) == [*(f"y{i}" for i in range(1, 9)), "x1", "x2", "x3"]
    assert len(table) == 75
    assert table.columns["y1"][0] == 2.5
    moments = table.moments()
    assert (moments.n, moments.names) == (75, tuple(table.columns))
    assert moments.dependent == ()


def test_holzinger_swineford() -> None:
    table = datasets.holzinger_swineford_1939()
    assert len(table) == 301
    assert {f"x{i}" for i in range(1, 10)} | {"id", "sex", "ageyr", "agemo", "school", "grade"} == set(table.columns)
    assert set(table.columns["school"]) == {"Pasteur", "Grant-White"}
    assert np.isnan(np.array(table.columns["grade"], dtype=float)).sum() == 1
    assert table.moments("x9", "x1").names == ("x9", "x1")
    assert np.isclose(np.mean(np.array(table.columns["x1"], dtype=float)), 4.93577, atol=1e-5)


@every_table
@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_hold_the_table(table: Dataset, backend: Literal["pandas", "polars", "pyarrow"]) -> None:
    frame = table.to_frame(backend)
    assert type(frame).__module__.split(".")[0] == backend
    read = nw.from_native(frame, eager_only=True)
    assert (read.shape, read.columns) == ((len(table), len(table.columns)), list(table.columns))
    assert Moments.from_frame(frame, ["x1", "x3"]) == table.moments("x1", "x3")


@every_table
def test_origin_and_licence_are_told(table: Dataset) -> None:
    assert table.source
    assert "MIT" in table.licence
    assert table.description


def test_a_table_changed_by_its_reader_is_read_anew() -> None:
    first = datasets.political_democracy()
    first.columns.clear()
    assert len(datasets.political_democracy().columns) == 11


def test_what_cannot_be_done_is_named() -> None:
    table = datasets.holzinger_swineford_1939()
    with pytest.raises(DataError, match="HolzingerSwineford1939 has no column 'y1'; it has"):
        table.moments("y1")
    with pytest.raises(DataError, match="the column 'school' of HolzingerSwineford1939 is text"):
        table.moments("school")
    with pytest.raises(DataError, match=r"'grade' is missing \(NaN\) in 1 row"):
        table.moments()
    with pytest.raises(DataError, match="the backend is 'excel': give 'pandas', 'polars' or 'pyarrow'"):
        table.to_frame("excel")  # type: ignore[arg-type]
