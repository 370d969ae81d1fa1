"""From a query to a formula: every criterion in turn, the plainest first."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import numpy as np

from semnan.identification.analysis import Analysis
from semnan.identification.covariance_form import of_group
from semnan.identification.edges import extend, solve_edges
from semnan.identification.edgewise import Edge, Solved
from semnan.identification.elimination import count_values
from semnan.identification.equations import Symbols
from semnan.identification.expression import Constant, Expression, evaluate, lift
from semnan.identification.instruments import instrument
from semnan.identification.macaulay import eliminant
from semnan.identification.measurement import NAME as INDICATORS
from semnan.identification.measurement import Measurement, measure
from semnan.identification.nonparametric import nonparametric
from semnan.identification.query import Query
from semnan.identification.trek_separation import trek_separation
from semnan.identification.two_step import NAME as TWO_STEP
from semnan.identification.two_step import Composed, structural_model
from semnan.identification.unit_variance import NAME as SIGN
from semnan.identification.unit_variance import error_variance, with_markers

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

    @cached_property
    def alone(self) -> Search:
        """The search in what the model says about the covariance of the group alone."""
        return Search(Analysis(of_group(self.analysis.structure.model, self.analysis.group)))

    @cached_property
    def measured(self) -> Measurement:
        """What indicators tell about latents."""
        return measure(self.analysis)

    @cached_property
    def second(self) -> Search | None:
        """The search in the structural model, where latents are measured."""
        model = structural_model(self.analysis, self.measured)
        return None if model is None else Search(Analysis(model))

    def find(self, query: Query) -> Found:
        """A formula for an effect that is locally identified, or the number of its values."""
        return self.formula(query) or self._up_to_sign(query) or self._eliminate(query)

    def glance(self, query: Query, work: int) -> Found:
        """As `find`, but elimination only counts, and stops after so many term operations."""
        found = self.formula(query) or self._up_to_sign(query)
        if found is not None:
            return found
        count = count_values(self.analysis, query, tuple(sorted(self._expressions)), work)
        return Found(count, NAME if count is not None else "no criterion applies, and elimination was stopped")

    def formula(self, query: Query) -> Found | None:
        """A formula from the first criterion that has one."""
        criteria = (self._known, self._instrument, self._two_step, self._by_paths, self._minors, self._nonparametric)
        for criterion in criteria:
            found = criterion(query)
            if found is not None:
                return Found(1, found[1], found[0])
        return None

    def _known(self, query: Query) -> tuple[Expression, str] | None:
        """Zero, fixed, or an edge that is solved."""
        if all(self.analysis.value(query, point) == 0 for point in self.analysis.points):
            return lift(0), "no directed path" if query.kind == "total" else "no edge"
        ends = self.analysis.visible_ends(query)
        if query.kind == "direct" and ends in self.solved.expressions:
            return self.solved.expressions[ends], self.solved.methods[ends]
        found = self._of_latents.get(self.analysis.ends(query)) if query.kind == "direct" else None
        return found if found is None or self.analysis.holds(query, found[0]) else None

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

    def _two_step(self, query: Query) -> tuple[Expression, str] | None:
        """A formula in the structural model, with what is known of the covariances of latents put in."""
        if self.second is None or query.function is not None or not self._is_structural(query, self.second):
            return None
        found = self.second.formula(query)
        if found is None or found.expression is None:
            return None
        expression = self._composed(self.second, found.expression)
        return (expression, f"{TWO_STEP}, {found.method}") if self.analysis.holds(query, expression) else None

    @cached_property
    def _marked(self) -> tuple[Search, dict[str, float]] | None:
        """The search with loadings fixed in the place of variances, and these."""
        found = with_markers(self.analysis.structure.model)
        return None if found is None else (Search(Analysis(found[0])), found[1])

    def _up_to_sign(self, query: Query) -> Found | None:
        """Two values, where the square of the effect has a formula."""
        found = self._square(query)
        return None if found is None else Found(2, f"{SIGN}, {found[1]}")

    def _square(self, query: Query) -> tuple[Expression, str] | None:
        """A formula for the square of an effect of or on latents that their variance scales."""
        if self._marked is None or query.function is not None or not {query.source, query.target} & {*self._marked[1]}:
            return None
        other, scales = self._marked
        found = other.formula(query)
        source, target = other._squared_scale(query.source, scales), other._squared_scale(query.target, scales)
        if found is None or found.expression is None or source is None or target is None:
            return None
        square = found.expression * found.expression * source / target
        return (square, found.method) if self.analysis.is_root(query, [-square, lift(0)]) else None

    def _squared_scale(self, name: str, scales: dict[str, float]) -> Expression | None:
        """The variance that a latent has here over the one that is fixed elsewhere; one for other variables."""
        if name not in scales:
            return lift(1)
        found = error_variance(self.analysis, self.measured, self._of_latents, name)
        return None if found is None else lift(found / lift(scales[name]))

    def _is_structural(self, query: Query, second: Search) -> bool:
        """Whether all the variables of a query are in the structural model."""
        return {query.source, query.target, *query.avoiding} <= {*second.analysis.structure.names}

    def _composed(self, second: Search, expression: Expression) -> Expression:
        places = [self.analysis.structure.place[name] for name in second.analysis.names]
        found: Expression = lift(evaluate(expression, Composed(self.measured, places)))
        return found

    @cached_property
    def _of_latents(self) -> dict[Edge, tuple[Expression, str]]:
        """Paths of latents that are solved, by places among all variables: loadings, and those of the second step."""
        loadings = self.measured.loadings
        found = {edge: (e, "fixed" if isinstance(e, Constant) else INDICATORS) for edge, e in loadings.items()}
        if self.second is not None:
            solved, place = self.second.solved, self.analysis.structure.place
            names = self.second.analysis.names
            for (i, j), e in solved.expressions.items():
                edge = place[names[i]], place[names[j]]
                found[edge] = self._composed(self.second, e), f"{TWO_STEP}, {solved.methods[i, j]}"
        return found

    @property
    def _expressions(self) -> dict[int, Expression]:
        """Formulas of free parameters by their numbers."""
        analysis, place = self.analysis, self.analysis.structure.visible.tolist()
        rows = analysis.part.paths
        slots = dict(zip(zip(rows.first.tolist(), rows.second.tolist(), strict=True), rows.slot.tolist(), strict=True))
        solved = {edge: e for edge, (e, _) in self._of_latents.items()}
        solved |= {(place[i], place[j]): e for (i, j), e in self.solved.expressions.items()}
        return {slots[edge]: e for edge, e in solved.items() if slots[edge] >= 0}

    def _eliminate(self, query: Query) -> Found:
        if len(self.analysis.names) > LARGEST:
            return Found(None, f"no criterion applies; exact elimination stops at {LARGEST} visibles")
        ends = self.analysis.visible_ends(query)
        count = count_values(self.analysis, query, tuple(sorted(self._expressions)))
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
        square = self._square(query) if values == 2 else None
        if square is not None:
            return -square[0], lift(0)
        return tuple(eliminant(self.analysis, query, self._expressions, values) or ())
