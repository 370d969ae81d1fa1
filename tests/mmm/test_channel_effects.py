"""Effects of media on the KPI against coefficients, their products along paths, and analytic standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import FitError, Unavailable
from semnan.mmm import ChannelGraph, ChannelSEM, MediaPanel
from semnan.mmm.model.media_change import of_channel
from semnan.mmm.results.effects import unit_effect
from tests.mmm.fits import at, curved, linear, moved, simulated, unidentified
from tests.mmm.panels import panel


def test_without_transforms_effects_are_coefficients_and_their_products() -> None:
    fit, found = linear(), linear().effects()
    b = fit.estimates
    by_way = {name: b[f"TV -> {name}"] * b[f"{name} -> Sales"] for name in ("Search", "Social")}
    expected = {
        ("TV", "direct"): b["TV -> Sales"],
        ("TV", "through Search"): by_way["Search"],
        ("TV", "through Social"): by_way["Social"],
        ("TV", "total"): b["TV -> Sales"] + sum(by_way.values()),
        ("Search", "direct"): b["Search -> Sales"],
        ("Search", "total"): b["Search -> Sales"],
        ("Social", "total"): b["Social -> Sales"],
        ("Display", "total"): b["Display -> Sales"],
    }
    for key, value in expected.items():
        assert found[key].estimate == pytest.approx(value, rel=1e-10), key


def test_standard_errors_are_those_of_the_delta_method() -> None:
    fit, found = linear(), linear().effects()
    assert isinstance(fit.spread.matrix, np.ndarray)
    a, b = fit.names.index("TV -> Search"), fit.names.index("Search -> Sales")
    matrix, values = fit.spread.matrix, fit.values
    variance = values[b] ** 2 * matrix[a, a] + values[a] ** 2 * matrix[b, b] + 2 * values[a] * values[b] * matrix[a, b]
    assert found["TV", "through Search"].standard_error == pytest.approx(np.sqrt(variance), rel=1e-6)
    own = fit.standard_errors["Search -> Sales"]
    assert found["Search", "direct"].standard_error == pytest.approx(own, rel=1e-8)
    slope = np.zeros(len(values))
    for name in ("Search", "Social"):
        one, two = fit.names.index(f"TV -> {name}"), fit.names.index(f"{name} -> Sales")
        slope[[one, two]] = values[[two, one]]
    slope[fit.names.index("TV -> Sales")] = 1.0
    assert found["TV", "total"].standard_error == pytest.approx(np.sqrt(slope @ matrix @ slope), rel=1e-6)


def test_intervals_hold_the_truth_and_the_regression_does_not() -> None:
    found, known = linear().effects(level=0.999), simulated()
    for channel in known.panel.channels:
        row = found[channel, "total"]
        assert not isinstance(row.interval, Unavailable)
        assert row.interval[0] < known.totals[channel] < row.interval[1]
    row = found["Search", "direct"]
    assert not isinstance(row.interval, Unavailable)
    assert row.ignoring is not None
    assert row.ignoring > row.interval[1]
    assert row.ignoring == pytest.approx(linear().ignoring_confounders.estimates["Search -> Sales"], rel=1e-10)


def test_with_transforms_effects_are_slopes_of_the_response_to_scaled_media() -> None:
    fit, found = curved(), curved().effects()
    design, mechanism = fit.model.design, fit.model.mechanism
    theta, tau, step = fit.minimum.theta, fit.minimum.tau, 1e-4
    for channel in ("TV", "Search"):
        media = design.columns[channel]
        ends = [mechanism.respond(theta, tau, {channel: sign * step * media})["Sales"].sum() for sign in (-1, 1)]
        slope = (ends[1] - ends[0]) / (2 * step) / media.sum()
        assert found[channel, "total"].estimate == pytest.approx(slope, rel=1e-6)
    parts = [found["TV", kind].estimate for kind in ("direct", "through Search", "through Social")]
    assert sum(part for part in parts if isinstance(part, float)) == pytest.approx(found["TV", "total"].estimate)


def test_slopes_of_standard_errors_are_those_of_refined_differences() -> None:
    fit = curved()
    change = of_channel(fit.model.mechanism, "Search", "direct")
    slopes = np.zeros(len(fit.names))
    for k, name in enumerate(fit.names):
        step = 1e-5 * max(1.0, abs(fit.values[k]))
        if not fit.spread.held[k]:
            ends = (moved(fit, name, sign * step).minimum for sign in (1, -1))
            high, low = (unit_effect(change, end.theta, end.tau) for end in ends)
            slopes[k] = (high - low) / (2 * step)
    assert isinstance(fit.spread.matrix, np.ndarray)
    expected = np.sqrt(slopes @ fit.spread.matrix @ slopes)
    assert fit.effects()["Search", "direct"].standard_error == pytest.approx(expected, rel=1e-3)


def test_what_is_not_identified_is_refused_and_what_is_is_told() -> None:
    found = unidentified().effects()
    for key in (("Search", "direct"), ("Search", "total"), ("TV", "direct"), ("TV", "through Search")):
        row = found[key]
        assert not row.identified
        assert row.fix == "two proxies of demand"
        assert isinstance(row.estimate, Unavailable)
        assert "not identified" in row.estimate.reason
        assert "two proxies of demand" in row.estimate.reason
    total = found["TV", "total"]
    plain = unidentified().ignoring_confounders.effects()["TV", "total"]
    # What a regression on TV alone finds, with the standard error of it.
    assert total.estimate == pytest.approx(plain.estimate, rel=1e-4)
    assert total.standard_error == pytest.approx(plain.standard_error, rel=0.02)
    assert isinstance(found["TV", "through Social"].standard_error, float)
    assert "two proxies of demand would identify it" in " ".join(str(found).split())


def test_populations_do_not_change_what_a_unit_does() -> None:
    media = panel(population=np.linspace(1e5, 1e6, 6))
    edges = [("tv", "search"), ("tv", "sales"), ("search", "sales")]
    model = ChannelSEM(media, ChannelGraph(edges, kpi="sales"), adstock=None, saturation=None)
    fit = model.fit()
    assert fit.effects()["tv", "direct"].estimate == pytest.approx(fit.estimates["tv -> sales"], rel=1e-10)


def test_lags_count_over_all_weeks() -> None:
    edges = [("tv", "sales"), ("tv@1", "sales"), ("tv@2", "search"), ("search", "sales")]
    model = ChannelSEM(panel(), ChannelGraph(edges, kpi="sales"), adstock=None, saturation=None)
    values = dict.fromkeys((free.name for free in model.design.model.free), 1.0)
    values |= {"tv -> sales": 2.0, "tv@1 -> sales": 0.5, "tv@2 -> search": 0.3, "search -> sales": 1.5}
    found = at(model, np.array(list(values.values())), np.zeros(0)).effects()
    media = model.panel["tv"]
    first, rest = media.sum(), [media[:, :-lag].sum() for lag in (1, 2)]
    direct, by_way = 2.0 + 0.5 * rest[0] / first, 0.45 * rest[1] / first
    assert found["tv", "direct"].estimate == pytest.approx(direct, rel=1e-12)
    assert found["tv", "through search"].estimate == pytest.approx(by_way, rel=1e-12)
    assert found["tv", "total"].estimate == pytest.approx(direct + by_way, rel=1e-12)


def test_rows_become_frames_and_plain_values() -> None:
    found = linear().effects()
    frame = found.to_frame()
    assert list(frame["channel"]) == [row.channel for row in found.listed]
    assert found.to_dict()["rows"][0]["kind"] == "direct"
    assert "<table>" in found._repr_html_()
    with pytest.raises(FitError, match="nothing about"):
        found["TV", "sideways"]


def test_media_that_add_up_to_zero_have_no_effect_by_unit() -> None:
    # Sums of whole numbers are exact.
    media = np.round(64 * np.random.default_rng(0).normal(size=(3, 40, 1)))
    media[0, 0, 0] -= media.sum()
    kpi = 5 + media[..., 0] + np.random.default_rng(1).normal(size=(3, 40))
    refunds = MediaPanel.from_arrays(media, kpi, channels=["tv"], kpi_name="sales", allow_negative=True)
    fit = ChannelSEM(refunds, ChannelGraph([("tv", "sales")], kpi="sales"), adstock=None, saturation=None).fit()
    row = fit.effects()["tv", "direct"]
    assert isinstance(row.estimate, Unavailable)
    assert "add up to zero" in row.estimate.reason
    assert isinstance(fit.roas()["tv", "direct"].roas, Unavailable)
    assert isinstance(fit.scenario({"tv": 0.5}).listed[0].spend_then, Unavailable)
