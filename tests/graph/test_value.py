"""A graph is a value: equal by content, never changed, the same under other names."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from random import Random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import AMASEM
from tests.strategies import amasems


@given(amasems(intervened=True), st.randoms(use_true_random=False))
def test_order_of_naming_does_not_matter(graph: AMASEM, random: Random) -> None:
    visibles, latents, edges = list(graph.visibles), list(graph.latents), list(graph.edges)
    for part in (visibles, latents, edges):
        random.shuffle(part)
    again = AMASEM(tuple(visibles), tuple(latents), frozenset(edges), graph.intervened)
    assert again == graph
    assert hash(again) == hash(graph)
    place = again.visibles.index
    assert all(place(a) < place(b) for a, b in graph.edges if a in visibles)


@given(amasems(intervened=True))
def test_copies_and_pickles_are_equal(graph: AMASEM) -> None:
    assert graph.layers()
    assert copy.deepcopy(graph) == graph
    assert pickle.loads(pickle.dumps(graph)) == graph


@pytest.mark.parametrize("other", ["X -> Y; do X", "Y -> X", "X -> Y -> Z", "latent U; X -> Y; U -> X, Y", "X; Y"])
def test_different_graphs_are_different(other: str) -> None:
    assert AMASEM.parse("X -> Y") != AMASEM.parse(other)


def test_a_graph_is_not_equal_to_its_text() -> None:
    graph = AMASEM.parse("X -> Y")
    assert graph != graph.to_text()
    assert {graph: 1}[AMASEM.parse("Y <- X")] == 1


def test_a_graph_cannot_be_changed() -> None:
    graph = AMASEM.parse("X -> Y")
    with pytest.raises(FrozenInstanceError):
        graph.edges = frozenset()  # type: ignore[misc]
    assert isinstance(graph.edges, frozenset)
    assert isinstance(graph.visibles, tuple)


@given(amasems(intervened=True), st.data())
def test_other_names_change_nothing_else(graph: AMASEM, data: st.DataObject) -> None:
    fresh = data.draw(st.permutations([f"R{i}" for i in range(len(graph.visibles) + len(graph.latents))]))
    to = dict(zip((*graph.latents, *graph.visibles), fresh, strict=True))
    renamed = AMASEM.from_networkx(nx.relabel_nodes(graph.to_networkx(), to))
    assert renamed.edges == {(to[a], to[b]) for a, b in graph.edges}
    sizes, others = ([len(layer) for layer in g.layers().layers] for g in (graph, renamed))
    assert sizes == others
    assert {frozenset(map(to.get, group)) for group in graph.districts()} == set(map(frozenset, renamed.districts()))
    if len(to) > len(graph.latents) + 1:
        gone = graph.visibles[0]
        before, after = graph.marginalize(gone), renamed.marginalize(to[gone])
        assert after.graph.edges == {(to[a], to[b]) for a, b in before.graph.edges}
        assert after.exact == before.exact
