"""The bootstrap of a channel model: experiments are drawn again, and what data do not determine stays so."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import Unavailable
from semnan.mmm import ChannelFit, ChannelGraph, ChannelSEM, LiftTest, MediaPanel, Prior
from semnan.mmm.model.bootstrap import _aligned
from semnan.mmm.model.knowledge import Knowledge
from semnan.mmm.model.likelihood import Likelihood
from tests.mmm.fits import linear, simulated, unidentified


def _drawn(fit: ChannelFit, replicates: int = 60, **options: object) -> ChannelFit:
    return fit.model.fit(standard_errors="bootstrap", replicates=replicates, progress=False, **options)  # type: ignore[arg-type]


def test_what_an_experiment_alone_tells_is_as_uncertain_as_the_experiment() -> None:
    media = simulated().panel["Search"].sum()
    test = LiftTest(channel="Search", value=-1.2 * media, standard_error=0.3 * media)
    row = _drawn(unidentified(), 200, known=[test]).effects()["Search", "direct"]
    assert row.estimate == pytest.approx(1.2, abs=1e-6)
    assert row.standard_error == pytest.approx(0.3, rel=0.15)


def test_experiments_and_priors_are_measured_again_with_their_errors() -> None:
    items = (
        LiftTest(channel="Search", value=5.0, standard_error=2.0),
        Prior(parameter="TV -> Sales", value=1.0, standard_error=0.5),
    )
    known, generator = Knowledge(linear().model.mechanism, items), np.random.default_rng(0)
    values = np.array([[one.value for one in known.drawn(generator).items] for _ in range(2000)])
    np.testing.assert_allclose(values.mean(0), [5.0, 1.0], atol=0.2)
    np.testing.assert_allclose(values.std(0), [2.0, 0.5], rtol=0.1)


def test_what_the_data_do_not_determine_has_no_error_from_replicates_either() -> None:
    found, sandwich = _drawn(unidentified(), 30).standard_errors, unidentified().standard_errors
    refused = {name for name, error in sandwich.items() if isinstance(error, Unavailable)}
    assert "Search -> Sales" in refused
    assert {name for name, error in found.items() if isinstance(error, Unavailable)} == refused


def test_replicates_have_the_sign_of_the_estimates() -> None:
    fit = linear()
    likelihood = Likelihood(fit.model.design, Knowledge(fit.model.mechanism, ()))
    turned = fit.minimum.theta.copy()
    own = [k for k, name in enumerate(fit.names) if name.startswith("demand -> ")]
    turned[own] = -turned[own]
    np.testing.assert_array_equal(_aligned(likelihood, turned, fit.minimum.theta), fit.minimum.theta)
    np.testing.assert_array_equal(_aligned(likelihood, turned, turned), turned)


def test_samples_in_which_nothing_is_left_of_a_column_fail_and_are_told() -> None:
    rng = np.random.default_rng(0)
    media = rng.gamma(4.0, 2.0, size=(4, 40, 2))
    media[1:, :, 0] = 0.0
    sales = 50 + media @ [2.0, 1.0] + rng.normal(size=(4, 40))
    panel = MediaPanel.from_arrays(media, sales, channels=("tv", "search"), kpi_name="sales")
    # Without season and trend, which all geos share, nothing of TV is left in the others.
    graph = ChannelGraph([("tv", "sales"), ("search", "sales")], kpi="sales")
    fit = _drawn(ChannelSEM(panel, graph, adstock=None, saturation=None, season=0, trend=False).fit(), 40)
    # TV was on in one geo, which a sample of four misses with probability .32.
    assert 5 <= fit.spread.failed <= 22
    assert fit.spread.draws is not None
    assert len(fit.spread.draws) == 40 - fit.spread.failed
    assert "bootstrap" in {finding.kind for finding in fit.findings}
