"""The score of a variable given its parents, and the best parents among the variables that come before it.

A score is log σ²_{u|S} + penalty · |S| (a local BIC divided by n), so lower is better. It depends on correlations only.
Sets of variables are bit masks, so that what a search asks again and again costs a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, inf, log
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri, dtrtrs

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Share of a variable's variance below which, given the parents, nothing is left of it but rounding.
NOTHING_LEFT = 1e-10
#: Look-ups kept for a variable before they are forgotten.
MOST_KEPT = 20_000


@final
@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """A variable with a set of parents.

    Attributes
    ----------
    mask : int
        The parents as bits.
    parents : tuple of int
    score : float
    adds : tuple of int
        Variables that would improve the score as one more parent, the best first.
    add_mask : int
    drop : int
        The parent whose removal improves the score most, or −1.

    """

    mask: int
    parents: tuple[int, ...]
    score: float
    adds: tuple[int, ...]
    add_mask: int
    drop: int


@final
class LocalScores:
    """Local scores, remembered.

    Parameters
    ----------
    correlation : ndarray, shape (d, d)
    penalty : float
        Of a parent.
    allowed, required : ndarray of bool, shape (d, d)
        ``[parent, child]``: edges that may be used, and edges that must.
    most : int
        Parents of one variable.

    """

    def __init__(self, correlation: Array, penalty: float, allowed: Flags, required: Flags, most: int) -> None:
        self._correlation = np.ascontiguousarray(correlation)
        self._penalty = penalty
        self._least = -expm1(-penalty)
        self._allowed = np.ascontiguousarray(allowed.T)
        self._most = most
        self.required = [_mask(np.flatnonzero(column).tolist()) for column in required.T]
        self._kept: list[dict[int, Local]] = [{} for _ in correlation]
        self.count = 0

    def best(self, u: int, mask: int, before: int) -> Local:
        """Grow and shrink the parents `mask` of `u` within the variables `before` until no single change helps."""
        kept = self._kept[u]
        mask = (mask & before) | self.required[u]
        found = kept.get(mask) or self._make(u, mask)
        while True:
            if found.add_mask & before:
                for w in found.adds:
                    if before >> w & 1:
                        break
                mask |= 1 << w
            elif found.drop >= 0:
                mask ^= 1 << found.drop
            else:
                return found
            found = kept.get(mask) or self._make(u, mask)

    def _make(self, u: int, mask: int) -> Local:
        self.count += 1
        parents = _members(mask)
        made = self._local(u, mask, parents)
        if len(self._kept[u]) >= MOST_KEPT:
            self._kept[u].clear()
        self._kept[u][mask] = made
        return made

    def _local(self, u: int, mask: int, parents: list[int]) -> Local:
        """By the Cholesky factor of the parents' correlations and its solution for all variables at once."""
        r = self._correlation
        if not parents:
            return self._gains(u, mask, parents, r[u], np.ones(len(r)), -1)
        rows = r[parents]
        factor, failed = dpotrf(rows[:, parents], lower=1)
        if failed:
            return Local(mask, tuple(parents), inf, (), 0, self._any_free(u, parents))
        solved = dtrtrs(factor, rows, lower=1)[0]
        left = 1.0 - np.einsum("ij,ij->j", solved, solved)
        own = solved[:, u]
        cross = r[u] - own @ solved
        return self._gains(u, mask, parents, cross, left, self._drop(u, parents, factor, own, left[u]))

    def _gains(self, u: int, mask: int, parents: list[int], cross: Array, left: Array, drop: int) -> Local:
        if left[u] < NOTHING_LEFT:
            return Local(mask, tuple(parents), inf, (), 0, self._any_free(u, parents))
        score = log(left[u]) + self._penalty * len(parents)
        if len(parents) >= self._most:
            return Local(mask, tuple(parents), score, (), 0, drop)
        usable = self._allowed[u] & (left > NOTHING_LEFT)
        usable[parents] = False
        share = np.divide(cross * cross, left * left[u], out=np.zeros(len(left)), where=usable)
        good = np.flatnonzero(share > self._least)
        adds = good[np.argsort(-share[good], kind="stable")].tolist()
        return Local(mask, tuple(parents), score, tuple(adds), _mask(adds), drop)

    def _drop(self, u: int, parents: list[int], factor: Array, own: Array, left: float) -> int:
        """The parent whose loss log(1 + β²/(σ² (A⁻¹)_ww)) is least, if that is less than the penalty."""
        inverse = dtrtri(factor, lower=1)[0]
        beta = own @ inverse
        loss = beta * beta / np.einsum("ij,ij->j", inverse, inverse)
        must = self.required[u]
        if must:
            loss[[must >> w & 1 == 1 for w in parents]] = inf
        weakest = int(loss.argmin())
        return parents[weakest] if loss[weakest] < left * expm1(self._penalty) else -1

    def _any_free(self, u: int, parents: list[int]) -> int:
        free = [w for w in parents if not self.required[u] >> w & 1]
        return free[-1] if free else -1


def _mask(members: list[int]) -> int:
    mask = 0
    for w in members:
        mask |= 1 << w
    return mask


def _members(mask: int) -> list[int]:
    members = []
    while mask:
        low = mask & -mask
        members.append(low.bit_length() - 1)
        mask ^= low
    return members
