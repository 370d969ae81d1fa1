"""Panels from long, wide and array data, whatever the order of their rows."""

import copy
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import semnan as sn
from semnan.data import read_csv
from semnan.mmm import MediaPanel
from tests.mmm.tables import ROLES, long, national


def same(a: MediaPanel, b: MediaPanel) -> None:
    assert (a.geos, a.kpi, a.channels, a.controls, a.proxies) == (b.geos, b.kpi, b.channels, b.controls, b.proxies)
    for name in ("weeks", "values", "spend", "population", "revenue_per_kpi"):
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


FULL = ROLES | {
    "spend": {"tv": "tv_cost", "search": "search_cost"},
    "population": "people",
    "revenue_per_kpi": "worth",
}


def test_values_stand_by_geo_week_and_variable() -> None:
    table = long()
    panel = MediaPanel(table, **FULL)
    assert panel.geos == ("a", "b", "c")
    assert panel.shape == (3, 6)
    assert panel.step == 7
    assert panel.names == ("sales", "tv", "search", "price", "queries")
    assert panel.weeks.dtype == "datetime64[D]"
    for name in panel.names:
        np.testing.assert_array_equal(panel[name], np.reshape(table[name], (3, 6)))
    assert panel.spend is not None
    np.testing.assert_array_equal(panel.spend[..., 1], np.reshape(table["search_cost"], (3, 6)))
    np.testing.assert_array_equal(panel.population, [1000, 2000, 3000])
    np.testing.assert_array_equal(panel.revenue_per_kpi, np.reshape(table["worth"], (3, 6)))


@given(st.permutations(range(18)))
def test_rows_may_come_in_any_order(order: list[int]) -> None:
    table = long()
    mixed = {name: [values[i] for i in order] for name, values in table.items()}
    same(MediaPanel(mixed, **FULL), MediaPanel(table, **FULL))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, copy.deepcopy])
def test_every_kind_of_frame_gives_the_same_panel_and_is_left_alone(make: Any) -> None:
    frame, untouched = make(long()), make(long())
    same(MediaPanel(frame, **FULL), MediaPanel(long(), **FULL))
    if isinstance(frame, pd.DataFrame):
        pd.testing.assert_frame_equal(frame, untouched)
    else:
        assert frame.equals(untouched) if hasattr(frame, "equals") else frame == untouched


def test_a_csv_file(tmp_path: Path) -> None:
    place = tmp_path / "panel.csv"
    pd.DataFrame(long()).to_csv(place, index=False)
    same(MediaPanel(read_csv(place), **FULL), MediaPanel(long(), **FULL))


@pytest.mark.parametrize(
    "weeks",
    [
        pd.date_range("2024-01-01", periods=6, freq="7D"),
        [f"2024-01-{day:02}" for day in range(1, 7)],
        ["2024-01-01 00:00:00", "2024-01-02T00:00", *(f"2024-01-{day:02}" for day in range(3, 7))],
        np.arange("2024-01-01", "2024-02-12", 7, dtype="datetime64[D]"),
        list(np.arange("2024-01-01", "2024-02-12", 7, dtype="datetime64[D]").astype("datetime64[ns]")),
        [f"{t}" for t in range(6)],
        list(np.arange(6, dtype=np.int16)),
        np.arange(6),
        [float(t) for t in range(10, 70, 10)],
    ],
)
def test_weeks_are_dates_or_whole_numbers(weeks: Any) -> None:
    panel = MediaPanel(national() | {"week": weeks}, **(ROLES | {"geo": None}))
    assert panel.geos == ("national",)
    assert panel.weeks.dtype.kind in "Mi"
    assert (np.diff(panel.weeks.astype(np.int64)) == panel.step).all()


def test_a_pandas_frame_of_timestamps() -> None:
    frame = pd.DataFrame(long()).assign(week=lambda table: pd.to_datetime(table["week"]))
    same(MediaPanel(frame, **FULL), MediaPanel(long(), **FULL))


def test_geos_sort_as_people_count() -> None:
    table = long()
    table["geo"] = [{"a": "dma 10", "b": "dma 9", "c": "dma 1"}[geo] for geo in table["geo"]]
    assert MediaPanel(table, **ROLES).geos == ("dma 1", "dma 9", "dma 10")
    table["geo"] = [{"dma 10": 501.0, "dma 9": 7.0, "dma 1": 60.0}[geo] for geo in table["geo"]]
    assert MediaPanel(table, **ROLES).geos == ("7", "60", "501")


def test_spend_is_media_columns_or_unknown() -> None:
    table = long()
    panel = MediaPanel(table, **ROLES)
    assert panel.spend is not None
    np.testing.assert_array_equal(panel.spend, panel.values[..., 1:3])
    assert MediaPanel(table, **ROLES, spend=None).spend is None
    own = MediaPanel(table, **ROLES, spend={"tv": "tv_cost", "search": "search"}).spend
    assert own is not None
    np.testing.assert_array_equal(own[..., 1], panel["search"])


def test_population_by_mapping_and_one_revenue_for_all() -> None:
    panel = MediaPanel(long(), **ROLES, population={"c": 3, "a": 1, "b": 2}, revenue_per_kpi=2)
    np.testing.assert_array_equal(panel.population, [1, 2, 3])
    np.testing.assert_array_equal(panel.revenue_per_kpi, np.full((3, 6), 2.0))


def test_negative_media_are_kept_on_demand() -> None:
    table = long()
    table["tv"][4] = -1.0
    panel = MediaPanel(table, **ROLES, allow_negative=True)
    assert panel["tv"][0, 4] == -1
    with pytest.raises(sn.DataError, match="allow_negative"):
        MediaPanel(table, **ROLES)


def test_flags_count_as_zero_and_one() -> None:
    table = long()
    table["price"] = [t % 2 == 0 for t in range(18)]
    for made in (table, pl.DataFrame(table)):
        assert MediaPanel(made, **ROLES)["price"][0].tolist() == [1, 0, 1, 0, 1, 0]


def test_arrays_make_the_same_panel() -> None:
    panel = MediaPanel(long(), **FULL)
    media, spend = np.array(panel.values[..., 1:3]), np.array(panel.spend)
    before = media.copy()
    made = MediaPanel.from_arrays(
        media,
        panel["sales"],
        channels=["tv", "search"],
        kpi_name="sales",
        geos=["a", "b", "c"],
        weeks=panel.weeks,
        controls=panel.values[..., 3:4],
        control_names=["price"],
        proxies=panel.values[..., 4:5],
        proxy_names=["queries"],
        spend=spend,
        population=[1000, 2000, 3000],
        revenue_per_kpi=panel.revenue_per_kpi,
    )
    same(made, panel)
    assert made.values is not media
    assert media.flags.writeable
    np.testing.assert_array_equal(media, before)
    spend[0, 0, 0] = -9
    assert made.spend is not None
    assert made.spend.min() > 0


def test_arrays_have_names_and_weeks_by_default() -> None:
    rng = np.random.default_rng(0)
    panel = MediaPanel.from_arrays(rng.random((2, 5, 1)), rng.random((2, 5)), channels=["tv"], revenue_per_kpi=3.0)
    assert (panel.geos, panel.kpi, panel.weeks.tolist()) == (("geo0", "geo1"), "kpi", [0, 1, 2, 3, 4])


def test_nobody_writes_to_a_panel() -> None:
    panel = MediaPanel(long(), **FULL)
    for part in (panel.values, panel.spend, panel.population, panel.revenue_per_kpi, panel["tv"]):
        assert part is not None
        with pytest.raises(ValueError, match="read-only"):
            part[...] = 0
    with pytest.raises(AttributeError):
        panel.kpi = "tv"  # type: ignore[misc]


def test_a_panel_has_a_part() -> None:
    panel = MediaPanel(long(), **FULL)
    last = panel.slice(slice(-2, None))
    assert last.shape == (3, 2)
    np.testing.assert_array_equal(last["search"], panel["search"][:, -2:])
    assert last.spend is not None
    assert panel.spend is not None
    np.testing.assert_array_equal(last.spend, panel.spend[:, -2:])
    np.testing.assert_array_equal(last.population, panel.population)
    first = panel.weeks_before(4)
    np.testing.assert_array_equal(first.weeks, panel.weeks[:4])
    with pytest.raises(sn.DataError, match="consecutive"):
        panel.slice(slice(0, 6, 2))
    with pytest.raises(sn.DataError, match="at least two"):
        panel.weeks_before(1)


def test_a_channel_that_starts_late_cannot_be_fitted_before() -> None:
    table = long()
    table["tv"] = [0.0 if i % 6 < 4 else 5.0 for i in range(18)]
    panel = MediaPanel(table, **ROLES)
    with pytest.raises(sn.DataError, match="'tv' is constant"):
        panel.weeks_before(4)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_a_panel_goes_back_to_a_frame(backend: Any) -> None:
    panel = MediaPanel(long(), **ROLES)
    same(MediaPanel(panel.to_frame(backend), **ROLES), panel)


def test_a_variable_named_as_the_geo_is_not_lost() -> None:
    table = national() | {"geo": long()["price"][:6]}
    panel = MediaPanel(table, **(ROLES | {"geo": None, "controls": ["geo"]}))
    with pytest.raises(sn.DataError, match="'geo' has the name"):
        panel.to_frame()


def test_a_panel_tells_what_it_is() -> None:
    shown = str(MediaPanel(long(), **FULL))
    for part in ("3 geo(s) × 6 weeks", "2024-01-01 to 2024-02-05", "KPI sales", "tv, search", "queries", "population"):
        assert part in shown


def test_a_panel_of_days_says_so() -> None:
    days = [date(2024, 1, day) for day in range(1, 13)]
    table = {"week": days, "tv": [*range(12)], "sales": [*range(5, 17)]}
    assert "12 periods of 1 day, 2024-01-01" in str(MediaPanel(table, date="week", kpi="sales", channels=["tv"]))


def test_embedded_tables_are_panels() -> None:
    table = sn.datasets.robyn_weekly()
    panel = MediaPanel(
        table.columns,
        date="DATE",
        kpi="revenue",
        channels=["tv_S", "ooh_S", "print_S", "facebook_I", "search_clicks_P"],
        controls=["competitor_sales_B", "newsletter"],
        spend={
            "tv_S": "tv_S",
            "ooh_S": "ooh_S",
            "print_S": "print_S",
            "facebook_I": "facebook_S",
            "search_clicks_P": "search_S",
        },
    )
    assert panel.shape == (1, 208)
    other = sn.datasets.pymc_marketing_example()
    assert MediaPanel(other.to_frame("polars"), date="date_week", kpi="y", channels=["x1", "x2"]).shape == (1, 179)
    for dataset in (table, other):
        assert dataset.source
        assert dataset.licence


def test_a_mapping_is_left_alone() -> None:
    table: Mapping[str, list[Any]] = long()
    before = copy.deepcopy(table)
    MediaPanel(table, **FULL)
    assert table == before
