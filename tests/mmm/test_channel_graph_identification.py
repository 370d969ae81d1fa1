"""Verdicts on channel graphs: the table of the design, fixes that are checked, and lags that are confounded."""

from typing import Any, Literal

import pytest

import semnan as sn
from semnan.identification import Query, Status
from semnan.mmm import ChannelGraph, IdentificationTable
from semnan.mmm.graphs.identification import NO_FIX
from semnan.mmm.graphs.lags import ChannelAnalysis, confounded_lags

BASE = (("TV", "Search"), ("TV", "Social"), ("TV", "KPI"), ("Search", "KPI"), ("Social", "KPI"))
D: dict[str, Any] = {"D": ["Search", "KPI"]}
TWO: dict[str, Any] = {"D": ["P1", "P2"]}


def graph(*edges: tuple[str, str], **parts: Any) -> ChannelGraph:
    return ChannelGraph(edges or BASE, kpi="KPI", **({"confounders": D} | parts))


#: What else is measured, and whether Search direct, TV direct and TV total are identified (None: there is no edge).
DESIGN: dict[str, tuple[list[ChannelGraph], tuple[bool | None, ...]]] = {
    "nothing": ([graph()], (False, False, True)),
    "one proxy": ([graph(proxies={"D": ["P1"]})], (False, False, True)),
    "two proxies": ([graph(proxies=TWO)], (True, True, True)),
    "two proxies, and TV -> proxy or D -> TV too": (
        [
            graph(*BASE, ("TV", "P1"), proxies=TWO),
            graph(proxies=TWO, confounders={"D": ["TV", "Search", "KPI"]}),
        ],
        (True, True, True),
    ),
    "one proxy, no TV -> KPI edge": (
        [graph(*(edge for edge in BASE if edge != ("TV", "KPI")), proxies={"D": ["P1"]})],
        (True, None, True),
    ),
    "an exogenous bid shock": ([graph(*BASE, ("Z", "Search"))], (True, True, True)),
    "two proxies, and a second latent on Social and KPI": (
        [graph(proxies=TWO, confounders=D | {"E": ["Social", "KPI"]})],
        (True, False, True),
    ),
}


EFFECTS: tuple[tuple[str, Literal["direct", "total"]], ...] = (("Search", "direct"), ("TV", "direct"), ("TV", "total"))


@pytest.mark.parametrize("row", DESIGN)
def test_the_table_of_the_design_row_by_row(row: str) -> None:
    graphs, expected = DESIGN[row]
    for one in graphs:
        table = one.identify()
        for (source, kind), verdict in zip(EFFECTS, expected, strict=True):
            if verdict is None:
                with pytest.raises(sn.GraphError, match=f"no {kind} effect {source} -> KPI .* no edge"):
                    table[source, kind]
            else:
                assert table[source, kind].identified is verdict
                assert table.verdict(source, kind).identified is verdict


@pytest.mark.parametrize(
    ("parts", "source", "fix"),
    [
        ({}, "Search", "two proxies of D"),
        ({"proxies": {"D": ["P1"]}}, "Search", "a second proxy of D"),
        ({"proxies": {"D": ["P1"]}}, "TV", "a second proxy of D"),
        ({"proxies": TWO, "confounders": D | {"E": ["Social", "KPI"]}}, "TV", "two proxies of E"),
    ],
)
def test_the_cheapest_fix_is_named(parts: dict[str, Any], source: str, fix: str) -> None:
    assert graph(**parts).identify()[source, "direct"].fix == fix


def test_fixes_are_what_the_augmented_graph_says() -> None:
    found = {remedy.change for remedy in graph().identify().remedies("Search", "direct")}
    assert found == {"two proxies of D", "an exogenous shock to Search", "an experiment on Search"}
    shocked = graph(*BASE, ("Z", "Search")).identify()
    assert shocked["Search", "direct"].identified
    assert shocked.remedies("Search", "direct") == ()
    # Chance sets Search, so that nothing confounds it; the direct effect of TV needs more than an experiment on TV.
    randomised = ChannelGraph([edge for edge in BASE if edge[1] != "Search"], kpi="KPI").identify()
    assert randomised["Search", "total"].identified
    assert "an experiment on TV" not in {r.change for r in graph().identify().remedies("TV", "direct")}


def test_an_effect_without_a_fix_says_so() -> None:
    both = {"D": ["Search", "KPI"], "E": ["Search", "KPI"]}
    table = graph(*BASE, ("Search@1", "KPI"), confounders=both).identify()
    assert table["Search", "direct"].fix == "an exogenous shock to Search"
    assert table["Search@1", "direct"].fix == NO_FIX
    assert table.remedies("Search@1", "direct") == ()


def test_unidentified_effects_have_witnesses_and_identified_ones_formulas() -> None:
    table = graph().identify()
    assert isinstance(table.verdict("Search", "direct").witness, sn.identification.Witness)
    assert str(table.verdict("TV", "total").formula) == "cov(TV, KPI) / var(TV)"
    assert not table.verdict("Search", "total").identified
    assert table.row("TV", "direct", "Search").by == "regression"


def test_the_table_is_a_listing() -> None:
    table = graph(proxies={"D": ["P1"]}).identify(controls=["Price"])
    assert len(table) == 10
    assert {row.effect for row in table} >= {"Price -> KPI", "TV -> Search", "Search -> KPI"}
    assert not any("P1" in row.effect for row in table)
    assert isinstance(table[:2], sn.report.Listing)
    assert table[0].effect == "TV -> KPI"
    assert "a second proxy of D" in str(table)
    assert "not identified" in table._repr_html_()
    frame = table.to_frame("polars")
    assert frame.columns == ["effect", "kind", "verdict", "by", "fix"]
    assert frame["effect"].to_list() == [row["effect"] for row in table.to_dicts()]


@pytest.mark.parametrize(
    ("source", "kind", "named"),
    [
        ("Serch", "total", r"'Serch' \(did you mean 'Search'"),
        ("Search", "indirect", "'indirect': give 'direct' or 'total'"),
        ("KPI", "total", "no total effect KPI -> KPI"),
        ("P1", "total", "no total effect P1 -> KPI"),
    ],
)
def test_effects_that_are_none_are_refused(source: str, kind: Any, named: str) -> None:
    with pytest.raises(sn.GraphError, match=named):
        graph(proxies={"D": ["P1"]}).identify().row(source, kind)


def lagged(**parts: Any) -> IdentificationTable:
    return graph(*BASE, ("KPI@1", "Search"), **parts).identify()


def test_a_lag_of_what_a_confounder_acts_on_is_confounded() -> None:
    table = lagged()
    assert confounded_lags(table.graph) == {"KPI@1": ("D",)}
    assert not table["Search", "direct"].identified
    assert "D may carry over from week to week, so that KPI@1 is confounded as KPI is" in str(table)
    assert table["TV", "total"].identified


def test_carry_over_can_be_denied_and_then_the_lag_is_an_instrument() -> None:
    table = graph(*BASE, ("KPI@1", "Search")).identify(carry_over=False)
    assert table["Search", "direct"].by == "instrument"
    assert "assumes that D does not carry over for 1 week(s)" in str(table)


def test_two_proxies_identify_through_carry_over() -> None:
    table = lagged(proxies=TWO)
    assert all(row.identified for row in table)


def test_a_confounder_reaches_lags_along_edges() -> None:
    reached = ChannelGraph(
        [("search", "visits"), ("visits", "sales"), ("visits@2", "sales"), ("tv@1", "sales"), ("tv", "search")],
        confounders={"demand": ["search", "sales"]},
    )
    assert confounded_lags(reached) == {"visits@2": ("demand",)}


def test_no_verdict_lives_on_a_correlation_that_may_be_absent() -> None:
    # Past and present TV may go along or not: what went along with the past of Search is no instrument for today's.
    table = graph(*BASE, ("Search@1", "KPI")).identify()
    assert not table["Search", "direct"].identified
    assert not table["Search@1", "direct"].identified
    shock = [remedy.change for remedy in table.remedies("Search", "direct")]
    assert "an exogenous shock to Social" not in shock


def test_edges_into_proxies_and_effects_of_proxies_are_asked_about() -> None:
    table = graph(*BASE, ("TV", "P1"), ("P2", "KPI"), proxies=TWO).identify()
    assert table.row("TV", "direct", "P1").identified
    assert table["P2", "direct"].effect == "P2 -> KPI"
    assert ("P1", "KPI", "total") not in table.verdicts


def test_lags_of_exogenous_channels_are_as_good_as_channels() -> None:
    table = graph(*BASE, ("TV@1", "KPI"), proxies=TWO).identify()
    assert confounded_lags(table.graph) == {}
    assert table["TV@1", "direct"].identified
    assert "errors of a variable are taken as independent" in str(table)


def test_large_graphs_with_lags_are_decided() -> None:
    """Beyond the size up to which exact elimination looks for formulas."""
    first, then = [f"tv {i}" for i in range(4)], [f"search {i}" for i in range(4)]
    edges = [(a, b) for a in first for b in then] + [(a, "sales") for a in (*first, *then, "price", "weather", "stock")]
    lags = [("sales@1", "search 0"), ("search 1@1", "search 1")]
    large = ChannelGraph([*edges, *lags], confounders={"D": ["search 0", "search 1", "sales"]})
    verdict = ChannelAnalysis(large, carry_over=True).decide(Query("search 0", "sales", "direct"))
    assert (verdict.status, verdict.method, verdict.formula) == (Status.IDENTIFIED, "exact elimination", None)
