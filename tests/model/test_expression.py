"""Arithmetic on labels: values, linear forms, text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import ModelError
from semnan.model import Constraint
from semnan.model.expression import (
    FUNCTIONS,
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    affine,
    evaluate,
    names,
)

A, B, TWO = Name("a"), Name("b"), Number(2)
VALUES = {"a": 3.0, "b": -0.5}
EXPRESSIONS: list[tuple[Expression, str, float]] = [
    (Binary(A, "+", Binary(B, "*", TWO)), "a + b * 2", 2.0),
    (Binary(Binary(A, "+", B), "*", TWO), "(a + b) * 2", 5.0),
    (Binary(A, "-", Binary(B, "-", TWO)), "a - (b - 2)", 5.5),
    (Binary(Binary(A, "/", TWO), "/", B), "a / 2 / b", -3.0),
    (Binary(A, "^", Binary(TWO, "^", B)), "a ^ 2 ^ b", 3.0 ** (2.0**-0.5)),
    (Binary(Binary(A, "^", TWO), "^", B), "(a ^ 2) ^ b", 1 / 3),
    (Negative(Binary(A, "^", TWO)), "-a ^ 2", -9.0),
    (Binary(Negative(A), "^", TWO), "(-a) ^ 2", 9.0),
    (Binary(Number(-2), "^", TWO), "(-2) ^ 2", 4.0),
    (Negative(Number(2)), "-(2)", -2.0),
    (Negative(Negative(A)), "--a", 3.0),
    (Call("exp", Binary(A, "*", B)), "exp(a * b)", math.exp(-1.5)),
    (Number(0.1), "0.1", 0.1),
]


@pytest.mark.parametrize(("expression", "text", "value"), EXPRESSIONS, ids=[text for _, text, _ in EXPRESSIONS])
def test_text_and_value(expression: Expression, text: str, value: float) -> None:
    assert str(expression) == text
    assert evaluate(expression, VALUES, FUNCTIONS) == pytest.approx(value, rel=1e-15)


LINEAR: list[tuple[Expression, tuple[dict[str, float], float] | None]] = [
    (Binary(Binary(TWO, "*", A), "-", Binary(B, "/", TWO)), ({"a": 2.0, "b": -0.5}, 0.0)),
    (Negative(Binary(Binary(A, "+", TWO), "*", TWO)), ({"a": -2.0}, -4.0)),
    (Binary(Binary(A, "^", Number(1)), "+", Call("sqrt", Number(4))), ({"a": 1.0}, 2.0)),
    (Binary(TWO, "^", Number(3)), ({}, 8.0)),
    (Binary(A, "*", B), None),
    (Binary(TWO, "/", A), None),
    (Binary(A, "^", TWO), None),
    (Binary(TWO, "^", A), None),
    (Binary(TWO, "+", Call("exp", A)), None),
    (Negative(Call("exp", A)), None),
]


@pytest.mark.parametrize(("expression", "form"), LINEAR)
def test_linear_forms(expression: Expression, form: tuple[dict[str, float], float] | None) -> None:
    assert affine(expression) == form


@given(st.floats(-9, 9), st.floats(-9, 9))
def test_a_linear_form_has_the_value_of_the_expression(a: float, b: float) -> None:
    for expression, form in LINEAR:
        if form is not None:
            value = evaluate(expression, {"a": a, "b": b}, FUNCTIONS)
            assert value == pytest.approx(form[1] + sum(form[0][n] * {"a": a, "b": b}[n] for n in form[0]), abs=1e-12)


WITHOUT_VALUE: list[tuple[Expression, str]] = [
    (Binary(A, "/", Number(0)), "divides by zero"),
    (Call("log", Number(0)), "log\\(0\\) has no value"),
    (Call("exp", Number(1e9)), "has no value"),
    (Binary(Number(1e300), "^", TWO), "has no finite value"),
    (Binary(Number(0), "^", Number(-1)), "has no finite value"),
    (Binary(Number(-1), "^", Number(0.5)), "is not a real number"),
]


@pytest.mark.parametrize(("expression", "told"), WITHOUT_VALUE)
def test_arithmetic_without_a_value_is_told(expression: Expression, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        affine(expression)


def test_names_come_once() -> None:
    assert names(Binary(Call("exp", B), "+", Binary(A, "*", Negative(B)))) == ("b", "a")


def test_the_zero_of_a_constraint() -> None:
    assert str(Constraint(A, "<", B).zero) == "a - b"
    assert str(Constraint(A, ">", B).zero) == "b - a"
    assert Constraint(A, "==", Number(0)).zero == A


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(ModelError, match="'=' is no constraint: use ==, < or >"):
        Constraint(A, "=", B)
    with pytest.raises(ModelError, match="has the number nan: it has to be finite"):
        Number(math.nan)
