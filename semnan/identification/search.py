"""From a query to a formula: every criterion in turn, the plainest first."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import numpy as np

from semnan.identification.analysis import Analysis
from semnan.identification.edges import extend, solve_edges
from semnan.identification.edgewise import Solved
from semnan.identification.elimination import count_values
from semnan.identification.equations import Symbols
from semnan.identification.expression import Expression, lift
from semnan.identification.instruments import instrument
from semnan.identification.macaulay import eliminant
from semnan.identification.nonparametric import nonparametric
from semnan.identification.query import Query
from semnan.identification.trek_separation import trek_separation

NAME = "exact elimination"
#: Exact elimination is tried up to this number of visibles. Up to five it decides; beyond, as far as its work goes.
LARGEST = 12


@final
@dataclass(frozen=True, eq=False)
class Found:
    """What a search ends with.

    Attributes
    ----------
    solutions : int or None
        The number of values, if it was counted.
    method : str
    expression : Expression or None
        The effect in Σ, if it has one value and a formula was found.

    """

    solutions: int | None
    method: str
    expression: Expression | None = None


@final
class Search:
    """The search for formulas of the effects of one model."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis

    @cached_property
    def solved(self) -> Solved:
        return solve_edges(self.analysis)

    def find(self, query: Query) -> Found:
        """A formula for an effect that is locally identified, or the number of its values."""
        for method in (self._known, self._instrument, self._by_paths, self._minors, self._nonparametric):
            found = method(query)
            if found is not None:
                return Found(1, found[1], found[0])
        return self._eliminate(query)

    def _known(self, query: Query) -> tuple[Expression, str] | None:
        """Zero, fixed, or an edge that is solved."""
        if all(self.analysis.value(query, point) == 0 for point in self.analysis.points):
            return lift(0), "no directed path" if query.kind == "total" else "no edge"
        ends = self.analysis.visible_ends(query)
        if query.kind == "direct" and ends in self.solved.expressions:
            return self.solved.expressions[ends], self.solved.methods[ends]
        return None

    def _instrument(self, query: Query) -> tuple[Expression, str] | None:
        found = None if query.kind == "direct" else instrument(self.analysis, query)
        return found if found is None or self.analysis.holds(query, found[0]) else None

    def _by_paths(self, query: Query) -> tuple[Expression, str] | None:
        """A polynomial in edges that are solved, such as the sum over the paths of a total effect."""
        analysis = self.analysis
        if self._unsolved(query):
            return None
        symbols = Symbols(analysis.structure, analysis.part, Fraction, self._expressions)
        expression = lift(analysis.polynomial(query, symbols).terms.get((), 0))
        return (expression, "sum over paths of solved edges") if analysis.holds(query, expression) else None

    def _unsolved(self, query: Query) -> bool:
        """Whether some weight that the effect depends on has no formula."""
        analysis, point = self.analysis, self.analysis.points[0]
        solved = set(self._expressions)
        if query.function is not None:
            return not analysis.polynomial(query, analysis.symbols(point)).variables <= solved
        paths, (x, y) = analysis.part.paths, analysis.ends(query)
        total = analysis.total(query, point)
        on_path = (total[x, paths.first] != 0) & (total[paths.second, y] != 0) & (paths.slot >= 0)
        on_path &= ~np.isin(paths.second, analysis.avoided(query))
        if query.kind == "direct":
            on_path = (paths.first == x) & (paths.second == y) & (paths.slot >= 0)
        return not set(paths.slot[on_path].tolist()) <= solved

    def _minors(self, query: Query) -> tuple[Expression, str] | None:
        return None if query.kind == "direct" else trek_separation(self.analysis, self.solved, query)

    def _nonparametric(self, query: Query) -> tuple[Expression, str] | None:
        found = nonparametric(self.analysis, query)
        return found if found is None or self.analysis.holds(query, found[0]) else None

    @property
    def _expressions(self) -> dict[int, Expression]:
        edges = self.analysis.edges
        return {edges[edge]: e for edge, e in self.solved.expressions.items() if edges[edge] >= 0}

    def _eliminate(self, query: Query) -> Found:
        if len(self.analysis.names) > LARGEST:
            return Found(None, f"no criterion applies; exact elimination stops at {LARGEST} visibles")
        known, ends = tuple(sorted(self._expressions)), self.analysis.visible_ends(query)
        count = count_values(self.analysis, query, known)
        if count is None:
            return Found(None, "exact elimination was stopped: the system is too large")
        if count > 1:
            return Found(count, NAME)
        coefficients = self.polynomial(query, 1)
        if not coefficients:
            return Found(1, f"{NAME}: one value, but no formula of moderate size")
        if query.kind == "direct" and ends in self.analysis.edges:
            self.solved.add(ends, -coefficients[0], NAME)
            extend(self.analysis, self.solved)
        return Found(1, NAME, -coefficients[0])

    def polynomial(self, query: Query, values: int) -> tuple[Expression, ...]:
        """c₀ … c_{k−1} of the monic polynomial that an effect of k values is a root of; empty if none is found."""
        known = tuple(sorted(self._expressions))
        return tuple(eliminant(self.analysis, query, self.solved, known, values) or ())
