"""`Discovery`: a learned graph with what is known about how it came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.data import Moments
from semnan.discovery.knowledge import Knowledge
from semnan.discovery.sortability import Sortability, read_sortability
from semnan.discovery.task import Method, SearchOutcome, Trace
from semnan.errors import Unavailable
from semnan.graph import AMASEM, Edge
from semnan.metrics import Comparison, compare, cpdag
from semnan.model import PathModel, covariance, path

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Discovery:
    """A learned graph.

    Attributes
    ----------
    moments : Moments
        The data.
    weights : ndarray, shape (d, d)
        ``weights[parent, child]`` in the units of the data; acyclic.
    arcs : ndarray, shape (d, d), or None
        Error covariances, of a method that learns them (`BowFree`).
    method : options of the method
    refined : options of the method that refined the answer, or None
    outcome : SearchOutcome
    trace : Trace
        Loss, cycles and penalty, step by step.
    standardised : bool
    threshold : float
        Absolute weight, on the scale of the method, below which edges were dropped.
    depends_on_units : bool
        Whether the answer would change with the units of the variables.

    """

    moments: Moments
    weights: Array = field(repr=False)
    arcs: Array | None = field(repr=False)
    method: Method
    refined: Method | None
    outcome: SearchOutcome
    trace: Trace = field(repr=False)
    standardised: bool
    threshold: float
    depends_on_units: bool
    knowledge: Knowledge = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        return self.moments.names

    @cached_property
    def sortability(self) -> Sortability:
        """How far variances and R² alone go along with the graph; ``print`` it to read what that means."""
        return read_sortability(
            self.weights,
            self.moments.covariance,
            standardised=self.standardised,
            depends_on_units=self.depends_on_units,
        )

    @cached_property
    def edges(self) -> dict[Edge, float]:
        """Weights by (parent, child)."""
        pairs = np.argwhere(self.weights != 0).tolist()
        return {(self.names[i], self.names[j]): float(self.weights[i, j]) for i, j in pairs}

    @cached_property
    def confounded(self) -> dict[Edge, float]:
        """Error covariances by pair; empty unless the method learns them."""
        if self.arcs is None:
            return {}
        pairs = np.argwhere(np.triu(self.arcs, 1) != 0).tolist()
        return {(self.names[i], self.names[j]): float(self.arcs[i, j]) for i, j in pairs}

    @cached_property
    def graph(self) -> AMASEM:
        """The learned graph, every variable with its error, and a confounder for every correlation of errors."""
        if self.confounded:
            return AMASEM.from_mixed(self.edges, self.confounded, visibles=self.names)
        return AMASEM.from_edges(self.edges, visibles=self.names)

    @cached_property
    def model(self) -> PathModel:
        """The learned graph as a path model; correlations of errors are free covariances, which no AMASEM has."""
        rows = [path(a, b) for a, b in self.edges]
        rows += [covariance(a, b) for a, b in self.confounded]
        rows += [covariance(name, lower=0.0) for name in self.names]
        return PathModel(self.names, (), tuple(rows))

    @cached_property
    def cpdag(self) -> Flags | Unavailable:
        """What Gaussian data can tell without assumptions on variances, shape (d, d).

        Directions that the conditional independences and the background knowledge determine; an edge without one is
        True in both entries.
        """
        if self.arcs is not None:
            return Unavailable("a graph with correlated errors has no CPDAG")
        dag = self.weights != 0
        return cpdag(dag, self.knowledge.directs(dag))

    def compare(self, truth: ArrayLike) -> Comparison:
        """Metrics beside a true graph, shape (d, d), in the order of the variables; see `semnan.metrics`."""
        return compare(truth, self.weights)

    def to_dict(self) -> dict[str, Any]:
        """The results as plain values for JSON."""
        told = self.cpdag
        return {
            "method": type(self.method).__name__,
            "options": dict(vars(self.method)),
            "refined": None if self.refined is None else type(self.refined).__name__,
            "outcome": self.outcome.value,
            "advice": self.outcome.advice,
            "n": self.moments.n,
            "variables": list(self.names),
            "standardised": self.standardised,
            "threshold": self.threshold,
            "edges": [
                {
                    "source": a,
                    "target": b,
                    "weight": weight,
                    "directed_by_data": None if isinstance(told, Unavailable) else self._directed(told, a, b),
                }
                for (a, b), weight in self.edges.items()
            ],
            "confounded": [{"pair": list(pair), "covariance": value} for pair, value in self.confounded.items()],
            "sortability": {
                "variance": _plain(self.sortability.variance),
                "r_squared": _plain(self.sortability.r_squared),
                "reading": str(self.sortability),
            },
        }

    def _directed(self, told: Flags, a: str, b: str) -> bool:
        return not bool(told[self.names.index(b), self.names.index(a)])

    def __str__(self) -> str:
        told = self.cpdag
        head = (
            f"{type(self.method).__name__}{'' if self.refined is None else ', refined'}: {self.outcome.value}; "
            f"{len(self.edges)} edges among {len(self.names)} variables, n = {self.moments.n}"
        )
        lines = [head, self.outcome.advice, str(self.sortability), ""]
        for (a, b), weight in self.edges.items():
            open_ = not isinstance(told, Unavailable) and not self._directed(told, a, b)
            lines.append(
                f"  {a} -> {b}  {weight:.3f}{'  (direction not determined by independences)' if open_ else ''}"
            )
        lines += [f"  {a} <-> {b}  {value:.3f}" for (a, b), value in self.confounded.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Discovery: {type(self.method).__name__}, {len(self.edges)} edges, {self.outcome.value}>"


def _plain(value: float | Unavailable) -> float | dict[str, str]:
    return {"unavailable": value.reason} if isinstance(value, Unavailable) else value
