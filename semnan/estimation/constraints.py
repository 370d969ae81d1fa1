"""The constraints of a model, sorted: linear equalities, and all the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.estimation.functions import Functions
from semnan.estimation.space import Space
from semnan.model import Constraint, PathModel
from semnan.model.expression import Binary, Call, Expression, Name, Negative, Number, affine
from semnan.network.arrays import Array


@final
@dataclass(frozen=True)
class Constraints:
    """What restricts θ besides bounds.

    Attributes
    ----------
    space : Space or None
        The solutions of the linear equalities.
    functions : Functions or None
        All other constraints, with those bounds that the equalities move to other parameters.
    equality : array of bool, shape (k,)
        Which of these are equalities.
    lower, upper : array, shape (r,)
        Bounds of the coordinates.
    equalities : Functions or None
        All equalities, linear or not: what lowers the number of parameters.

    """

    space: Space | None
    functions: Functions | None
    equality: Array
    lower: Array
    upper: Array
    equalities: Functions | None

    @classmethod
    def of(cls, model: PathModel) -> Constraints:
        """Sort the constraints of a model."""
        lower = np.array([free.lower for free in model.free], dtype=float)
        upper = np.array([free.upper for free in model.free], dtype=float)
        if not model.constraints:
            return cls(None, None, np.zeros(0, dtype=np.bool_), lower, upper, None)
        linear = [c for c in model.constraints if _is_linear(model, c)]
        others = [(c.zero, c.operator == "==") for c in model.constraints if c not in linear]
        space = _space(model, linear) if linear else None
        if space is not None:
            others += [(bound, False) for bound in _moved(model, space)]
            lower, upper = lower[space.kept], upper[space.kept]
        equal = [c.zero for c in model.constraints if c.operator == "=="]
        return cls(
            space,
            Functions(model, [part for part, _ in others]) if others else None,
            np.array([same for _, same in others], dtype=np.bool_),
            lower,
            upper,
            Functions(model, equal) if equal else None,
        )


def _is_linear(model: PathModel, constraint: Constraint) -> bool:
    return constraint.operator == "==" and affine(_inlined(model, constraint.zero)) is not None


def _inlined(model: PathModel, expression: Expression) -> Expression:
    """The expression with defined parameters written out."""
    if isinstance(expression, Name):
        found = next((d.expression for d in model.defined if d.name == expression.name), None)
        return expression if found is None else _inlined(model, found)
    if isinstance(expression, Binary):
        return Binary(_inlined(model, expression.left), expression.operator, _inlined(model, expression.right))
    if isinstance(expression, Negative):
        return Negative(_inlined(model, expression.inner))
    return Call(expression.function, _inlined(model, expression.inner)) if isinstance(expression, Call) else expression


def _space(model: PathModel, linear: list[Constraint]) -> Space:
    place = {free.name: k for k, free in enumerate(model.free)}
    fixed = {row.label: row.fixed for row in model.parameters if row.label and row.fixed is not None}
    rows = np.zeros((len(linear), len(place)))
    constants = np.zeros(len(linear))
    for i, constraint in enumerate(linear):
        form = affine(_inlined(model, constraint.zero))
        assert form is not None
        constants[i] = form[1]
        for name, value in form[0].items():
            if name in fixed:
                constants[i] += value * float(fixed[name] or 0.0)
            else:
                rows[i, place[name]] += value
    return Space.solve(rows, constants)


def _moved(model: PathModel, space: Space) -> list[Expression]:
    """The bounds of parameters that the equalities eliminated, as expressions that are at most zero."""
    kept = set(space.kept.tolist())
    found: list[Expression] = []
    for k, free in enumerate(model.free):
        if k in kept:
            continue
        if free.lower > float("-inf"):
            found.append(Binary(Number(free.lower), "-", Name(free.name)))
        if free.upper < float("inf"):
            found.append(Binary(Name(free.name), "-", Number(free.upper)))
    return found
