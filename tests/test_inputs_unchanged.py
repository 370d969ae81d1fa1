"""What a user hands over is never changed, whether the call succeeds or fails."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import semnan as sn
from semnan import AMASEM, Moments, MomentsStack, PathModel, covariance, path

RNG = np.random.default_rng(0)


def table() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return RNG.normal(size=(30, 2))


ARRAYS: list[Callable[[Any], Any]] = [
    lambda x: Moments.from_array(x, ["X", "Y"]),
    lambda x: Moments.from_array(x, ["X"]),
    lambda x: Moments.from_covariance(x.T @ x, ["X", "Y"], 9, x[0], ddof=1),
    lambda x: Moments.from_covariance(x[:2], ["X", "Y"], 9),
    lambda x: MomentsStack.from_arrays(x[None], ["X", "Y"]),
    lambda x: MomentsStack(("X", "Y"), x[None, :2], np.array([9])),
    lambda x: AMASEM.from_structure(x),
]


@pytest.mark.parametrize("call", ARRAYS)
@pytest.mark.parametrize("writable", [True, False])
def test_arrays(call: Callable[[Any], Any], writable: bool) -> None:
    array = table()
    before = array.copy()
    array.setflags(write=writable)
    attempt(call, array)
    assert np.array_equal(array, before)
    assert array.flags.writeable == writable


def attempt(call: Callable[[Any], Any], value: Any) -> None:
    try:
        call(value)
    except sn.SemnanError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("graph", ["X -> Y", "X -> Q", "X -> text"])
def test_frames(graph: str) -> None:
    columns = {"text": ["a"] * 30, "X": table()[:, 0], "Y": table()[:, 1]}
    first, second = pd.DataFrame(columns), pl.DataFrame(columns)
    before = first.copy(), second.clone()
    for frame in (first, second):
        attempt(lambda given: sn.fit(AMASEM.parse(graph), given), frame)
    pd.testing.assert_frame_equal(first, before[0])
    assert second.equals(before[1])


LISTS: list[Callable[[list[Any]], Any]] = [
    lambda edges: AMASEM.from_edges(edges, ["U"]),
    lambda edges: AMASEM.from_edges([*edges, ("Y", "X")], edges),
    lambda edges: AMASEM.from_mixed(edges, edges),
    lambda edges: AMASEM.from_networkx(sn.AMASEM.parse("X").to_networkx(), edges),
    lambda edges: AMASEM(["X", "Y"], ["U"], edges),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("call", LISTS)
def test_lists(call: Callable[[list[Any]], Any]) -> None:
    edges = [("U", "X"), ("U", "Y"), ("X", "Y")]
    attempt(call, edges)
    assert edges == [("U", "X"), ("U", "Y"), ("X", "Y")]


def test_weights_and_interventions() -> None:
    graph = AMASEM.parse("X -> Y")
    weights = dict.fromkeys(graph.edges, 1.0)
    before = weights.copy()
    margin = graph.marginalize("X", weights)
    assert margin.weights is not None
    margin.weights.clear()
    attempt(lambda given: graph.weight_matrix({**given, ("Y", "X"): 1.0}), weights)
    assert weights == before
    values = {"X": 1.0}
    sn.fit(graph, Moments.from_array(table(), ["X", "Y"])).do(values).values.clear()
    assert values == {"X": 1.0}


def test_fitting_changes_neither_model_nor_moments() -> None:
    rows = [path("X", "Y", start=0.1), covariance("X"), covariance("Y")]
    model = PathModel(["X", "Y"], [], rows)  # type: ignore[arg-type]
    data = Moments.from_array(table(), ["Y", "X"])
    copies = PathModel(("X", "Y"), (), tuple(rows)), Moments(data.names, data.covariance, data.n, data.mean)
    result = sn.fit(model, data, starts=2)
    result.implied_covariance[:] = 0
    assert (model, data) == copies
    assert len(rows) == 3


def test_a_networkx_graph_is_only_read() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y").to_networkx()
    before = graph.copy()
    made = AMASEM.from_networkx(graph)
    graph.add_edge("X", "Y")
    assert ("X", "Y") not in made.edges
    graph.remove_edge("X", "Y")
    assert (dict(graph.nodes), set(graph.edges)) == (dict(before.nodes), set(before.edges))
