"""What must not matter: units of columns, the order of geos, what differs between geos alone, the sign of a proxy."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan.data.checks import trusted
from semnan.errors import Unavailable
from semnan.mmm import ChannelFit, ChannelSEM, LiftTest, MediaPanel
from tests.mmm.fits import simulated, without_proxies
from tests.mmm.panels import Array

LINEAR: dict[str, Any] = {"adstock": None, "saturation": None}
#: Curves of some channels, and a lift test in units of the KPI.
CURVED: dict[str, Any] = {"adstock": {"TV": "geometric"}, "saturation": {"TV": "hill", "Search": "logistic"}}
NAMES = simulated().panel.names
POWERS = st.sampled_from([-6.0, -3.0, 0.0, 1.0, 4.0, 9.0])


def _changed(panel: MediaPanel, **parts: Any) -> MediaPanel:
    whole = {part.name: getattr(panel, part.name) for part in fields(panel)}
    return trusted(MediaPanel, **(whole | parts))


def _scaled(panel: MediaPanel, sizes: Array) -> MediaPanel:
    """With other units of every variable; what is paid stays in its own."""
    return _changed(panel, values=panel.values * sizes)


@cache
def _fit(*, curved: bool) -> ChannelFit:
    return _of(simulated(curved=curved).panel, 1.0, curved=curved)


def _of(panel: MediaPanel, unit: float, *, curved: bool) -> ChannelFit:
    known = simulated(curved=curved)
    test = LiftTest(channel="Search", value=-6e4 * unit, standard_error=2e4 * unit)
    return ChannelSEM(panel, known.graph, **(CURVED if curved else LINEAR)).fit(known=[test], progress=False)


def _number(value: float | Unavailable) -> float:
    assert not isinstance(value, Unavailable), value.reason
    return value


def _numbers(fit: ChannelFit, unit: float, media: dict[str, float]) -> dict[str, Array]:
    """Effects, returns and contributions with their standard errors, in the units of the first panel."""
    effects = [
        [_number(value) / unit * media[row.channel] for value in (row.estimate, row.standard_error)]
        for row in fit.effects().listed
    ]
    returns = [
        [_number(value) / unit for value in (row.contribution, row.roas, row.standard_error)]
        for marginal in (False, True)
        for row in fit.roas(marginal=marginal).listed
    ]
    parts = [values / unit for values in fit.contributions().weekly.values()]
    curves = [curve.response / unit for curve in fit.response_curves(points=5).curves]
    bounds = fit.bounds("Search", r2_channel=0.2, r2_kpi=0.3)
    limits = [bounds.low / unit * media["Search"], bounds.high / unit * media["Search"]]
    return {
        "effects": np.array(effects),
        "returns": np.array(returns),
        "contributions": np.array(parts),
        "curves": np.array(curves),
        "bounds": np.array(limits),
    }


def _assert_same(found: dict[str, Array], wanted: dict[str, Array], tolerance: float) -> None:
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=tolerance, atol=tolerance * np.abs(values).max())


@pytest.mark.parametrize("curved", [False, True], ids=["linear", "curved"])
@settings(max_examples=12, deadline=None)
@given(powers=st.lists(POWERS, min_size=len(NAMES), max_size=len(NAMES)))
def test_units_rescale_what_is_counted_in_them_and_nothing_else(curved: bool, powers: list[float]) -> None:
    sizes = dict(zip(NAMES, 10.0 ** np.array(powers), strict=True))
    first = simulated(curved=curved).panel
    fit = _of(_scaled(first, np.array([*sizes.values()])), sizes["Sales"], curved=curved)
    assert fit.outcome.ok
    _assert_same(
        _numbers(fit, sizes["Sales"], sizes), _numbers(_fit(curved=curved), 1.0, dict.fromkeys(NAMES, 1.0)), 1e-5
    )


@pytest.mark.parametrize("curved", [False, True], ids=["linear", "curved"])
def test_the_order_of_geos_does_not_matter(curved: bool) -> None:
    first, ones = simulated(curved=curved).panel, dict.fromkeys(NAMES, 1.0)
    order = np.random.default_rng(0).permutation(len(first.geos))
    geos = tuple(first.geos[g] for g in order)
    assert first.spend is not None
    mixed = _changed(first, geos=geos, values=first.values[order], spend=first.spend[order])
    _assert_same(_numbers(_of(mixed, 1.0, curved=curved), 1.0, ones), _numbers(_fit(curved=curved), 1.0, ones), 1e-5)


def test_what_differs_between_geos_alone_does_not_matter() -> None:
    first = simulated().panel
    levels = np.random.default_rng(0).uniform(-1e3, 1e3, (len(first.geos), 1, len(NAMES)))
    found, fit = _of(_changed(first, values=first.values + levels), 1.0, curved=False), _fit(curved=False)
    # The experiment says what all media of search did, which are others now; what it says is compared elsewhere.
    alone = ChannelSEM(first, fit.model.graph, **LINEAR).fit(progress=False)
    found = ChannelSEM(found.model.panel, fit.model.graph, **LINEAR).fit(progress=False)
    np.testing.assert_allclose(found.values, alone.values, rtol=1e-7)
    errors = [np.array([*one.standard_errors.values()], dtype=np.float64) for one in (found, alone)]
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-5)


def test_levels_of_the_kpi_do_not_matter_with_transforms() -> None:
    first = simulated(curved=True).panel
    levels = np.zeros((len(first.geos), 1, len(NAMES)))
    for name in ("Sales", "Price", "GQV"):
        levels[:, 0, NAMES.index(name)] = 1e3 * np.random.default_rng(0).normal(size=len(first.geos))
    found, fit = _of(_changed(first, values=first.values + levels), 1.0, curved=True), _fit(curved=True)
    np.testing.assert_allclose(found.values, fit.values, rtol=1e-6)
    rows = zip(found.roas().listed, fit.roas().listed, strict=True)
    assert all(a.standard_error == pytest.approx(b.standard_error, rel=1e-5) for a, b in rows)


@pytest.mark.parametrize("proxies", [("GQV",), ("Trends",), ("GQV", "Trends")])
@pytest.mark.parametrize("curved", [False, True], ids=["linear", "curved"])
def test_the_sign_of_a_proxy_does_not_matter(proxies: tuple[str, ...], curved: bool) -> None:
    first, ones = simulated(curved=curved).panel, dict.fromkeys(NAMES, 1.0)
    turned = np.array([-1.0 if name in proxies else 1.0 for name in NAMES])
    found = _of(_scaled(first, turned), 1.0, curved=curved)
    _assert_same(_numbers(found, 1.0, ones), _numbers(_fit(curved=curved), 1.0, ones), 1e-5)
    # A confounder rises with its first proxy.
    assert found.estimates["demand -> GQV"] > 0


def test_what_is_fitted_does_not_depend_on_what_is_not_identified() -> None:
    known = simulated()
    graph = without_proxies(known.graph)
    size = np.array([1e4 if name == "Search" else 1.0 for name in NAMES])
    fits = [
        ChannelSEM(panel, graph, **LINEAR).fit(progress=False) for panel in (known.panel, _scaled(known.panel, size))
    ]
    first, second = (fit.contributions() for fit in fits)
    np.testing.assert_allclose(first.fitted, second.fitted, rtol=1e-8)
    assert [*first.baseline] == [*second.baseline] == ["baseline with TV, Search"]
    rest = [one.baseline["baseline with TV, Search"] for one in (first, second)]
    np.testing.assert_allclose(rest[0], rest[1], rtol=1e-8)
