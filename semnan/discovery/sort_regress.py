"""Baselines that sort the variables by one number and regress: what that number alone explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.discovery.bic import OrderAndPrune, information_penalty
from semnan.discovery.parents import regressions
from semnan.discovery.scores import LocalScores
from semnan.discovery.task import Learned, Task
from semnan.metrics import r_squared_of_others

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@final
@dataclass(frozen=True, kw_only=True)
class VarianceSort(OrderAndPrune):
    """Order the variables by variance and choose parents by BIC: sortnregress (Reisach, Seiler & Weichwald 2021).

    Parameters
    ----------
    penalty : float, optional
        What a parent costs, in units of log n; the default is the extended BIC, log n + 2 log d.

    """

    def learn(self, task: Task) -> Learned:
        return _along(task, np.diagonal(task.covariance), self.penalty)


@final
@dataclass(frozen=True, kw_only=True)
class RSquaredSort(OrderAndPrune):
    """Order the variables by R² given all others and choose parents by BIC (Reisach et al., NeurIPS 2023).

    Parameters
    ----------
    penalty : float, optional
        What a parent costs, in units of log n; the default is the extended BIC, log n + 2 log d.

    """

    def learn(self, task: Task) -> Learned:
        return _along(task, r_squared_of_others(task.correlation), self.penalty)


def _along(task: Task, values: Array, factor: float | None) -> Learned:
    knowledge = task.knowledge
    penalty = information_penalty(task.n, task.size, factor) / task.n
    scores = LocalScores(task.correlation, penalty, knowledge.allowed, knowledge.required, max(task.n // 2, 1))
    edges, earlier = np.zeros((task.size, task.size), dtype=bool), 0
    for u in _sorted(values, knowledge.before):
        edges[list(scores.best(u, 0, earlier).parents), u] = True
        earlier |= 1 << u
    return Learned(regressions(task.covariance, edges))


def _sorted(values: Array, before: Flags) -> list[int]:
    """Smallest first, but never one before those known to precede it."""
    waiting, left = before.sum(axis=0), values.astype(np.float64).copy()
    order = []
    for _ in range(len(values)):
        u = int(np.where(waiting == 0, left, np.inf).argmin())
        order.append(u)
        left[u] = np.inf
        waiting = waiting - before[u]
        waiting[u] = 1
    return order
