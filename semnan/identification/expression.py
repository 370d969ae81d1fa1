"""Formulas: small expression trees in the entries of Σ, evaluated in any arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, final


class Arithmetic(Protocol):
    """Where a formula is evaluated: the entries of Σ and what to do with them."""

    def entry(self, i: int, j: int) -> Any: ...
    def constant(self, value: Fraction) -> Any: ...
    def reduce(self, value: Any) -> Any: ...
    def divide(self, a: Any, b: Any) -> Any: ...
    def solve(self, matrix: list[list[Any]], right: list[Any]) -> list[Any]: ...


class _Node:
    """What all expressions share: arithmetic by operators, with zeros and ones simplified away."""

    __slots__ = ()

    def __add__(self, other: Any) -> Any:
        return add(self, other)

    __radd__ = __add__

    def __neg__(self) -> Any:
        return multiply(-1, self)

    def __sub__(self, other: Any) -> Any:
        return add(self, multiply(-1, other))

    def __rsub__(self, other: Any) -> Any:
        return add(other, multiply(-1, self))

    def __mul__(self, other: Any) -> Any:
        return multiply(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return divide(self, other)


@final
@dataclass(frozen=True, eq=False)
class Constant(_Node):
    """A number."""

    value: Fraction


@final
@dataclass(frozen=True, eq=False)
class Entry(_Node):
    """The covariance of two visibles, by their places."""

    i: int
    j: int


@final
@dataclass(frozen=True, eq=False)
class Partial(_Node):
    """The covariance of two visibles given others: Σ_ij − Σ_iW Σ_WW⁻¹ Σ_Wj."""

    i: int
    j: int
    given: tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Sum(_Node):
    """A sum of expressions."""

    terms: tuple[Expression, ...]


@final
@dataclass(frozen=True, eq=False)
class Product(_Node):
    """A product of two expressions."""

    left: Expression
    right: Expression


@final
@dataclass(frozen=True, eq=False)
class Quotient(_Node):
    """A quotient of expressions."""

    above: Expression
    below: Expression


@final
@dataclass(frozen=True, eq=False)
class System:
    """A system of linear equations with a unique solution."""

    matrix: tuple[tuple[Expression, ...], ...]
    right: tuple[Expression, ...]


@final
@dataclass(frozen=True, eq=False)
class Solution(_Node):
    """A component of the solution of a system."""

    system: System
    index: int


Expression = Constant | Entry | Partial | Sum | Product | Quotient | Solution
ZERO, ONE = Constant(Fraction(0)), Constant(Fraction(1))


def lift(value: Any) -> Expression:
    """A number as an expression; an expression as it is."""
    return value if isinstance(value, _Node) else Constant(Fraction(value))  # type: ignore[return-value]


def add(a: Any, b: Any) -> Expression:
    first, second = lift(a), lift(b)
    if isinstance(first, Constant) and isinstance(second, Constant):
        return Constant(first.value + second.value)
    if isinstance(first, Constant) and first.value == 0:
        return second
    if isinstance(second, Constant) and second.value == 0:
        return first
    left = first.terms if isinstance(first, Sum) else (first,)
    return Sum((*left, *(second.terms if isinstance(second, Sum) else (second,))))


def multiply(a: Any, b: Any) -> Expression:
    a, b = lift(a), lift(b)
    if isinstance(b, Constant):
        a, b = b, a
    if not isinstance(a, Constant):
        return Product(a, b)
    if isinstance(b, Constant):
        return Constant(a.value * b.value)
    if a.value == 0:
        return ZERO
    if isinstance(b, Product) and isinstance(b.left, Constant):
        return multiply(a.value * b.left.value, b.right)
    return b if a.value == 1 else Product(a, b)


def divide(a: Any, b: Any) -> Expression:
    a, b = lift(a), lift(b)
    return a if isinstance(b, Constant) and b.value == 1 else Quotient(a, b)


def covariance(i: int, j: int, given: Sequence[int] = ()) -> Expression:
    """The covariance of two visibles, given others if there are any."""
    i, j = sorted((i, j))
    return Partial(i, j, tuple(sorted(given))) if given else Entry(i, j)


def solution(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Expression]:
    """The components of the solution of a square system."""
    if len(right) == 1:
        return [divide(right[0], matrix[0][0])]
    rows = tuple(tuple(lift(x) for x in row) for row in matrix)
    system = System(rows, tuple(lift(x) for x in right))
    return [Solution(system, k) for k in range(len(right))]


def evaluate(expression: Expression, at: Arithmetic, memo: dict[int, Any] | None = None) -> Any:
    """The value of an expression; what occurs more than once is computed once."""
    memo = {} if memo is None else memo
    if id(expression) not in memo:
        memo[id(expression)] = _value(expression, at, memo)
    return memo[id(expression)]


def _value(e: Expression, at: Arithmetic, memo: dict[int, Any]) -> Any:
    match e:
        case Constant(value):
            return at.constant(value)
        case Entry(i, j):
            return at.entry(i, j)
        case Partial(i, j, given):
            return _partial(i, j, given, at)
        case Sum(terms):
            return at.reduce(sum(evaluate(term, at, memo) for term in terms))
        case Product(left, right):
            return at.reduce(evaluate(left, at, memo) * evaluate(right, at, memo))
        case Quotient(above, below):
            return at.divide(evaluate(above, at, memo), evaluate(below, at, memo))
        case Solution(system, index):
            return _solved(system, at, memo)[index]


def _partial(i: int, j: int, given: tuple[int, ...], at: Arithmetic) -> Any:
    matrix = [[at.entry(a, b) for b in given] for a in given]
    slopes = at.solve(matrix, [at.entry(a, j) for a in given])
    return at.reduce(at.entry(i, j) - sum(at.entry(i, a) * b for a, b in zip(given, slopes, strict=True)))


def _solved(system: System, at: Arithmetic, memo: dict[int, Any]) -> list[Any]:
    if id(system) not in memo:
        matrix = [[evaluate(x, at, memo) for x in row] for row in system.matrix]
        memo[id(system)] = at.solve(matrix, [evaluate(x, at, memo) for x in system.right])
    found: list[Any] = memo[id(system)]
    return found
