"""How far a learned graph is from the true one, and how far variances alone give an order away.

Matrices are entry [parent, child]; what is not zero is an edge. In a CPDAG an undirected edge stands in both entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.errors import GraphError, Unavailable

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


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
    true, found = _pair(truth, estimate)
    distance = _pair_distance(true, found)
    return Comparison(
        shd=distance,
        shd_per_variable=distance / len(true),
        shd_cpdag=_pair_distance(cpdag(true), cpdag(found)),
        reversed=int((true & found.T & ~found).sum()),
        directed=_confusion(true, found, _off_diagonal(len(true))),
        skeleton=_confusion(true | true.T, found | found.T, np.triu(_off_diagonal(len(true)))),
    )


def at_thresholds(truth: ArrayLike, weights: ArrayLike, thresholds: Sequence[float]) -> dict[float, Comparison]:
    """`compare` for the edges whose absolute weight is at least each threshold."""
    matrix = np.asarray(weights, dtype=np.float64)
    return {t: compare(truth, np.where(np.abs(matrix) >= t, matrix, 0.0)) for t in thresholds}


def shd(truth: ArrayLike, estimate: ArrayLike) -> int:
    """Structural Hamming distance of two graphs: pairs of variables whose edge differs; a reversal counts one."""
    return _pair_distance(*_pair(truth, estimate))


def shd_cpdag(truth: ArrayLike, estimate: ArrayLike) -> int:
    """`shd` of the CPDAGs of two DAGs."""
    true, found = _pair(truth, estimate)
    return _pair_distance(cpdag(true), cpdag(found))


def average_precision(truth: ArrayLike, weights: ArrayLike) -> float | Unavailable:
    """Mean of precision over recall as the threshold on absolute weights falls, as scikit-learn defines it.

    AP = Σ_k (R_k − R_{k−1}) P_k over the distinct absolute weights, over all ordered pairs of variables.
    """
    true, sizes = np.asarray(truth) != 0, np.abs(np.asarray(weights, dtype=np.float64))
    pairs = _off_diagonal(len(true))
    labels, scores = true[pairs], sizes[pairs]
    if not labels.any():
        return Unavailable("the true graph has no edge")
    order = np.argsort(-scores, kind="stable")
    hits, last = np.cumsum(labels[order]), np.append(np.diff(scores[order]) != 0, True)
    precision, recall = (hits / np.arange(1, len(hits) + 1))[last], (hits / hits[-1])[last]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def negative_log_likelihood(
    weights: ArrayLike,
    train: ArrayLike,
    validation: ArrayLike,
    *,
    variances: Literal["equal", "different"] = "different",
) -> float:
    """Gaussian negative log-likelihood of a row of validation data, nats per row.

    Parameters
    ----------
    weights : array_like, shape (d, d)
    train, validation : array_like, shape (d, d)
        Covariances. Error variances come from the training data, by maximum likelihood, equal or one per variable.

    """
    residual = np.eye(len(np.asarray(weights))) - np.asarray(weights, dtype=np.float64)
    fitted, seen = (np.einsum("ij,ik,kj->j", residual, np.asarray(c), residual) for c in (train, validation))
    if variances == "equal":
        fitted = np.full(len(fitted), fitted.mean())
    log_determinant = np.linalg.slogdet(residual)[1]
    return float(0.5 * np.sum(np.log(2 * np.pi * fitted) + seen / fitted) - log_determinant)


def varsortability(truth: ArrayLike, covariance: ArrayLike) -> float | Unavailable:
    """Share of directed paths whose end varies more than their start (Reisach, Seiler & Weichwald 2021).

    Averaged over paths of every length as the paper does: pairs joined by a path of length k count once for every k;
    ties count half. One: variances alone give the order. One half: they say nothing.
    """
    return _sortability(truth, np.diagonal(np.asarray(covariance, dtype=np.float64)))


def r2_sortability(truth: ArrayLike, covariance: ArrayLike) -> float | Unavailable:
    """The same of R² given all other variables, which does not depend on scales (Reisach et al. 2023)."""
    return _sortability(truth, r_squared_of_others(covariance))


def r_squared_of_others(covariance: ArrayLike) -> Array:
    """The share of each variable's variance that all others explain, 1 − 1/(C_jj (C⁻¹)_jj); shape (d,)."""
    matrix = np.asarray(covariance, dtype=np.float64)
    inverse = np.linalg.pinv(matrix, hermitian=True)
    return np.asarray(1 - 1 / (np.diagonal(matrix) * np.diagonal(inverse)))


def _sortability(truth: ArrayLike, values: Array) -> float | Unavailable:
    edges = (np.asarray(truth) != 0).astype(np.float32)
    higher = np.sign(values[None, :] - values[:, None]) * (
        np.abs(values[None, :] - values[:, None]) > 1e-9 * np.abs(values).max()
    )
    joined, right, total = edges, 0.0, 0.0
    for _ in range(len(edges) - 1):
        right += float(((1 + higher) / 2)[joined > 0].sum())
        total += float((joined > 0).sum())
        joined = np.asarray((joined @ edges > 0).astype(np.float32))
        if not joined.any():
            break
    return right / total if total else Unavailable("the graph has no edge")


# -- CPDAG


def cpdag(dag: ArrayLike, known: ArrayLike | None = None) -> Flags:
    """The CPDAG of a DAG: the directions that all DAGs with its conditional independences share.

    Parameters
    ----------
    dag : array_like, shape (d, d)
    known : array_like, shape (d, d), optional
        Edges of the DAG whose direction is background knowledge; what follows from them is directed too.

    Returns
    -------
    ndarray of bool, shape (d, d)
        An edge without direction is True in both entries. By v-structures and the rules of Meek (UAI 1995).

    """
    edges = _dag(dag)
    adjacent = edges | edges.T
    directed = _v_structures(edges, adjacent)
    if known is not None:
        directed |= edges & (np.asarray(known) != 0)
    while True:
        open_ = adjacent & ~(directed | directed.T)
        found = open_ & edges & _meek(directed, adjacent, open_)
        if not found.any():
            return np.asarray(directed | open_)
        directed |= found


def _v_structures(edges: Flags, adjacent: Flags) -> Flags:
    """Edges a -> c for which some b -> c has b not adjacent to a."""
    apart = ~adjacent & _off_diagonal(len(edges))
    return np.asarray(edges & _product(apart, edges))


def _meek(directed: Flags, adjacent: Flags, open_: Flags) -> Flags:
    """Pairs (b, c) that one of Meek's four rules directs as b -> c, given the directions found so far."""
    found = _product(directed.T, ~adjacent) | _product(directed, directed)
    rest = np.argwhere(open_ & ~found & ~found.T)
    for b, c in rest.tolist():
        found[b, c] = _third(directed, adjacent, open_, b, c) or _fourth(directed, adjacent, open_, b, c)
    return np.asarray(found)


def _third(directed: Flags, adjacent: Flags, open_: Flags, b: int, c: int) -> bool:
    """Whether b - k -> c and b - l -> c with k and l not adjacent."""
    between = np.flatnonzero(open_[b] & directed[:, c])
    if len(between) < 2:
        return False
    apart = ~adjacent[np.ix_(between, between)]
    return int(apart.sum()) > len(between)


def _fourth(directed: Flags, adjacent: Flags, open_: Flags, b: int, c: int) -> bool:
    """Whether b - k -> l -> c with b adjacent to l, and k and c not adjacent."""
    last = adjacent[b] & directed[:, c]
    first = open_[b] & ~adjacent[:, c]
    first[c] = False
    return bool(directed[np.ix_(first, last)].any())


def _product(left: Flags, right: Flags) -> Flags:
    """Whether two relations meet: single precision counts exactly up to 2²⁴."""
    return np.asarray(left.astype(np.float32) @ right.astype(np.float32) > 0)


# -- shared


def is_acyclic(matrix: ArrayLike) -> bool:
    """Whether the edges (entries that are not zero) have no cycle."""
    edges = np.asarray(matrix) != 0
    left = np.ones(len(edges), dtype=bool)
    waiting = edges.sum(axis=0)
    while True:
        sources = left & (waiting == 0)
        if not sources.any():
            return not left.any()
        left &= ~sources
        waiting = waiting - edges[sources].sum(axis=0)


def _dag(matrix: ArrayLike) -> Flags:
    edges = np.asarray(matrix) != 0
    if edges.ndim != 2 or edges.shape[0] != edges.shape[1]:
        raise GraphError(f"a graph is a square matrix, got shape {edges.shape}")
    if not is_acyclic(edges):
        raise GraphError("the graph has a cycle: raise the threshold, or remove an edge")
    return np.asarray(edges)


def _pair(truth: ArrayLike, estimate: ArrayLike) -> tuple[Flags, Flags]:
    true, found = np.asarray(truth) != 0, np.asarray(estimate) != 0
    if true.ndim != 2 or true.shape[0] != true.shape[1] or true.shape != found.shape:
        raise GraphError(f"graphs to compare are square and of one size, got shapes {true.shape} and {found.shape}")
    return true, found


def _pair_distance(true: Flags, found: Flags) -> int:
    different = true != found
    return int(np.triu(different | different.T, 1).sum())


def _confusion(true: Flags, found: Flags, counted: Flags) -> Confusion:
    return Confusion(
        *(int((pairs & counted).sum()) for pairs in (true & found, ~true & found, true & ~found, ~true & ~found))
    )


def _off_diagonal(d: int) -> Flags:
    return ~np.eye(d, dtype=bool)


def _share(part: int, whole: int, reason: str) -> float | Unavailable:
    return part / whole if whole else Unavailable(reason)
