"""Interventions on graphs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import AMASEM, GraphError
from tests.graph.numeric import close, implied
from tests.strategies import amasems, subsets, weights_for


@st.composite
def settings_of(draw: st.DrawFn) -> tuple[AMASEM, list[str]]:
    graph = draw(amasems(intervened=True))
    return graph, draw(subsets(list(graph.visibles)))


@given(settings_of())
def test_nothing_points_at_what_is_set(case: tuple[AMASEM, list[str]]) -> None:
    graph, held = case
    after = graph.do(held)
    assert after.visibles == graph.visibles
    assert after.intervened == graph.intervened | set(held)
    assert after.edges == {(a, b) for a, b in graph.edges if b not in held}
    assert after.do(held) == after


@given(settings_of(), st.data())
def test_setting_in_turn_is_setting_at_once(case: tuple[AMASEM, list[str]], data: st.DataObject) -> None:
    graph, held = case
    turn = graph
    for name in data.draw(st.permutations(held)):
        turn = turn.do(name)
    assert turn == graph.do(held)


@given(settings_of(), st.data())
def test_the_covariance_is_that_of_weights_into_the_set_cut_to_zero(
    case: tuple[AMASEM, list[str]], data: st.DataObject
) -> None:
    graph, held = case
    weights = data.draw(weights_for(graph))
    cut = {edge: 0.0 if edge[1] in held else w for edge, w in weights.items()}
    after = graph.do(held)
    sigma = implied(after, {edge: weights[edge] for edge in after.edges})
    assert close(sigma, implied(graph, cut))
    assert not np.any(sigma[[after.visibles.index(v) for v in held]])


def test_a_confounder_of_two_becomes_private() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; X -> Y").do("X")
    assert graph.confounders == ()
    assert graph.private == {"X": (), "Y": ("U", "e_Y")}


def test_everything_may_be_set() -> None:
    graph = AMASEM.parse("X -> Y").do(["X", "Y"])
    assert graph.latents == ()
    assert AMASEM.parse(graph.to_text()) == graph
    assert [len(layer) for layer in graph.layers().layers] == [0, 2]


def test_only_visibles_can_be_set() -> None:
    with pytest.raises(GraphError, match="no visible 'e_X'; it has X"):
        AMASEM.parse("X").do("e_X")
    with pytest.raises(GraphError, match="'X' is set by an intervention, so it cannot have the parent 'e'"):
        AMASEM(("X",), ("e",), frozenset({("e", "X")}), frozenset({"X"}))
