"""Exogenising latents: the weights that are carried along imply the same covariance."""

from hypothesis import given
from hypothesis import strategies as st

from semnan.graph import Diagram
from semnan.graph.margin import exogenise
from tests.graph.numeric import close, implied_by_diagram
from tests.strategies import diagrams, weights


@given(diagrams(), st.integers(0, 9999), st.booleans())
def test_exogenising_keeps_the_covariance(diagram: Diagram, seed: int, noisy: bool) -> None:
    given_weights = weights(diagram.edges, seed)
    done = exogenise(diagram, given_weights)
    assert done.weights is not None
    assert set(done.weights) == set(done.diagram.edges)
    before = implied_by_diagram(diagram, given_weights, noisy)
    assert close(implied_by_diagram(done.diagram, done.weights, noisy), before)


@given(diagrams())
def test_latents_end_without_parents_and_visibles_stay(diagram: Diagram) -> None:
    done = exogenise(diagram)
    assert done.weights is None
    assert done.diagram.visibles == diagram.visibles
    assert not {child for _, child in done.diagram.edges} & set(diagram.latents)


@given(diagrams())
def test_exogenising_twice_changes_nothing(diagram: Diagram) -> None:
    once = exogenise(diagram).diagram
    again = exogenise(once)
    assert again.diagram == once
    assert again.freed == ()


def test_a_chain_of_latents_leaves_each_noise_a_path() -> None:
    chain = Diagram(("X",), ("A", "B"), (("A", "B"), ("B", "X")))
    done = exogenise(chain, {("A", "B"): 2.0, ("B", "X"): 3.0})
    assert done.weights == {("A", "X"): 6.0, ("B", "X"): 3.0}
