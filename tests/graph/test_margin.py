"""Margins: the stability theorem, exact margins and relaxations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import AMASEM, GraphError
from semnan.graph import Edge, Freed
from tests.graph.numeric import close, implied, rank
from tests.strategies import amasems, subsets, weighted, weights, weights_for

Case = tuple[AMASEM, dict[Edge, float]]


@st.composite
def removals(draw: st.DrawFn, *, intervened: bool = False) -> tuple[AMASEM, list[str]]:
    """A graph and some of its visibles, in any order, but not all."""
    graph = draw(amasems(intervened=intervened))
    gone = draw(subsets(list(graph.visibles)))[: len(graph.visibles) - 1]
    return graph, draw(st.permutations(gone))


@given(st.data())
def test_marginalising_then_implying_is_implying_then_dropping(data: st.DataObject) -> None:
    graph, gone = data.draw(removals(intervened=True))
    given_weights = data.draw(weights_for(graph))
    margin = graph.marginalize(gone, given_weights)
    assert margin.weights is not None
    place = [graph.visibles.index(v) for v in margin.graph.visibles]
    dropped = implied(graph, given_weights)[np.ix_(place, place)]
    assert close(implied(margin.graph, margin.weights), dropped)


@given(removals(), st.integers(0, 9999))
def test_an_exact_margin_has_the_dimensions_of_the_original(case: tuple[AMASEM, list[str]], seed: int) -> None:
    graph, gone = case
    margin = graph.marginalize(gone)
    left = margin.graph.visibles
    before, after = (rank(g, weights(g.ordered_edges, seed), left) for g in (graph, margin.graph))
    assert before == after if margin.exact else before <= after


@given(st.data())
def test_the_order_of_removal_does_not_matter(data: st.DataObject) -> None:
    graph, gone = data.draw(removals(intervened=True))
    at_once = graph.marginalize(gone).graph
    one_by_one = graph
    for name in data.draw(st.permutations(gone)):
        one_by_one = one_by_one.marginalize(name).graph
    assert one_by_one == at_once
    assert at_once.visibles == tuple(v for v in graph.visibles if v not in gone)


@given(weighted())
def test_removing_nothing_changes_nothing(case: Case) -> None:
    graph, given_weights = case
    margin = graph.marginalize([], given_weights)
    assert margin.graph == graph
    assert margin.exact
    assert margin.weights == given_weights


def test_a_mediator_is_removed_exactly_and_its_noise_stays() -> None:
    margin = AMASEM.parse("X -> M -> Y").marginalize(
        "M", {("X", "M"): 2.0, ("M", "Y"): 3.0} | dict.fromkeys([("e_X", "X"), ("e_M", "M"), ("e_Y", "Y")], 1.0)
    )
    assert margin.exact
    assert margin.reason.startswith("exact")
    assert margin.graph == AMASEM.parse("latent e_M; X -> Y; e_M -> Y")
    assert margin.weights == {("X", "Y"): 6.0, ("e_M", "Y"): 3.0, ("e_X", "X"): 1.0, ("e_Y", "Y"): 1.0}


def test_a_product_of_weights_adds_to_an_edge_that_is_there() -> None:
    graph = AMASEM.parse("X -> M -> Y; X -> Y")
    margin = graph.marginalize("M", dict.fromkeys(graph.edges, 2.0))
    assert margin.weights is not None
    assert margin.weights["X", "Y"] == 6.0


def test_a_rank_one_pattern_is_freed_and_named() -> None:
    margin = AMASEM.parse("X -> M -> Y, Z").marginalize(["M"])
    assert not margin.exact
    assert margin.freed == (Freed("M", ("e_M", "X"), ("Y", "Z")),)
    assert margin.reason == "a relaxation: the paths e_M, X -> M -> Y, Z have free weights in the margin"


def test_a_source_becomes_the_noise_of_its_children() -> None:
    margin = AMASEM.parse("X -> Y, Z").marginalize("X")
    assert margin.exact
    assert margin.graph == AMASEM.parse("latent e_X; e_X -> Y, Z")


def test_latents_are_not_coalesced_and_childless_ones_go() -> None:
    graph = AMASEM.parse("latent U; U -> A, B, C; A -> B, C").marginalize("A").graph
    assert graph.confounders == ("U", "e_A")
    assert "e_B" not in AMASEM.parse("A -> B").marginalize("B").graph.latents


def test_what_is_removed_must_be_a_visible_and_not_all() -> None:
    graph = AMASEM.parse("latent U; U -> A, B")
    with pytest.raises(GraphError, match="no visible 'U'; it has A, B"):
        graph.marginalize("U")
    with pytest.raises(GraphError, match="every visible would be marginalised out"):
        graph.marginalize(["A", "B", "A"])
    with pytest.raises(GraphError, match=r"the edge .* has no weight"):
        graph.marginalize("A", {})
