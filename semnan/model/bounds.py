"""Inequalities of one label and a number are bounds of its rows; all others stay constraints."""

from __future__ import annotations

import math
from collections.abc import Iterable

from semnan.errors import ModelError
from semnan.model.expression import Constraint, Name, affine, names
from semnan.model.syntax import TextError
from semnan.model.table import Entry


def bound_labels(constraints: Iterable[tuple[Constraint, int]], entries: list[Entry]) -> tuple[Constraint, ...]:
    """Turn ``label < number`` and its like into bounds, and return the other constraints."""
    labelled: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.label is not None:
            labelled.setdefault(entry.label, []).append(entry)
    kept = []
    for constraint, at in constraints:
        name, below, number = _plain(constraint, at)
        if name is None or name not in labelled:
            kept.append(constraint)
        else:
            _bound(labelled[name], below, number, constraint, at)
    return tuple(kept)


def _plain(constraint: Constraint, at: int) -> tuple[str | None, bool, float]:
    """The label, whether it is below the number, and the number; no label for any other constraint."""
    left, right, below = constraint.left, constraint.right, constraint.operator == "<"
    if not isinstance(left, Name):
        left, right, below = right, left, not below
    if constraint.operator == "==" or not isinstance(left, Name) or names(right):
        return None, below, 0.0
    try:
        form = affine(right)
    except ModelError as error:
        raise TextError(at, str(error)) from None
    assert form is not None
    if not math.isfinite(form[1]):
        raise TextError(at, f"`{constraint}` has the number {form[1]}: it has to be finite")
    return left.name, below, form[1]


def _bound(entries: list[Entry], below: bool, number: float, constraint: Constraint, at: int) -> None:
    for entry in entries:
        if entry.fixed is not None:
            if entry.fixed > number if below else entry.fixed < number:
                raise TextError(at, f"`{constraint}` is about a parameter that is fixed to {entry.fixed:g}")
        elif below:
            entry.upper = min(entry.upper, number)
        else:
            entry.lower = max(entry.lower, number)
