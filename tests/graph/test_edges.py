"""Graphs from edge lists: private latents, exogenised latents, names that clash."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import AMASEM, GraphError, RelaxationWarning
from semnan.graph import Diagram
from semnan.graph.margin import exogenise
from tests.graph.numeric import diagram_rank, rank
from tests.strategies import diagrams, weights


def test_every_visible_gets_a_private_latent_unless_it_is_noiseless() -> None:
    graph = AMASEM.from_edges([("U", "X"), ("U", "Y")], ["U"], noiseless=["X"])
    assert graph.private == {"X": (), "Y": ("e_Y",)}
    assert graph.latents == ("U", "e_Y")


def test_a_latent_with_one_child_is_private_too() -> None:
    graph = AMASEM.from_edges([("noise", "X")], ["noise"])
    assert graph.private == {"X": ("noise", "e_X")}
    assert graph.confounders == ()


@pytest.mark.parametrize("role", ["latent", "visible"])
def test_a_private_latent_makes_way_for_a_name_that_is_taken(role: str) -> None:
    graph = AMASEM.parse(f"{role} e_X; e_X -> X, Y; X -> Y")
    assert graph.private["X"] == ("e_X_",)


def test_private_latents_make_way_for_one_another() -> None:
    graph = AMASEM.parse("latent e_X; e_X -> X, X_")
    assert graph.private == {"X": ("e_X_",), "X_": ("e_X__",)}


def test_visibles_fix_the_order_and_stand_alone() -> None:
    graph = AMASEM.from_edges([("A", "B")], visibles=["C", "A"])
    assert graph.visibles == ("C", "A", "B")
    assert AMASEM.from_edges([], visibles="AB").visibles == ("AB",)


def test_a_name_has_one_role() -> None:
    with pytest.raises(GraphError, match="'U' is declared both visible and latent"):
        AMASEM.from_edges([("U", "X")], ["U"], visibles=["U"])


def test_any_iterable_will_do() -> None:
    graph = AMASEM((v for v in ("X",)), iter(("e",)), (edge for edge in [("e", "X")]))  # type: ignore[arg-type]
    assert graph == AMASEM(("X",), ("e",), frozenset({("e", "X")}))


def test_a_mediating_latent_is_exogenised_exactly() -> None:
    graph = AMASEM.from_edges([("X", "L"), ("L", "Y")], ["L"])
    assert graph == AMASEM.parse("latent L; X -> Y; L -> Y")


def test_a_factor_with_a_cause_is_relaxed_with_a_warning() -> None:
    with pytest.warns(RelaxationWarning, match="the paths X -> L -> Y, Z share weights") as caught:
        graph = AMASEM.from_edges([("X", "L"), ("L", "Y"), ("L", "Z")], ["L"])
    assert caught[0].filename == __file__
    assert graph == AMASEM.parse("latent L; X, L -> Y, Z")


def complete(diagram: Diagram) -> tuple[AMASEM, bool] | None:
    """The graph of a diagram, and whether there was a warning; None if a latent reaches nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            graph = AMASEM.from_edges(diagram.edges, diagram.latents, visibles=diagram.visibles)
        except GraphError as error:
            assert "has no visible descendant" in str(error)  # noqa: PT017
            return None
    return graph, any(w.category is RelaxationWarning for w in caught)


@given(diagrams())
def test_the_warning_comes_exactly_when_a_pattern_is_freed(diagram: Diagram) -> None:
    done = complete(diagram)
    if done is not None:
        assert done[1] == bool(exogenise(diagram).freed)


@given(diagrams(5), st.integers(0, 9999))
def test_no_warning_means_as_many_dimensions_as_before(diagram: Diagram, seed: int) -> None:
    done = complete(diagram)
    if done is not None:
        graph, relaxed = done
        before = diagram_rank(diagram, weights(diagram.edges, seed))
        after = rank(graph, weights(graph.ordered_edges, seed))
        assert after >= before if relaxed else after == before
