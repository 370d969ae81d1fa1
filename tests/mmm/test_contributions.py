"""Contributions and baseline add up to the fitted KPI, which is what a dense computation expects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan.errors import ModelError, Unavailable
from semnan.mmm import ChannelGraph, ChannelSEM
from semnan.mmm.results.kpi_equation import KpiEquation
from tests.mmm.fits import at, at_truth, curved, linear, simulated, unidentified
from tests.mmm.panels import Array, graph, panel

LAGGED = ChannelGraph(
    [("tv", "search"), ("tv", "sales"), ("search", "sales"), ("tv@2", "sales"), ("sales@1", "sales")],
    kpi="sales",
    confounders={"demand": ["search", "sales"]},
    proxies={"demand": ["queries", "trends"]},
)


@st.composite
def models(draw: st.DrawFn) -> ChannelSEM:
    """Small panels with any of what a model may have."""
    geos, weeks = draw(st.integers(1, 4)), draw(st.integers(28, 36))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["population"] = draw(st.lists(st.floats(0.5, 9.0), min_size=geos, max_size=geos))
    media = panel(geos, weeks, draw(st.integers(0, 99)), **options)
    named = draw(st.sampled_from(["weeks", "season", "plain"])) if geos > 1 else "season"
    terms: dict[str, Any] = {"week_effects": True, "events": {"strike": [3, 4]}}
    if named != "weeks":
        terms = {"season": int(named == "season"), "trend": named == "season", "events": {"strike": [5, 6]}}
    return ChannelSEM(
        media,
        draw(st.sampled_from([graph(), LAGGED])),
        adstock=draw(st.sampled_from([None, {"tv": "geometric"}, {"tv": "weibull"}])),
        saturation=draw(st.sampled_from([None, "hill", {"tv": "logistic"}])),
        geo_effects=draw(st.sampled_from(["fixed", None])),
        **terms,
    )


@settings(max_examples=40, deadline=None)
@given(model=models(), seed=st.integers(0, 999))
def test_media_and_baseline_add_up_to_what_is_expected(model: ChannelSEM, seed: int) -> None:
    generator = np.random.default_rng(seed)
    theta = generator.uniform(0.1, 2.0, len(model.design.model.free))
    lower, upper, _ = model.design.limits
    tau = lower + (upper - lower) * generator.uniform(0.1, 0.5, len(lower))
    found = at(model, theta, tau).contributions()
    whole = sum((*found.media.values(), *found.baseline.values()), np.zeros_like(found.fitted))
    size = np.abs(found.observed).max()
    np.testing.assert_allclose(whole / size, found.fitted / size, atol=1e-10)
    np.testing.assert_allclose(found.residuals, found.observed - found.fitted)
    np.testing.assert_allclose(sum(found.weekly.values()) / size, found.fitted.sum(0) / size, atol=1e-9)
    np.testing.assert_array_equal(found.observed, model.panel["sales"][:, model.design.first :])


@pytest.mark.parametrize("fit", [linear(), curved()], ids=["linear", "curved"])
def test_contributions_of_a_fit_add_up(fit: Any) -> None:
    found = fit.contributions()
    whole = sum((*found.media.values(), *found.baseline.values()))
    assert np.abs(whole - found.fitted).max() < 1e-8


def test_what_is_fitted_is_the_conditional_expectation_of_the_joint_distribution() -> None:
    fit = linear()
    table = fit.model.design.table(fit.minimum.tau)
    expected = _conditional(fit, table)
    found = KpiEquation(fit.model, fit.minimum.theta, fit.minimum.tau).predict(table)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def _conditional(fit: Any, table: Array) -> Array:
    """Σ_yx Σ_xx⁻¹ x with the covariance that the model implies, written out."""
    model, values = fit.model.design.model, fit.estimates
    names = [*model.visibles, *model.latents]
    at, p = {name: k for k, name in enumerate(names)}, len(names)
    weights, omega = np.zeros((p, p)), np.zeros((p, p))
    for name, value in values.items():
        if " -> " in name:
            a, b = name.split(" -> ")
            weights[at[a], at[b]] = value
        else:
            k = at[name.split(" <-> ")[0]]
            omega[k, k] = value
    given = [at[name] for name in model.exogenous]
    omega[np.ix_(given, given)] = table[:, given].T @ table[:, given] / len(table)
    for name in model.latents:
        omega[at[name], at[name]] = 1.0
    total = np.linalg.inv(np.eye(p) - weights)
    sigma = total.T @ omega @ total
    kpi = at["Sales"]
    others = [k for k in range(len(model.visibles)) if k != kpi]
    return np.asarray(table[:, others] @ np.linalg.solve(sigma[np.ix_(others, others)], sigma[others, kpi]))


def test_at_the_truth_every_week_has_its_true_contribution() -> None:
    known = simulated(3, curved=True)
    found = at_truth(known).contributions()
    for channel, values in known.contributions.items():
        np.testing.assert_allclose(found.media[channel], values, rtol=1e-6, atol=1e-6)


def test_expected_demand_follows_the_true_one() -> None:
    found, known = linear().contributions(), simulated()
    assert np.corrcoef(found.baseline["demand"].ravel(), known.demand.ravel())[0, 1] > 0.75


def test_totals_have_intervals_and_shares() -> None:
    fit, found = linear(), linear().contributions()
    rows = {row.part: row for row in found.total}
    media = fit.model.panel["Display"].sum()
    assert rows["Display"].contribution == pytest.approx(fit.estimates["Display -> Sales"] * media, rel=1e-10)
    assert rows["Display"].standard_error == pytest.approx(fit.standard_errors["Display -> Sales"] * media, rel=1e-6)
    parts = [row.share for row in found.total if row.of != "fitted"]
    assert sum(share for share in parts if isinstance(share, float)) == pytest.approx(1.0)
    assert rows["level"].standard_error is None


def test_an_unidentified_channel_has_no_total() -> None:
    rows = {row.part: row for row in unidentified().contributions().total}
    assert isinstance(rows["Search"].contribution, Unavailable)
    assert isinstance(rows["Social"].contribution, float)


def test_rows_add_up_with_unidentified_channels_in_the_baseline() -> None:
    found = unidentified().contributions()
    rows = {row.part: row.contribution for row in found.total}
    whole = rows.pop("Sales")
    known = [value for value in rows.values() if not isinstance(value, Unavailable)]
    assert "baseline with TV, Search" in rows
    assert set(found.media) == {"Social", "Display"}
    assert sum(known) == pytest.approx(whole, rel=1e-12)
    assert np.abs(sum((*found.media.values(), *found.baseline.values())) - found.fitted).max() < 1e-8


def test_weeks_that_lags_need_are_left_out() -> None:
    model = ChannelSEM(panel(), LAGGED, adstock=None, saturation=None)
    found = model.fit().contributions()
    assert len(found.weeks) == found.fitted.shape[1] == 58
    assert "sales@1" in found.baseline
    assert set(found.media) == {"tv", "search"}


def test_parts_of_the_same_name_are_told_apart() -> None:
    drawn = graph(confounders={"level": ["search", "sales"]}, proxies={"level": ["queries", "trends"]})
    found = ChannelSEM(panel(), drawn, adstock=None, saturation=None, events={"price": [3]}).fit().contributions()
    assert {"level", "level (confounder)", "price", "price (column)"} <= set(found.baseline)
    whole = sum((*found.media.values(), *found.baseline.values()))
    assert np.abs(whole - found.fitted).max() < 1e-8
    with pytest.raises(ModelError, match="'season'"):
        ChannelSEM(panel(), graph(), events={"season": [3]})
