"""Graph text: what it means, how it is written, and what is said of mistakes."""

import pytest
from hypothesis import given

from semnan import AMASEM, GraphError
from tests.strategies import amasems


@given(amasems(odd=True, intervened=True))
def test_text_is_read_back_to_the_same_graph(graph: AMASEM) -> None:
    again = AMASEM.parse(graph.to_text())
    assert again == graph
    assert again.visibles == graph.visibles
    assert again.to_text() == graph.to_text()


@given(amasems(odd=True, intervened=True))
def test_repr_can_be_evaluated(graph: AMASEM) -> None:
    assert eval(repr(graph), {"AMASEM": AMASEM}) == graph


SAME = [
    ("A -> B -> C", "A->B\nB->C"),
    ("A, B -> C, D", "A -> C; A -> D; B -> C; B -> D"),
    ("C <- A -> B", "A -> B, C"),
    ("A <-> B", "latent u_A_B; u_A_B -> A, B"),
    ("latent U; U -> A, B", "U -> B, A; latent U"),
    ("A -> # to\nB", "A -> B"),
    ("A,\nB -> C", "A, B -> C"),
    (";;\n ; A -> B;\r\n", "A -> B"),
    ('"a b" -> c', 'c <- "a b"'),
    ("A.1 -> B_2", '"A.1" -> "B_2"'),
    ("X", "visible X"),
    ("latent e_X; e_X -> X, Y", "latent e_X; e_X -> X, Y; latent e_X_; e_X_ -> X; noiseless X"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_two_ways_to_say_the_same(first: str, second: str) -> None:
    assert AMASEM.parse(first) == AMASEM.parse(second)


def test_keywords_are_names_in_quotes_and_before_arrows() -> None:
    assert set(AMASEM.parse('"latent" -> "do"').visibles) == {"latent", "do"}
    assert AMASEM.parse("latent -> X") == AMASEM.parse('"latent" -> X')


def test_latents_may_be_told_apart_from_the_text() -> None:
    assert AMASEM.parse("U -> X, Y", latents=["U"]) == AMASEM.parse("latent U; U -> X, Y")
    assert AMASEM.parse("UV -> X, Y", latents="UV") == AMASEM.parse("latent UV; UV -> X, Y")


def test_visible_fixes_the_order_where_the_graph_leaves_a_choice() -> None:
    assert AMASEM.parse("visible C, B, A; A -> C").visibles == ("B", "A", "C")
    assert AMASEM.parse("visible B, A; do A").visibles == ("B", "A")


MISTAKES = [
    ("A ->", r"line 1, column 5: expected a variable name, found the end"),
    ("A B", r"line 1, column 3: expected an arrow .* found 'B'"),
    ("A -> B\nC => D", r"line 2, column 3: '=' is not expected here"),
    ("A -> B\n  -> C", r"line 2, column 3: expected a variable name, found '->'"),
    ('A -> "B', r"line 1, column 6: '\"' is not expected here"),
    ("latent", r"line 1, column 7: expected a variable name"),
    ("latent U -> X", r"line 1, column 10: expected an arrow"),
    ("A - B", r"column 3: '-' is not expected"),
    ('"" -> B', r"'' cannot be a variable name"),
    ('" A" -> B', r"' A' cannot be a variable name"),
    ("A -> B; A -> B", r"the edge A -> B is given twice"),
    ("A -> A", r"'A' has an edge to itself"),
    ("A -> B -> C -> A", r"the cycle (A -> B -> C -> A|B -> C -> A -> B|C -> A -> B -> C)"),
    ("A <-> A", r"'A' has a bidirected edge to itself"),
    ("A <-> B <-> A", r"the bidirected edge B <-> A is given twice"),
    ("latent U; visible U; U -> X", r"'U' is declared both visible and latent"),
    ("noiseless X", r"the visible 'X' has no latent parent"),
    ("latent U; noiseless U; U -> X", r"no variable 'U'"),
    ("A -> X; do X", r"'X' is set by an intervention, so it cannot have the parent 'A'"),
    ("latent U; X", r"the latent 'U' has no visible descendant"),
    ("", r"no visible variable"),
    ("latent U, W; U -> W", r"no visible"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_named_with_its_place(text: str, told: str) -> None:
    with pytest.raises(GraphError, match=told):
        AMASEM.parse(text)


def test_a_text_that_asks_for_too_many_edges_is_refused_before_they_are_made() -> None:
    many = ", ".join(f"A{i}" for i in range(1001))
    with pytest.raises(GraphError, match="more than 1000000 edges"):
        AMASEM.parse(f"{many} -> {many.replace('A', 'B')}")


def test_arcs_count_as_edges() -> None:
    few, many = (", ".join(f"{x}{i}" for i in range(900)) for x in "AB")
    with pytest.raises(GraphError, match="line 2: the graph has more than 1000000 edges"):
        AMASEM.parse(f"{few} <-> {many}\n{few} <-> {many}")
