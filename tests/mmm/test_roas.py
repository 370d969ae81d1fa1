"""Returns against the truth of simulated panels, exactly at the parameters that made them."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import Unavailable
from semnan.mmm import ChannelSEM, LiftTest, MediaPanel
from tests.mmm.fits import at_truth, linear, simulated, unidentified
from tests.mmm.panels import CHANNELS, graph, panel


def test_at_the_truth_contributions_are_the_true_ones() -> None:
    known = simulated(3, curved=True)
    fit = at_truth(known)
    found = fit.roas()
    for channel in known.panel.channels:
        spend = known.panel[channel].sum()
        direct, total = (x[channel].sum() for x in (known.contributions, known.total_contributions))
        assert found[channel, "direct"].contribution == pytest.approx(direct, rel=1e-8), channel
        assert found[channel, "direct"].roas == pytest.approx(direct / spend, rel=1e-8)
        assert found[channel, "total"].contribution == pytest.approx(total, rel=1e-8), channel


def test_marginal_returns_are_of_one_percent_more() -> None:
    known = simulated(3, curved=True)
    fit = at_truth(known)
    spend = known.panel["Search"]
    design, theta, tau = fit.model.design, fit.minimum.theta, fit.minimum.tau
    part = next(part for part in design.transforms if part.channel == "Search")
    own = design.split(tau)[design.transforms.index(part)]
    beta = theta[list(fit.names).index("Search -> Sales")]
    more = beta * (part.apply(1.01 * spend, own) - part.apply(spend, own)).sum()
    row = fit.roas(marginal=True)["Search", "direct"]
    assert row.contribution == pytest.approx(more, rel=1e-10)
    assert row.spend == pytest.approx(0.01 * spend.sum())
    assert row.roas == pytest.approx(more / (0.01 * spend.sum()), rel=1e-10)


def test_without_transforms_returns_are_effects() -> None:
    effects, found = linear().effects(), linear().roas()
    for row in found.listed:
        assert row.roas == pytest.approx(effects[row.channel, row.kind].estimate, rel=1e-10)
        assert row.standard_error == pytest.approx(effects[row.channel, row.kind].standard_error, rel=1e-6)
        assert row.ignoring == pytest.approx(effects[row.channel, row.kind].ignoring, rel=1e-10)


def test_impressions_are_paid_for_and_the_kpi_has_a_worth() -> None:
    plain = panel()
    spend = np.stack([0.2 * plain["tv"], 3.0 * plain["search"]], -1)
    worth = np.random.default_rng(1).uniform(5, 10, plain.shape)
    paid = _with(plain, spend=spend, revenue_per_kpi=worth)
    fits = [ChannelSEM(one, graph(), adstock=None, saturation=None).fit() for one in (plain, paid)]
    coefficient = fits[0].estimates["tv -> sales"]
    found = fits[1].roas()
    expected = (worth * coefficient * plain["tv"]).sum() / (0.2 * plain["tv"].sum())
    assert found["tv", "direct"].roas == pytest.approx(expected, rel=1e-9)
    assert found.unit == "revenue"
    assert found["tv", "direct"].contribution == pytest.approx(coefficient * plain["tv"].sum(), rel=1e-9)


def test_populations_count() -> None:
    media = panel(population=np.linspace(1e5, 1e6, 6))
    fit = ChannelSEM(media, graph(), adstock=None, saturation=None).fit()
    row = fit.roas()["tv", "direct"]
    assert row.contribution == pytest.approx(fit.estimates["tv -> sales"] * media["tv"].sum(), rel=1e-10)


def test_unknown_spend_leaves_contributions() -> None:
    fit = ChannelSEM(panel(spend=None), graph(), adstock=None, saturation=None).fit()
    row = fit.roas()["tv", "total"]
    assert isinstance(row.roas, Unavailable)
    assert "spend=" in row.roas.reason
    assert isinstance(row.contribution, float)


def test_what_is_not_identified_is_refused_with_the_cheapest_fix() -> None:
    found = unidentified().roas()
    row = found["Search", "direct"]
    assert isinstance(row.roas, Unavailable)
    assert isinstance(row.contribution, Unavailable)
    assert row.verdict == "not identified"
    assert "two proxies of demand would identify it" in row.roas.reason
    assert isinstance(found["TV", "total"].roas, float)
    assert isinstance(found["TV", "total"].interval, tuple)
    assert row.ignoring == pytest.approx(unidentified().ignoring_confounders.estimates["Search -> Sales"])


def test_an_experiment_identifies_what_the_graph_does_not() -> None:
    known, model = simulated(), unidentified().model
    media = known.panel["Search"]
    truth = -float(known.contributions["Search"].sum())
    test = LiftTest(channel="Search", value=truth, standard_error=abs(truth) * 0.02)
    fit = model.fit(known=[test])
    found = fit.roas()
    total = found["Search", "total"]
    assert total.identified
    assert total.by == "experiment on Search"
    assert total.roas == pytest.approx(known.effects["Search", "Sales"], rel=0.05)
    assert total.standard_error == pytest.approx(abs(truth) * 0.02 / media.sum(), rel=0.05)
    direct = found["TV", "direct"]
    assert "experiment on Search" in direct.by
    assert direct.roas == pytest.approx(known.effects["TV", "Sales"], rel=0.2)


def test_an_experiment_on_a_channel_with_mediators_tells_its_total_effect_alone() -> None:
    known, model = simulated(), unidentified().model
    value = -float(known.total_contributions["TV"].sum())
    fit = model.fit(known=[LiftTest(channel="TV", value=value, standard_error=abs(value) * 0.02)])
    found = fit.roas()
    assert found["TV", "total"].by == "experiment on TV"
    assert not found["TV", "direct"].identified
    assert not found["Search", "total"].identified


def _with(media: MediaPanel, **options: object) -> MediaPanel:
    return MediaPanel.from_arrays(
        np.stack([media[name] for name in CHANNELS], -1),
        media["sales"],
        channels=CHANNELS,
        kpi_name="sales",
        controls=media["price"][..., None],
        control_names=("price",),
        proxies=np.stack([media["queries"], media["trends"]], -1),
        proxy_names=("queries", "trends"),
        **options,  # type: ignore[arg-type]
    )


def test_a_channel_that_costs_nothing_has_a_contribution_and_no_return() -> None:
    table = panel().to_frame()
    free = MediaPanel(
        table,
        date="week",
        geo="geo",
        kpi="sales",
        channels=CHANNELS,
        controls=["price"],
        proxies=["queries", "trends"],
        spend={"tv": "tv", "search": None},
    )
    fit = ChannelSEM(free, graph(), adstock=None, saturation=None).fit()
    row = fit.roas()["search", "total"]
    assert isinstance(row.roas, Unavailable)
    assert "nothing was paid for search" in row.roas.reason
    assert isinstance(row.contribution, float)
    assert [one.channel for one in fit.optimise_budget().listed] == ["tv"]
    assert "costs nothing" in fit.response_curves(points=3).unit
