"""An order of the variables with the best parents of each, and its improvement by moving one variable at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.discovery.scores import Local, LocalScores

Flags = NDArray[np.bool_]

#: Scores that differ by less are equal: graphs of one class tie, and rounding, which differs with units, must not
#: decide between them.
EQUAL = 1e-10


@final
class OrderState:
    """An order, the parents that grow-shrink finds for each variable among those before, and their total score.

    Parameters
    ----------
    scores : LocalScores
    order : sequence of int
    before : ndarray of bool, shape (d, d)
        ``before[a, b]``: a must stay before b.
    patience : float
        A walk of a variable through the order ends where the total has become worse by more than this.

    """

    def __init__(self, scores: LocalScores, order: Sequence[int], before: Flags, patience: float) -> None:
        self._scores = scores
        self._patience = patience
        self._earlier = [_bits(np.flatnonzero(column)) for column in before.T]
        self._later = [_bits(np.flatnonzero(row)) for row in before]
        self.order: list[int] = []
        self.locals: list[Local] = []
        self.total = 0.0
        self.place(order)

    def place(self, order: Sequence[int]) -> int:
        """Take an order; parents start from those that they were. Returns the variables touched, as bits."""
        old, touched, before = self.locals, 0, 0
        new: list[Local | None] = [None] * len(order)
        for u in order:
            found = self._scores.best(u, old[u].mask if old else 0, before)
            if old and found is not old[u]:
                touched |= 1 << u | found.mask | old[u].mask
            new[u] = found
            before |= 1 << u
        self.order, self.locals = list(order), [found for found in new if found is not None]
        self.total = sum(found.score for found in self.locals)
        return touched

    def snapshot(self) -> tuple[list[int], list[Local], float]:
        return list(self.order), list(self.locals), self.total

    def restore(self, kept: tuple[list[int], list[Local], float]) -> None:
        self.order, self.locals, self.total = kept

    def descend(self, active: int) -> None:
        """Move variables, those in the bits of `active` and those that moves touch, until no move improves."""
        while active:
            now, active = active, 0
            while now:
                low = now & -now
                now ^= low
                active |= self.move(low.bit_length() - 1)

    def move(self, v: int) -> int:
        """Put v where the total score is least, if that is elsewhere. Returns the variables touched, as bits.

        For every place the parents of v are grown and shrunk anew, and so are those of each variable that v passes,
        if it has v as a parent or would gain by it.
        """
        at = self.order.index(v)
        before = _bits(self.order[:at])
        up, down = self._walk_up(v, at, before), self._walk_down(v, at, before)
        gain, place, own, changed = down if down[0] < up[0] - EQUAL else up
        if place == at:
            return 0
        touched = 1 << v | self.locals[v].mask | own.mask
        for u, found in changed:
            touched |= 1 << u | (self.locals[u].mask ^ found.mask)
            self.locals[u] = found
        self.locals[v] = own
        del self.order[at]
        self.order.insert(place, v)
        self.total += gain
        return touched

    def _walk_up(self, v: int, at: int, before: int) -> Found:
        """Towards the head: variables that v passes may take it as a parent, and v may not take them."""
        own = self.locals[v]
        start, bit, stop = own.score, 1 << v, self._earlier[v]
        best, change, changed = (0.0, at, own, 0), 0.0, []
        for k in range(at - 1, -1, -1):
            u = self.order[k]
            if stop >> u & 1:
                break
            before ^= 1 << u
            passed = self.locals[u]
            if passed.add_mask & bit:
                found = self._scores.best(u, passed.mask, before | bit)
                changed.append((u, found))
                change += found.score - passed.score
            if own.mask >> u & 1:
                own = self._scores.best(v, own.mask, before)
            total = change + own.score - start
            if total < best[0] - EQUAL:
                best = (total, k, own, len(changed))
            elif total > self._patience:
                break
        return best[0], best[1], best[2], changed[: best[3]]

    def _walk_down(self, v: int, at: int, before: int) -> Found:
        """Towards the tail: variables that v passes lose it as a parent, and v may take them."""
        own = self.locals[v]
        start, bit, stop = own.score, 1 << v, self._later[v]
        best, change, changed = (0.0, at, own, 0), 0.0, []
        for k in range(at + 1, len(self.order)):
            u = self.order[k]
            if stop >> u & 1:
                break
            passed = self.locals[u]
            if passed.mask & bit:
                found = self._scores.best(u, passed.mask & ~bit, before)
                changed.append((u, found))
                change += found.score - passed.score
            before |= 1 << u
            if own.add_mask >> u & 1:
                own = self._scores.best(v, own.mask, before)
            total = change + own.score - start
            if total < best[0] - EQUAL:
                best = (total, k, own, len(changed))
            elif total > self._patience:
                break
        return best[0], best[1], best[2], changed[: best[3]]


#: Change of the total score, place, the variable's own parents there, and the variables whose parents change.
Found = tuple[float, int, Local, list[tuple[int, Local]]]


def _bits(members: Sequence[int] | NDArray[np.int64]) -> int:
    mask = 0
    for w in members:
        mask |= 1 << int(w)
    return mask
