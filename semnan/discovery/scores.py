"""The score of a variable given its parents, and the best parents among the variables that come before it.

A score is log σ²_{u|S} + penalty · |S| (a local BIC divided by n), so lower is better. It depends on correlations only.
Sets of variables are bit masks, so that what a search asks again and again costs a look-up.
"""

from __future__ import annotations

from math import expm1, inf, log
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Share of a variable's variance below which, given the parents, nothing is left of it but rounding.
NOTHING_LEFT = 1e-10
#: Look-ups kept for a variable before they are forgotten.
MOST_KEPT = 20_000


class Local(NamedTuple):
    """A variable with a set of parents.

    Attributes
    ----------
    mask : int
        The parents as bits.
    parents : tuple of int
    score : float
    adds : list of int
        Variables that would improve the score as one more parent, the best first.
    add_mask : int
    drop : int
        The parent whose removal improves the score most, or −1.

    """

    mask: int
    parents: tuple[int, ...]
    score: float
    adds: list[int]
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
        self._least, self._most_lost = -expm1(-penalty), expm1(penalty)
        self._ones = np.ones(len(correlation))
        self._allowed = np.ascontiguousarray(allowed.T)
        self._most = most
        self.required = [_mask(np.flatnonzero(column).tolist()) for column in required.T]
        self._kept: list[dict[int, Local]] = [{} for _ in correlation]

    def best(self, u: int, mask: int, before: int) -> Local:
        """Grow and shrink the parents `mask` of `u` within the variables `before` until no single change helps."""
        kept = self._kept[u]
        mask = (mask & before) | self.required[u]
        found = kept.get(mask) or self._make(u, mask, _members(mask))
        while True:
            if found.add_mask & before:
                for w in found.adds:
                    if before >> w & 1:
                        break
                mask |= 1 << w
                found = kept.get(mask) or self._make(u, mask, (*found.parents, w))
            elif found.drop >= 0:
                mask ^= 1 << found.drop
                found = kept.get(mask) or self._make(u, mask, _without(found.parents, found.drop))
            else:
                return found

    def _make(self, u: int, mask: int, parents: tuple[int, ...]) -> Local:
        made = self._local(u, mask, parents)
        if len(self._kept[u]) >= MOST_KEPT:
            self._kept[u].clear()
        self._kept[u][mask] = made
        return made

    def _local(self, u: int, mask: int, parents: tuple[int, ...]) -> Local:
        """By the inverse M of the Cholesky factor of the parents' correlations, and M R for all variables at once."""
        r = self._correlation
        if not parents:
            return self._gains(u, mask, parents, r[u], self._ones, -1)
        index = np.array(parents)
        rows = r.take(index, 0)
        factor, failed = dpotrf(rows.take(index, 1), lower=1)
        if failed:
            return Local(mask, parents, inf, [], 0, self._any_free(u, parents))
        inverse = dtrtri(factor, lower=1)[0]
        solved = inverse.dot(rows)
        own, ones = solved[:, u], self._ones[: len(parents)]
        left = 1.0 - ones.dot(solved * solved)
        cross = r[u] - own.dot(solved)
        cross[index] = 0.0
        beta = own.dot(inverse)
        loss = beta * beta / ones.dot(inverse * inverse)
        return self._gains(u, mask, parents, cross, left, self._drop(u, parents, loss, left.item(u)))

    def _gains(self, u: int, mask: int, parents: tuple[int, ...], cross: Array, left: Array, drop: int) -> Local:
        """What one more parent would explain, cross²/left, is useful where it exceeds the penalty."""
        own = left.item(u)
        if own < NOTHING_LEFT:
            return Local(mask, parents, inf, [], 0, self._any_free(u, parents))
        score = log(own) + self._penalty * len(parents)
        if len(parents) >= self._most:
            return Local(mask, parents, score, [], 0, drop)
        explained = cross * cross
        good = ((explained > (self._least * own) * left) & (left > NOTHING_LEFT) & self._allowed[u]).nonzero()[0]
        if not len(good):
            return Local(mask, parents, score, [], 0, drop)
        adds = good[(-explained[good] / left[good]).argsort(kind="stable")].tolist()
        return Local(mask, parents, score, adds, _mask(adds), drop)

    def _drop(self, u: int, parents: tuple[int, ...], loss: Array, left: float) -> int:
        """The parent whose loss log(1 + β²/(σ² (A⁻¹)_ww)) is least, if that is less than the penalty."""
        must = self.required[u]
        if must:
            loss[[must >> w & 1 == 1 for w in parents]] = inf
        weakest = int(loss.argmin())
        return parents[weakest] if loss.item(weakest) < left * self._most_lost else -1

    def _any_free(self, u: int, parents: tuple[int, ...]) -> int:
        free = [w for w in parents if not self.required[u] >> w & 1]
        return free[-1] if free else -1


def _mask(members: list[int]) -> int:
    mask = 0
    for w in members:
        mask |= 1 << w
    return mask


def _members(mask: int) -> tuple[int, ...]:
    members = []
    while mask:
        low = mask & -mask
        members.append(low.bit_length() - 1)
        mask ^= low
    return tuple(members)


def _without(members: tuple[int, ...], one: int) -> tuple[int, ...]:
    place = members.index(one)
    return members[:place] + members[place + 1 :]
