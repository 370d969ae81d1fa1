"""Regressions of variables on their parents, many at once, and backward pruning by BIC.

Of one covariance matrix or of a stack of them: a child is then a number below samples · d.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


def regressions(covariance: Array, edges: Flags) -> Array:
    """Least-squares weights of every variable on its parents.

    Parameters
    ----------
    covariance, edges : ndarray, shape (d, d) or (samples, d, d)

    Returns
    -------
    ndarray of the same shape

    """
    columns, stack = _columns(edges), covariance.reshape(-1, *edges.shape[-2:])
    weights = np.zeros(columns.shape)
    for children in _groups(columns):
        index, padding = _padded(columns, children)
        _, beta, _ = _solved(stack, children, index, padding)
        _write(weights, children, index, padding, beta)
    return _stacked(weights, edges.shape)


def prune(covariance: Array, edges: Flags, required: Flags, n: int, penalty: float) -> Array:
    """Drop parents whose loss n · log(σ²_without/σ²_with) is below the penalty, weakest first; returns weights.

    In every round each variable loses the weaker half of the parents that are below the penalty, and is fitted again.

    Parameters
    ----------
    covariance, edges : ndarray, shape (d, d) or (samples, d, d)
    required : ndarray of bool, shape (d, d)
        Parents that stay.
    n : int
        Rows.
    penalty : float

    Returns
    -------
    ndarray of the shape of `edges`

    """
    columns, stack = _columns(edges), covariance.reshape(-1, *edges.shape[-2:])
    weights = np.zeros(columns.shape)
    open_ = np.asarray(columns.any(axis=0))
    while open_.any():
        for children in _groups(columns & open_):
            index, padding = _padded(columns, children)
            inverse, beta, variance = _solved(stack, children, index, padding)
            spread = variance[:, None] * np.diagonal(inverse, axis1=1, axis2=2)
            loss = n * np.log1p(beta * beta / spread)
            loss[padding | required[index, children[:, None] % len(columns)]] = np.inf
            weak = (loss < penalty).sum(axis=1)
            done = weak == 0
            _write(weights, children[done], index[done], padding[done], beta[done])
            open_[children[done]] = False
            rank = loss.argsort(axis=1).argsort(axis=1)
            rows, places = np.nonzero(rank < (weak[:, None] + 1) // 2)
            columns[index[rows, places], children[rows]] = False
        open_ &= columns.any(axis=0)
    return _stacked(weights, edges.shape)


def _columns(edges: Flags) -> Flags:
    """A column for every child of every sample, shape (d, samples · d); a copy."""
    d = edges.shape[-1]
    return np.array(edges.reshape(-1, d, d).transpose(1, 0, 2)).reshape(d, -1)


def _stacked(columns: Array, shape: tuple[int, ...]) -> Array:
    """The opposite of `_columns`."""
    d = shape[-1]
    return np.ascontiguousarray(columns.reshape(d, -1, d).transpose(1, 0, 2)).reshape(shape)


def _groups(edges: Flags) -> list[Indices]:
    """Children with about the same number of parents, so that little is padded."""
    counts = edges.sum(axis=0)
    limits = [0, *(size for size in (8, 16, 32, 64, 128, 256, 512) if size < len(edges)), len(edges)]
    found = [np.flatnonzero((counts > low) & (counts <= high)) for low, high in pairwise(limits)]
    pieces = []
    for children in found:
        if len(children):
            widest = int(counts[children].max())
            pieces += np.array_split(children, 1 + len(children) * widest**2 // 4_000_000)
    return [piece for piece in pieces if len(piece)]


def _padded(edges: Flags, children: Indices) -> tuple[Indices, Flags]:
    """The parents of each child, shape (children, most parents), and which places are empty."""
    columns, parents = np.nonzero(edges[:, children].T)
    counts = np.bincount(columns, minlength=len(children))
    place = np.arange(len(columns)) - np.repeat(np.cumsum(counts) - counts, counts)
    index = np.zeros((len(children), int(counts.max())), dtype=np.int64)
    index[columns, place] = parents
    return index, np.arange(index.shape[1]) >= counts[:, None]


def _solved(stack: Array, children: Indices, index: Indices, padding: Flags) -> tuple[Array, Array, Array]:
    """Inverse covariances of the parents, weights and residual variances; empty places have weight zero."""
    sample, child = np.divmod(children, stack.shape[-1])
    own = sample[:, None]
    blocks = stack[own[:, :, None], index[:, :, None], index[:, None, :]]
    if padding.any():
        scale = stack[own, index, index]
        blocks[padding[:, :, None] | padding[:, None, :]] = 0.0
        row, place = np.nonzero(padding)
        blocks[row, place, place] = scale[row, place]
    cross = np.where(padding, 0.0, stack[own, index, child[:, None]])
    inverse = np.asarray(np.linalg.inv(blocks), dtype=np.float64)
    beta = np.einsum("cij,cj->ci", inverse, cross)
    variance = stack[sample, child, child] - np.einsum("ci,ci->c", beta, cross)
    return inverse, beta, np.maximum(variance, np.finfo(float).tiny)


def _write(weights: Array, children: Indices, index: Indices, padding: Flags, beta: Array) -> None:
    rows, places = np.nonzero(~padding)
    weights[index[rows, places], children[rows]] = beta[rows, places]
