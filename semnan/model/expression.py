"""Arithmetic on labels: what defined parameters and constraints are made of. A tree, evaluated without `eval`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from semnan.errors import ModelError

#: Functions an expression may call, by name.
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
}
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


@final
@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ModelError(f"an expression has the number {self.value}: it has to be finite")

    def __str__(self) -> str:
        return number_text(self.value)


@final
@dataclass(frozen=True)
class Name:
    """A label, or the name of a defined parameter."""

    name: str

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True)
class Negative:
    """Minus an expression."""

    inner: Expression

    def __str__(self) -> str:
        # A minus right before digits is a part of the number.
        return f"-({self.inner})" if isinstance(self.inner, Number) else f"-{_within(self.inner, 3)}"


@final
@dataclass(frozen=True)
class Binary:
    """Two expressions joined by ``+ - * / ^``."""

    left: Expression
    operator: str
    right: Expression

    def __str__(self) -> str:
        strength = _STRENGTH[self.operator]
        first, second = (strength + 1, strength) if self.operator == "^" else (strength, strength + 1)
        return f"{_within(self.left, first)} {self.operator} {_within(self.right, second)}"


@final
@dataclass(frozen=True)
class Call:
    """One of `FUNCTIONS` of an expression."""

    function: str
    inner: Expression

    def __str__(self) -> str:
        return f"{self.function}({self.inner})"


Expression = Number | Name | Negative | Binary | Call


def _within(inner: Expression, strength: int) -> str:
    """In parentheses where the surroundings bind at least as strongly."""
    own = _STRENGTH[inner.operator] if isinstance(inner, Binary) else 3 if isinstance(inner, Negative) else 5
    negative = isinstance(inner, Number) and inner.value < 0
    return f"({inner})" if own < strength or negative else str(inner)


def number_text(value: float) -> str:
    """The shortest text that reads as this number again."""
    return repr(float(value)).removesuffix(".0")


def names(expression: Expression) -> tuple[str, ...]:
    """The names an expression uses, each once."""
    if isinstance(expression, Name):
        return (expression.name,)
    if isinstance(expression, Binary):
        return tuple(dict.fromkeys((*names(expression.left), *names(expression.right))))
    return () if isinstance(expression, Number) else names(expression.inner)


def evaluate(expression: Expression, values: Mapping[str, Any], functions: Mapping[str, Callable[[Any], Any]]) -> Any:
    """The value of an expression at these values, which may be numbers or tensors."""
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return values[expression.name]
    if isinstance(expression, Negative):
        return -evaluate(expression.inner, values, functions)
    if isinstance(expression, Call):
        return functions[expression.function](evaluate(expression.inner, values, functions))
    left, right = (evaluate(part, values, functions) for part in (expression.left, expression.right))
    return _apply(expression.operator, left, right)


def _apply(operator: str, left: Any, right: Any) -> Any:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    return left / right if operator == "/" else left**right


def affine(expression: Expression) -> tuple[dict[str, float], float] | None:
    """Coefficients and constant of an expression that is linear in its names; None if it is not."""
    if isinstance(expression, Number):
        return {}, expression.value
    if isinstance(expression, Name):
        return {expression.name: 1.0}, 0.0
    if isinstance(expression, Negative):
        inner = affine(expression.inner)
        return None if inner is None else _scaled(inner, -1.0)
    if isinstance(expression, Call):
        return _called(expression)
    left, right = affine(expression.left), affine(expression.right)
    return None if left is None or right is None else _joined(expression.operator, left, right)


Affine = tuple[dict[str, float], float]


def _scaled(form: Affine, by: float) -> Affine:
    return {name: by * value for name, value in form[0].items()}, by * form[1]


def _called(call: Call) -> Affine | None:
    inner = affine(call.inner)
    if inner is None or inner[0]:
        return None
    try:
        return {}, FUNCTIONS[call.function](inner[1])
    except (ValueError, OverflowError):
        raise ModelError(f"{call} has no value") from None


def _joined(operator: str, left: Affine, right: Affine) -> Affine | None:
    if operator in "+-":
        other = _scaled(right, 1.0 if operator == "+" else -1.0)
        return {n: left[0].get(n, 0.0) + other[0].get(n, 0.0) for n in {**left[0], **other[0]}}, left[1] + other[1]
    if operator == "*" and not left[0]:
        return _scaled(right, left[1])
    if right[0]:
        return None
    if operator == "*":
        return _scaled(left, right[1])
    if operator == "/":
        if right[1] == 0:
            raise ModelError("an expression divides by zero")
        return _scaled(left, 1 / right[1])
    return _power(left, right[1])


def _power(left: Affine, exponent: float) -> Affine | None:
    if left[0]:
        return left if exponent == 1 else None
    try:
        value = left[1] ** exponent
    except (OverflowError, ZeroDivisionError):
        raise ModelError(f"{left[1]:g} ^ {exponent:g} has no finite value") from None
    if isinstance(value, complex):
        raise ModelError(f"{left[1]:g} ^ {exponent:g} is not a real number")
    return {}, value


@final
@dataclass(frozen=True)
class Defined:
    """A defined parameter, ``name := expression``."""

    name: str
    expression: Expression

    def __str__(self) -> str:
        return f"{self.name} := {self.expression}"


@final
@dataclass(frozen=True)
class Constraint:
    """``left == right``, ``left < right`` or ``left > right``."""

    left: Expression
    operator: str
    right: Expression

    def __post_init__(self) -> None:
        if self.operator not in ("==", "<", ">"):
            raise ModelError(f"{self.operator!r} is no constraint: use ==, < or >")

    @property
    def zero(self) -> Expression:
        """The expression that a constraint holds at zero, or at most at zero."""
        first, second = (self.right, self.left) if self.operator == ">" else (self.left, self.right)
        return first if second == Number(0.0) else Binary(first, "-", second)

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"
