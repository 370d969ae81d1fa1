"""AMASEM to path model and back."""

import pytest
from hypothesis import given

from semnan import AMASEM, ModelError, Parameter, PathModel, covariance, path
from semnan.model import Kind, as_model, intercept
from tests.strategies import amasems


def free_of_arrows(graph: AMASEM) -> bool:
    return not any("->" in name for name in (*graph.visibles, *graph.latents))


@given(amasems(odd=True).filter(free_of_arrows))
def test_a_graph_is_compiled_row_by_row(graph: AMASEM) -> None:
    model = PathModel.from_amasem(graph)
    paths = [(row.source, row.target) for row in model.parameters if row.kind is Kind.PATH]
    assert paths == [(a, b) for a, b in graph.ordered_edges if a not in graph.latents or a in graph.confounders]
    variances = {row.source: row for row in model.parameters if row.kind is Kind.COVARIANCE}
    assert set(variances) == {v for v, private in graph.private.items() if private} | set(graph.confounders)
    assert all(variances[u].fixed == 1 for u in graph.confounders)
    assert all(row.lower == 0 and row.fixed is None for v, row in variances.items() if v in graph.visibles)
    assert len(model.free) == len(model.parameters) - len(graph.confounders)


@given(amasems(odd=True).filter(free_of_arrows))
def test_a_compiled_graph_compiles_to_itself_again(graph: AMASEM) -> None:
    model = PathModel.from_amasem(graph)
    again = model.to_amasem()
    assert again.to_mixed() == graph.to_mixed()
    assert again.confounders == graph.confounders
    assert PathModel.from_amasem(again) == model


def test_private_latents_of_any_name_become_a_variance() -> None:
    graph = AMASEM.parse("latent noise; noise -> X; X -> Y")
    model = PathModel.from_amasem(graph)
    assert [free.name for free in model.free] == ["X -> Y", "X <-> X", "Y <-> Y"]
    assert model.to_amasem() == AMASEM.parse("X -> Y")


def test_noiseless_visibles_have_no_variance() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; noiseless X")
    assert PathModel.from_amasem(graph).to_amasem() == graph


def test_an_intervened_graph_is_not_compiled() -> None:
    with pytest.raises(ModelError, match="'X' is set by an intervention"):
        PathModel.from_amasem(AMASEM.parse("X -> Y").do("X"))


def test_names_with_arrows_that_make_two_rows_one_are_refused() -> None:
    graph = AMASEM.parse('A -> "B -> C"; "A -> B" -> C')
    with pytest.raises(ModelError, match="2 rows are written 'A -> B -> C': rename"):
        PathModel.from_amasem(graph)


X, Y = covariance("X"), covariance("Y")
U = covariance("U", fixed=1.0)
NO_AMASEM: list[tuple[tuple[str, ...], tuple[Parameter, ...], str]] = [
    ((), (X, Y, intercept("X")), "'X' has an intercept"),
    ((), (path("X", "Y", fixed=2), X, Y), "X -> Y is fixed, tied or bounded"),
    ((), (path("X", "Y", lower=0), X, Y), "X -> Y is fixed, tied or bounded"),
    ((), (path("X", "Y", label="v"), covariance("X", label="v"), Y), "X -> Y is fixed, tied or bounded"),
    ((), (covariance("X", "Y"), X, Y), "X <-> Y is a covariance; draw a confounder"),
    ((), (covariance("X", fixed=1), Y), "the variance of 'X' is fixed"),
    ((), (covariance("X", lower=0.1), Y), "the variance of 'X' is .*bounded away from zero"),
    ((), (covariance("X", upper=9), Y), "the variance of 'X' is .*bounded"),
    ((), (X,), "the visible 'Y' has no latent parent"),
    (("U",), (path("U", "X"), path("X", "Y"), X, Y), "the latent 'U' has no variance; fix it to 1"),
    (("U",), (path("U", "X"), covariance("U"), X, Y), "the latent 'U' is not fixed to 1"),
    (("U",), (path("X", "U"), path("U", "Y"), U, X, Y), "the latent 'U' has the parent 'X'"),
    (("U",), (U, X, Y), "the latent 'U' has no visible descendant"),
]


@pytest.mark.parametrize(("latents", "rows", "told"), NO_AMASEM)
def test_what_an_amasem_does_not_have_is_named(
    latents: tuple[str, ...], rows: tuple[Parameter, ...], told: str
) -> None:
    model = PathModel(("X", "Y"), latents, rows)
    with pytest.raises(ModelError, match=f"this model is no AMASEM: .*{told}"):
        model.to_amasem()


def test_as_model_takes_both_and_nothing_else() -> None:
    graph = AMASEM.parse("X -> Y")
    model = PathModel.from_amasem(graph)
    assert as_model(graph) == model
    assert as_model(model) is model
    with pytest.raises(ModelError, match="expected an AMASEM or a PathModel, got str"):
        as_model("X -> Y")  # type: ignore[arg-type]


def test_a_model_with_covariates_is_no_amasem() -> None:
    model = PathModel(("X", "Y"), (), (path("X", "Y"), Y), exogenous=("X",))
    with pytest.raises(ModelError, match="it has groups, exogenous covariates or constraints"):
        model.to_amasem()
