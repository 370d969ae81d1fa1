"""Formulas as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import final

from semnan.identification.expression import (
    Constant,
    Entry,
    Expression,
    Partial,
    Product,
    Quotient,
    Solution,
    Sum,
    System,
)

#: How tightly the parts of a formula bind: sums, products, atoms.
_SUM, _PRODUCT, _ATOM = 0, 1, 2


#: Longer formulas are not written out.
LONGEST = 20_000


def write(expression: Expression, names: Sequence[str], *, latex: bool = False) -> str:
    """An expression in text or LaTeX; linear systems it needs follow after "where"."""
    if (terms := _length(expression, {})) > LONGEST:
        return f"a formula of {terms} terms: call it on a covariance"
    writer = _Writer(tuple(names), latex)
    text = writer.expression(expression, _SUM)
    if not writer.solved:
        return text
    if latex:
        return text + r", \quad " + r", \quad ".join(rf"x^{{({k})}} = {s}" for k, s in enumerate(writer.solved, 1))
    return f"{text} where " + ", ".join(f"x{k} = {s}" for k, s in enumerate(writer.solved, 1))


@final
@dataclass
class _Writer:
    """Writes a tree; `solved` holds the linear systems met so far, each once, those that others need first."""

    names: tuple[str, ...]
    latex: bool
    solved: list[str] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)

    def expression(self, e: Expression, strength: int) -> str:
        text, own = self._written(e)
        if own >= strength:
            return text
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def _written(self, e: Expression) -> tuple[str, int]:
        match e:
            case Constant(value):
                return self._number(value)
            case Entry(i, j):
                return self._covariance(i, j, ()), _ATOM
            case Partial(i, j, given):
                return self._covariance(i, j, given), _ATOM
            case Sum(terms):
                texts = [self.expression(term, _SUM) for term in terms]
                rest = (f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in texts[1:])
                return texts[0] + "".join(rest), _SUM
            case Product(left, right):
                return self._product(left, right)
            case Quotient(above, below):
                if self.latex:
                    return rf"\frac{{{self.expression(above, _SUM)}}}{{{self.expression(below, _SUM)}}}", _ATOM
                return f"{self.expression(above, _PRODUCT)} / {self.expression(below, _ATOM)}", _PRODUCT
            case Solution(system, index):
                number = self._system(system)
                return (f"x^{{({number})}}_{{{index + 1}}}" if self.latex else f"x{number}[{index + 1}]"), _ATOM

    def _product(self, left: Expression, right: Expression) -> tuple[str, int]:
        if isinstance(left, Constant) and left.value == -1:
            return f"-{self.expression(right, _PRODUCT)}", _SUM
        dot = r" \, " if self.latex else " * "
        second = _PRODUCT if self.latex or not isinstance(right, Quotient) else _ATOM
        return f"{self.expression(left, _PRODUCT)}{dot}{self.expression(right, second)}", _PRODUCT

    def _number(self, value: Fraction) -> tuple[str, int]:
        plain = value.denominator == 1
        text = rf"\frac{{{value.numerator}}}{{{value.denominator}}}" if self.latex and not plain else str(value)
        return text, _SUM if value < 0 else _ATOM if plain or self.latex else _PRODUCT

    def _covariance(self, i: int, j: int, given: tuple[int, ...]) -> str:
        a, b, *rest = (_escaped(self.names[k]) if self.latex else self.names[k] for k in (i, j, *given))
        if self.latex:
            bar = rf" \cdot {', '.join(rest)}" if rest else ""
            return rf"\sigma_{{{a}, {b}{bar}}}"
        bar = f" | {', '.join(rest)}" if rest else ""
        return f"var({a}{bar})" if i == j else f"cov({a}, {b}{bar})"

    def _system(self, system: System) -> int:
        """The number of a system, which is written out at its first mention."""
        if id(system) not in self.numbers:
            cell, line = (" & ", r" \\ ") if self.latex else (", ", "; ")
            rows = line.join(cell.join(self.expression(x, _SUM) for x in row) for row in system.matrix)
            right = line.join(self.expression(x, _SUM) for x in system.right)
            if self.latex:
                left, tail = r"\begin{pmatrix} ", r" \end{pmatrix}"
                self.solved.append(f"{left}{rows}{tail}^{{-1}} {left}{right}{tail}")
            else:
                self.solved.append(f"[{rows}]⁻¹ [{right}]")
            self.numbers[id(system)] = len(self.solved)
        return self.numbers[id(system)]


def _length(e: Expression, memo: dict[int, int]) -> int:
    """The number of terms a formula would have in writing."""
    if id(e) not in memo:
        match e:
            case Sum(terms):
                parts: tuple[Expression, ...] = terms
            case Product(left, right) | Quotient(left, right):
                parts = (left, right)
            case Solution(system, _):
                parts = (*(x for row in system.matrix for x in row), *system.right)
            case _:
                parts = ()
        memo[id(e)] = 1 + sum(_length(part, memo) for part in parts)
    return memo[id(e)]


def _escaped(name: str) -> str:
    """A name as LaTeX text."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    letters = (special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in name)
    return rf"\text{{{''.join(letters)}}}"
