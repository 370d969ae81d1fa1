"""`OrderSearch`: a search over orders of the variables for the DAG of least BIC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.discovery.bic import check_penalty, information_penalty
from semnan.discovery.equal_variance import least_variance_order
from semnan.discovery.order_state import EQUAL, OrderState
from semnan.discovery.parents import regressions
from semnan.discovery.scores import LocalScores
from semnan.discovery.task import Learned, SearchOutcome, Task, Trace
from semnan.errors import FitError
from semnan.metrics import r_squared_of_others

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: A walk through the order ends where the score is worse by this many parents' worth.
PATIENCE = 2.0
#: Variables that a restart moves.
JUMPS = 4


@final
@dataclass(frozen=True, kw_only=True)
class OrderSearch:
    """Search over orders by moving one variable at a time, with restarts from a disturbed best order.

    For an order the parents of each variable are grown and shrunk among those before it; a variable moves to where
    the total BIC is least until no move helps (BOSS, Andrews et al. 2023; FLOP, Wienöbst et al., arXiv 2510.04970).
    A restart moves a few random variables of the best order to random places and descends again. Only correlations
    enter, so that the answer does not depend on the units of the variables. With Gaussian data and no
    equal variances only the CPDAG is determined: see `Discovery.cpdag`.

    Parameters
    ----------
    restarts : int
    seed : int
        Of the restarts.
    penalty : float
        What a parent costs, in units of log n; 2, twice that of BIC, is usual for such searches.
    most_parents : int, optional
        Of one variable; never more than half the rows, which is the default.

    """

    restarts: int = 150
    seed: int = 0
    penalty: float = 2.0
    most_parents: int | None = None

    def __post_init__(self) -> None:
        check_penalty(self.penalty)
        if self.restarts < 0 or self.seed < 0 or (self.most_parents is not None and self.most_parents < 1):
            raise FitError(
                f"restarts={self.restarts}, seed={self.seed}, most_parents={self.most_parents}: "
                "give no negative numbers, and at least one parent"
            )

    @property
    def threshold(self) -> float:
        return 0.0

    def learn(self, task: Task) -> Learned:
        return self._search(task, first_order(task), EQUAL)

    def refine(self, task: Task, weights: Array) -> Learned:
        """Search from the order of a graph that another method found (acyclic weights, in the units of the task).

        Directions that no score determines stay as they were found.
        """
        edges = (weights != 0) | task.knowledge.before
        order, _ = least_variance_order(np.eye(task.size)[None], edges)
        return self._search(task, order[0].tolist(), -EQUAL)

    def _search(self, task: Task, order: list[int], worse: float) -> Learned:
        """From an order; the answer of a restart is taken if its score is less than the best plus `worse`."""
        penalty = information_penalty(task.n, task.size, self.penalty) / task.n
        most = min(self.most_parents or task.n // 2, max(task.n // 2, 1))
        knowledge = task.knowledge
        scores = LocalScores(task.correlation, penalty, knowledge.allowed, knowledge.required, most)
        best = OrderState(scores, order, knowledge.before, PATIENCE * penalty)
        best.descend((1 << task.size) - 1)
        outcome, trace = self._restarts(task, best, worse)
        return Learned(regressions(task.covariance, _edges(best)), outcome, Trace(tuple(trace)))

    def _restarts(self, task: Task, state: OrderState, worse: float) -> tuple[SearchOutcome, list[float]]:
        rng = np.random.default_rng(self.seed)
        trace = [state.total]
        kept = state.snapshot()
        with task.watch() as watch:
            watch.begin(self.restarts)
            try:
                for i in range(self.restarts if task.size > 2 else 0):
                    kept = state.snapshot()
                    state.descend(state.place(disturbed(state.order, task.knowledge.before, rng)))
                    if state.total >= kept[2] + worse:
                        state.restore(kept)
                    trace.append(state.total)
                    watch.advance(i + 1, state.total, 1)
            except KeyboardInterrupt:
                state.restore(kept)
                return SearchOutcome.INTERRUPTED, trace
        return SearchOutcome.FINISHED, trace


def first_order(task: Task) -> list[int]:
    """The order of least conditional variance on the correlation scale, led by the variable of least R²."""
    correlation = task.correlation
    shrunk = correlation / (1 + 1e-8) + np.eye(task.size) * (1e-8 / (1 + 1e-8))
    lead = 1e-6 * np.argsort(np.argsort(r_squared_of_others(shrunk))) / task.size
    order, _ = least_variance_order((shrunk + np.diag(lead))[None], task.knowledge.before)
    return [int(u) for u in order[0]]


def disturbed(order: Sequence[int], before: Flags, rng: np.random.Generator) -> list[int]:
    """An order in which a few random variables have jumped to random places, between what they must stand between."""
    found = list(order)
    for v in rng.integers(len(found), size=JUMPS).tolist():
        found.remove(v)
        low, high = 0, len(found)
        if before[v].any() or before[:, v].any():
            low = max((place for place, u in enumerate(found) if before[u, v]), default=-1) + 1
            high = min((place for place, u in enumerate(found) if before[v, u]), default=high)
        found.insert(int(rng.integers(low, high + 1)), v)
    return found


def _edges(state: OrderState) -> Flags:
    edges = np.zeros((len(state.order), len(state.order)), dtype=bool)
    for u, found in enumerate(state.locals):
        edges[list(found.parents), u] = True
    return edges
