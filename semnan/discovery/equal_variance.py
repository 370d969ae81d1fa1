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
#: Least variance that is divided by.
TINY = float(np.finfo(float).tiny)
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
        return Learned(self.learn_many(task, task.covariance[None])[0])

    def learn_many(self, task: Task, covariances: Array) -> Array:
        """Weights for many covariance matrices in place of that of the task, shape (samples, d, d)."""
        if task.n <= task.size:
            raise DataError(
                f"EqualVariance needs more rows than variables, got {task.n} rows of {task.size}: "
                "use OrderSearch() or Notears()"
            )
        knowledge, penalty = task.knowledge, information_penalty(task.n, task.size, self.penalty)
        order, factor = least_variance_order(covariances, knowledge.before)
        allowed = knowledge.allowed & _precedes(order)
        edges = _likely(order, factor, task.n) & allowed
        blocked: Flags = np.any(_precedes(order) & ~allowed, axis=1)
        for sample in np.flatnonzero(blocked.any(axis=1)).tolist():
            # A regression on variables that may be no parents says little about the others.
            children = np.flatnonzero(blocked[sample])
            edges[sample][:, children] = _grown(task, covariances[sample], order[sample], children, penalty)
        edges |= knowledge.required
        return prune(covariances, edges, knowledge.required, task.n, penalty)


def least_variance_order(covariances: Array, before: Flags) -> tuple[Indices, Array]:
    """Take the variable of least conditional variance again and again, never one before those known to precede it.

    Parameters
    ----------
    covariances : ndarray, shape (samples, d, d)
    before : ndarray of bool, shape (d, d)

    Returns
    -------
    order : ndarray, shape (samples, d)
    factor : ndarray, shape (samples, d, d)
        L with covariance[order][:, order] = L Lᵀ.

    """
    count, d = covariances.shape[:2]
    first = np.arange(count) * d  # Of the rows of each sample, all of them one below another.
    factor, order = np.zeros((count * d, d)), np.zeros((count, d), dtype=np.int64)
    stacked = factor.reshape(count, d, d)
    work, left = covariances.reshape(-1, d), np.diagonal(covariances, axis1=1, axis2=2).copy()
    waiting = np.tile(before.sum(axis=0), (count, 1))
    known = bool(waiting.any())
    start = 0
    for k in range(d):
        if k == start + BLOCK:
            recent = stacked[:, :, start:k]
            work = work - (recent @ recent.transpose(0, 2, 1)).reshape(-1, d)
            start = k
        p = (np.where(waiting == 0, left, np.inf) if known else left).argmin(axis=1)
        at = p + first
        row = work.take(at, 0)
        if k > start:
            row -= (stacked[:, :, start:k] @ factor.take(at, 0)[:, start:k, None])[:, :, 0]
        row *= np.maximum(row.take(at), TINY)[:, None] ** -0.5
        stacked[:, :, k], order[:, k] = row, p
        left -= row * row
        left.put(at, np.inf)
        if known:
            waiting -= before[p]
    return order, factor[order + first[:, None]]


def _likely(order: Indices, factor: Array, n: int) -> Flags:
    """Edges along orders whose t statistic, given all variables before, few false ones would reach."""
    count, d = order.shape
    squares = np.stack([np.tril(dtrtri(one, lower=1)[0]) for one in factor]) ** 2
    earlier = np.cumsum(squares, axis=1) - squares
    likely = n * np.tril(squares, -1) > max(2 * np.log(d / FALSE_PARENTS), 1.0) * earlier
    edges = np.zeros((count, d, d), dtype=bool)
    edges[np.arange(count)[:, None, None], order[:, :, None], order[:, None, :]] = likely.transpose(0, 2, 1)
    return edges


def _precedes(order: Indices) -> Flags:
    place = np.argsort(order, axis=1)
    return np.asarray(place[:, :, None] < place[:, None, :])


def _grown(task: Task, covariance: Array, order: Indices, children: Indices, penalty: float) -> Flags:
    """The parents of some variables by growing and shrinking among those before, shape (d, children)."""
    knowledge, scale = task.knowledge, np.sqrt(np.diagonal(covariance))
    correlation = covariance / scale[:, None] / scale
    scores = LocalScores(correlation, penalty / task.n, knowledge.allowed, knowledge.required, task.n // 2)
    place = np.argsort(order)
    edges = np.zeros((task.size, len(children)), dtype=bool)
    for column, u in enumerate(children.tolist()):
        earlier = sum(1 << w for w in order[: place[u]].tolist())
        edges[list(scores.best(u, 0, earlier).parents), column] = True
    return edges
