"""The minimal layered network of a graph."""

import networkx as nx
from hypothesis import given

from semnan import AMASEM
from semnan.graph import Neuron
from tests.strategies import amasems


def born(graph: AMASEM) -> dict[str, int]:
    """The layer of every original."""
    layers = graph.layers().layers
    place = [(n.name, i) for i, layer in enumerate(layers) for n in layer if not n.alias]
    assert len(place) == len(dict(place)) == len(graph.visibles) + len(graph.latents)
    return dict(place)


@given(amasems(6, intervened=True))
def test_parents_of_an_original_stand_in_the_layer_just_below(graph: AMASEM) -> None:
    names = [{n.name for n in layer} for layer in graph.layers().layers]
    for v, depth in born(graph).items():
        assert v in graph.latents or set(graph.parents(v)) <= names[depth - 1]


@given(amasems(6, intervened=True))
def test_the_number_of_layers_is_one_more_than_the_longest_visible_chain(graph: AMASEM) -> None:
    visible = graph.to_networkx().subgraph(graph.visibles)
    chain = len(nx.dag_longest_path(visible))
    assert len(graph.layers().layers) == 1 + chain
    assert graph.layers().depth == chain


@given(amasems(6, intervened=True))
def test_bottom_and_top(graph: AMASEM) -> None:
    layers = graph.layers().layers
    assert {n.name for n in layers[0]} <= set(graph.latents)
    assert tuple(n.name for n in layers[-1]) == graph.visibles


@given(amasems(6, intervened=True))
def test_a_latent_lives_from_below_its_first_child_to_below_its_last(graph: AMASEM) -> None:
    layers, depth = graph.layers().layers, born(graph)
    for u in graph.latents:
        lives = [i for i, layer in enumerate(layers) if any(n.name == u for n in layer)]
        children = [depth[v] for v in graph.children(u)]
        assert lives == list(range(min(children) - 1, max(children)))
        assert depth[u] == lives[0]


@given(amasems(6, intervened=True))
def test_a_visible_is_carried_to_the_top_by_aliases(graph: AMASEM) -> None:
    layers, depth = graph.layers().layers, born(graph)
    for v in graph.visibles:
        assert [Neuron(v, alias=i > depth[v]) in layer for i, layer in enumerate(layers)] == [
            i >= depth[v] for i in range(len(layers))
        ]
    assert graph.layers().aliases == sum(map(len, layers)) - len(depth)


def test_the_front_door_layer_by_layer() -> None:
    layers = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y").layers()
    assert str(layers) == "  0: U e_X\n  1: X (U) e_M\n  2: (X) M (U) e_Y\n  3: (X) (M) Y"
    assert (layers.depth, layers.aliases) == (3, 5)
