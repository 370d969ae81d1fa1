"""`EqualVariance`: the order of a DAG whose errors all have one variance, in O(d³)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtri

from semnan.discovery.bic import OrderAndPrune, information_penalty
from semnan.discovery.parents import prune
from semnan.discovery.scores import LocalScores
from semnan.discovery.task import Learned, Task
from semnan.errors import DataError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

#: Rows of the Cholesky factor after which the Schur complement is brought up to date by one matrix product.
BLOCK = 64
#: Expected number of false parents of a variable that the first look at all regressions lets through.
FALSE_PARENTS = 1.0


@final
@dataclass(frozen=True, kw_only=True)
class EqualVariance(OrderAndPrune):
    """Order the variables by conditional variance, then prune parents.

    The variable of least variance given those taken before is taken next (Chen, Drton & Wang, Biometrika 2019;
    Ghoshal & Honorio 2018): right when all errors have about one variance in the units of the data. One Cholesky
    factor L gives the order, its inverse M all regressions along it: t² = n M²_jk / Σ_{m<j} M²_mk.

    Parameters
    ----------
    penalty : float, optional
        What a parent costs, in units of log n; the default is the extended BIC, log n + 2 log d.

    """

    def learn(self, task: Task) -> Learned:
        if task.n <= task.size:
            raise DataError(
                f"EqualVariance needs more rows than variables, got {task.n} rows of {task.size}: "
                "use OrderSearch() or Notears()"
            )
        order, factor = least_variance_order(task.covariance, task.knowledge.before)
        penalty = information_penalty(task.n, task.size, self.penalty)
        allowed = task.knowledge.allowed & _precedes(order)
        edges = _likely(order, factor, task.n) & allowed
        blocked = (_precedes(order) & ~allowed).any(axis=0)
        if blocked.any():  # A regression on variables that may be no parents says little about the others.
            edges[:, blocked] = _grown(task, order, np.flatnonzero(blocked), penalty)
        edges |= task.knowledge.required
        return Learned(prune(task.covariance, edges, task.knowledge.required, task.n, penalty))


def least_variance_order(covariance: Array, before: Flags) -> tuple[Indices, Array]:
    """Take the variable of least conditional variance again and again, never one before those known to precede it.

    Returns
    -------
    order : ndarray, shape (d,)
    factor : ndarray, shape (d, d)
        L with covariance[order][:, order] = L Lᵀ.

    """
    d = len(covariance)
    rows, order = np.zeros((d, d)), np.zeros(d, dtype=np.int64)
    work, left = covariance, np.diagonal(covariance).copy()
    waiting = before.sum(axis=0)
    known = bool(waiting.any())
    start = 0
    for k in range(d):
        if k == start + BLOCK:
            work = work - rows[start:k].T @ rows[start:k]
            start = k
        p = int((np.where(waiting == 0, left, np.inf) if known else left).argmin())
        row = work[p] if k == start else work[p] - rows[start:k, p] @ rows[start:k]
        row = row / max(row[p], np.finfo(float).tiny) ** 0.5
        rows[k], order[k] = row, p
        left -= row * row
        left[p] = np.inf
        if known:
            waiting = waiting - before[p]
    return order, rows[:, order].T


def _likely(order: Indices, factor: Array, n: int) -> Flags:
    """Edges along an order whose t statistic, given all variables before, few false ones would reach."""
    d = len(order)
    inverse = dtrtri(factor, lower=1)[0]
    squares = np.tril(inverse) ** 2
    earlier = np.cumsum(squares, axis=0) - squares
    likely = n * np.tril(squares, -1) > max(2 * np.log(d / FALSE_PARENTS), 1.0) * earlier
    edges = np.zeros((d, d), dtype=bool)
    edges[np.ix_(order, order)] = likely.T
    return edges


def _precedes(order: Indices) -> Flags:
    place = np.argsort(order)
    return np.asarray(place[:, None] < place[None, :])


def _grown(task: Task, order: Indices, children: Indices, penalty: float) -> Flags:
    """The parents of some variables by growing and shrinking among those before, shape (d, children)."""
    knowledge = task.knowledge
    scores = LocalScores(task.correlation, penalty / task.n, knowledge.allowed, knowledge.required, task.n // 2)
    place = np.argsort(order)
    edges = np.zeros((task.size, len(children)), dtype=bool)
    for column, u in enumerate(children.tolist()):
        earlier = sum(1 << w for w in order[: place[u]].tolist())
        edges[list(scores.best(u, 0, earlier).parents), column] = True
    return edges
