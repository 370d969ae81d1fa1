"""The parameter table: its rows, and frames of every library made of it."""

from pathlib import Path
from statistics import NormalDist
from typing import Any

import narwhals as nw
import pandas as pd
import pytest

import semnan as sn
from semnan import Fit, Unavailable

TEXT = "y ~ b*x + z; x ~ z; twice := 2*b"
PLAIN = ["lhs", "op", "rhs", "group", "label", "est", "se", "z", "pvalue", "ci.lower", "ci.upper"]


def fitted(**options: Any) -> Fit:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    found: Fit = sn.sem(TEXT, frame.rename(columns={"x1": "x", "x2": "y", "x3": "z"}), **options)
    return found


def test_rows_come_in_lavaans_order() -> None:
    table = fitted(meanstructure=True).parameters()
    assert [f"{row.lhs} {row.op} {row.rhs}".strip() for row in table] == [
        "y ~ x",
        "y ~ z",
        "x ~ z",
        "y ~~ y",
        "x ~~ x",
        "z ~~ z",
        "y ~1",
        "x ~1",
        "z ~1",
        "twice := 2*b",
    ]
    covariate = table[5]
    assert (covariate.fixed, covariate.standard_error, covariate.label) == (True, 0.0, None)
    assert isinstance(covariate.z, Unavailable)
    assert (table[0].name, table[0].label, table[-1].name) == ("b", "b", "twice")
    assert table[-1].estimate == pytest.approx(2 * float(table[0].estimate))
    assert table[0].z == pytest.approx(float(table[0].estimate) / float(table[0].standard_error))


def test_a_table_is_a_sequence() -> None:
    table = fitted().parameters()
    assert len(table[:2]) == 2
    assert table[:2][1] == table[1] == list(table)[1]
    assert table == fitted().parameters()
    assert "twice" in str(table)


def test_standardised_values_are_those_of_the_standardised_solution() -> None:
    found = fitted()
    table = found.parameters(standardised=True)
    assert table[0].std_all == pytest.approx(found.standardised()[0].estimate)
    assert table[-1].std_all == pytest.approx(found.standardised()[-1].estimate)
    assert found.parameters()[0].std_all is None


def test_the_level_is_that_of_the_intervals() -> None:
    wide, narrow = (fitted().parameters(level)[0].interval for level in (0.99, 0.5))
    assert not isinstance(wide, Unavailable)
    assert not isinstance(narrow, Unavailable)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_of_any_library(backend: Any) -> None:
    table = fitted().parameters(standardised=True)
    frame = nw.from_native(table.to_frame(backend), eager_only=True)
    assert frame.columns == [*PLAIN, "std.lv", "std.all"]
    assert frame["est"].to_list() == [row.estimate for row in table]
    fixed = frame.filter(nw.col("lhs") == "z")
    assert fixed["se"].to_list() == [0.0]
    assert fixed["z"].is_null().all()
    assert fixed["group"].is_null().all()
    assert all(frame.schema[name] == nw.Float64 for name in PLAIN[5:])
    plain = nw.from_native(fitted().parameters().to_frame(backend), eager_only=True)
    assert plain.columns == PLAIN


def test_another_library_is_told() -> None:
    with pytest.raises(sn.FitError, match="the backend is 'excel': give 'pandas'"):
        fitted().parameters().to_frame("excel")  # type: ignore[arg-type]


def test_plain_values_have_no_reasons() -> None:
    rows = fitted().parameters().to_dicts()
    assert rows[0]["label"] == "b"
    assert rows[4]["z"] is None or isinstance(rows[4]["z"], float)
    assert list(rows[0]) == PLAIN


def test_standardised_values_of_groups_and_of_what_is_not_identified() -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    grouped = sn.cfa("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6", frame, group="school", group_equal=["loadings"])
    loose = sn.sem("f =~ NA*x1 + x2 + x3; f ~~ NA*f", frame)
    for found in (grouped, loose):
        for scale, field in (("std.lv", "std_lv"), ("std.all", "std_all")):
            ours = {(row.name, row.group): getattr(row, field) for row in found.parameters(standardised=True)}
            for row in found.standardised(scale):
                value = ours[row.name, row.group]
                same = value == row.estimate
                assert same or value == pytest.approx(row.estimate)
    scaled = loose.parameters(standardised=True)[0]
    assert isinstance(scaled.estimate, Unavailable)
    assert isinstance(scaled.std_all, float)


def test_thresholds_are_rows() -> None:
    frame = pd.read_csv(Path(__file__).parents[1] / "reference" / "data" / "ordered.csv")
    fit = sn.cfa("f =~ y1 + y2 + y3", frame.drop(columns="group"), ordered=["y1", "y2", "y3"])
    rows = [row for row in fit.parameters(standardised=True) if row.op == "|"]
    assert [(row.lhs, row.rhs) for row in rows[:2]] == [("y1", "t1"), ("y1", "t2")]
    assert [row.estimate for row in rows] == [step.estimate for step in fit.thresholds]
    first = NormalDist().inv_cdf(float((frame["y1"] == frame["y1"].min()).mean()))
    assert rows[0].estimate == pytest.approx(first, abs=1e-9)
    text = str(fit.summary())
    assert "Thresholds:" in text
    assert f"Number of model parameters{fit.fit_measures['npar']:>32}" in text
