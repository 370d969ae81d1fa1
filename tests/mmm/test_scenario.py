"""What-if scenarios against the generator of a simulated panel."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import FitError, Unavailable
from semnan.mmm import ChannelSEM
from tests.mmm.fits import at_truth, linear, simulated, unidentified
from tests.mmm.panels import graph, panel


def test_a_channel_gone_dark_is_its_total_contribution() -> None:
    known = simulated(3, curved=True)
    found = at_truth(known).scenario({"TV": -1.0})
    assert isinstance(found.by_week, np.ndarray)
    np.testing.assert_allclose(found.by_week, -known.total_contributions["TV"], rtol=1e-6, atol=1e-6)
    assert found.change == pytest.approx(-known.total_contributions["TV"].sum(), rel=1e-8)
    assert found.responding == ("Social", "Search")


def test_channels_that_are_set_do_not_respond() -> None:
    fit = linear()
    b, media = fit.estimates, fit.model.panel["TV"].sum()
    found = fit.scenario({"TV": 0.1, "Search": 0.0})
    expected = 0.1 * media * (b["TV -> Sales"] + b["TV -> Social"] * b["Social -> Sales"])
    assert found.change == pytest.approx(expected, rel=1e-9)
    assert found.responding == ("Social",)


def test_media_may_be_given_week_by_week() -> None:
    fit = linear()
    media = fit.model.panel["Display"]
    then = np.where(np.arange(media.shape[1]) < 10, 2.0 * np.abs(media), media)
    found = fit.scenario({"Display": then})
    by_week = found.by_week
    assert isinstance(by_week, np.ndarray)
    np.testing.assert_allclose(by_week[:, 10:], 0.0, atol=1e-9)
    assert found.change == pytest.approx(fit.estimates["Display -> Sales"] * (then - media).sum(), rel=1e-9)
    error = fit.standard_errors["Display -> Sales"]
    assert isinstance(error, float)
    assert found.standard_error == pytest.approx(error * (then - media).sum(), rel=1e-6)
    assert found.listed[0].spend_then == pytest.approx(then.sum())
    steady = fit.scenario({"Display": np.full(media.shape[1], media.mean())})
    assert steady.change == pytest.approx(0.0, abs=1e-6 * media.sum())


def test_revenue_is_counted_week_by_week() -> None:
    worth = np.random.default_rng(1).uniform(5, 10, (6, 60))
    fit = ChannelSEM(panel(revenue_per_kpi=worth), graph(), adstock=None, saturation=None).fit()
    found = fit.scenario({"search": 0.5})
    media = fit.model.panel["search"]
    assert found.revenue == pytest.approx(0.5 * fit.estimates["search -> sales"] * (worth * media).sum(), rel=1e-9)
    assert isinstance(linear().scenario({"TV": 0.1}).revenue, Unavailable)


def test_what_is_not_identified_has_no_number() -> None:
    found = unidentified().scenario({"Search": 0.1})
    assert isinstance(found.change, Unavailable)
    assert isinstance(found.by_week, Unavailable)
    assert "two proxies of demand" in found.change.reason
    assert found.to_dict()["change"] is None
    assert isinstance(unidentified().scenario({"TV": 0.1}).change, float)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "changes nothing"),
        ({"Radio": 0.1}, "'Radio' is no channel"),
        ({"TV": -1.5}, "give a share"),
        ({"TV": [1.0, 2.0]}, "shape"),
        ({"TV": "more"}, "shape"),
        ({"Social": -1e6 * np.ones(80)}, "negative"),
        ({"Social": np.full(80, np.nan)}, "no numbers"),
    ],
)
def test_scenarios_without_meaning_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(FitError, match=told):
        linear().scenario(changes)  # type: ignore[arg-type]


def test_media_of_the_first_week_alone_bring_what_they_bring_later() -> None:
    """What is bought in one week works in this and later weeks; what was bought before the first is not changed."""
    known = simulated()
    model = ChannelSEM(known.panel, known.graph, adstock={"Display": "geometric"}, saturation=None)
    fit = model.fit()
    found = []
    for week in (0, 20):
        media = known.panel["Display"].copy()
        media[:, week] += 10.0
        found.append(fit.scenario({"Display": media}))
    wanted = fit.estimates["Display -> Sales"] * 10.0 * len(known.panel.geos)
    assert [one.change for one in found] == pytest.approx([wanted, wanted], rel=1e-6)
    # A share is of all media, those before the first week too, as returns have it.
    returned = fit.roas()["Display", "direct"].contribution
    assert isinstance(returned, float)
    assert fit.scenario({"Display": -1.0}).change == pytest.approx(-returned, rel=1e-10)
