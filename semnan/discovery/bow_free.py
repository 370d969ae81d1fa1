"""`BowFree`: a DAG whose errors may be correlated, where hidden common causes would make a DAG wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.discovery.bic import check_penalty, information_penalty
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.ricf import MixedFit, fit_mixed
from semnan.discovery.task import Learned, SearchOutcome, Task, Trace
from semnan.errors import DataError, FitError
from semnan.metrics import is_acyclic

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Edges and arcs.
Mixed = tuple[Flags, Flags]
#: A graph, its fit and its score.
State = tuple[Mixed, MixedFit, float]

#: Additions tried in a step, those with the steepest gradients first.
TRIED = 12
#: Scores that differ by less are equal.
EQUAL = 1e-8


@final
@dataclass(frozen=True, kw_only=True)
class BowFree:
    """Greedy search for the bow-free mixed graph of least BIC.

    A pair of variables has no edge, a directed edge or an arc (a correlation of their errors), never two of them; then
    the parameters are identified almost everywhere (Brito & Pearl 2002). From the answer of `OrderSearch`, and from
    no edges at all, the best single addition, removal, reversal or exchange of an edge for an arc is made until none
    improves (Nowzohour, Maathuis, Evans & Bühlmann, EJS 2017; fitted as in `semnan.discovery.ricf`). Independent of
    units. Meant for up to some twenty variables.

    Parameters
    ----------
    penalty : float, optional
        What an edge or an arc costs, in units of log n; the default is the extended BIC, log n + 2 log d.
    steps : int
        Most moves.
    restarts, seed : int
        Of the order search.

    """

    penalty: float | None = None
    steps: int = 200
    restarts: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        check_penalty(self.penalty)
        if self.steps < 1 or self.restarts < 0 or self.seed < 0:
            raise FitError(f"{self}: give at least one step and no negative numbers")

    @property
    def threshold(self) -> float:
        return 0.0

    def learn(self, task: Task) -> Learned:
        if task.n <= task.size:
            raise DataError(
                f"BowFree needs more rows than variables, got {task.n} rows of {task.size}: use OrderSearch()"
            )
        order = OrderSearch(restarts=self.restarts, seed=self.seed).learn(task)
        search = _Search(task, information_penalty(task.n, task.size, self.penalty) / task.n)
        none = np.zeros((task.size, task.size), dtype=bool)
        outcome = order.outcome
        best: tuple[float, MixedFit] | None = None
        trace: list[float] = []
        with task.watch() as watch:
            watch.begin(self.steps)
            for edges in (order.weights != 0, task.knowledge.required):
                search.begin((edges.copy(), none))
                try:
                    while len(trace) < self.steps and search.improve():
                        trace.append(search.score)
                        watch.advance(len(trace), search.score, 1)
                except KeyboardInterrupt:
                    outcome = SearchOutcome.INTERRUPTED
                if best is None or search.score < best[0]:
                    best = search.score, search.fit
                if outcome is SearchOutcome.INTERRUPTED:
                    break
        assert best is not None
        if len(trace) == self.steps and outcome is SearchOutcome.FINISHED:
            outcome = SearchOutcome.ITERATION_LIMIT
        scale = task.deviations
        weights = best[1].weights / scale[:, None] * scale
        omega = best[1].omega * scale[:, None] * scale
        return Learned(weights, outcome, Trace(tuple(trace)), omega)


@final
class _Search:
    """The graph, its fit and its score, on the correlation scale."""

    def __init__(self, task: Task, penalty: float) -> None:
        self._correlation, self._knowledge, self._penalty = task.correlation, task.knowledge, penalty

    def begin(self, graph: Mixed) -> None:
        self.graph = graph
        self.fit = fit_mixed(self._correlation, *graph)
        self.score = self._scored(graph, self.fit)

    def improve(self) -> bool:
        """Make the move that lowers the score most, if one does, else an exchange that makes an edge superfluous."""
        tried = [self._tried(graph) for graph in self._moves()]
        best = min(tried, key=lambda state: state[2], default=None)
        if best is None or best[2] >= self.score - EQUAL:
            level = [state for state in tried if state[2] < self.score + self._penalty / 2]
            further = [self._tried(graph) for state in level for graph in self._removals(state[0])]
            best = min(further, key=lambda state: state[2], default=None)
        if best is None or best[2] >= self.score - EQUAL:
            return False
        self.graph, self.fit, self.score = best
        return True

    def _tried(self, graph: Mixed) -> State:
        made = fit_mixed(self._correlation, *graph, start=self.fit)
        return graph, made, self._scored(graph, made)

    def _removals(self, graph: Mixed) -> Iterator[Mixed]:
        edges, arcs = graph
        must = self._knowledge.required
        for i, j in np.argwhere(np.triu((edges & ~must) | (edges & ~must).T | arcs)).tolist():
            bare = edges.copy(), arcs.copy()
            for matrix in bare:
                matrix[i, j] = matrix[j, i] = False
            yield bare

    def _scored(self, graph: Mixed, fit: MixedFit) -> float:
        edges, arcs = graph
        return fit.value + self._penalty * float(edges.sum() + arcs.sum() / 2)

    def _moves(self) -> Iterator[Mixed]:
        edges, arcs = self.graph
        joined = np.triu(edges | edges.T | arcs)
        for i, j in np.argwhere(joined).tolist():
            if self._knowledge.required[i, j] or self._knowledge.required[j, i]:
                continue
            yield from self._without(i, j)
        for i, j, arc in self._steepest(edges, arcs):
            yield from self._with(self.graph, i, j, arc=arc)

    def _without(self, i: int, j: int) -> Iterator[Mixed]:
        """Without what joins i and j, or with something else there."""
        edges, arcs = self.graph[0].copy(), self.graph[1].copy()
        had_arc, forward = bool(arcs[i, j]), bool(edges[i, j])
        edges[i, j] = edges[j, i] = arcs[i, j] = arcs[j, i] = False
        bare = edges, arcs
        yield bare
        if not had_arc:
            yield from self._with(bare, i, j, arc=True)
        if had_arc or not forward:
            yield from self._with(bare, i, j, arc=False)
        if had_arc or forward:
            yield from self._with(bare, j, i, arc=False)

    def _with(self, graph: Mixed, i: int, j: int, *, arc: bool) -> Iterator[Mixed]:
        edges, arcs = graph[0].copy(), graph[1].copy()
        if arc:
            arcs[i, j] = arcs[j, i] = True
            yield edges, arcs
        elif self._knowledge.allowed[i, j]:
            edges[i, j] = True
            if is_acyclic(edges | self._knowledge.before):
                yield edges, arcs

    def _steepest(self, edges: Flags, arcs: Flags) -> list[tuple[int, int, bool]]:
        """Additions by the fall of the value that gradient and curvature promise, the largest first."""
        inverse = np.linalg.inv(self.fit.omega)
        residual = np.eye(len(edges)) - self.fit.weights
        product = self._correlation @ residual @ inverse
        across = inverse - inverse @ residual.T @ product
        precision = np.diagonal(inverse)
        by_edge = product**2 / precision
        by_arc = np.triu(across**2 / np.outer(precision, precision), 1)
        free = ~(edges | edges.T | arcs | np.eye(len(edges), dtype=bool))
        found = []
        for promise, arc in ((by_edge * free * self._knowledge.allowed, False), (by_arc * free, True)):
            top = np.argsort(-promise, axis=None)[:TRIED]
            pairs = zip(*np.unravel_index(top, promise.shape), strict=True)
            found += [(int(i), int(j), arc) for i, j in pairs if promise[i, j] > self._penalty / 10]
        return found
