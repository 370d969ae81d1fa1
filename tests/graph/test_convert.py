"""networkx graphs and mixed graphs, there and back."""

import networkx as nx
from hypothesis import given

from semnan import AMASEM
from tests.strategies import amasems


@given(amasems(odd=True, intervened=True))
def test_networkx_is_read_back_to_the_same_graph(graph: AMASEM) -> None:
    written = graph.to_networkx()
    assert set(written.edges) == graph.edges
    assert {name for name in written if written.nodes[name]["latent"]} == set(graph.latents)
    assert AMASEM.from_networkx(written) == graph


def test_a_plain_networkx_graph_gets_private_latents() -> None:
    plain = nx.DiGraph([("U", "X"), ("U", "Y"), ("X", "Y")])
    assert AMASEM.from_networkx(plain, ["U"]) == AMASEM.parse("latent U; U -> X, Y; X -> Y")
    assert AMASEM.from_networkx(plain, "U", noiseless=["X"]) == AMASEM.parse("latent U; U -> X -> Y <- U; noiseless X")


def test_a_change_of_the_networkx_graph_does_not_reach_back() -> None:
    graph = AMASEM.parse("X -> Y")
    written = graph.to_networkx()
    written.remove_node("Y")
    assert set(graph.to_networkx()) == {"X", "Y", "e_X", "e_Y"}


@given(amasems(odd=True))
def test_mixed_is_read_back_to_the_same_mixed_graph(graph: AMASEM) -> None:
    directed, bidirected = graph.to_mixed()
    again = AMASEM.from_mixed(directed, bidirected, visibles=graph.visibles)
    assert again.visibles == graph.visibles
    assert again.to_mixed() == (directed, bidirected)
    assert again.districts() == graph.districts()
    assert all(len(graph.children(u)) == 2 for u in again.confounders for graph in [again])


def test_a_confounder_of_three_becomes_three_arcs() -> None:
    directed, bidirected = AMASEM.parse("latent U; U -> A, B, C; A -> C").to_mixed()
    assert directed == (("A", "C"),)
    assert bidirected == (("A", "B"), ("A", "C"), ("B", "C"))


def test_names_of_new_latents_keep_clear_of_old_ones() -> None:
    graph = AMASEM.from_mixed([("A", "u_A_B")], [("A", "B"), ("A_B", "C"), ("A", "B_C")])
    assert graph.confounders == ("u_A_B_", "u_A_B_C", "u_A_B_C_")
