"""`Analysis`: a model at random points, which every criterion reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from semnan.graph import AMASEM
from semnan.identification.covariance_form import covariance_form
from semnan.identification.equality import rational_point
from semnan.identification.equations import Symbols
from semnan.identification.expression import Expression
from semnan.identification.formula import Formula
from semnan.identification.local import Draw, draws
from semnan.identification.modular import Residues, product, residue, unit_inverse
from semnan.identification.query import Query
from semnan.identification.structure import Part, Structure
from semnan.model import PathModel, as_model


@final
@dataclass(frozen=True, eq=False)
class Point:
    """A draw with its matrices over all variables, numbered parents first, and over the visibles in model order.

    Attributes
    ----------
    draw : Draw
    weights, change : array
        W, and its derivative along a random direction of the fibre.
    total, total_change : array
        (I − W)⁻¹ and its derivative.
    covariance : array
        Of all variables.
    sigma, direct : array, shape (p, p)
        Covariance of the visibles, and the weights between them.

    """

    draw: Draw
    weights: Residues
    change: Residues
    total: Residues
    total_change: Residues
    covariance: Residues
    sigma: Residues
    direct: Residues

    @classmethod
    def of(cls, draw: Draw, part: Part) -> Point:
        state, change = draw.states[draw.structure.parts.index(part)], draw.change(part)
        moved = product(product(state.total, change, draw.prime), state.total, draw.prime)
        shown = np.ix_(draw.structure.visible, draw.structure.visible)
        covariance, direct = state.covariance, state.weights[shown]
        return cls(draw, state.weights, change, state.total, moved, covariance, covariance[shown], direct)

    @property
    def prime(self) -> int:
        return self.draw.prime


@final
class Analysis:
    """What is known about the effects of a model: random points, and the edges solved so far."""

    def __init__(self, graph: AMASEM | PathModel, group: str | None = None, seed: int = 0) -> None:
        self.structure = Structure.of(covariance_form(as_model(graph)))
        self.group = group
        self.part = self.structure.part(group)
        self.points = tuple(Point.of(draw, self.part) for draw in draws(self.structure, seed))
        self.names = self.structure.model.visibles
        self.tables: dict[Any, Residues] = {}
        self.pairs: dict[int, Any] = {}
        self.shown = {place: k for k, place in enumerate(self.structure.visible.tolist())}

    @cached_property
    def covariance_only(self) -> bool:
        """Whether the covariance of the visibles is all that the model is about, so that formulas in it make sense."""
        model = self.structure.model
        return not (model.groups or model.has_means or model.exogenous)

    def changes(self, query: Query) -> bool:
        """Whether the effect changes along the fibre: the local verdict."""
        found = {self._change(query, point) != 0 for point in self.points}
        return True in found

    def _change(self, query: Query, point: Point) -> int:
        a, b = self.ends(query)
        if query.function is not None:
            f = self.polynomial(query, self.symbols(point))
            theta, move = point.draw.theta.tolist(), point.draw.direction.tolist()
            values = dict(enumerate(theta))
            along: int = sum(f.slope(k)(values, point.prime) * move[k] for k in f.variables)
            return along % point.prime
        if query.kind == "direct":
            return int(point.change[a, b])
        if not query.avoiding:
            return int(point.total_change[a, b])
        weights, change = self.cut(point.weights, query), self.cut(point.change, query)
        total = unit_inverse(weights, point.prime)
        return int(product(product(total, change, point.prime), total, point.prime)[a, b])

    def value(self, query: Query, point: Point) -> int:
        """The effect at a point."""
        a, b = self.ends(query)
        if query.function is not None:
            values = dict(enumerate(point.draw.theta.tolist()))
            found: int = self.polynomial(query, self.symbols(point))(values, point.prime)
            return found
        if query.kind == "direct":
            return int(point.weights[a, b])
        return int(self.total(query, point)[a, b])

    def total(self, query: Query, point: Point) -> Residues:
        """Total effects at a point, along paths that avoid what the query does."""
        return point.total if not query.avoiding else unit_inverse(self.cut(point.weights, query), point.prime)

    def ends(self, query: Query) -> tuple[int, int]:
        """Places of source and target among all variables."""
        return self.structure.place.get(query.source, -1), self.structure.place.get(query.target, -1)

    def visible_ends(self, query: Query) -> tuple[int, int] | None:
        """Places of source and target among the visibles, if both are visible."""
        a, b = (self.shown.get(end) for end in self.ends(query))
        return None if a is None or b is None else (a, b)

    def cut(self, weights: NDArray[Any], query: Query) -> NDArray[Any]:
        """The weights without those into the avoided variables."""
        out = weights.copy()
        out[:, self.avoided(query)] = 0
        return out

    def avoided(self, query: Query) -> list[int]:
        """Places of the avoided variables."""
        return [self.structure.place[name] for name in query.avoiding]

    def symbols(self, point: Point, known: dict[int, Any] | None = None) -> Symbols:
        """The model in polynomials modulo the prime of a point."""
        return Symbols(self.structure, self.part, lambda x: residue(x, point.prime), known or {})

    def polynomial(self, query: Query, symbols: Symbols) -> Any:
        """The effect as a polynomial in the parameters."""
        a, b = self.ends(query)
        if query.function is not None:
            names = self.structure.names
            return symbols.lifted(query.function({(names[i], names[j]): w for (i, j), w in symbols.weights.items()}))
        if query.kind == "direct":
            return symbols.weights.get((a, b), symbols.lifted(0))
        return symbols.total(a, b, frozenset(self.avoided(query)))

    @cached_property
    def edges(self) -> dict[tuple[int, int], int]:
        """Edges between visibles, by their places, with the number of the free parameter, or −1."""
        paths = self.part.paths
        rows = zip(paths.first.tolist(), paths.second.tolist(), paths.slot.tolist(), strict=True)
        return {(self.shown[a], self.shown[b]): k for a, b, k in rows if a in self.shown and b in self.shown}

    @cached_property
    def rational(self) -> tuple[list[list[Any]], NDArray[Any]]:
        """Σ of the visibles at a point of small whole parameters, and the point."""
        s = self.structure
        theta = rational_point(s.equalities, np.random.default_rng(1).integers(1, 90, s.size).tolist())
        weights = s.weights(self.part, theta, _whole)
        total = power = np.eye(len(s.names), dtype=int).astype(object)
        while (power := power @ weights).any():
            total = total + power
        shown = total[:, s.visible]
        sigma = shown.T @ s.omega(self.part, theta, _whole) @ shown
        return sigma.tolist(), theta

    def holds(self, query: Query, expression: Expression) -> bool:
        """Whether an expression in Σ is the effect: replayed at the points of two prime fields and in rationals."""
        formula = Formula(expression, self.names)
        try:
            if any(formula.modulo(p.sigma, p.prime) != self.value(query, p) for p in self.points):
                return False
            sigma, theta = self.rational
            symbols = Symbols(self.structure, self.part, Fraction, dict(enumerate(theta)))
            return bool(formula.exact(sigma) == self.polynomial(query, symbols).terms.get((), 0))
        except ZeroDivisionError:
            return False

    def is_root(self, query: Query, coefficients: Sequence[Expression]) -> bool:
        """Whether the effect is a root of the monic polynomial with these coefficients, at the random points."""
        if len(coefficients) == 1:
            return self.holds(query, -coefficients[0])
        formulas = [Formula(c, self.names) for c in coefficients]
        try:
            for point in self.points:
                t, value = self.value(query, point), 1
                for c in reversed(formulas):
                    value = (value * t + c.modulo(point.sigma, point.prime)) % point.prime
                if value:
                    return False
        except ZeroDivisionError:
            return False
        return True


def _whole(value: float) -> Fraction | int:
    """A number exactly, as an int if it is one."""
    return int(value) if value == int(value) else Fraction(value)
