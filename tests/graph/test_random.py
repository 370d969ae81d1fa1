"""Random graphs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import AMASEM, GraphError


@given(st.integers(1, 8), st.integers(0, 9), st.integers(0, 3), st.integers(0, 99))
def test_a_random_graph_is_what_was_asked_for(visibles: int, parents: int, confounders: int, seed: int) -> None:
    confounders = confounders if visibles > 1 else 0
    graph = AMASEM.random(visibles, parents=parents, confounders=confounders, children=min(2, visibles), seed=seed)
    assert sorted(graph.visibles) == sorted(f"V{i}" for i in range(visibles))
    assert graph.confounders == tuple(f"U{i}" for i in range(confounders))
    assert all(len(private) == 1 for private in graph.private.values())
    for i in range(visibles):
        seen = [a for a in graph.parents(f"V{i}") if a.startswith("V")]
        assert len(seen) == min(i, parents)
        assert all(int(a[1:]) < i for a in seen)


def test_the_seed_decides() -> None:
    first, second = (AMASEM.random(9, confounders=2, seed=seed) for seed in (1, 2))
    assert first == AMASEM.random(9, confounders=2, seed=np.random.default_rng(1))
    assert first != second


def test_one_visible_is_a_graph() -> None:
    assert AMASEM.random(1) == AMASEM.parse("V0")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"visibles": 0}, "0 visibles"),
        ({"visibles": 3, "parents": -1}, "-1 parents"),
        ({"visibles": 3, "confounders": -1}, "-1 confounders"),
        ({"visibles": 3, "confounders": 1, "children": 4}, "a confounder 4 of 3 visibles"),
        ({"visibles": 3, "confounders": 1, "children": 1}, "a confounder 1 of 3 visibles"),
    ],
)
def test_impossible_wishes_are_named(arguments: dict[str, int], told: str) -> None:
    with pytest.raises(GraphError, match=told):
        AMASEM.random(**arguments)
