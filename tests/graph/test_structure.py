"""Structure matrices and weight matrices."""

import numpy as np
import pytest
from hypothesis import given

from semnan import AMASEM, GraphError
from tests.strategies import amasems, weighted


@given(amasems(odd=True))
def test_structure_is_read_back_to_the_same_graph(graph: AMASEM) -> None:
    matrix = graph.to_structure()
    again = AMASEM.from_structure(matrix, graph.visibles, graph.latents)
    assert again == graph
    assert np.array_equal(again.to_structure(), matrix)


@given(weighted(intervened=True))
def test_weight_matrix_holds_every_weight_at_parent_and_child(
    case: tuple[AMASEM, dict[tuple[str, str], float]],
) -> None:
    graph, weights = case
    matrix = graph.weight_matrix(weights)
    rows = (*graph.latents, *graph.visibles)
    assert {(rows[i], graph.visibles[j]): matrix[i, j] for i, j in np.argwhere(matrix)} == weights
    assert np.array_equal(matrix != 0, graph.to_structure() == 1)
    assert not np.tril(matrix[len(graph.latents) :]).any()


def test_default_names() -> None:
    graph = AMASEM.from_structure([[1, 1], [1, 0], [0, 1], [0, 1], [0, 0]])
    assert graph.visibles == ("V0", "V1")
    assert graph.latents == ("L0", "L1", "L2")
    assert graph.confounders == ("L0",)
    assert graph.private == {"V0": ("L1",), "V1": ("L2",)}


def test_truth_values_and_floats_are_read() -> None:
    matrix = np.array([[1, 0], [0, 1], [0, 1], [0, 0]])
    assert AMASEM.from_structure(matrix.astype(bool)) == AMASEM.from_structure(matrix.astype(float))


def test_the_order_given_is_kept_wherever_it_is_topological() -> None:
    graph = AMASEM(("B", "A", "C"), ("c", "a", "b"), frozenset({("b", "B"), ("a", "A"), ("c", "C"), ("A", "C")}))
    assert graph.visibles == ("B", "A", "C")


@given(amasems(intervened=True))
def test_visibles_stay_in_a_topological_order_that_was_given(graph: AMASEM) -> None:
    latents = tuple(reversed(graph.latents))
    assert AMASEM(graph.visibles, latents, graph.edges, graph.intervened).visibles == graph.visibles


WRONG_WEIGHTS = [
    ({}, "the edge e_X -> X has no weight"),
    ({("e_X", "X"): 1.0, ("X", "Y"): 1.0}, "a weight for X -> Y, which is not an edge"),
    ({("e_X", "X"): float("nan")}, "the weight of e_X -> X is nan"),
]


@pytest.mark.parametrize(("weights", "told"), WRONG_WEIGHTS)
def test_weights_must_be_one_number_an_edge(weights: dict[tuple[str, str], float], told: str) -> None:
    with pytest.raises(GraphError, match=told):
        AMASEM.parse("X").weight_matrix(weights)
