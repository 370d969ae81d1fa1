"""`Target`: the one number that a question is about, a parameter or an effect, as a smooth function of θ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import final

import torch

from semnan.effects.effect import Kind, check_effect
from semnan.errors import FitError
from semnan.estimation.estimate import place_of
from semnan.estimation.functions import Functions
from semnan.identification.query import read_query
from semnan.model import Defined, Parameter, PathModel, variables
from semnan.model import Kind as Sort
from semnan.model.expression import Binary, Expression, Name, Number
from semnan.network.arrays import Array

NOTHING, ONE = Number(0.0), Number(1.0)


@final
@dataclass(frozen=True, eq=False)
class Target:
    """A parameter, a defined parameter or an effect of a model.

    Attributes
    ----------
    name : str
        What it is called in words.
    model : PathModel
        The model with what the expression needs among its defined parameters; its free parameters are the same.
    expression : Expression
    parameter : int or None
        Its place among the free parameters, if it is one of them.
    edge : (str, str) or None
        Of an effect, from where to where.

    """

    name: str
    model: PathModel
    expression: Expression
    parameter: int | None
    edge: tuple[str, str] | None

    @classmethod
    def of(
        cls,
        model: PathModel,
        what: str | tuple[str, str],
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] | str = (),
        group: str | None = None,
    ) -> Target:
        """Read a question.

        Parameters
        ----------
        model : PathModel
        what : str or (str, str)
            A label, a defined parameter, a covariance ``"X <-> Y"``, an intercept ``"1 -> X"``; or an effect
            ``"X -> Y"`` of the given kind.
        kind : "total", "direct" or "indirect"
        avoiding : str or iterable of str
        group : str, optional
            Of effects in a model with several groups.

        Raises
        ------
        FitError, ModelError
            For what the model does not have, or a constant.

        """
        own = None if isinstance(what, tuple) else _parameter(model, what)
        if own is not None:
            return own
        query = read_query(what, "total", avoiding, variables(model))
        check_effect(model, query.source, query.target, query.avoiding, kind, 0.5)
        place_of(model, group)
        made = _Paths.of(model, group, query.avoiding).effect(query.source, query.target, kind)
        name = f"{kind} effect {query}" + ("" if group is None else f" in {group}")
        ends = query.source, query.target
        return cls._checked(name, replace(model, defined=(*model.defined, *made[0])), made[1], ends)

    @classmethod
    def _checked(
        cls, name: str, model: PathModel, expression: Expression, edge: tuple[str, str] | None = None
    ) -> Target:
        names = [free.name for free in model.free]
        at = names.index(expression.name) if isinstance(expression, Name) and expression.name in names else None
        found = cls(name, model, expression, at, edge)
        probe = torch.full((1, len(names)), 0.7, dtype=torch.float64)
        if not found.functions.jacobian(probe).any():
            raise FitError(f"the {name} is a constant of the model: there is nothing to bound")
        return found

    @property
    def functions(self) -> Functions:
        """The number itself, as the only one of its functions."""
        return Functions(self.model, [self.expression])

    def minus(self, value: float) -> Expression:
        """An expression that is zero where the number has this value."""
        return Binary(self.expression, "-", Number(value))

    def value(self, theta: Array) -> Array:
        """At parameters of shape (B, q): shape (B,)."""
        return self.functions.value(torch.tensor(theta)).numpy()[..., 0]

    def slope(self, theta: Array) -> Array:
        """Gradients, shape (B, q)."""
        return self.functions.jacobian(torch.tensor(theta)).numpy()[..., 0, :]


def _parameter(model: PathModel, what: str) -> Target | None:
    """What is no effect: a label, a defined parameter, a covariance or an intercept."""
    if not isinstance(what, str):
        raise FitError(f"got {what!r}: name a parameter, or an effect as 'X -> Y'")
    text = what.strip()
    labels = {row.label for row in model.parameters if row.label} | {item.name for item in model.defined}
    free = {row.name for row in model.parameters if row.fixed is None and (row.kind is not Sort.PATH)}
    if text in labels | free:
        return Target._checked(text, model, Name(text))
    if "->" in text and "<->" not in text:
        return None
    known = sorted(labels | {one.name for one in model.free})
    raise FitError(f"the model has no parameter {text!r}; it has {', '.join(known)}, and effects such as 'X -> Y'")


@final
@dataclass(frozen=True, eq=False)
class _Paths:
    """The edges of one group, by target."""

    order: tuple[str, ...]
    into: dict[str, list[Parameter]]

    @classmethod
    def of(cls, model: PathModel, group: str | None, avoiding: tuple[str, ...]) -> _Paths:
        into: dict[str, list[Parameter]] = {}
        for row in model.parameters:
            if row.kind is Sort.PATH and row.group == group and row.target not in avoiding:
                into.setdefault(row.target, []).append(row)
        return cls(tuple(variables(model)), into)

    def effect(self, source: str, target: str, kind: Kind) -> tuple[tuple[Defined, ...], Expression]:
        """An effect as an expression, and the steps that it takes."""
        direct = next((_weight(row) for row in self.into.get(target, []) if row.source == source), NOTHING)
        if kind == "direct":
            return (), direct
        steps, total = self._total(source, target)
        return steps, total if kind == "total" else Binary(total, "-", direct)

    def _total(self, source: str, target: str) -> tuple[tuple[Defined, ...], Expression]:
        """T[s, v] = Σ_p T[s, p] W[p, v], one defined parameter a variable: no path is written out twice."""
        reached: dict[str, Expression] = {source: ONE}
        steps: list[Defined] = []
        for name in self.order:
            rows = [row for row in self.into.get(name, []) if row.source in reached]
            if name == source or not rows:
                continue
            terms = [_times(reached[row.source], _weight(row)) for row in rows]
            found = reduce(lambda a, b: Binary(a, "+", b), terms)
            if not isinstance(found, Name):
                steps.append(Defined(f"effect of {source} on {name}", found))
                found = Name(steps[-1].name)
            reached[name] = found
            if name == target:
                break
        return tuple(steps), reached.get(target, NOTHING)


def _weight(row: Parameter) -> Expression:
    return Name(row.name) if row.fixed is None else Number(row.fixed)


def _times(left: Expression, right: Expression) -> Expression:
    return right if left == ONE else Binary(left, "*", right)
