"""Forecasts of weeks that were held out, against regressions written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semnan.errors import FitError, Unavailable
from semnan.mmm import ChannelGraph, ChannelSEM, LiftTest, Prior, simulate_panel
from semnan.mmm.model.nuisance import fourier
from tests.mmm.fits import curved, linear, simulated
from tests.mmm.panels import Array, graph, panel


def test_a_model_without_latents_foresees_what_a_regression_does() -> None:
    media = panel(4, 60)
    edges = [("tv", "search"), ("tv", "sales"), ("search", "sales")]
    model = ChannelSEM(media, ChannelGraph(edges, kpi="sales"), adstock=None, saturation=None)
    found = model.fit().holdout(10)
    design = _regressors(media)
    seen = np.arange(60) < 50
    outcome = media["sales"]
    rows, later = design[:, seen].reshape(-1, design.shape[-1]), design[:, ~seen]
    slopes = np.linalg.lstsq(rows, outcome[:, seen].ravel(), rcond=None)[0]
    np.testing.assert_allclose(found.predicted, later @ slopes, rtol=1e-6)
    error = outcome[:, ~seen] - later @ slopes
    assert found["model", "geos"].mape == pytest.approx(np.abs(error / outcome[:, ~seen]).mean(), rel=1e-4)
    around = outcome[:, ~seen] - outcome[:, ~seen].mean(1, keepdims=True)
    assert found["model", "geos"].r2 == pytest.approx(1 - (error**2).sum() / (around**2).sum(), rel=1e-4)


def _regressors(media: Any) -> Array:
    """Media, price, a level for each geo, two pairs of the season and a trend, shape (G, T, k)."""
    geos, weeks = media.shape
    time = np.column_stack([fourier(np.arange(weeks), 2), np.arange(weeks)])
    columns = [media[name] for name in ("tv", "search", "price")]
    columns += [np.broadcast_to(column, (geos, weeks)) for column in time.T]
    columns += [np.broadcast_to((np.arange(geos) == g)[:, None], (geos, weeks)) for g in range(geos)]
    return np.stack(columns, -1).astype(float)


def test_forecasts_of_a_curved_model_are_near_and_beat_the_simple_one() -> None:
    known = simulate_panel(2, 12, 130)
    model = ChannelSEM(known.panel, known.graph, adstock={"TV": "geometric"}, saturation={"TV": "michaelis-menten"})
    found = model.fit().holdout(8)
    assert [row.forecast for row in found.listed] == ["model", "model", "a year before", "a year before"]
    best, simple = found["model", "geos"], found["a year before", "geos"]
    assert isinstance(best.r2, float)
    assert isinstance(simple.r2, float)
    assert best.r2 > 0.6 > simple.r2
    np.testing.assert_array_equal(found.simple, known.panel["Sales"][:, 130 - 8 - 52 : 130 - 52])
    np.testing.assert_array_equal(found.observed, known.panel["Sales"][:, -8:])
    assert len(found.fitted.model.panel.weeks) == 122


def test_proxies_tell_of_demand() -> None:
    known = simulated()
    full = linear().holdout(12)["model", "geos"].r2
    plain = ChannelSEM(known.panel, known.graph.without_confounders(), adstock=None, saturation=None)
    assert isinstance(full, float)
    # The structural equation alone, with no demand in it, foresees less.
    alone = _without_demand()
    assert full > alone + 0.05
    assert isinstance(plain.fit().holdout(12)["model", "geos"].r2, float)


def _without_demand() -> float:
    known = simulated()
    fit = linear().holdout(12).fitted
    terms = sum(fit.estimates[f"{name} -> Sales"] * known.panel[name] for name in (*known.panel.channels, "Price"))
    design = fit.model.design
    left = known.panel["Sales"] - terms
    time = np.column_stack([fourier(np.arange(80), 2), np.arange(80)])
    rest = design.nuisance.extrapolate(left[:, :68], time[68:])
    error = left[:, 68:] - rest
    observed = known.panel["Sales"][:, 68:]
    return float(1 - (error**2).sum() / ((observed - observed.mean(1, keepdims=True)) ** 2).sum())


def test_populations_and_lags() -> None:
    lagged = ChannelGraph([("tv", "sales"), ("sales@1", "sales"), ("search", "sales")], kpi="sales")
    media = panel(4, 60, population=[1.0, 2.0, 3.0, 4.0])
    found = ChannelSEM(media, lagged, adstock=None, saturation=None).fit().holdout(12)
    assert found.predicted.shape == (4, 12)
    assert [row.forecast for row in found.listed][2:] == ["the last week", "the last week"]
    np.testing.assert_array_equal(found.simple, np.repeat(media["sales"][:, 47:48], 12, axis=1))
    mape = found["model", "geos"].mape
    assert isinstance(mape, float)
    assert mape < 0.05


def test_what_the_weeks_before_do_not_know_is_left_out_and_told() -> None:
    model = ChannelSEM(panel(), graph(), adstock=None, saturation=None, events={"late": [57], "early": [3, 58]})
    test = LiftTest(channel="search", value=-10.0, standard_error=500.0)
    early = LiftTest(channel="tv", value=-10.0, standard_error=500.0, weeks=(3, 4))
    prior = Prior(parameter="tv -> sales", value=2.0, standard_error=1.0)
    found = model.fit(known=[test, early, prior]).holdout(8)
    assert found.left_out == ("the event late", "the lift test of search")
    assert found.fitted.known == (early, prior)
    assert dict(found.fitted.model.setup.events) == {"early": [3]}
    assert "late" in str(found)


def test_week_effects_and_strange_lengths_are_refused() -> None:
    model = ChannelSEM(panel(), graph(), adstock=None, saturation=None, week_effects=True)
    with pytest.raises(FitError, match="week effects"):
        model.fit().holdout()
    for weeks in (0, 70, 41, True):
        with pytest.raises(FitError, match="whole number from 1 to 40"):
            linear().holdout(weeks)


def test_a_kpi_of_zero_has_no_percentage() -> None:
    from semnan.mmm.results.holdout import _accuracy

    observed = np.array([[0.0, 1.0, 2.0]])
    assert isinstance(_accuracy("model", "geos", observed, observed + 1).mape, Unavailable)
    assert isinstance(_accuracy("model", "geos", observed * 0 + 3, observed).r2, Unavailable)


def test_curved_models_hold_out_too() -> None:
    r2 = curved().holdout(8)["model", "geos"].r2
    assert isinstance(r2, float)
    assert r2 > 0.3
