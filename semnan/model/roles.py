"""Which part every variable of a model text plays, in lavaan's order of variables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import final

from semnan.model.reader import Row


@final
@dataclass(frozen=True)
class Roles:
    """The variables of a text, sorted by what it says about them.

    Attributes
    ----------
    latents : tuple of str
        On the left of ``=~``.
    visibles : tuple of str
        All others: first indicators, then dependent variables, covariates, and those in ``~~`` or ``~1`` alone.
    covariates : tuple of str
        Visibles that are only on the right of ``~``.
    independent : tuple of str
        Latents that neither measure a latent nor depend on anything.
    dependent_latents, dependent_visibles : tuple of str
        Those on the left of ``~`` that predict and measure nothing.

    """

    latents: tuple[str, ...]
    visibles: tuple[str, ...]
    covariates: tuple[str, ...]
    independent: tuple[str, ...]
    dependent_latents: tuple[str, ...]
    dependent_visibles: tuple[str, ...]

    @property
    def dependent(self) -> tuple[str, ...]:
        return self.dependent_latents + self.dependent_visibles


def ordered(rows: Sequence[Row]) -> list[Row]:
    """The rows with every covariance turned so that its first variable comes first in lavaan's order."""
    place = {name: i for i, name in enumerate((*_latents(rows), *_visibles(rows)))}
    return [
        replace(row, lhs=row.rhs, rhs=row.lhs) if row.op == "~~" and place[row.lhs] > place[row.rhs] else row
        for row in rows
    ]


def roles_of(rows: Sequence[Row]) -> Roles:
    """Sort the variables of rows that are `ordered`: turning a covariance may change the order of visibles."""
    latents, visibles = _latents(rows), _visibles(rows)
    measured, dependent = _named(rows, "=~", "rhs"), _named(rows, "~", "lhs")
    predicts = _named(rows, "~", "rhs")
    mentioned = {*_named(rows, "~~", "lhs"), *_named(rows, "~~", "rhs"), *_named(rows, "~1", "lhs")}
    covariates = _without(predicts, {*latents, *measured, *dependent, *mentioned})
    independent = _without(latents, {*measured, *dependent})
    ends = set(_without(dependent, {*measured, *predicts}))
    return Roles(
        latents=tuple(latents),
        visibles=tuple(visibles),
        covariates=tuple(covariates),
        independent=tuple(independent),
        dependent_latents=tuple(name for name in latents if name in ends),
        dependent_visibles=tuple(name for name in visibles if name in ends),
    )


def _latents(rows: Sequence[Row]) -> list[str]:
    return _named(rows, "=~", "lhs")


def _visibles(rows: Sequence[Row]) -> list[str]:
    sorts = [("=~", "rhs"), ("~", "lhs"), ("~", "rhs"), ("~~", "lhs"), ("~~", "rhs"), ("~1", "lhs"), ("|", "lhs")]
    names = (name for op, side in sorts for name in _named(rows, op, side))
    return _without(dict.fromkeys(names), set(_latents(rows)))


def _named(rows: Sequence[Row], op: str, side: str) -> list[str]:
    """The variables on one side of an operator, each once."""
    return list(dict.fromkeys(getattr(row, side) for row in rows if row.op == op))


def _without(names: Iterable[str], others: set[str]) -> list[str]:
    return [name for name in names if name not in others]
