"""Panels whose likelihood does not exist are refused by the names of variables; curves that data cannot tell too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semnan.errors import DataError, Unavailable
from semnan.mmm import ChannelGraph, ChannelSEM, MediaPanel
from tests.mmm.panels import Array

CHAIN = ChannelGraph([("tv", "search"), ("tv", "sales"), ("search", "sales")], kpi="sales")
APART = ChannelGraph([("tv", "sales"), ("search", "sales")], kpi="sales")
LINEAR: dict[str, Any] = {"adstock": None, "saturation": None}
Media = Callable[[Array, np.random.Generator], None]


def _panel(change: Media | None = None, geos: int = 8, weeks: int = 80, noise: float = 2.0) -> MediaPanel:
    rng = np.random.default_rng(0)
    tv = np.abs(10 + 3 * rng.normal(size=(geos, weeks)))
    media = np.stack([tv, np.abs(8 + 0.3 * tv + 2 * rng.normal(size=(geos, weeks)))], -1)
    if change is not None:
        change(media, rng)
    sales = 50 + media @ [2.0, 1.5] + noise * rng.normal(size=(geos, weeks))
    return MediaPanel.from_arrays(media, sales, channels=("tv", "search"), kpi_name="sales")


def _on_and_off(media: Array, rng: np.random.Generator) -> None:
    media[..., 0] = (rng.random(media.shape[:2]) < 0.4) * 5.0


def _hardly_varying(media: Array, rng: np.random.Generator) -> None:
    media[..., 0] = 10 + 1e-4 * rng.normal(size=media.shape[:2])


def _bursts(media: Array, rng: np.random.Generator) -> None:
    shape = media.shape[:2]
    media[..., 0] = (rng.random(shape) < 0.03) * rng.gamma(2.0, 5.0, size=shape)


def _doubled(media: Array, rng: np.random.Generator) -> None:
    media[..., 1] = 2 * media[..., 0] + 1e-6 * rng.normal(size=media.shape[:2])


@pytest.mark.parametrize(("graph", "options"), [(CHAIN, LINEAR), (APART, LINEAR), (CHAIN, {}), (APART, {})])
def test_collinear_channels_are_refused_by_name(graph: ChannelGraph, options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"^(tv, search|search, tv) depend linearly"):
        ChannelSEM(_panel(_doubled), graph, **options).fit()


def test_a_kpi_without_error_is_refused_with_its_causes() -> None:
    with pytest.raises(DataError, match="search, sales, tv depend linearly"):
        ChannelSEM(_panel(noise=0.0), CHAIN, **LINEAR).fit()


@pytest.mark.parametrize(
    ("change", "saturation"), [(_on_and_off, "hill"), (_hardly_varying, "hill")], ids=["two values", "one value"]
)
def test_a_curve_that_is_a_line_where_media_are_is_refused(change: Media, saturation: str) -> None:
    model = ChannelSEM(_panel(change), CHAIN, adstock=None, saturation=saturation)
    with pytest.raises(DataError, match="the curve of 'tv' is a straight line"):
        model.fit()


@pytest.mark.parametrize("weeks", range(4, 11))
def test_too_few_rows_are_refused_with_their_numbers(weeks: int) -> None:
    with pytest.raises(DataError, match=rf"^{weeks} rows .* are too few"):
        ChannelSEM(_panel(geos=1, weeks=weeks), CHAIN)


def test_what_the_panel_does_not_determine_has_no_number() -> None:
    fit = ChannelSEM(_panel(_on_and_off), APART, adstock=None).fit()
    whole, more = (fit.roas(marginal=marginal)["tv", "total"] for marginal in (False, True))
    assert fit.outcome.ok
    # On or off: what TV brought is known (2 a unit), what more of it would bring is not.
    assert whole.roas == pytest.approx(2.0, abs=0.1)
    assert isinstance(more.roas, Unavailable)
    assert isinstance(more.interval, Unavailable)
    assert set(fit.response_curves().refused) == {"tv"}


@pytest.mark.parametrize("adstock", ["delayed", "weibull"])
def test_media_in_bursts_have_results_without_overflow(adstock: str) -> None:
    fit = ChannelSEM(_panel(_bursts), CHAIN, adstock=adstock).fit()
    assert fit.outcome.ok
    assert fit.roas()["tv", "direct"].roas == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("seed", range(6))
def test_curves_of_a_linear_response_are_found_at_their_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tv = rng.gamma(2.0, 5.0, size=(5, 60))
    media = np.stack([tv, 0.3 * tv + rng.gamma(3.0, 2.0, size=(5, 60))], -1)
    sales = 100 + media @ [3.0, 1.0] + 0.01 * rng.normal(size=(5, 60))
    panel = MediaPanel.from_arrays(media, sales, channels=("tv", "search"), kpi_name="sales")
    fit = ChannelSEM(panel, CHAIN, adstock=None, saturation="logistic").fit()
    assert fit.outcome.ok
    assert "at a bound" in {finding.kind for finding in fit.findings}
