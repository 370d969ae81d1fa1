"""How far a learned graph is from the true one: counts, rates and distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from semnan.errors import Unavailable
from semnan.metrics.equivalence import cpdag
from semnan.metrics.matrices import Flags, checked_pair, off_diagonal


@final
@dataclass(frozen=True)
class Confusion:
    """Counts of edges found and missed, and the rates that follow.

    Attributes
    ----------
    tp, fp, fn, tn : int
        True positives, false positives, false negatives, true negatives: over ordered pairs of variables, or for the
        skeleton over unordered pairs.

    """

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def precision(self) -> float | Unavailable:
        return _share(self.tp, self.tp + self.fp, "no edge was estimated")

    @property
    def recall(self) -> float | Unavailable:
        """The true positive rate."""
        return _share(self.tp, self.tp + self.fn, "the true graph has no edge")

    @property
    def f1(self) -> float | Unavailable:
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn, "neither graph has an edge")

    @property
    def fdr(self) -> float | Unavailable:
        """The false discovery rate, 1 − precision."""
        return _share(self.fp, self.tp + self.fp, "no edge was estimated")

    @property
    def fnr(self) -> float | Unavailable:
        return _share(self.fn, self.tp + self.fn, "the true graph has no edge")

    @property
    def fpr(self) -> float | Unavailable:
        return _share(self.fp, self.fp + self.tn, "the true graph has every edge")


@final
@dataclass(frozen=True)
class Comparison:
    """A learned DAG beside the true one.

    Attributes
    ----------
    shd : int
        Structural Hamming distance: missing, extra and reversed edges; a reversal counts one.
    shd_per_variable : float
    shd_cpdag : int
        The same between the CPDAGs, which is what Gaussian data can tell without assumptions on variances.
    reversed : int
    directed, skeleton : Confusion

    """

    shd: int
    shd_per_variable: float
    shd_cpdag: int
    reversed: int
    directed: Confusion
    skeleton: Confusion


def compare(truth: ArrayLike, estimate: ArrayLike) -> Comparison:
    """Compare two DAGs; `GraphError` if one has a cycle or the sizes differ."""
    true, found = checked_pair(truth, estimate)
    distance = _pair_distance(true, found)
    return Comparison(
        shd=distance,
        shd_per_variable=distance / len(true),
        shd_cpdag=_pair_distance(cpdag(true), cpdag(found)),
        reversed=int((true & found.T & ~found).sum()),
        directed=_confusion(true, found, off_diagonal(len(true))),
        skeleton=_confusion(true | true.T, found | found.T, np.triu(off_diagonal(len(true)))),
    )


def at_thresholds(truth: ArrayLike, weights: ArrayLike, thresholds: Sequence[float]) -> dict[float, Comparison]:
    """`compare` for the edges whose absolute weight is at least each threshold."""
    matrix = np.asarray(weights, dtype=np.float64)
    return {t: compare(truth, np.where(np.abs(matrix) >= t, matrix, 0.0)) for t in thresholds}


def shd(truth: ArrayLike, estimate: ArrayLike) -> int:
    """Structural Hamming distance of two graphs: pairs of variables whose edge differs; a reversal counts one."""
    return _pair_distance(*checked_pair(truth, estimate))


def shd_cpdag(truth: ArrayLike, estimate: ArrayLike) -> int:
    """`shd` of the CPDAGs of two DAGs."""
    true, found = checked_pair(truth, estimate)
    return _pair_distance(cpdag(true), cpdag(found))


def average_precision(truth: ArrayLike, weights: ArrayLike) -> float | Unavailable:
    """Mean of precision over recall as the threshold on absolute weights falls, as scikit-learn defines it.

    AP = Σ_k (R_k − R_{k−1}) P_k over the distinct absolute weights, over all ordered pairs of variables.
    """
    true, sizes = np.asarray(truth) != 0, np.abs(np.asarray(weights, dtype=np.float64))
    pairs = off_diagonal(len(true))
    labels, scores = true[pairs], sizes[pairs]
    if not labels.any():
        return Unavailable("the true graph has no edge")
    order = np.argsort(-scores, kind="stable")
    hits, last = np.cumsum(labels[order]), np.append(np.diff(scores[order]) != 0, True)
    precision, recall = (hits / np.arange(1, len(hits) + 1))[last], (hits / hits[-1])[last]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _pair_distance(true: Flags, found: Flags) -> int:
    different = true != found
    return int(np.triu(different | different.T, 1).sum())


def _confusion(true: Flags, found: Flags, counted: Flags) -> Confusion:
    return Confusion(
        *(int((pairs & counted).sum()) for pairs in (true & found, ~true & found, true & ~found, ~true & ~found))
    )


def _share(part: int, whole: int, reason: str) -> float | Unavailable:
    return part / whole if whole else Unavailable(reason)
