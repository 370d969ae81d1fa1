"""Graphs of channels: what they hold, what they become, and what they refuse."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import semnan as sn
from semnan import AMASEM, GraphError
from semnan.mmm import ChannelGraph, MediaPanel
from tests.mmm.tables import ROLES, long

EDGES = [("tv", "search"), ("tv", "sales"), ("search", "sales"), ("sales@1", "search"), ("tv@2", "sales")]
HIDDEN: dict[str, Any] = {"confounders": {"demand": ["search", "sales"]}}
DEMAND: dict[str, Any] = {"confounders": {"demand": ["search", "sales"]}, "proxies": {"demand": ["gqv", "trends"]}}


def test_a_graph_holds_what_it_is_told() -> None:
    graph = ChannelGraph(EDGES, **DEMAND, tiers=[["tv"], ["search"], ["sales"]])
    assert graph.kpi == "sales"
    assert graph.nodes == ("tv", "search", "sales", "sales@1", "tv@2", "gqv", "trends")
    assert graph.lags == {"sales@1": ("sales", 1), "tv@2": ("tv", 2)}
    assert graph.columns == ("tv", "search", "sales", "gqv", "trends")
    assert graph.confounders == {"demand": ("search", "sales")}
    assert graph.proxies == {"demand": ("gqv", "trends")}
    assert graph.tiers == (("tv",), ("search",), ("sales",))
    assert graph == ChannelGraph(EDGES, kpi="sales", **DEMAND, tiers=[["tv"], ["search"], ["sales"]])


def test_it_becomes_a_graph_with_explicit_latents() -> None:
    graph = ChannelGraph(EDGES, **DEMAND)
    told = AMASEM.parse(
        "latent demand; demand -> search, sales, gqv, trends; tv -> search, sales; search -> sales; "
        '"sales@1" -> search; "tv@2" -> sales'
    )
    assert graph.amasem() == told
    assert graph.amasem(["price", "tv"]) == AMASEM.parse(told.to_text() + "\nprice -> sales")


def test_without_confounders_proxies_are_gone_unless_they_cause_something() -> None:
    graph = ChannelGraph([*EDGES, ("tv", "gqv"), ("trends", "search")], **DEMAND, tiers=[["tv"], ["gqv", "search"]])
    alone = graph.without_confounders()
    assert alone.edges == (*EDGES, ("trends", "search"))
    assert (alone.confounders, alone.proxies, alone.tiers) == ({}, {}, (("tv",), ("search",)))
    assert alone.kpi == "sales"


def test_controls_act_on_the_kpi() -> None:
    graph = ChannelGraph(EDGES, **DEMAND)
    assert graph.with_controls(["price", "search"]).edges == (*EDGES, ("price", "sales"))
    assert graph.with_controls("price").edges[-1] == ("price", "sales")
    assert graph.with_controls([]) == graph


def test_what_is_handed_over_is_not_changed_and_not_kept() -> None:
    edges, confounders, proxies = list(EDGES), {"demand": ["search", "sales"]}, {"demand": ["gqv"]}
    before = copy.deepcopy((edges, confounders, proxies))
    graph = ChannelGraph(edges, confounders=confounders, proxies=proxies)
    assert (edges, confounders, proxies) == before
    confounders["demand"].append("tv")
    edges.clear()
    assert graph.confounders == {"demand": ("search", "sales")}
    assert graph.edges == tuple(EDGES)


@given(st.permutations(EDGES))
def test_the_order_of_edges_does_not_matter(edges: list[tuple[str, str]]) -> None:
    assert ChannelGraph(edges, **DEMAND).amasem() == ChannelGraph(EDGES, **DEMAND).amasem()


def test_the_kpi_is_found_beside_proxies_and_other_sinks_ask_for_it() -> None:
    assert ChannelGraph([("tv", "sales"), ("tv", "gqv"), ("search", "sales")], **DEMAND).kpi == "sales"
    with pytest.raises(GraphError, match=r"not clear \(sales, visits\): name it with kpi="):
        ChannelGraph([("tv", "sales"), ("tv", "visits")])


PAIR = [("tv", "sales"), ("search", "sales")]
#: A graph that cannot be, and all that the error has to name.
CASES: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "cycle": ([("tv", "search"), ("search", "tv"), ("tv", "sales")], {}, ["cycle", "tv -> search -> tv"]),
    "long cycle": ([("a", "b"), ("b", "c"), ("c", "a"), ("a", "y")], {}, ["cycle", "a -> b -> c -> a"]),
    "feedback": ([*PAIR, ("sales", "search")], {"kpi": "sales"}, ["sales -> search", "('sales@1', 'search')"]),
    "self": ([*PAIR, ("tv", "tv")], {}, ["'tv'", "itself"]),
    "twice": ([*PAIR, ("tv", "sales")], {}, ["tv -> sales", "twice"]),
    "into the past": ([*PAIR, ("tv", "search@1")], {}, ["tv -> search@1", "past", "('tv', 'search')"]),
    "half a lag": ([*PAIR, ("tv@x", "sales")], {}, ["'tv@x'", "tv@1"]),
    "lag of nothing": ([*PAIR, ("@1", "sales")], {}, ["'@1'"]),
    "no lag": ([*PAIR, ("tv@0", "sales")], {}, ["'tv@0'"]),
    "lag of a lag": ([*PAIR, ("tv@1@1", "sales")], {}, ["'tv@1@1'"]),
    "no edge": ([], {}, ["no edge"]),
    "text": ("tv -> sales", {}, ["'tv -> sales'", "pairs"]),
    "arrows in a list": (["tv -> sales"], {}, ["'tv -> sales'", "pair"]),
    "triple": ([("a", "b", "c")], {}, ["('a', 'b', 'c')"]),
    "number": ([("a", 1)], {}, ["1", "strings"]),
    "blank": ([("a", " ")], {}, ["' '"]),
    "KPI nowhere": (PAIR, {"kpi": "sale"}, ["'sale'", "did you mean 'sales'"]),
    "confounder of one": (PAIR, {"confounders": {"demand": ["search"]}}, ["'demand'", "only on 'search'"]),
    "confounder of one, twice": (PAIR, {"confounders": {"demand": ["tv", "tv"]}}, ["'tv'", "twice"]),
    "confounder of none": (PAIR, {"confounders": {"demand": []}}, ["'demand'", "nothing"]),
    "confounder of a stranger": (
        PAIR,
        {"confounders": {"demand": ["serch", "sales"]}},
        ["'demand'", "'serch'", "did you mean 'search'"],
    ),
    "confounder of a lag": (
        [*PAIR, ("tv@1", "sales")],
        {"confounders": {"demand": ["tv@1", "sales"]}},
        ["'demand'", "'tv@1'", "'tv'"],
    ),
    "confounder in view": (PAIR, {"confounders": {"tv": ["search", "sales"]}}, ["'tv'", "confounder and a variable"]),
    "lag of a confounder": (
        [*PAIR, ("demand@1", "tv")],
        {"confounders": {"demand": ["search", "sales"]}},
        ["'demand@1'", "'demand'", "leave it out"],
    ),
    "lagged confounder": (PAIR, {"confounders": {"d@1": ["search", "sales"]}}, ["'d@1'", "@"]),
    "confounders in a list": (PAIR, {"confounders": ["demand"]}, ["confounders", "mapping"]),
    "proxy of a stranger": (
        PAIR,
        {"confounders": {"demand": ["tv", "sales"]}, "proxies": {"demnd": ["gqv"]}},
        ["'demnd'", "did you mean 'demand'"],
    ),
    "proxy of nothing": (PAIR, {"proxies": {"demand": ["gqv"]}}, ["'demand'", "no confounder"]),
    "proxy of two": (
        PAIR,
        {
            "confounders": {"d": ["tv", "sales"], "e": ["search", "sales"]},
            "proxies": {"d": ["gqv"], "e": ["gqv"]},
        },
        ["'gqv'", "'d'", "'e'"],
    ),
    "child and proxy": (
        PAIR,
        {"confounders": {"d": ["tv", "sales"]}, "proxies": {"d": ["tv"]}},
        ["'tv'", "'d'", "proxy"],
    ),
    "KPI as proxy": (
        PAIR,
        {"kpi": "sales", "confounders": {"d": ["tv", "search"]}, "proxies": {"d": ["sales"]}},
        ["'sales'", "'d'"],
    ),
    "lag as proxy": (
        PAIR,
        {"confounders": {"d": ["tv", "sales"]}, "proxies": {"d": ["gqv@1"]}},
        ["'gqv@1'", "'gqv'"],
    ),
    "against the tiers": (
        [*PAIR, ("search", "tv")],
        {"tiers": [["tv"], ["search"]]},
        ["search -> tv", "tier 1", "tier 0", "('search@1', 'tv')"],
    ),
    "tier of a stranger": (PAIR, {"tiers": [["tvv"]]}, ["'tvv'", "did you mean 'tv'"]),
    "in two tiers": (PAIR, {"tiers": [["tv"], ["tv"]]}, ["'tv'", "0 and 1"]),
    "tier of letters": (PAIR, {"tiers": ["tv"]}, ["'tv'", "['tv']"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(case: str) -> None:
    edges, others, named = CASES[case]
    with pytest.raises(GraphError) as told:
        ChannelGraph(edges, **others)
    for part in named:
        assert part in str(told.value), str(told.value)


def test_lags_may_run_against_tiers() -> None:
    assert ChannelGraph([*PAIR, ("search@1", "tv")], tiers=[["tv"], ["search"], ["sales"]]).lags


def test_a_graph_fits_its_panel() -> None:
    panel = MediaPanel(long(), **ROLES)
    good: dict[str, Any] = {
        "confounders": {"demand": ["search", "sales"]},
        "proxies": {"demand": ["queries"]},
    }
    ChannelGraph([*PAIR, ("tv@1", "search")], **good).check_panel(panel)
    with pytest.raises(GraphError, match=r"'serch', which the panel does not have \(did you mean 'search'\?\)"):
        ChannelGraph([("tv", "sales"), ("serch", "sales")]).check_panel(panel)
    with pytest.raises(GraphError, match="KPI of the graph is 'search', that of the panel 'sales'"):
        ChannelGraph([("tv", "search")]).check_panel(panel)
    with pytest.raises(GraphError, match="'price' is a column of the panel"):
        ChannelGraph(PAIR, confounders={"price": ["search", "sales"]}).check_panel(panel)


def test_a_graph_is_drawn_with_its_verdicts(tmp_path: Path) -> None:
    place = tmp_path / "graph.svg"
    drawing = ChannelGraph(EDGES, **DEMAND).draw(place)
    text = place.read_text()
    for name in ("tv", "search", "sales@1", "gqv", "demand"):
        assert f"<!-- {name} -->" in text
    assert isinstance(drawing, sn.report.Drawing)


def test_a_drawing_marks_what_is_not_identified() -> None:
    def marks(graph: ChannelGraph, *, carry_over: bool = True) -> int:
        texts = [text.get_text() for text in graph.draw(carry_over=carry_over).figure.axes[0].texts]
        return texts.count("?")

    feedback = ChannelGraph([("tv", "search"), ("search", "sales"), ("tv", "sales"), ("sales@1", "search")], **HIDDEN)
    told = [row for row in feedback.identify() if row.kind == "direct" and not row.identified]
    assert len(told) == 4
    # Besides these edges the two of demand, of which only the product is known.
    assert marks(feedback) == 6
    assert marks(feedback, carry_over=False) == 2
