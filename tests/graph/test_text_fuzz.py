"""Whatever text comes in, only a graph or a `GraphError` comes out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from semnan import AMASEM, GraphError

PIECES = [*'ABXY_.,;#"\n \t\r-><=1é', "->", "<-", "<->", "latent ", "visible ", "noiseless ", "do ", '"a b"', "\x00"]


def attempt(text: str) -> None:
    try:
        graph = AMASEM.parse(text)
    except GraphError as error:
        assert str(error)  # noqa: PT017
    else:
        assert AMASEM.parse(graph.to_text()) == graph


@settings(max_examples=300)
@given(st.text())
def test_any_text(text: str) -> None:
    attempt(text)


@settings(max_examples=600)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_text_from_the_alphabet_of_the_grammar(text: str) -> None:
    attempt(text)


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["A", "B", "C", "->", "<->", ",", ";", "latent", "do"]), max_size=12).map(" ".join))
def test_text_that_is_nearly_a_graph(text: str) -> None:
    attempt(text)
