"""Verdicts on changes of media: those of the graph, with lags, with several channels set, and with experiments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semnan.mmm import ChannelGraph, ChannelSEM, LiftTest
from semnan.mmm.model.media_change import MediaChange, kinds, of_channel
from semnan.mmm.results.judgement import Judge, Judgement
from tests.mmm.panels import graph, panel

BARE: dict[str, Any] = {"proxies": {}}
EDGES = [("tv", "search"), ("tv", "sales"), ("search", "sales")]


def _judge(drawn: ChannelGraph, *tests: str) -> Judge:
    model = ChannelSEM(panel(), drawn, adstock=None, saturation=None)
    known = tuple(LiftTest(channel=name, value=1.0, standard_error=1.0) for name in tests)
    return Judge(model.graph, model.mechanism, known)


def _of(judge: Judge, channel: str, kind: str) -> Judgement:
    return judge.change(of_channel(judge.mechanism, channel, kind))


@pytest.mark.parametrize("drawn", [graph(), graph(**BARE)], ids=["two proxies", "none"])
def test_verdicts_are_those_of_the_identification_table(drawn: ChannelGraph) -> None:
    judge = _judge(drawn)
    table = judge.graph.identify()
    for channel in ("tv", "search"):
        for kind in kinds(judge.mechanism, channel):
            found, row = _of(judge, channel, kind), table[channel, kind]
            assert (found.verdict, found.fix) == (row.verdict, row.fix)
            assert (found.refusal is None) is row.identified


def test_setting_all_channels_asks_for_their_direct_effects() -> None:
    judge = _judge(graph(**BARE))
    ones = np.ones(panel().shape)
    both = judge.change(MediaChange(judge.mechanism, {"tv": ones, "search": ones}))
    assert not both.identified
    assert "direct effect" in both.effect
    assert judge.change(MediaChange(judge.mechanism, {"tv": ones})).identified


def test_an_experiment_on_a_leaf_identifies_what_a_shock_would() -> None:
    judge = _judge(graph(**BARE), "search")
    assert _of(judge, "search", "total") == Judgement("identified", "experiment on search")
    assert _of(judge, "search", "direct").identified
    direct = _of(judge, "tv", "direct")
    assert direct.identified
    assert "by the experiment on search" in direct.by
    assert judge.through("tv", "search").identified


def test_an_experiment_on_a_cause_of_channels_tells_its_total_effect() -> None:
    confounded = graph(proxies={}, confounders={"demand": ["tv", "search", "sales"]})
    assert not _of(_judge(confounded), "tv", "total").identified
    judge = _judge(confounded, "tv")
    assert _of(judge, "tv", "total").by == "experiment on tv"
    assert not _of(judge, "tv", "direct").identified
    assert not _of(judge, "search", "total").identified


def test_lags_of_a_channel_are_causes_of_their_own() -> None:
    drawn = ChannelGraph([*EDGES, ("tv@1", "sales")], kpi="sales")
    judge = _judge(drawn)
    assert _of(judge, "tv", "direct").identified
    assert _of(judge, "tv", "total").identified
    confounded = ChannelGraph([*EDGES, ("search@1", "sales")], kpi="sales", confounders={"demand": ["search", "sales"]})
    judge = _judge(confounded)
    assert not _of(judge, "search", "total").identified
    # What search did a week before is on a path of TV, and its edge is not identified.
    assert not _of(judge, "tv", "total").identified


def test_lags_of_the_kpi_count_edge_by_edge() -> None:
    judge = _judge(ChannelGraph([*EDGES, ("sales@1", "sales")], kpi="sales"))
    assert _of(judge, "tv", "total").identified
    drawn = ChannelGraph([*EDGES, ("sales@1", "sales")], kpi="sales", confounders={"demand": ["search", "sales"]})
    found = _of(_judge(drawn), "tv", "total")
    assert not found.identified
    assert "not identified" in found.refusal.reason if found.refusal else False


def test_a_channel_without_a_path_does_nothing() -> None:
    judge = _judge(ChannelGraph([("tv", "search"), ("tv", "sales")], kpi="sales"))
    assert kinds(judge.mechanism, "search") == []
    ones = np.ones(panel().shape)
    assert judge.change(MediaChange(judge.mechanism, {"search": ones})) == Judgement("identified", "no path")


@pytest.mark.parametrize(
    ("where", "identified"), [({}, True), ({"weeks": (3, 4, 5)}, False), ({"geos": ("geo0",)}, False)]
)
def test_an_experiment_tells_what_works_later_too_only_if_it_counts_all_weeks(
    where: dict[str, Any], identified: bool
) -> None:
    edges = [("tv", "sales"), ("tv@1", "sales"), ("search", "sales")]
    drawn = ChannelGraph(edges, kpi="sales", confounders={"demand": ["tv", "search", "sales"]})
    model = ChannelSEM(panel(), drawn, adstock=None, saturation=None)
    test = LiftTest(channel="tv", value=1.0, standard_error=1.0, **where)
    assert not _of(Judge(model.graph, model.mechanism, ()), "tv", "total").identified
    assert _of(Judge(model.graph, model.mechanism, (test,)), "tv", "total").identified is identified


@pytest.mark.parametrize("standard_errors", ["panel-hac", "bootstrap"])
def test_what_an_experiment_in_all_weeks_tells_is_what_the_fit_determines(standard_errors: Any) -> None:
    edges = [("tv", "sales"), ("tv@1", "sales"), ("search", "sales")]
    drawn = ChannelGraph(edges, kpi="sales", confounders={"demand": ["tv", "search", "sales"]})
    model = ChannelSEM(panel(), drawn, adstock=None, saturation=None)
    media = model.panel["tv"].sum()
    test = LiftTest(channel="tv", value=-2 * media, standard_error=0.2 * media)
    found = model.fit(known=[test], standard_errors=standard_errors, replicates=100, progress=False).roas()[
        "tv", "total"
    ]
    assert found.roas == pytest.approx(2.0, abs=1e-4)
    assert found.standard_error == pytest.approx(0.2, rel=0.25)
