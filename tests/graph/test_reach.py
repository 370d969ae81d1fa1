"""Parents, children, ancestors, descendants and districts."""

import networkx as nx
import pytest
from hypothesis import given

from semnan import AMASEM, GraphError
from tests.strategies import amasems


@given(amasems(intervened=True))
def test_ancestors_and_descendants_agree_with_networkx(graph: AMASEM) -> None:
    visible = graph.to_networkx().subgraph(graph.visibles)
    for v in graph.visibles:
        assert graph.ancestors(v) == nx.ancestors(visible, v) | {v}
        assert graph.descendants(v) == nx.descendants(visible, v) | {v}
        assert set(graph.parents(v)) == {a for a, b in graph.edges if b == v}
        assert set(graph.children(v)) == {b for a, b in graph.edges if a == v}
    assert graph.ancestors(graph.visibles) == graph.descendants(graph.visibles) == set(graph.visibles)


@given(amasems(intervened=True))
def test_districts_are_what_confounders_connect(graph: AMASEM) -> None:
    groups = graph.districts()
    assert sorted(v for group in groups for v in group) == sorted(graph.visibles)
    home = {v: group for group in groups for v in group}
    for u in graph.confounders:
        assert len({home[v] for v in graph.children(u)}) == 1
    linked: nx.Graph[str] = nx.Graph()
    linked.add_nodes_from(graph.visibles)
    linked.add_edges_from(graph.to_mixed()[1])
    assert len(groups) == nx.number_connected_components(linked)
    assert all(list(group) == sorted(group, key=graph.visibles.index) for group in groups)


def test_nothing_has_no_ancestors() -> None:
    assert AMASEM.parse("X -> Y").ancestors([]) == frozenset()


def test_latents_and_strangers_have_no_place_here() -> None:
    graph = AMASEM.parse("X -> Y")
    with pytest.raises(GraphError, match="no visible 'e_X'; it has X, Y"):
        graph.ancestors("e_X")
    with pytest.raises(GraphError, match="no variable 'Z'; it has e_X, e_Y, X, Y"):
        graph.parents("Z")
