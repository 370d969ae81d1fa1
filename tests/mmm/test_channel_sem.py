"""Channel models: the path model they are, their fits and standard errors, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan.errors import DataError, FitError, ModelError, SemnanError, Unavailable
from semnan.estimation.outcome import Outcome
from semnan.mmm import ChannelFit, ChannelGraph, ChannelSEM, LiftTest, MediaPanel, Prior
from tests.mmm.panels import Array, graph, panel


def _fit(model: ChannelSEM, **options: Any) -> ChannelFit:
    found = model.fit(**options)
    assert found.outcome.ok
    return found


def _linear(**options: Any) -> ChannelSEM:
    return ChannelSEM(panel(), graph(), **({"adstock": None, "saturation": None} | options))


def test_without_transforms_it_is_the_fit_of_its_path_model() -> None:
    """The same estimates as a path model of the demeaned columns, and the same standard errors clustered by geo."""
    model = _linear(season=0, trend=False)
    found, design = _fit(model, standard_errors="geo"), model.design
    table = dict(zip(design.model.visibles, design.table(np.zeros(0)).T, strict=True))
    frame = {name: column.tolist() for name, column in table.items()} | {"geo": np.repeat(np.arange(6), 60).tolist()}
    other = sn.fit(design.model, pd.DataFrame(frame), cluster="geo")
    for name, value in other.estimates.items():
        assert found.estimates[name] == pytest.approx(value, rel=1e-6), name
    rows = design.rows
    for name, error in other.standard_errors.items():
        expected = float(error) * np.sqrt(rows / (rows - design.nuisance.rank))
        assert found.standard_errors[name] == pytest.approx(expected, rel=1e-4), name


def test_coefficients_without_confounding_are_those_of_least_squares() -> None:
    """One equation, hence least squares with Newey–West or clustered errors written out."""
    alone = ChannelGraph([("tv", "sales"), ("search", "sales")], kpi="sales")
    model = ChannelSEM(panel(demand=0.0), alone, adstock=None, saturation=None)
    found, design = _fit(model, standard_errors="geo"), model.design
    table = dict(zip(design.model.visibles, design.table(np.zeros(0)).T, strict=True))
    given = np.stack([table[name] for name in ("tv", "search", "price")], axis=1)
    slopes = np.linalg.lstsq(given, table["sales"], rcond=None)[0]
    sums = (given * (table["sales"] - given @ slopes)[:, None]).reshape(6, 60, 3).sum(1)
    bread = np.linalg.inv(given.T @ given)
    matrix = bread @ sums.T @ sums @ bread * (6 / 5) * design.rows / (design.rows - design.nuisance.rank)
    for k, name in enumerate(("tv -> sales", "search -> sales", "price -> sales")):
        assert found.estimates[name] == pytest.approx(slopes[k], rel=1e-8)
        assert found.standard_errors[name] == pytest.approx(np.sqrt(matrix[k, k]), rel=1e-6)


def test_panel_errors_need_no_geos_and_tell_when_there_are_few() -> None:
    found = _fit(_linear())
    assert found.findings[0].kind == "few geos"
    national = ChannelSEM(panel(geos=1), graph(), adstock=None, saturation=None)
    one = _fit(national)
    assert "Newey–West" in one.findings[0].message
    assert all(isinstance(value, float) for value in one.standard_errors.values())
    with pytest.raises(FitError, match="one geo"):
        national.fit(standard_errors="geo")


def test_population_counts_media_and_kpi_per_head_and_nothing_else() -> None:
    heads = np.array([1.0, 2.0, 3.0, 1.0, 1.0, 4.0])
    scaled = ChannelSEM(panel(population=heads), graph(), adstock=None, saturation=None)
    np.testing.assert_allclose(scaled.design.columns["tv"], scaled.panel["tv"] / (heads / heads.mean())[:, None])
    np.testing.assert_allclose(scaled.design.columns["price"], scaled.panel["price"])


def test_a_precise_prior_holds_a_parameter_and_a_vague_one_does_nothing() -> None:
    model = _linear()
    free = _fit(model)
    vague = _fit(model, known=[Prior(parameter="tv -> sales", value=0.0, standard_error=1e6)])
    np.testing.assert_allclose(vague.values, free.values, rtol=1e-6, atol=1e-8)
    held = _fit(model, known=[Prior(parameter="tv -> sales", value=3.0, standard_error=1e-6)])
    assert held.estimates["tv -> sales"] == pytest.approx(3.0, abs=1e-6)
    error = held.standard_errors["tv -> sales"]
    assert isinstance(error, float)
    assert error < 2e-6


def test_an_experiment_tells_what_confounding_hides() -> None:
    """Without proxies search's effect is not identified; an experiment on it that was exact gives it back."""
    model = ChannelSEM(panel(), graph(proxies={}), adstock=None, saturation=None)
    dark = -1.5 * model.panel["search"].sum()
    found = model.fit(known=[LiftTest(channel="search", value=float(dark), standard_error=1.0)])
    assert found.estimates["search -> sales"] == pytest.approx(1.5, abs=1e-3)


def test_confounding_ignored_is_another_model() -> None:
    found = _fit(_linear())
    other = found.ignoring_confounders
    assert abs(found.estimates["search -> sales"] - 1.5) < 0.3
    assert other.estimates["search -> sales"] > 2.0
    assert other.ignoring_confounders is other


def test_confounding_ignored_has_the_same_lags_and_no_numbers_if_it_does_not_converge() -> None:
    found = _fit(_linear(), lags=0)
    assert found.ignoring_confounders.lags == 0
    lost = replace(found.ignoring_confounders, minimum=replace(found.minimum, outcome=Outcome.STALLED))
    vars(found)["ignoring_confounders"] = lost
    assert found.effects()["tv", "total"].ignoring is None
    told = found.roas()["tv", "total"].ignoring
    assert isinstance(told, Unavailable)
    assert "converge" in told.reason


def test_the_shape_of_a_curve_is_not_what_an_experiment_tells() -> None:
    test = LiftTest(channel="search", value=-3e3, standard_error=1e2)
    hidden = ChannelSEM(panel(), graph(proxies={}), adstock=None)
    assert "shape" in {finding.kind for finding in _fit(hidden, known=[test]).findings}
    assert "shape" not in {finding.kind for finding in _fit(hidden).findings}
    assert "shape" not in {finding.kind for finding in _fit(ChannelSEM(panel(), graph()), known=[test]).findings}


def test_bootstrap_is_the_same_for_any_number_of_workers_and_near_the_sandwich() -> None:
    model = ChannelSEM(panel(geos=30, weeks=20), graph(), adstock=None, saturation=None)
    geo = _fit(model, standard_errors="geo")
    found = _fit(model, standard_errors="bootstrap", replicates=100, seed=3)
    again = _fit(model, standard_errors="bootstrap", replicates=100, seed=3, n_jobs=2)
    np.testing.assert_array_equal(found.spread.draws, again.spread.draws)
    for name in ("tv -> search", "tv -> sales"):
        ratio = float(found.standard_errors[name]) / float(geo.standard_errors[name])
        assert 0.7 < ratio < 1.4, name


def test_lags_use_the_weeks_after_them() -> None:
    lagged = ChannelGraph([("tv@2", "sales"), ("tv", "sales"), ("search", "sales")], kpi="sales")
    model = ChannelSEM(panel(demand=0.0), lagged, adstock=None, saturation=None)
    assert model.design.nuisance.weeks == 58
    series = model.design.series("tv@2")
    np.testing.assert_array_equal(series, model.panel["tv"][:, :58])
    assert abs(_fit(model).estimates["tv@2 -> sales"]) < 0.2


def test_inputs_are_not_changed() -> None:
    data = panel()
    before = data.values.copy()
    _fit(ChannelSEM(data, graph()))
    np.testing.assert_array_equal(data.values, before)


def _constant(values: Array) -> MediaPanel:
    data = panel()
    return MediaPanel.from_arrays(
        np.stack([np.broadcast_to(values, data.shape), data["search"]], -1),
        data["sales"],
        channels=("tv", "search"),
        kpi_name="sales",
        proxies=np.stack([data["queries"], data["trends"]], -1),
        proxy_names=("queries", "trends"),
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adstock": "weekly"}, "'weekly'.*geometric, delayed, weibull"),
        ({"adstock": {"radio": "geometric"}}, "'radio', which is no channel"),
        ({"saturation": {"tv": "log"}}, "'log'.*hill, logistic"),
        ({"geo_effects": "random"}, "'random'"),
        ({"season": -1}, "season is -1"),
        ({"events": {"sale": []}}, "'sale'"),
        ({"events": {"sale": [400]}}, "week 400"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ChannelSEM(panel(), graph(), **options)


def test_national_media_have_nothing_left_beside_week_effects() -> None:
    national = _constant(np.random.default_rng(0).uniform(1, 2, size=(1, 60)))
    with pytest.raises(DataError, match="nothing is left of 'tv'"):
        ChannelSEM(national, graph(), week_effects=True)


@pytest.mark.parametrize(
    "options", [{"standard_errors": "magic"}, {"lags": -1}, {"starts": 0}, {"replicates": 1}, {"lags": 1.5}]
)
def test_options_of_a_fit_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(FitError, match=next(iter(options))):
        _linear().fit(**options)


def test_a_graph_of_other_columns_is_refused() -> None:
    with pytest.raises(SemnanError, match="'radio'"):
        ChannelSEM(panel(), ChannelGraph([("radio", "sales"), ("tv", "sales")], kpi="sales"))
