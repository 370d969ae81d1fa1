"""Wrong input, one line each: which error comes, and that its message names what is wrong."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pytest

import semnan as sn
from semnan import AMASEM, DataError, FileError, FitError, GraphError, ModelError, Moments, PathModel, covariance, path

Case = tuple[Callable[[], Any], type[sn.SemnanError], str]
EYE = np.eye(2)
AB = ("a", "b")
RAGGED: Any = [[1], [1, 2]]
NUMBERED: Any = [(1, 2)]


@cache
def moments() -> Moments:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(60, 3))
    table[:, 1] += table[:, 0]
    table[:, 2] += table[:, 1]
    return Moments.from_array(table, ["X", "M", "Y"])


@cache
def fitted() -> sn.Fit:
    return sn.fit(AMASEM.parse("X -> M -> Y"), moments())


def fit(graph: Any = None, data: Any = None, **options: Any) -> sn.Fit:
    graph = AMASEM.parse("X -> M -> Y") if graph is None else graph
    return sn.fit(graph, moments() if data is None else data, **options)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, 2, 4], **columns})


def graph_of(*edges: Any, **options: Any) -> AMASEM:
    return AMASEM.from_edges(edges, **options)


GRAPHS: list[Case] = [
    (lambda: AMASEM.parse("A -> B -> C -> A"), GraphError, r"the cycle (A -> B -> C -> A|B -> C -> A|C -> A -> B)"),
    (lambda: AMASEM.parse("latent L; A -> L -> A"), GraphError, r"the cycle (A -> L -> A|L -> A -> L)"),
    (lambda: AMASEM.parse("A -> B\nC ->> D"), GraphError, r"line 2, column 5: '>' is not expected"),
    (lambda: AMASEM.parse("A -> B; A -> B"), GraphError, r"the edge A -> B is given twice"),
    (lambda: AMASEM.parse("A -> A"), GraphError, r"'A' has an edge to itself"),
    (lambda: AMASEM.parse("noiseless A; B -> A"), GraphError, r"'A' has no latent parent"),
    (lambda: AMASEM.parse("latent U; A -> B"), GraphError, r"latent 'U' has no visible descendant"),
    (lambda: AMASEM.parse("A -> B", latents=["C"]), GraphError, r"no variable 'C'; it has A, B"),
    (lambda: AMASEM.parse("B -> A; do A"), GraphError, r"'A' is set by an intervention"),
    (lambda: AMASEM.parse(None), GraphError, r"a graph text is a string, got NoneType"),  # type: ignore[arg-type]
    (lambda: AMASEM.parse(" # nothing"), GraphError, r"no visible variable"),
    (lambda: graph_of(("A", "B"), "BC"), GraphError, r"row 1 of the edge list is 'BC'"),
    (lambda: graph_of(("A", "B"), ("B", "C", "D")), GraphError, r"row 1 .*\('B', 'C', 'D'\)"),
    (lambda: graph_of(("A", 3)), GraphError, r"row 0 .*names are strings, not int"),
    (lambda: graph_of(("A", "B"), noiseless=["Q"]), GraphError, r"no variable 'Q'; it has A, B"),
    (lambda: graph_of(("U", "B"), latents=["U"], visibles=["U"]), GraphError, r"'U' is declared both"),
    (lambda: graph_of(("A", 'B"')), GraphError, r"cannot be a variable name"),
    (lambda: graph_of(("A", "B\n")), GraphError, r"'B\\n' cannot be a variable name"),
    (lambda: AMASEM(("A",), ("U",), frozenset({("U", "A"), ("A", "U")})), GraphError, r"the cycle"),
    (lambda: AMASEM(("A",), ("U",), frozenset()), GraphError, r"latent 'U' has no children"),
    (lambda: AMASEM(("A",), ("U", "W"), frozenset({("U", "W"), ("W", "A")})), GraphError, r"'W' has the parent 'U'"),
    (lambda: AMASEM(("A", "A"), ("U",), frozenset({("U", "A")})), GraphError, r"'A' is declared twice"),
    (lambda: AMASEM(("A",), ("U",), frozenset({("U", "B")})), GraphError, r"the edge U -> B uses 'B'"),
    (lambda: AMASEM.from_networkx(nx.Graph([("A", "B")])), GraphError, r"expected a networkx DiGraph, got Graph"),  # type: ignore[arg-type]
    (lambda: AMASEM.from_networkx(nx.MultiDiGraph()), GraphError, r"got MultiDiGraph"),
    (lambda: AMASEM.from_networkx(nx.DiGraph(NUMBERED)), GraphError, r"names are strings, got 1 \(int\)"),
    (lambda: AMASEM.from_networkx(nx.DiGraph([("A", "B")]), ["U"]), GraphError, r"no node 'U'; it has A, B"),
    (lambda: AMASEM.from_mixed([], [("A", "B"), ("B", "A")]), GraphError, r"B <-> A is given twice"),
    (lambda: AMASEM.from_mixed([("A", "B")], [("A", "A")]), GraphError, r"'A' has a bidirected edge to itself"),
    (lambda: AMASEM.parse("A -> B").marginalize("Q"), GraphError, r"no visible 'Q'; it has A, B"),
    (lambda: AMASEM.parse("A -> B").do(["A", "e_B"]), GraphError, r"no visible 'e_B'"),
    (lambda: sn.SEMNAN(AMASEM.parse("A")).set_weights({("A", "A"): 1.0}), GraphError, r"a weight for A -> A"),
]

STRUCTURES: list[Case] = [
    (lambda: AMASEM.from_structure([[1, 2], [1, 0], [0, 0]]), GraphError, r"holds 2 in row 0 \(L0\), column 1"),
    (lambda: AMASEM.from_structure([[1.0, 1], [0.0, 0], [math.nan, 0]]), GraphError, r"holds nan in row 2 \(V1\)"),
    (lambda: AMASEM.from_structure([[1, 1], [0, 0], [1, 0]]), GraphError, r"edge V1 -> V0 is on or below the diag"),
    (lambda: AMASEM.from_structure([[1, 1], [1, 0], [0, 0]]), GraphError, r"edge V0 -> V0 is on or below"),
    (lambda: AMASEM.from_structure(EYE), GraphError, r"m latent rows above p visible rows .*\(2, 2\)"),
    (lambda: AMASEM.from_structure([1, 0]), GraphError, r"got shape \(2,\)"),
    (lambda: AMASEM.from_structure(RAGGED), GraphError, r"rows of the structure matrix differ in length"),
    (lambda: AMASEM.from_structure([[1], [0]], visibles=["A", "B"]), GraphError, r"1 visibles, but 2 names"),
    (lambda: AMASEM.from_structure([[1], [0]], latents="U"), GraphError, r"as a list, not as the single string 'U'"),
    (lambda: AMASEM.from_structure([[1], [0]], ["A"], ["A"]), GraphError, r"'A' is declared twice"),
    (lambda: AMASEM.from_structure([[0, 1], [0, 0], [0, 0]]), GraphError, r"'V0' has no latent parent"),
]

TABLES: list[Case] = [
    (lambda: Moments.from_frame(frame(y=["a", "b", "c"])), DataError, r"the column 'y' is not numeric"),
    (lambda: Moments.from_frame(frame(y=[True, False, True])), DataError, r"the column 'y' is not numeric"),
    (lambda: Moments.from_frame(frame(y=[1, None, 3])), DataError, r"'y' is missing \(NaN\) in 1 row.*first in row 1"),
    (lambda: Moments.from_frame(frame(y=[1, 2, math.inf])), DataError, r"'y' is infinite in 1 row.*first in row 2"),
    (lambda: Moments.from_frame(frame(y=3)), DataError, r"'y' is constant \(3 in every row\)"),
    (lambda: Moments.from_frame(frame(), ["z"]), DataError, r"no column 'z'; it has x"),
    (lambda: Moments.from_frame(frame(), "x"), DataError, r"as a list, not as the single string 'x'"),
    (lambda: Moments.from_frame(frame(), ["x", "x"]), DataError, r"the column 'x' stands twice"),
    (lambda: Moments.from_frame(frame(), []), DataError, r"the table has no columns"),
    (lambda: Moments.from_frame(pd.DataFrame([[1, 2], [3, 5]])), DataError, r"column 0 has the name 0"),
    (lambda: Moments.from_frame(pd.DataFrame([[1, 2], [3, 5]], columns=["a", "a"])), DataError, r"one name.*'a'"),
    (lambda: Moments.from_frame(frame()[:1]), DataError, r"the table has 1 row"),
    (lambda: Moments.from_frame(pl.DataFrame({"a": [1]}).lazy()), DataError, r"got LazyFrame: collect"),  # type: ignore[arg-type]
    (lambda: Moments.from_frame({"a": [1, 2]}), DataError, r"got dict"),  # type: ignore[arg-type]
    (lambda: Moments.from_array([1.0, 2.0]), DataError, r"n rows and p columns, got shape \(2,\)"),
    (lambda: Moments.from_array(RAGGED), DataError, r"the array cannot be read as an array of numbers"),
    (lambda: Moments.from_array([["1"], ["2"]]), DataError, r"the array is not numeric \(its type is <U1\)"),
    (lambda: Moments.from_array([[1j], [2j]]), DataError, r"not numeric \(its type is complex128\)"),
    (lambda: Moments.from_array([[1.0], [2.0]], ["a", "b"]), DataError, r"1 columns, but there are 2 names"),
    (lambda: Moments.from_array([[1.0, 3], [2.0, 5]], ["a", "a"]), DataError, r"'a' stands twice"),
    (lambda: Moments.from_array([[1.0], [2.0]], [" "]), DataError, r"variable 0 has the name ' '"),
    (lambda: Moments.from_array(np.ma.masked_invalid([[1, math.nan], [2, 3]])), DataError, r"has masked entries"),
]

MATRICES: list[Case] = [
    (lambda: Moments.from_covariance([[1, 0.5], [0.4, 1]], AB, 9), DataError, r"\(a, b\) is 0.5 but \(b, a\) is 0.4"),
    (lambda: Moments.from_covariance([[1, 2], [2, 1]], AB, 9), DataError, r"correlation of 'a' and 'b' is 2"),
    (lambda: Moments.from_covariance([[1, 0], [0, 0]], AB, 9), DataError, r"the variance of 'b' is 0"),
    (lambda: Moments.from_covariance([[1.0, math.nan], [0.0, 1]], AB, 9), DataError, r"of 'a' and 'b' is nan"),
    (
        lambda: Moments.from_covariance(1.9 * np.eye(3) - 0.9, [*AB, "c"], 9),
        DataError,
        r"not positive semidefinite .*a",
    ),
    (lambda: Moments.from_covariance(np.ones((2, 3)), AB, 9), DataError, r"square, got shape \(2, 3\)"),
    (lambda: Moments.from_covariance(EYE, ["a"], 9), DataError, r"2 rows, but there are 1 names"),
    (lambda: Moments.from_covariance(EYE, "ab", 9), DataError, r"as a list, not as the single string 'ab'"),
    (lambda: Moments.from_covariance(EYE, AB, 0, ddof=1), DataError, r"the sample size n is 0"),
    (lambda: Moments.from_covariance(EYE, AB, 9.5), DataError, r"the sample size n is 9.5"),  # type: ignore[arg-type]
    (lambda: Moments.from_covariance(EYE, AB, 10**30), DataError, r"the sample size n is 10{30}: .*below"),
    (lambda: Moments.from_covariance(EYE, AB, True), DataError, r"the sample size n is True"),
    (lambda: Moments.from_covariance(EYE, AB, 9, ddof=2), DataError, r"ddof is 2: give 0 .* or 1"),
    (lambda: Moments.from_covariance(EYE, AB, 9, [1.0]), DataError, r"the mean has shape \(1,\)"),
    (lambda: Moments.from_covariance(EYE, AB, 9, [1, math.inf]), DataError, r"the mean of 'b' is inf"),
    (lambda: moments().select(["X", "Z"]), DataError, r"no variable 'Z'; they have X, M, Y"),
    (lambda: moments().select("X"), DataError, r"as a list, not as the single string 'X'"),
]

MODELS: list[Case] = [
    (lambda: PathModel(("X", "Y"), (), (path("X", "Y"), path("Y", "X"))), ModelError, r"the cycle"),
    (lambda: PathModel(("X",), (), (path("X", "Z"),)), ModelError, r"X -> Z uses 'Z'"),
    (lambda: PathModel(("X",), (), (covariance("X"), covariance("X"))), ModelError, r"X <-> X is in the table twice"),
    (lambda: path("X", "Y", lower=2, upper=1), ModelError, r"bounds of X -> Y are \[2.0, 1.0\]"),
    (lambda: path("X", "Y", fixed=math.nan), ModelError, r"fixed value of X -> Y is nan"),
    (lambda: PathModel(("X",), (), (covariance("X", fixed=2),)).to_amasem(), ModelError, r"variance of 'X' is fixed"),
    (lambda: PathModel.from_amasem(AMASEM.parse("X").do("X")), ModelError, r"'X' is set by an intervention"),
]

FITS: list[Case] = [
    (lambda: fit("X -> Y"), ModelError, r"expected an AMASEM or a PathModel, got str"),
    (lambda: fit(data=np.eye(3)), DataError, r"expected a data frame in memory, got ndarray"),
    (lambda: fit(AMASEM.parse("X -> Q")), DataError, r"no variable 'Q'; they have X, M, Y"),
    (lambda: fit(AMASEM.parse("x -> Q"), frame()), DataError, r"no column 'Q'; it has x"),
    (lambda: fit(AMASEM.parse("X -> Y").do("X")), ModelError, r"'X' is set by an intervention"),
    (lambda: fit(PathModel(("X",), (), (covariance("X", fixed=1),))), FitError, r"no free parameters"),
    (lambda: fit(starts=0), FitError, r"starts is 0"),
    (lambda: fit(optimiser="adam"), FitError, r"'adam' is no optimiser: pass FisherScoring\(\)"),
    (lambda: fit(optimiser=sn.FisherScoring(tolerance=-1.0)), FitError, r"tolerance.*must be positive"),
    (
        lambda: fit(AMASEM.parse("a -> b"), Moments.from_covariance(np.ones((2, 2)), AB, 9)),
        DataError,
        r"singular: b depend",
    ),
    (lambda: sn.fit_many(AMASEM.parse("X -> Y"), []), DataError, r"no samples to stack"),
    (lambda: sn.load("nowhere/at/all"), FileError, r"cannot read the saved fit: .*all\.json"),
]

EFFECTS: list[Case] = [
    (lambda: fitted().effect("X", "Q"), FitError, r"no variable 'Q'; it has X, M, Y"),
    (lambda: fitted().effect("X", "X"), FitError, r"two variables, got 'X' twice"),
    (lambda: fitted().effect("X", "Y", kind="mediated"), FitError, r"kind is 'mediated'"),  # type: ignore[arg-type]
    (lambda: fitted().effect("X", "Y", avoiding=["Q"]), FitError, r"no variable 'Q'"),
    (lambda: fitted().effect("X", "Y", avoiding=["X"]), FitError, r"include the source or the target"),
    (lambda: fitted().effect("X", "Y", kind="direct", avoiding=["M"]), FitError, r"passes through no variable"),
    (lambda: fitted().effect("X", "Y", level=95), FitError, r"the level is 95"),
    (lambda: fitted().effect("X", "Y", level=math.nan), FitError, r"the level is nan"),
    (lambda: fitted().do({}), FitError, r"at least one variable"),
    (lambda: fitted().do({"Q": 1.0}), FitError, r"no visible variable 'Q' to set; it has X, M, Y"),
    (lambda: fitted().do({"X": math.inf}), FitError, r"'X' is set to inf"),
]

GROUPS = {
    "graph": GRAPHS,
    "structure": STRUCTURES,
    "table": TABLES,
    "matrix": MATRICES,
    "model": MODELS,
    "fit": FITS,
    "effect": EFFECTS,
}
CASES = [pytest.param(*case, id=f"{name}-{i}") for name, cases in GROUPS.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("call", "error", "told"), CASES)
def test_wrong_input_is_named(call: Callable[[], Any], error: type[sn.SemnanError], told: str) -> None:
    with pytest.raises(error, match=told) as caught:
        call()
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
