"""`cluster=` and `period=` from the front door: beside least squares by hand, and beside what they must reduce to."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import DataError, FitError, Unavailable
from semnan.data.periods import read_periods
from semnan.estimation.casewise import Rows
from semnan.estimation.estimators import Estimator, Test
from semnan.estimation.robust import traces
from semnan.estimation.situation import Situation

from .test_panel import by_pairs

TEXT = "f =~ x1 + x2 + x3 + x4\nx4 ~~ x3"


def frame(units: int = 12, periods: int = 30, seed: int = 0) -> pd.DataFrame:
    """Four indicators with shocks that last, of units and of all; weeks as dates; rows in no order."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=(units + 1, periods, 5))
    for t in range(1, periods):
        shocks[:, t] += 0.6 * shocks[:, t - 1]
    values = shocks[1:] + 0.7 * shocks[0]
    x = values[..., :4] + values[..., 4:]
    who, when = np.meshgrid(np.arange(units), np.arange(periods), indexing="ij")
    weeks = [date(2023, 1, 2) + timedelta(weeks=t) for t in when.ravel().tolist()]
    found = pd.DataFrame(x.reshape(-1, 4), columns=["x1", "x2", "x3", "x4"])
    found = found.assign(geo=[f"g{i}" for i in who.ravel()], t=when.ravel(), week=weeks, w=1 + when.ravel() % 3)
    return found.sample(frac=0.9, random_state=1, ignore_index=True)


FRAME = frame()


@pytest.mark.parametrize("cluster", ["geo", None])
@pytest.mark.parametrize("lags", [0, 3])
def test_regression(cluster: str | None, lags: int) -> None:
    """(XᵀX)⁻¹ Σ wᵢⱼ eᵢ eⱼ xᵢ xⱼᵀ (XᵀX)⁻¹."""
    options: dict[str, Any] = {"cluster": cluster, "period": "week", "lags": lags}
    fit = sn.sem("x1 ~ x2 + x3", FRAME, **options)
    design = np.column_stack([np.ones(len(FRAME)), FRAME.x2, FRAME.x3])
    slopes, *_ = np.linalg.lstsq(design, FRAME.x1.to_numpy(), rcond=None)
    scores = design * (FRAME.x1.to_numpy() - design @ slopes)[:, None]
    units = None if cluster is None else pd.factorize(FRAME.geo)[0].astype(np.int64)
    bread = np.linalg.inv(design.T @ design)
    wanted = np.sqrt(np.diag(bread @ by_pairs(scores, units, FRAME.t.to_numpy(), lags) @ bread))
    found = [fit.standard_errors[name] for name in ("1 -> x1", "x2 -> x1", "x3 -> x1")]
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("options", [{}, {"estimator": "MLM"}, {"sampling_weights": "w"}, {"missing": "fiml"}], ids=str)
def test_clusters_are_panels_whose_units_never_meet(options: dict[str, Any]) -> None:
    apart = FRAME.assign(t=FRAME.t + 1000 * pd.factorize(FRAME.geo)[0])
    if "missing" in options:
        apart = apart.assign(x1=apart.x1.where(apart.index % 7 > 0))
    clustered = sn.sem(TEXT, apart, cluster="geo", **options)
    panel = sn.sem(TEXT, apart, cluster="geo", period="t", **options)
    assert panel.standard_errors == pytest.approx(clustered.standard_errors, rel=1e-7)
    ours, theirs = panel.fit_measures, clustered.fit_measures
    known = {name: value for name, value in theirs.items() if not isinstance(value, Unavailable)}
    assert {name: ours[name] for name in known} == pytest.approx(known, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("group", [None, "half"])
@pytest.mark.parametrize(("estimator", "test"), [("MLR", "yuan.bentler.mplus"), ("MLM", "satorra.bentler")])
def test_saturated_models_leave_no_trace(estimator: Estimator, test: Test, group: str | None) -> None:
    """The mean of χ² is that of nothing: both of its parts come from the same pairs of rows."""
    text, halves = "x1 ~~ x2 + x3\nx2 ~~ x3", FRAME.assign(half=np.where(FRAME.geo < "g3", "a", "b"))
    fit = sn.sem(text, halves, cluster="geo", period="t", estimator=estimator, meanstructure=True, group=group)
    rows = Rows.of(fit.sample, fit.model.exogenous)
    assert rows is not None
    at = Situation.of(fit.estimate, rows)
    assert not isinstance(at, Unavailable)
    assert traces(at, test, fit.estimate, None).first == pytest.approx(0, abs=1e-6)


def test_groups_share_periods() -> None:
    """Two copies of a frame as groups: all of one period are dependent, across groups too."""
    both = pd.concat([FRAME.assign(g="a"), FRAME.assign(g="b")])
    options: dict[str, Any] = {"period": "t", "meanstructure": True}
    one = sn.sem("x1 ~ x2", FRAME, **options).standard_errors["x2 -> x1"]
    two = sn.sem("x1 ~ c(s, s) * x2", both, group="g", **options).standard_errors
    assert two["s"] == pytest.approx(one, rel=1e-6)


def test_groups_of_a_single_unit() -> None:
    """Each is a series of its own, unless others are panels."""
    some = FRAME[FRAME.geo.isin(["g0", "g1"])]
    both = sn.sem("x1 ~ x2", some, group="geo", cluster="geo", period="t").standard_errors
    for unit in ("g0", "g1"):
        alone = sn.sem("x1 ~ x2", some[some.geo == unit], period="t").standard_errors["x2 -> x1"]
        assert both[f"x2 -> x1 [{unit}]"] == pytest.approx(alone, rel=1e-6)
    mixed = FRAME.assign(g=["one" if geo == "g0" else "many" for geo in FRAME.geo])
    with pytest.raises(DataError, match="'one' has a single unit"):
        sn.sem("x1 ~ x2", mixed, group="g", cluster="geo", period="t")


def test_dates_and_integers_are_the_same() -> None:
    wanted = sn.sem(TEXT, FRAME, cluster="geo", period="t").standard_errors
    text = FRAME.assign(week=[value.isoformat() for value in FRAME.week])
    stamps = FRAME.assign(week=pd.to_datetime(FRAME.week).dt.tz_localize("Europe/Paris"))
    for data in (FRAME, text, stamps, FRAME.assign(week=FRAME.t.astype(float) - 40)):
        assert sn.sem(TEXT, data, cluster="geo", period="week").standard_errors == pytest.approx(wanted)
    shown = str(sn.sem(TEXT, FRAME, cluster="geo", period="week").summary())
    assert "Panel.HAC" in shown
    assert "4, each of 7 days" in shown


@pytest.mark.parametrize(
    ("values", "numbers", "step"),
    [
        ([date(2024, 1, 31), date(2024, 2, 29), date(2024, 4, 30)], [0, 1, 3], "month"),
        ([date(2024, 1, 1), date(2024, 10, 1), date(2025, 1, 1)], [0, 3, 4], "3 months"),
        ([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 9)], [0, 1, 8], "day"),
        (["2024-01-01T00", "2024-01-01T06", "2024-01-02T00"], [0, 1, 4], "21600 seconds"),
        ([5, -2, 9], [5, -2, 9], "1"),
        ([7.0, 8.0, 8.0], [7, 8, 8], "1"),
    ],
)
def test_steps(values: list[Any], numbers: list[int], step: str) -> None:
    found = read_periods(pd.DataFrame({"t": values}), "t")
    assert found.numbers.tolist() == numbers
    assert found.step == step


@pytest.mark.parametrize("value", [1.5, True, "spring", "2024-13-01", 2**63])
def test_bad_periods(value: Any) -> None:
    table = FRAME.assign(t=pd.Series([*FRAME.t[:-1], value], dtype=object))
    with pytest.raises(DataError, match=f"row {len(FRAME) - 1} of the column 't'"):
        sn.sem(TEXT, table, period="t")


@pytest.mark.parametrize("values", [[20231231, 20240101, 20240102], [202311, 202312, 202401]])
def test_dates_written_as_numbers(values: list[int]) -> None:
    with pytest.raises(DataError, match="do not count periods"):
        read_periods(pd.DataFrame({"t": values}), "t")
    other = [value * 10 + 7 for value in values]
    assert read_periods(pd.DataFrame({"t": other}), "t").numbers.tolist() == other


def test_many_fits_do_not_forget_dependence() -> None:
    sample = sn.Sample.from_frame(FRAME, ["x1", "x2"], period="t")
    with pytest.raises(DataError, match="one by one"):
        sn.fit_many(sn.PathModel.from_lavaan("x1 ~ x2"), [sample, sample])


def test_what_is_refused() -> None:
    twice = pd.concat([FRAME, FRAME.iloc[[7]]], ignore_index=True)
    with pytest.raises(DataError, match=f"rows 7 and {len(FRAME)} have the same geo and the same week"):
        sn.sem(TEXT, twice, cluster="geo", period="week")
    sn.sem(TEXT, twice, period="week")
    with pytest.raises(DataError, match="integers and dates"):
        sn.sem(TEXT, FRAME.assign(t=[*FRAME.t[:-1], date(2024, 1, 1)]), period="t")
    with pytest.raises(DataError, match="one period"):
        sn.sem(TEXT, FRAME.assign(t=3), period="t")
    with pytest.raises(DataError, match="lags is -1"):
        sn.sem(TEXT, FRAME, period="t", lags=-1)
    with pytest.raises(DataError, match="lags= counts periods"):
        sn.sem(TEXT, FRAME, cluster="geo", lags=2)
    with pytest.raises(DataError, match="given as cluster= and as period="):
        sn.sem(TEXT, FRAME, cluster="geo", period="geo")
    with pytest.raises(FitError, match="MLMV takes rows for independent"):
        sn.sem(TEXT, FRAME, period="t", estimator="MLMV")
    with pytest.raises(FitError, match="first-order information takes rows for independent"):
        sn.sem(TEXT, FRAME, period="t", estimator="MLR", information="first.order")
    fit = sn.sem(TEXT, FRAME, period="t")
    with pytest.raises(FitError, match="fit without period="):
        sn.bootstrap(fit, 10)


def test_rows_without_a_period_are_left_out_and_told() -> None:
    sample = sn.Sample.from_frame(FRAME.assign(t=FRAME.t.where(FRAME.index > 1)), ["x1", "x2"], period="t")
    assert sample.n == len(FRAME) - 2
    assert "no value in the period column t" in sample.notes[0]


def test_what_is_told() -> None:
    few = frame(units=3, periods=12, seed=1)
    kinds = [found.kind for found in sn.sem(TEXT, few, cluster="geo", period="t").findings]
    assert {"few clusters", "few periods", "panel not positive"} <= set(kinds)
    errors = sn.sem(TEXT, few, cluster="geo", period="t").standard_errors
    assert all(isinstance(error, float) and error > 0 for error in errors.values())
    alone = sn.sem("x1 ~ x2", few[few.geo == "g0"], cluster="geo", period="t")
    assert "few clusters" not in [found.kind for found in alone.findings]
    series = sn.sem("x1 ~ x2", few[few.geo == "g0"], period="t")
    assert alone.standard_errors == pytest.approx(series.standard_errors)
