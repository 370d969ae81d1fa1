"""What every method of discovery is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from semnan.discovery.knowledge import Knowledge
from semnan.estimation.progress import Progress

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@final
class SearchOutcome(Enum):
    """How a search ended. `advice` says what it means and what to do."""

    FINISHED = "finished"
    ITERATION_LIMIT = "iteration limit"
    CYCLIC = "cyclic"
    INTERRUPTED = "interrupted"

    @property
    def ok(self) -> bool:
        return self is SearchOutcome.FINISHED

    @property
    def advice(self) -> str:
        """One or two sentences for the user."""
        return _ADVICE[self]


_ADVICE = {
    SearchOutcome.FINISHED: "The search ended by its own rule; the graph may still be a local optimum.",
    SearchOutcome.ITERATION_LIMIT: "The step limit was reached before the search ended by its own rule: raise it, or "
    "pass refine=OrderSearch().",
    SearchOutcome.CYCLIC: "The weights still had a cycle after the last step; the weakest edges were removed until "
    "none was left: allow more steps, or pass refine=OrderSearch().",
    SearchOutcome.INTERRUPTED: "You stopped the search: the graph is the best so far.",
}


@final
@dataclass(frozen=True, eq=False)
class Task:
    """The data and what is known about the graph.

    Attributes
    ----------
    covariance : ndarray, shape (d, d)
        In the units that the user has or, if standardised, a correlation matrix.
    n : int
        Sample size.
    knowledge : Knowledge
    names : tuple of str
        For messages.
    progress : bool or None

    """

    covariance: Array
    n: int
    knowledge: Knowledge
    names: tuple[str, ...]
    progress: bool | None = None

    @property
    def size(self) -> int:
        return len(self.covariance)

    @property
    def deviations(self) -> Array:
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def correlation(self) -> Array:
        scale = self.deviations
        return np.asarray(self.covariance / scale[:, None] / scale)

    def watch(self) -> Progress:
        """A progress bar, shown as the user asked."""
        return Progress(self.progress)


@final
@dataclass(frozen=True, eq=False)
class Trace:
    """What a search went through, step by step.

    Attributes
    ----------
    loss : tuple of float
        What the method minimises (without penalties on cycles).
    cycles : tuple of float
        h(W), or for projections the distance to the acyclic matrix; empty where there are none.
    penalty : tuple of float
        The weight of the cycle term; empty where there is none.

    """

    loss: tuple[float, ...] = ()
    cycles: tuple[float, ...] = ()
    penalty: tuple[float, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Learned:
    """What a method found.

    Attributes
    ----------
    weights : ndarray, shape (d, d)
        In the units of the task, before a threshold; perhaps with a cycle.
    outcome : SearchOutcome
    trace : Trace
    arcs : ndarray, shape (d, d), or None
        Error covariances, of a method that learns them.

    """

    weights: Array
    outcome: SearchOutcome = SearchOutcome.FINISHED
    trace: Trace = field(default_factory=Trace)
    arcs: Array | None = None


class Method(Protocol):
    """A way to learn a graph: a frozen value of options."""

    def learn(self, task: Task) -> Learned:
        """Learn a graph from the data of a task."""
        ...

    @property
    def threshold(self) -> float:
        """Absolute weight below which `discover` drops an edge by default (zero: none)."""
        ...
