"""Response curves pass through the present spend, and their bands are those of the delta method."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import FitError, Unavailable
from semnan.mmm import ChannelSEM
from tests.mmm.fits import at_truth, curved, linear, simulated, unidentified
from tests.mmm.panels import graph, panel


def test_curves_pass_through_the_present_spend_exactly() -> None:
    fit = curved()
    returns = fit.roas()
    for curve in fit.response_curves(points=8, upto=1.7).curves:
        row = returns[curve.channel, "total"]
        assert curve.current.spend == row.spend
        assert curve.current.response == pytest.approx(row.contribution, rel=1e-12)
        assert curve.current.standard_error == pytest.approx(
            row.standard_error * row.spend if isinstance(row.standard_error, float) else np.nan, rel=1e-5
        )
        assert curve.spend[-1] == pytest.approx(1.7 * curve.current.spend)
        assert curve.response[0] == 0.0
        assert len(curve.points) == 9


def test_at_the_truth_curves_are_those_of_the_generator() -> None:
    known = simulated(3, curved=True)
    fit = at_truth(known)
    curve = fit.response_curves(kind="direct", points=3)["Display"]
    media, decay = known.panel["Display"], 0.15
    carried = np.empty_like(media)
    carried[:, 0] = media[:, 0]
    for t in range(1, media.shape[1]):
        carried[:, t] = (1 - decay) * media[:, t] + decay * carried[:, t - 1]
    power = np.maximum(2 * carried, 0) ** 1.2
    assert curve.response[-1] == pytest.approx(0.5 * (100 * power / (power + 50**1.2)).sum(), rel=1e-9)


def test_without_transforms_curves_and_bands_are_straight() -> None:
    curve = linear().response_curves(points=5)["TV"]
    np.testing.assert_allclose(curve.response, curve.spend / curve.spend[-1] * curve.response[-1], rtol=1e-10)
    assert not isinstance(curve.band, Unavailable)
    low, high = curve.band
    np.testing.assert_allclose(high - low, curve.spend / curve.spend[-1] * (high[-1] - low[-1]), atol=1e-4)


def test_unidentified_channels_are_refused() -> None:
    found = unidentified().response_curves(points=3)
    assert set(found.refused) == {"Search"}
    assert {curve.channel for curve in found.curves} == {"TV", "Social", "Display"}
    with pytest.raises(FitError, match="two proxies of demand"):
        found["Search"]
    with pytest.raises(FitError, match="'Radio'"):
        found["Radio"]
    assert set(unidentified().response_curves(kind="direct", points=3).refused) == {"Search", "TV"}


def test_without_spend_curves_are_by_media() -> None:
    fit = ChannelSEM(panel(spend=None), graph(), adstock=None, saturation=None).fit()
    found = fit.response_curves(points=3)
    assert found.unit == "media"
    assert found["tv"].current.spend == pytest.approx(fit.model.panel["tv"].sum())


def test_a_few_points_are_printed_and_all_are_in_the_frame() -> None:
    found = linear().response_curves(points=41)
    assert len(found.to_frame()) == 4 * 41
    assert len(found.printed) == 4 * 5
    assert len(found.to_dict()["rows"]) == 4 * 41


@pytest.mark.parametrize(
    ("options", "told"),
    [({"kind": "sideways"}, "kind"), ({"points": 1}, "points"), ({"upto": 0.5}, "upto"), ({"level": 2}, "level")],
)
def test_requests_without_meaning_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(FitError, match=told):
        linear().response_curves(**options)  # type: ignore[arg-type]
