"""Panels that cannot be used are refused, and the error names the row, week, geo or column and what to do."""

import math
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import DataError
from semnan.data import read_csv
from semnan.errors import FileError
from semnan.mmm import MediaPanel
from tests.mmm.tables import ROLES, long, national

Change = Callable[[dict[str, list[Any]]], object]


def put(column: str, row: int, value: object) -> Change:
    return lambda table: table[column].__setitem__(row, value)


def drop(*rows: int) -> Change:
    def change(table: dict[str, list[Any]]) -> None:
        for values in table.values():
            for row in sorted(rows, reverse=True):
                del values[row]

    return change


def fill(column: str, value: object) -> Change:
    return lambda table: table.__setitem__(column, [value] * len(table[column]))


#: What is done to a good table, what is said besides the usual roles, and all that the error has to name.
CASES: dict[str, tuple[Change, dict[str, Any], list[str]]] = {
    # weeks
    "gap": (drop(7), {}, ["'b'", "2024-01-08", "no row"]),
    "two gaps": (drop(7, 14), {}, ["'b'", "2024-01-08", "2 such gap"]),
    "week missing everywhere": (drop(2, 8, 14), {}, ["2024-01-15", "missing", "2024-01-08", "2024-01-22"]),
    "duplicate": (put("week", 8, date(2024, 1, 8)), {}, ["'b'", "2024-01-08", "twice", "rows 7 and 8"]),
    "no geo named": (lambda t: None, {"geo": None}, ["2024-01-01", "twice", "rows 0 and 6", "geo="]),
    "irregular": (put("week", 5, date(2024, 2, 6)), {}, ["irregular", "2024-02-05", "2024-02-06", "7 days"]),
    "months": (
        lambda t: t.__setitem__("week", [date(2024, m, 1) for _ in range(3) for m in range(1, 7)]),
        {},
        ["irregular", "2024-02-01", "29 days", "31 days"],
    ),
    "one week": (drop(*(i for i in range(18) if i % 6)), {}, ["1 week"]),
    "no date": (put("week", 3, None), {}, ["row 3", "'week'", "no week"]),
    "no date (NaT)": (put("week", 3, pd.NaT), {}, ["row 3", "'week'", "no week"]),
    "text for a date": (put("week", 3, "last week"), {}, ["row 3", "'last week'", "2024-01-29"]),
    "American date": (put("week", 3, "01/22/2024"), {}, ["row 3", "'01/22/2024'", "year-month-day"]),
    "no such day": (put("week", 3, "2024-02-30"), {}, ["row 3", "2024-02-30", "not a date"]),
    "time of day": (put("week", 3, datetime(2024, 1, 22, 6)), {}, ["row 3", "06:00", "time of day"]),
    "dates and numbers": (put("week", 3, 4), {}, ["row 3", "'week'", "every row"]),
    "compact date": (fill("week", 20240122), {}, ["row 0", "20240122", "2024-01-29"]),
    "half a week": (put("week", 3, 1.5), {}, ["row 3", "1.5"]),
    "a flag for a week": (put("week", 0, True), {}, ["row 0", "True"]),
    "a flag among numbers": (
        lambda t: t.__setitem__("week", [*range(1, 6), True, *range(1, 7), *range(1, 7)]),
        {},
        ["row 5", "True"],
    ),
    "a mapping for a week": (put("week", 3, {}), {}, ["row 3", "{}"]),
    "a list for a week": (put("week", 3, [1, 2]), {}, ["row 3", "[1, 2]"]),
    # geos
    "no geo": (put("geo", 4, None), {}, ["row 4", "'geo'"]),
    "blank geo": (put("geo", 4, "  "), {}, ["row 4", "'geo'"]),
    # numbers
    "missing KPI": (put("sales", 7, math.nan), {}, ["'sales'", "'b'", "2024-01-08", "row 7", "no value"]),
    "null in a channel": (put("tv", 7, None), {}, ["'tv'", "'b'", "2024-01-08", "row 7"]),
    "infinite control": (put("price", 0, math.inf), {}, ["'price'", "row 0", "infinite"]),
    "missing cost": (
        put("tv_cost", 1, math.nan),
        {"spend": {"tv": "tv_cost", "search": "search"}},
        ["'tv_cost'", "row 1", "no value"],
    ),
    "negative media": (put("tv", 9, -0.5), {}, ["'tv'", "'b'", "2024-01-22", "row 9", "negative"]),
    "negative spend": (
        put("tv_cost", 9, -5.0),
        {"spend": {"tv": "tv_cost", "search": "search"}},
        ["spend of 'tv'", "row 9", "negative"],
    ),
    "dark channel": (fill("search", 0.0), {}, ["'search'", "zero in every row", "leave it out"]),
    "constant channel": (fill("search", 3.0), {}, ["'search'", "constant", "3"]),
    "free channel": (
        fill("tv_cost", 0.0),
        {"spend": {"tv": "tv_cost", "search": "search"}},
        ["spend of 'tv'", "zero", "spend=None"],
    ),
    "constant KPI": (fill("sales", 3.0), {}, ["'sales'", "constant"]),
    "constant control": (fill("price", 1.0), {}, ["'price'", "constant"]),
    "text control": (put("price", 2, "cheap"), {}, ["'price'", "not numeric"]),
    # columns and roles
    "unknown column": (lambda t: None, {"channels": ["tv", "serch"]}, ["'serch'", "did you mean 'search'"]),
    "unknown date": (lambda t: None, {"date": "weeks"}, ["'weeks'", "did you mean 'week'"]),
    "unknown geo": (lambda t: None, {"geo": "dma"}, ["'dma'", "it has"]),
    "no channel": (lambda t: None, {"channels": []}, ["no channel"]),
    "channel and control": (lambda t: None, {"controls": ["tv"]}, ["'tv'", "a channel and a control"]),
    "KPI and channel": (lambda t: None, {"channels": ["tv", "sales"]}, ["'sales'", "the KPI and a channel"]),
    "channel twice": (lambda t: None, {"channels": ["tv", "tv"]}, ["'tv'", "a channel and a channel"]),
    "date and control": (lambda t: None, {"controls": ["week"]}, ["'week'", "the date"]),
    "spend and control": (
        lambda t: None,
        {"spend": {"tv": "price", "search": "search"}},
        ["'price'", "the spend of 'tv'"],
    ),
    "spend twice": (
        lambda t: None,
        {"spend": {"tv": "tv_cost", "search": "tv_cost"}},
        ["'tv_cost'", "'tv'", "'search'"],
    ),
    "spend of a stranger": (lambda t: None, {"spend": {"tvv": "tv_cost"}}, ["'tvv'", "did you mean 'tv'"]),
    "spend of some": (lambda t: None, {"spend": {"tv": "tv_cost"}}, ["'search'", "no spend"]),
    "spend by a word": (lambda t: None, {"spend": "money"}, ["'money'", "'media'"]),
    "lagged name": (lambda t: None, {"channels": ["tv@1"]}, ["'tv@1'", "@"]),
    "blank name": (lambda t: None, {"channels": [" tv"]}, ["' tv'", "blanks"]),
    "quoted name": (lambda t: None, {"kpi": 'sa"les'}, ['sa"les', "double quote"]),
    "number for a name": (lambda t: None, {"kpi": 3}, ["the KPI", "3"]),
    # population and revenue
    "no people": (put("people", 8, 0.0), {"population": "people"}, ["population", "'b'", "row 8", "not positive"]),
    "people move": (put("people", 8, 9.0), {"population": "people"}, ["population", "'b'", "changes", "row 8"]),
    "population of some": (lambda t: None, {"population": {"a": 1.0, "b": 2.0}}, ["'c'", "None"]),
    "population of a stranger": (
        lambda t: None,
        {"population": {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}},
        ["'d'", "no geo"],
    ),
    "negative population": (lambda t: None, {"population": {"a": 1.0, "b": -2.0, "c": 3.0}}, ["'b'", "-2"]),
    "one population": (lambda t: None, {"population": 5.0}, ["population", "5.0", "column"]),
    "worthless": (lambda t: None, {"revenue_per_kpi": 0.0}, ["revenue_per_kpi", "0.0", "positive"]),
    "worth is a flag": (lambda t: None, {"revenue_per_kpi": True}, ["revenue_per_kpi", "True"]),
    "negative worth": (put("worth", 2, -1.0), {"revenue_per_kpi": "worth"}, ["worth", "row 2", "not positive"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(case: str) -> None:
    change, roles, named = CASES[case]
    table = long()
    change(table)
    with pytest.raises(DataError) as told:
        MediaPanel(table, **(ROLES | roles))
    for part in named:
        assert part in str(told.value), str(told.value)


@given(st.sampled_from([name for name in CASES if name not in ("blank geo",)]), st.booleans())
def test_data_frames_are_refused_too(case: str, polars: bool) -> None:
    change, roles, _ = CASES[case]
    table = long()
    change(table)
    try:
        frame = pl.DataFrame(table) if polars else pd.DataFrame(table)
    except (TypeError, ValueError):
        return  # No column of this library holds such values.
    with pytest.raises(DataError) as told:
        MediaPanel(frame, **(ROLES | roles))
    assert str(told.value)


def test_columns_of_different_length() -> None:
    with pytest.raises(DataError, match="'tv' has 17 rows, but 'geo' has 18"):
        MediaPanel(long() | {"tv": long()["tv"][1:]}, **ROLES)


@pytest.mark.parametrize("column", ["everywhere", 3, np.ones((18, 1)), None])
def test_columns_that_are_no_lists(column: Any) -> None:
    with pytest.raises(DataError, match="'tv'"):
        MediaPanel(long() | {"tv": column}, **ROLES)


def test_a_file_that_is_separated_by_semicolons(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("week;tv;sales\n2024-01-01;1;2\n2024-01-08;2;3\n")
    with pytest.raises(DataError, match=r"no column 'week'.* separate columns by commas"):
        MediaPanel(read_csv(tmp_path / "table.csv"), date="week", kpi="sales", channels=["tv"])


def test_columns_of_one_name() -> None:
    frame = pd.DataFrame(long()).rename(columns={"tv_cost": "tv"})
    with pytest.raises(DataError, match="tv"):
        MediaPanel(frame, **ROLES)


@pytest.mark.parametrize("thing", [3, [1, 2], np.zeros((2, 2)), pl.LazyFrame(long())])
def test_what_is_no_table(thing: Any) -> None:
    with pytest.raises(DataError, match="data frame"):
        MediaPanel(thing, **ROLES)


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        ("2024-01-08,a,x,5,5", "sales is 'x'"),
        ("2024-01-08,a,1,5,oops", "search is 'oops'"),
        ("2024-01-08,a,1", "cells"),
    ],
)
def test_a_csv_file_is_refused_with_its_line(tmp_path: Path, cell: str, named: str) -> None:
    place = tmp_path / "panel.csv"
    place.write_text(f"week,geo,sales,tv,search\n2024-01-01,a,1,2,3\n{cell}\n2024-01-15,a,4,4,9\n")
    with pytest.raises((DataError, FileError), match=f"line 3: .*{named}"):
        MediaPanel(read_csv(place), date="week", geo="geo", kpi="sales", channels=["tv", "search"])


def test_a_national_panel_names_weeks_only() -> None:
    table = national()
    table["tv"][2] = -1.0
    with pytest.raises(DataError) as told:
        MediaPanel(table, **(ROLES | {"geo": None}))
    assert "at week 2024-01-15 (row 2)" in str(told.value)
    assert "national" not in str(told.value)


GOOD: dict[str, Any] = {
    "media": np.random.default_rng(0).random((2, 5, 2)),
    "kpi": np.random.default_rng(1).random((2, 5)),
    "channels": ["tv", "search"],
}
ARRAYS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "flat media": ({"media": np.ones((2, 5))}, ["media [region, week, name]", "(2, 5, 2)", "(2, 5)"]),
    "names too few": ({"channels": ["tv"]}, ["media", "tv", "(2, 5, 1)", "(2, 5, 2)"]),
    "three-way KPI": ({"kpi": np.ones((2, 5, 1))}, ["kpi [region, week]", "(2, 5, 1)"]),
    "text": ({"kpi": [["a"] * 5] * 2}, ["kpi", "not numeric"]),
    "masked": ({"kpi": np.ma.masked_less(GOOD["kpi"], 0.5)}, ["kpi", "masked"]),
    "ragged": ({"kpi": [[1.0, 2.0], [1.0]]}, ["kpi", "array"]),
    "unnamed controls": ({"controls": np.ones((2, 5, 1))}, ["controls", "(none)", "(2, 5, 0)"]),
    "controls not given": ({"control_names": ["price"]}, ["controls", "price", "not given"]),
    "geos": ({"geos": ["a"]}, ["1 geos", "2 regions"]),
    "a geo twice": ({"geos": ["a", "a"]}, ["'a'", "twice"]),
    "weeks": ({"weeks": [1, 2, 3]}, ["3 weeks", "5"]),
    "weeks back": ({"weeks": [1, 2, 4, 3, 5]}, ["week 3", "after 4"]),
    "irregular": ({"weeks": [1, 3, 5, 6, 8]}, ["irregular", "5 and 6"]),
    "spend": ({"spend": np.ones((2, 5, 1))}, ["spend", "(2, 5, 2)"]),
    "negative spend": ({"spend": -np.ones((2, 5, 2))}, ["spend of 'tv'", "'geo0'", "week 0"]),
    "missing spend": ({"spend": np.full((2, 5, 2), np.nan)}, ["spend of tv", "week 0"]),
    "population": ({"population": [1, 2, 3]}, ["population", "(2,)", "(3,)"]),
    "no population": ({"population": [1, 0]}, ["population", "'geo1'"]),
    "revenue": ({"revenue_per_kpi": [1.0, 2.0]}, ["revenue_per_kpi", "(2, 5)"]),
    "missing": (
        {"media": np.where(np.arange(20).reshape(2, 5, 2) == 13, np.nan, 0.5)},
        ["'search'", "'geo1'", "week 1"],
    ),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_are_refused_by_name(case: str) -> None:
    changes, named = ARRAYS[case]
    with pytest.raises(DataError) as told:
        MediaPanel.from_arrays(**(GOOD | changes))
    for part in named:
        assert part in str(told.value), str(told.value)


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(DataError, match=r"no variable 'serch' \(did you mean 'search'\?\)"):
        MediaPanel(long(), **ROLES)["serch"]
