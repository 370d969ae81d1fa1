"""`Verdict`: what can be known about an effect, with its certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from semnan.errors import ModelError, Unavailable
from semnan.identification import smooth
from semnan.identification.analysis import Analysis
from semnan.identification.formula import Formula
from semnan.identification.query import Query
from semnan.identification.remedies import Remedy, changes
from semnan.identification.search import Found, Search
from semnan.identification.values import Value, feasible_values, two_values
from semnan.identification.witness import Witness, find_witness


class Status(StrEnum):
    """What the covariance says about an effect."""

    IDENTIFIED = "identified"
    FINITE = "finite"
    NOT_IDENTIFIED = "not identified"
    UNDECIDED = "undecided"


@final
@dataclass(frozen=True, eq=False)
class Verdict:
    """What the covariance of the visibles says about an effect, for almost all parameters of the model.

    Attributes
    ----------
    query : Query
    status : Status
    solutions : int or None
        How many values (over the complex numbers) an identified or finitely identified effect has.
    method : str
        The criterion that decided.
    formula : Formula or None
        Of an identified effect; None for functions that are no polynomials, and where elimination counts one value
        but gives no formula of moderate size. Replayed exactly on random covariances of the model before it was
        returned.

    """

    query: Query
    status: Status
    solutions: int | None
    method: str
    formula: Formula | None
    search: Search = field(repr=False)

    @property
    def analysis(self) -> Analysis:
        """The model at the random points that decided."""
        return self.search.analysis

    @cached_property
    def polynomial(self) -> tuple[Formula, ...]:
        """Of a finitely identified effect: coefficients c₀ … c_{k−1} of the monic polynomial that it is a root of."""
        if self.status is not Status.FINITE or self.solutions is None:
            return ()
        found = self.search.polynomial(self.query, self.solutions)
        return tuple(Formula(c, self.analysis.names) for c in found)

    @property
    def identified(self) -> bool:
        """Whether the covariance determines the effect."""
        return self.status is Status.IDENTIFIED

    @cached_property
    def witness(self) -> Witness | Unavailable:
        """Two feasible parameter vectors with the same covariance and different effects."""
        if self.status is Status.NOT_IDENTIFIED:
            return find_witness(self.analysis, self.query)
        if self.status is Status.FINITE:
            return two_values(self.analysis, self.query, self.polynomial)
        return Unavailable(f"the effect is {self.status}: there are no two values to show")

    def values(self, sigma: ArrayLike) -> tuple[Value, ...]:
        """All real values that the effect of a finite verdict can have at a covariance, and whether each is feasible.

        Raises
        ------
        ModelError
            If the verdict is not finite, or elimination gave no polynomial.

        """
        if not self.polynomial:
            raise ModelError(f"{self.query} is {self.status}: values are listed for finite verdicts with a polynomial")
        return feasible_values(self.analysis, self.query, self.polynomial, np.asarray(sigma, dtype=np.float64))

    def remedies(self) -> tuple[Remedy, ...]:
        """What would identify the effect: every single change after which it is, finitely many values included.

        One parameter known from elsewhere, one edge or arc between visibles absent, one latent measured or given one
        more measured child.
        """
        if self.status in (Status.IDENTIFIED, Status.UNDECIDED):
            return ()
        model, group = self.analysis.structure.model, self.analysis.group
        found = []
        for change, other in changes(model, self.query):
            analysis = Analysis(other, group)
            if analysis.changes(self.query):
                continue
            verdict = decide(Search(analysis), self.query)
            if verdict.status is not Status.FINITE or self.status is not Status.FINITE:
                found.append(Remedy(change, verdict.status.value))
        return tuple(found)

    def __str__(self) -> str:
        text = f"{self.query.kind} effect {self.query}: {self.status}"
        if self.status is Status.FINITE:
            text += f", {self.solutions} values"
        text += f" ({self.method})"
        return text if self.formula is None else f"{text}\n  {self.formula}"

    def to_dict(self, *, witness: bool = True) -> dict[str, Any]:
        """The record of the verdict for JSON."""
        found = self.witness if witness else None
        return {
            "effect": str(self.query),
            "kind": self.query.kind,
            "verdict": self.status.value,
            "solutions": self.solutions,
            "method": self.method,
            "formula": None if self.formula is None else str(self.formula),
            "witness": found.to_dict() if isinstance(found, Witness) else None,
        }


def decide(search: Search, query: Query) -> Verdict:
    """The verdict on a query."""
    return _decide(search, query, Search.find)


def glance(search: Search, query: Query, work: int) -> Verdict:
    """The verdict as far as little work gives one: without formulas that take elimination."""
    return _decide(search, query, lambda searched, asked: searched.glance(asked, work))


def _decide(search: Search, query: Query, find: Callable[[Search, Query], Found]) -> Verdict:
    """The local verdict first, then a formula or a count."""
    if query.function is not None and not smooth.is_polynomial(search.analysis, query):
        return _smooth(search, query)
    if search.analysis.changes(query):
        return _told(search, query, Status.NOT_IDENTIFIED, Found(None, "rank of the Jacobian"))
    if not search.analysis.covariance_only:
        return _alone(search, query, find)
    found = find(search, query)
    if found.solutions is None:
        return _told(search, query, Status.UNDECIDED, found)
    return _told(search, query, Status.IDENTIFIED if found.solutions == 1 else Status.FINITE, found)


def _alone(search: Search, query: Query, find: Callable[[Search, Query], Found]) -> Verdict:
    """Of a model with means or several groups: identified if the covariance of the group alone does it."""
    if not search.alone.analysis.changes(query):
        found = find(search.alone, query)
        if found.solutions == 1:
            return _told(search.alone, query, Status.IDENTIFIED, found)
    reason = "locally identified; values are counted where the covariance of one group determines them"
    return _told(search, query, Status.UNDECIDED, Found(None, reason))


def _smooth(search: Search, query: Query) -> Verdict:
    """The verdict on a function that is no polynomial."""
    edges = smooth.used_edges(search.analysis, query)
    if all(decide(search, Query(a, b, "direct")).identified for a, b in edges):
        return _told(search, query, Status.IDENTIFIED, Found(1, "a function of identified weights"))
    if smooth.changes(search.analysis, query):
        return _told(search, query, Status.NOT_IDENTIFIED, Found(None, "derivative along the fibre"))
    reason = "locally identified (in floating point); values are counted for polynomials of the weights"
    return _told(search, query, Status.UNDECIDED, Found(None, reason))


def _told(search: Search, query: Query, status: Status, found: Found) -> Verdict:
    formula = None if found.expression is None else Formula(found.expression, search.analysis.names)
    return Verdict(query, status, found.solutions, found.method, formula, search)
