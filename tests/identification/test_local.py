"""The local verdict against ranks in floating point, and its invariances."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan import AMASEM, PathModel
from semnan.identification import LocalIdentification, Status, identify_all
from semnan.identification.real import RealModel
from semnan.identification.structure import Structure

from ..strategies import amasems

TEXTS = [
    "f =~ x1 + x2 + x3 + x4\n g =~ y1 + y2 + y3\n g ~ f",
    "f =~ x1 + x2\n g =~ x3 + x4\n f ~~ g",
    "f =~ x1 + x2\n g =~ x3 + x4\n f ~~ 0*g",
    "y ~ m + x\n m ~ x\n m ~~ y",
    "i =~ 1*t1 + 1*t2 + 1*t3\n s =~ 0*t1 + 1*t2 + 2*t3",
    "f =~ a*x1 + a*x2 + a*x3\n f ~~ 1*f",
]


@pytest.mark.parametrize("text", TEXTS)
def test_parameters_against_a_singular_value_decomposition(text: str) -> None:
    model = PathModel.from_lavaan(text)
    found = LocalIdentification.of(model)
    real = RealModel.of(Structure.of(model), np.random.default_rng(0))
    jacobian = real.jacobian(real.random(np.random.default_rng(1)))
    assert found.rank == np.linalg.matrix_rank(jacobian, tol=1e-9)
    _, _, rows = np.linalg.svd(jacobian)
    null = rows[found.rank :]
    np.testing.assert_array_equal(found.parameters, np.abs(null).max(axis=0, initial=0) < 1e-7)


def test_the_jacobian_against_differences() -> None:
    model = PathModel.from_lavaan(TEXTS[0], meanstructure=True)
    real = RealModel.of(Structure.of(model), np.random.default_rng(0))
    theta = real.random(np.random.default_rng(1))
    steps = 1e-6 * np.eye(len(theta))
    differences = [(real.moments(theta + h) - real.moments(theta - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(real.jacobian(theta), np.array(differences).T, atol=1e-8)


def test_groups_and_means() -> None:
    """Latent means need equal intercepts in the groups, and then all but the first are known."""
    free = "f =~ x1 + x2 + x3\n f ~ c(0, NA)*1"
    groups = {"groups": ("a", "b"), "meanstructure": True}
    open_means = LocalIdentification.of(PathModel.from_lavaan(free, **groups))
    assert "1 -> f [b]" in open_means.unidentified
    equal = PathModel.from_lavaan(free, **groups, group_equal=("loadings", "intercepts"))
    assert LocalIdentification.of(equal).unidentified == ()


def test_exogenous_covariates_are_known() -> None:
    model = PathModel.from_lavaan("y ~ x + z", fixed_x=True)
    found = LocalIdentification.of(model)
    assert found.unidentified == ()
    assert found.rank == len(model.free)


def test_functions_by_gradient() -> None:
    model = PathModel.from_lavaan("f =~ NA*x1 + x2 + x3\n f ~~ f")
    found = LocalIdentification.of(model)
    names = [free.name for free in model.free]
    at = {name: names.index(f"f -> {name}") for name in ("x1", "x2")}

    def ratio(point: object) -> np.ndarray:
        """Of two loadings, times the square of the second: λ₁' λ₂ − λ₁ λ₂'."""
        theta = point.theta  # type: ignore[attr-defined]
        gradient = np.zeros((2, len(names)), dtype=np.int64)
        gradient[0, at["x1"]] = theta[at["x2"]]
        gradient[0, at["x2"]] = -theta[at["x1"]] % point.prime  # type: ignore[attr-defined]
        gradient[1, at["x1"]] = 1
        return gradient

    assert found.functions(ratio).tolist() == [True, False]


def known(graph: AMASEM) -> set[tuple[str, str, str]]:
    found = identify_all(graph)
    return {(v.query.kind, v.query.source, v.query.target) for v in found if v.status is not Status.NOT_IDENTIFIED}


@settings(max_examples=25)
@given(amasems(5), st.randoms(use_true_random=False))
def test_names_and_their_order_do_not_matter(graph: AMASEM, random: object) -> None:
    order = list(graph.visibles)
    random.shuffle(order)  # type: ignore[attr-defined]
    other = AMASEM(tuple(order), graph.latents[::-1], graph.edges)
    first = {(v.query.kind, str(v.query)): (v.status, v.solutions) for v in identify_all(graph)}
    second = {(v.query.kind, str(v.query)): (v.status, v.solutions) for v in identify_all(other)}
    assert first == second


@settings(max_examples=25)
@given(amasems(5))
def test_a_margin_never_identifies_more(graph: AMASEM) -> None:
    """Total effects that the margin identifies are identified in the whole graph: one more measured variable helps."""
    if len(graph.visibles) < 3:
        return
    found = known(graph)
    for gone in graph.visibles:
        margin = graph.marginalize(gone).graph
        total = {key for key in known(margin) if key[0] == "total"}
        assert total <= found | {key for key in total if key[1:] not in {k[1:] for k in pairs(graph)}}


def pairs(graph: AMASEM) -> set[tuple[str, str, str]]:
    """All total effects that are not zero by the graph."""
    return {("total", a, b) for a in graph.visibles for b in graph.descendants(a) if a != b}


@settings(max_examples=25)
@given(amasems(4), st.data())
def test_one_more_measured_child_harms_nothing(graph: AMASEM, data: st.DataObject) -> None:
    parents = data.draw(st.lists(st.sampled_from([*graph.visibles, *graph.confounders]), unique=True))
    edges = [*graph.edges, *((a, "new") for a in parents), ("e_new", "new")]
    wider = AMASEM((*graph.visibles, "new"), (*graph.latents, "e_new"), frozenset(edges))
    assert known(graph) <= known(wider)


def test_chains_of_any_length() -> None:
    names = [f"v{i}" for i in range(60)]
    graph = AMASEM.from_edges(list(pairwise(names)))
    found = LocalIdentification.of(graph)
    assert found.direct().all()
    assert found.total().all()
