"""Models as text: what is printed is read as the same model."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from semnan import AMASEM, ModelError, Parameter, PathModel, covariance, path
from semnan.model import Constraint, Defined, Kind, intercept
from semnan.model.expression import Binary, Expression, Name, Negative, Number
from semnan.model.lavaan import compile_text
from semnan.model.to_text import model_text

from .texts import expressions, models, texts

X, Y, Z = covariance("X"), covariance("Y"), covariance("Z")


def reread(model: PathModel) -> PathModel:
    return compile_text(model_text(model), function="lavaan", groups=model.groups)


def unordered(model: PathModel, *, zeros: bool = True) -> tuple[Any, ...]:
    """What a model says, whatever the order of its variables and rows. Fixed rows have no bounds nor start."""
    rows = {_turned(row) for row in model.parameters if zeros or row.fixed != 0}
    names = (frozenset(model.visibles), frozenset(model.latents), frozenset(model.exogenous))
    return rows, names, model.groups, model.defined, model.constraints


def _turned(row: Parameter) -> Parameter:
    if row.kind is Kind.COVARIANCE:
        return replace(row, source=min(row.source, row.target), target=max(row.source, row.target))
    return row


@given(models())
def test_a_printed_model_is_read_as_itself(model: PathModel) -> None:
    again = reread(model)
    assert unordered(again) == unordered(model)
    assert unordered(reread(again)) == unordered(model)


@given(texts(), st.sampled_from(["sem", "cfa", "growth", "lavaan"]), st.sampled_from([(), ("A", "B")]))
def test_a_compiled_text_is_printed_and_read_as_itself(text: str, function: str, groups: tuple[str, ...]) -> None:
    try:
        model = compile_text(text, function=function, groups=groups)
    except ModelError:
        assume(False)
    again = reread(model)
    # With "lavaan", a root without a variance is written with the variance zero.
    assert unordered(again, zeros=function != "lavaan") == unordered(model, zeros=function != "lavaan")
    assert unordered(reread(again)) == unordered(again)


@given(expressions(["a", "b.1", "β"]))
def test_arithmetic_is_printed_and_read_as_itself(expression: Expression) -> None:
    model = compile_text(f"y ~ a*x + b.1*z + β*w\nq := {expression}")
    assert model.defined == (Defined("q", expression),)


def test_numbers_are_kept_to_the_last_digit() -> None:
    values = (0.1, 1 / 3, 1e-300, 1e300, -2.0, 5e-324)
    rows = tuple(path(f"x{i}", "Y", fixed=value) for i, value in enumerate(values))
    model = PathModel(("Y", *(row.source for row in rows)), (), (*rows, Y), exogenous=tuple(r.source for r in rows))
    assert reread(model) == replace(model, visibles=model.visibles)
    assert "0.1*x0 + 0.3333333333333333*x1 + 1e-300*x2 + 1e+300*x3 + -2*x4 + 5e-324*x5" in model_text(model)


def test_long_formulas_are_broken_into_lines() -> None:
    rows = [path("F", f"indicator_{i}", loading=True) for i in range(40)]
    model = PathModel(tuple(row.target for row in rows), ("F",), (*rows, covariance("F", fixed=1.0)))
    lines = model_text(model).splitlines()
    assert lines[1].startswith("    + indicator_")
    assert max(map(len, lines)) <= 101
    assert unordered(reread(model)) == unordered(model)


OTHER_WORDS: list[tuple[PathModel, str]] = [
    (PathModel(("X", "Y"), (), (path("X", "Y"), Y)), "Y ~ X\nY ~~ Y\nX ~~ 0*X\n"),
    (PathModel(("X", "Y"), (), (Y,)), "Y ~~ Y\nX ~~ 0*X\n"),
    (PathModel(("X", "Y"), ("U",), (path("U", "X"), path("U", "Y"), X)), "U =~ X + Y\nX ~~ X\n"),
    (PathModel(("X",), ("U",), (path("X", "U"), X, covariance("U"))), "U ~ X\nX ~~ X\nU ~~ U\nU =~ 0\n"),
    (
        PathModel(("X", "Y"), (), (path("X", "Y", fixed=1, start=2, lower=0), X, Y)),
        "Y ~ 1*X\nX ~~ X\nY ~~ Y\n",
    ),
    (
        PathModel(
            ("X", "Y"),
            (),
            (*(replace(row, group=g) for g in "AB" for row in (X, Y)), path("X", "Y", label="b", group="B")),
            groups=("A", "B"),
        ),
        'X ~~ X\nY ~~ Y\nY ~ c(0, NA)*X + c("", "b")*X\n',
    ),
    (
        PathModel(
            ("X", "Y"), (), (path("X", "Y", label="b"), X, Y), constraints=(Constraint(Name("b"), ">", Number(2)),)
        ),
        "Y ~ b*X\nX ~~ X\nY ~~ Y\nb > 2\n",
    ),
]


@pytest.mark.parametrize(("model", "text"), OTHER_WORDS)
def test_what_the_language_has_no_words_for_is_the_same_model_in_other_words(model: PathModel, text: str) -> None:
    assert model_text(model) == text
    compile_text(text, function="lavaan", groups=model.groups)


def test_a_graph_goes_through_text() -> None:
    graph = AMASEM.parse("latent U, V; U -> X, Y; V -> Y, Z; X -> Y; noiseless Y")
    assert reread(PathModel.from_amasem(graph)).to_amasem() == graph


NOT_WRITABLE: list[tuple[PathModel, str]] = [
    (PathModel(("a b",), (), (covariance("a b"),)), "the variable 'a b' cannot be written"),
    (PathModel(("_x",), (), (covariance("_x"),)), "the variable '_x' cannot be written"),
    (PathModel(("TRUE",), (), (covariance("TRUE"),)), "the variable 'TRUE' cannot be written"),
    (PathModel(("X",), (), (covariance("X", label="\"a'"),)), "the label .* cannot be written"),
    (PathModel(("X",), (), (covariance("X", label="a\nb"),)), "the label .* cannot be written"),
    (PathModel(("X", "Z"), (), (X,), exogenous=("Z",)), "the covariate 'Z' has no path"),
    (
        PathModel(("X", "Y"), (), (X, Y), defined=(Defined("q", Name("X <-> X")),)),
        "'X <-> X' cannot be written in arithmetic: give that parameter a label",
    ),
    (
        PathModel(("X",), (), (covariance("X", label="a"),), defined=(Defined("a b", Name("a")),)),
        "'a b' cannot be written in arithmetic",
    ),
    (
        PathModel(
            ("X",),
            (),
            (covariance("X", label="a b"),),
            constraints=(Constraint(Negative(Name("a b")), "<", Binary(Number(1), "-", Number(3))),),
        ),
        "'a b' cannot be written in arithmetic",
    ),
]


@pytest.mark.parametrize(("model", "told"), NOT_WRITABLE)
def test_what_cannot_be_written_is_named(model: PathModel, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        model_text(model)


def test_models_have_their_text() -> None:
    model = PathModel(("X", "Y"), (), (path("X", "Y"), X, Y, intercept("Y")))
    assert model.to_text() == "Y ~ X\nX ~~ X\nY ~~ Y\nY ~ 1\n"
    assert PathModel.from_lavaan(model.to_text(), function="lavaan") == replace(model, visibles=("Y", "X"))
