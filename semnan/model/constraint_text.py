"""Constraints in words: ``a == b; c > 0``."""

from __future__ import annotations

from dataclasses import replace

from semnan.errors import ModelError
from semnan.model.expression import Constraint
from semnan.model.path_model import PathModel


def read_constraints(model: PathModel, text: str) -> tuple[Constraint, ...]:
    """Constraints on the labels and defined parameters of a model.

    Raises
    ------
    ModelError
        For a text that is no constraint, with line and column, or a name that the model does not have.

    """
    from semnan.model.reader import read  # It imports lark, which most fits do not need.
    from semnan.model.syntax import TextError, located

    try:
        found = read(text)
    except TextError as fault:
        raise located(text, fault) from None
    if found.rows or found.defined:
        raise ModelError("only constraints go here, as in 'a == b; c == 0': leave out other formulas")
    constraints = tuple(constraint for constraint, _ in found.constraints)
    return replace(model, constraints=constraints).constraints
