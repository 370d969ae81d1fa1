"""Tables and options that make no sample: each is refused by name, whatever the library, and never by another error."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan import DataError, Moments
from semnan.data import Patterns, Sample

GAP, INF = float("nan"), float("inf")
GOOD: dict[str, list[Any]] = {"g": list("sststt"), "x": [1, 2, 4, 3, 1, 5], "y": [2.5, 1, 3, 3, 1, 0]}


def changed(**values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({**GOOD, **values})


GROUPED: dict[str, Any] = {"group": "g"}
TABLES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "text": (changed(x=list("abcdef")), {}, "the column 'x' is not numeric"),
    "numbers as text": (changed(x=list("123456")), {}, "the column 'x' is not numeric"),
    "numbers as text in polars": (pl.DataFrame({**GOOD, "x": list("123456")}), {}, r"'x' is not numeric .*String"),
    "mixed objects": (changed(x=[1, "a", None, 2, 3, 4]), {}, "the column 'x' is not numeric"),
    "categories": (changed(x=pd.Categorical([1, 2, 1, 2, 1, 2])), {}, r"'x' is not numeric .*Categorical"),
    "dates": (changed(x=pd.date_range("2020-01-01", periods=6)), {}, r"'x' is not numeric .*Datetime"),
    "complex": (changed(x=[1j, 2, 3, 4, 5, 6]), {}, "the column 'x' is not numeric"),
    "lists": (pl.DataFrame({**GOOD, "x": [[1]] * 6}), {}, r"'x' is not numeric .*List"),
    "no value": (changed(x=[None] * 6), {}, "the column 'x' has no value in any row: leave it out"),
    "no value in arrow": (pa.table({**GOOD, "x": pa.nulls(6)}), {}, "the column 'x' has no value in any row"),
    "only NaN": (changed(x=[GAP] * 6), {"missing": "fiml"}, "the variable 'x' is missing in every row"),
    "only NaN, listwise": (
        changed(x=[GAP] * 6),
        {},
        r"the table has 0 row\(s\).* \(6 of 6 rows have a missing value in x",
    ),
    "infinite": (changed(x=[1, 2, INF, 3, -INF, 4]), {}, r"'x' is infinite in 2 row\(s\), first in row 2"),
    "infinite beside a gap": (changed(x=[1, GAP, 3, 4, 5, INF]), {}, r"'x' is infinite in 1 row\(s\), first in row 5"),
    "constant": (changed(x=[7] * 6), {}, r"the variable 'x' is constant \(7 in every row\)"),
    "constant where complete": (changed(y=[2, 2, 2, 2, 2, 9], x=[1, 2, 3, 4, 5, GAP]), {}, "'y' is constant"),
    "constant in a group": (
        changed(x=[5, 5, 1, 5, 2, 3]),
        GROUPED,
        r"in the group 's', the variable 'x' is constant \(5 in every row\)",
    ),
    "too large": (changed(x=[1e200, 2e200, 0, 0, 0, 0]), {}, "values of 'x' are too large"),
    "one row": (changed()[:1], {}, r"the table has 1 row\(s\)"),
    "no rows": (pl.DataFrame(GOOD).clear(), {}, r"the table has 0 row\(s\)"),
    "one row in a group": (changed(g=list("ssssst")), GROUPED, r"in the group 't', the table has 1 row\(s\)"),
    "no row left in a group": (
        changed(x=[1, 2, GAP, 3, GAP, GAP]),
        GROUPED,
        r"in the group 't', the table has 0 row\(s\): .* \(3 of 6 rows have a missing value in x",
    ),
    "no group": (changed(g=[None] * 6), GROUPED, "the group column 'g' has no value in any row"),
    "empty group": (changed(g=["s", " ", "s", "s", "t", "t"]), GROUPED, "group in row 1 of the column 'g' is ' '"),
    "absent column": (changed()[["g", "y"]], {}, "the frame has no column 'x'; it has g, y"),
    "absent group column": (changed(), {"group": "school"}, "the frame has no column 'school'"),
    "columns of one name": (pd.DataFrame([[1, 2, 3]] * 3, columns=["x", "y", "x"]), {}, "two columns .* have one name"),
    "lazy frame": (pl.DataFrame(GOOD).lazy(), {}, "expected a data frame in memory, got LazyFrame"),
    "array": (np.eye(3), {}, "expected a data frame in memory, got ndarray"),
    "dict": (GOOD, {}, "expected a data frame in memory, got dict"),
    "none": (None, {}, "expected a data frame in memory, got NoneType"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_malformed_table_is_refused_by_name(name: str) -> None:
    frame, options, told = TABLES[name]
    with pytest.raises(DataError, match=told):
        Sample.from_frame(frame, ["x", "y"], **options)


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "pairwise": ({"missing": "pairwise"}, "missing is 'pairwise': give one of listwise, fiml"),
    "labels without group": ({"labels": ["s"]}, "name the column that says them, as group="),
    "unknown label": ({"group": "g", "labels": ["s", "u"]}, "the column 'g' has no group 'u'; it has s, t"),
    "repeated label": ({"group": "g", "labels": ["s", "s"]}, "the group 's' stands twice"),
    "no label": ({"group": "g", "labels": []}, "labels= is empty"),
    "label as text": ({"group": "g", "labels": "st"}, "give the group names as a list"),
    "group among the variables": ({"group": "x"}, "'x' is both a variable and the group"),
    "unknown covariate": ({"complete": ["z"]}, "complete= names 'z', which is not among the variables x, y"),
    "covariates as text": ({"complete": "xy"}, "give the variable names as a list"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_without_sense_is_refused(name: str) -> None:
    options, told = OPTIONS[name]
    with pytest.raises(DataError, match=told):
        Sample.from_frame(changed(), ["x", "y"], **options)


NAMES: list[tuple[Any, str]] = [
    ([], "no variable is named"),
    ("xy", "give the column names as a list"),
    (["x", "x"], "the column 'x' stands twice"),
    (["x", 3], "column 1 has the name 3"),
    (["x", ["y"]], "column 1 has the name"),
]


@pytest.mark.parametrize(("names", "told"), NAMES)
def test_wrong_names_are_refused(names: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        Sample.from_frame(changed(), names)
    if names:
        with pytest.raises(DataError, match=told.replace("column", "variable")):
            Sample.from_frame(changed(), ["x", "y"]).select(names)


GOOD_MOMENTS = Moments.from_frame(changed(), ["x", "y"])
MOMENTS: list[tuple[Any, str]] = [
    ({}, "give Moments, or a dict"),
    ([GOOD_MOMENTS], "give Moments, or a dict"),
    ({"s": np.eye(2)}, "the group 's' is a ndarray: give Moments"),
    ({"s": GOOD_MOMENTS, "t": GOOD_MOMENTS.select(["x"])}, "in the group 't', the variables are x, but those of"),
    ({"s": GOOD_MOMENTS, 2: GOOD_MOMENTS}, "group 1 has the name 2"),
]


@pytest.mark.parametrize(("given", "told"), MOMENTS)
def test_wrong_moments_are_refused(given: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        Sample.from_moments(given)


def test_a_sample_of_variables_it_does_not_have() -> None:
    choices: list[Any] = ["listwise", "fiml"]
    for missing in choices:
        sample = Sample.from_frame(changed(x=[1, GAP, 2, 3, 4, 5]), ["x", "y"], missing=missing)
        with pytest.raises(DataError, match="no variable 'z'; they have x, y"):
            sample.select(["x", "z"])


CELLS = st.one_of(
    st.floats(-9, 9), st.integers(-9, 9), st.sampled_from([None, GAP, INF, "a", "", True, 1e300, 1e-300, "1", b"x", 1j])
)
USUAL = st.one_of(st.floats(-9, 9), st.sampled_from([None, GAP, 0.0]))


def columns(cells: st.SearchStrategy[Any], rows: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(cells, min_size=rows, max_size=rows)


@st.composite
def frames(draw: st.DrawFn) -> Any:
    rows = draw(st.integers(0, 9))
    labels = columns(st.sampled_from(["s", "t", None, 1, 1.0, ""]), rows)
    names = ["g", *draw(st.lists(st.sampled_from(["x", "y", "z", "x"]), max_size=4)), "x", "y"]
    values = [draw(labels)] + [draw(columns(draw(st.sampled_from([USUAL, CELLS])), rows)) for _ in names[1:]]
    frame = pd.concat([pd.Series(value, name=name) for name, value in zip(names, values, strict=True)], axis=1)
    if len(set(names)) == len(names) and draw(st.booleans()):
        try:
            return pl.from_dict(dict(zip(names, values, strict=True)), strict=False)
        except (TypeError, pl.exceptions.PolarsError):
            return frame
    return frame


@settings(max_examples=300)
@given(frames(), st.sampled_from(["listwise", "fiml", "error"]), st.sampled_from([None, "g"]), st.booleans())
def test_any_frame(frame: Any, missing: Any, group: str | None, complete: bool) -> None:
    try:
        sample = Sample.from_frame(frame, ["x", "y"], missing=missing, group=group, complete=["x"] if complete else ())
    except DataError as error:
        assert str(error)  # noqa: PT017
        return
    assert sample.n + sample.dropped == len(frame)
    assert bool(sample.notes) == bool(sample.dropped)
    for part in sample.groups:
        assert part.rows is not None
        assert part.rows.shape == (part.data.n, 2)
        assert isinstance(part.data, Patterns) == sample.missing
        assert sample.missing or np.isfinite(part.rows).all()
