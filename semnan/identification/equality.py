"""Linear equality constraints between the parameters of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import ModelError
from semnan.identification.modular import Residues, residue
from semnan.model import PathModel
from semnan.model.expression import Expression, affine


@final
@dataclass(frozen=True)
class Equality:
    """Σ c_k θ_k + constant = 0, with the coefficients by number of the free parameter."""

    coefficients: dict[int, float]
    constant: float


def equalities(model: PathModel) -> tuple[Equality, ...]:
    """The equality constraints of a model.

    Raises
    ------
    ModelError
        If one is not linear.

    """
    found = []
    for constraint in model.constraints:
        if constraint.operator == "==":
            form = _form(model, constraint.zero)
            if form is None:
                raise ModelError(f"identification knows linear equalities only: leave {constraint} out")
            found.append(Equality({k: c for k, c in form[0].items() if c}, form[1]))
    return tuple(found)


def _form(model: PathModel, expression: Expression) -> tuple[dict[int, float], float] | None:
    """Coefficients by free parameter and constant; defined parameters are written out."""
    said = affine(expression)
    if said is None:
        return None
    slots = {free.name: k for k, free in enumerate(model.free)}
    defined = {d.name: d.expression for d in model.defined}
    coefficients, constant = dict[int, float](), said[1]
    for name, c in said[0].items():
        inner = ({slots[name]: 1.0}, 0.0) if name in slots else _form(model, defined[name])
        if inner is None:
            return None
        constant += c * inner[1]
        for k, d in inner[0].items():
            coefficients[k] = coefficients.get(k, 0.0) + c * d
    return coefficients, constant


def exact_rows(found: Sequence[Equality], size: int, prime: int) -> tuple[Residues, Residues]:
    """Coefficients, shape (k, q), and constants modulo a prime."""
    rows = np.zeros((len(found), size), dtype=np.int64)
    for i, equality in enumerate(found):
        for k, c in equality.coefficients.items():
            rows[i, k] = residue(c, prime)
    return rows, np.array([residue(e.constant, prime) for e in found], dtype=np.int64)


def real_rows(found: Sequence[Equality], size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients, shape (k, q), and constants."""
    rows = np.zeros((len(found), size))
    for i, equality in enumerate(found):
        for k, c in equality.coefficients.items():
            rows[i, k] = c
    return rows, np.array([e.constant for e in found], dtype=np.float64)


def rational_point(found: Sequence[Equality], start: Sequence[int]) -> NDArray[Any]:
    """A parameter vector near whole numbers that meets the equalities exactly, in Python's own numbers."""
    theta: list[Any] = list(start)
    solved: list[tuple[int, dict[int, Fraction], Fraction]] = []
    for equality in found:
        row, constant = {k: Fraction(c) for k, c in equality.coefficients.items()}, Fraction(equality.constant)
        for pivot, other, shift in solved:
            factor = row.pop(pivot, Fraction(0))
            for k, c in other.items():
                row[k] = row.get(k, Fraction(0)) + factor * c
            constant += factor * shift
        row = {k: c for k, c in row.items() if c}
        if row:
            pivot = max(row)
            scale = -1 / row.pop(pivot)
            solved.append((pivot, {k: c * scale for k, c in row.items()}, constant * scale))
    for pivot, row, constant in reversed(solved):
        theta[pivot] = constant + sum((c * theta[k] for k, c in row.items()), start=Fraction(0))
    return np.array([*theta, None], dtype=object)[:-1]
