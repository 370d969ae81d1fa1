"""The few array operations that numpy and torch spell differently, so that one formula serves both.

Fits run in numpy, whose small operations cost a third of torch's; what is given as tensors stays tensors. Batches of
factorisations go to torch also from numpy, without a copy, since it has them batched.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import lapack
from torch import Tensor

Array = NDArray[Any]
A = TypeVar("A", Array, Tensor)
#: Up to this size an inverse is cheaper by solving for the identity than from its triangle.
SMALL = 64


def take(array: A, index: A, axis: int = -1) -> A:
    """Entries along an axis."""
    if isinstance(array, Tensor):
        return array.index_select(axis, index)
    return array.take(index, axis=axis)


def cat(parts: Sequence[A], axis: int) -> A:
    """Arrays one after the other."""
    if isinstance(parts[0], Tensor):
        return torch.cat(list(parts), dim=axis)
    return np.concatenate(parts, axis=axis)


def bordered(corner: A, half: A, inner: A) -> A:
    """The symmetric [[corner, halfᵀ], [half, inner]]."""
    if isinstance(half, Tensor):
        upper = torch.cat([corner, half.mT], dim=-1)
        return torch.cat([upper, torch.cat([half, inner], dim=-1)], dim=-2)
    p, m = half.shape[-1], half.shape[-2]
    found = np.empty((*half.shape[:-2], p + m, p + m))
    found[..., :p, :p], found[..., p:, p:], found[..., p:, :p] = corner, inner, half
    found[..., :p, p:] = half.mT
    return found


def where(mask: A, value: A, other: float) -> A:
    """The value where the mask is true, otherwise a number."""
    return torch.where(mask, value, other) if isinstance(value, Tensor) else np.where(mask, value, other)


def exp(array: A) -> A:
    return torch.exp(array) if isinstance(array, Tensor) else np.exp(array)


def spread(array: A, shape: tuple[int, ...]) -> A:
    """The array repeated to a shape, without a copy."""
    return array.expand(shape) if isinstance(array, Tensor) else np.broadcast_to(array, shape)


def zeros(like: A, shape: tuple[int, ...]) -> A:
    return like.new_zeros(shape) if isinstance(like, Tensor) else np.zeros(shape)


def full(like: A, value: float) -> A:
    """An array of the same shape and kind with one number everywhere."""
    return torch.full_like(like, value) if isinstance(like, Tensor) else np.full(like.shape, value)


def eye(like: A) -> A:
    """The identity of the size of the last axis."""
    if isinstance(like, Tensor):
        return torch.eye(like.shape[-1], dtype=like.dtype, device=like.device)
    return identity(like.shape[-1])


@lru_cache(maxsize=8)
def identity(size: int) -> Array:
    """An identity that nobody may write to."""
    found = np.eye(size)
    found.flags.writeable = False
    return found


def copied(array: A) -> A:
    return array.clone() if isinstance(array, Tensor) else array.copy()


def put(base: A, place: A, values: A) -> A:
    """A copy of the base, repeated over the batch of the values, with the values at some places of its last axis."""
    shape = (*values.shape[:-1], base.shape[-1])
    if isinstance(base, Tensor):
        return base.expand(shape).index_copy(-1, place, values)
    found = np.empty(shape)
    found[...] = base
    found[..., place] = values
    return found


def add_at(size: int, place: A, values: A) -> A:
    """Zeros of this size on the last axis, to which the values are added at their places."""
    if isinstance(values, Tensor):
        return values.new_zeros(*values.shape[:-1], size).index_add_(-1, place, values)
    flat = values.reshape(-1, values.shape[-1])
    shift = np.arange(len(flat))[:, None] * size
    sums = np.bincount((place + shift).ravel(), weights=flat.ravel(), minlength=len(flat) * size)
    found: Array = sums.reshape(*values.shape[:-1], size)
    return found


def invert_unit_upper(array: A) -> A:
    """The inverse of upper triangular matrices with a diagonal of ones."""
    if isinstance(array, Tensor):
        found: Tensor = torch.linalg.solve_triangular(array, eye(array), upper=True, unitriangular=True)
        return found
    if _single(array):
        inverse, _ = lapack.dtrtri(array.reshape(array.shape[-2:]).T, lower=1, unitdiag=1)
        flipped: Array = inverse.T.reshape(array.shape)
        return flipped
    wide: Array = invert_unit_upper(torch.from_numpy(array)).numpy()
    return wide


def cholesky(array: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Lower Cholesky factors of a batch of symmetric matrices (I where there is none), and which are definite."""
    batch, size = array.shape[:-2], array.shape[-1]
    if _single(array):
        factor, info = lapack.dpotrf(array.reshape(size, size).T, lower=1, clean=1)
        sound = info == 0 and bool(np.isfinite(factor[-1, -1]))
        return (factor if sound else identity(size)).reshape(array.shape), np.full(batch, sound)
    factors, failed = torch.linalg.cholesky_ex(torch.from_numpy(array))
    definite = (failed == 0) & torch.isfinite(factors.diagonal(dim1=-2, dim2=-1)).all(-1)
    if not bool(definite.all()):
        factors = torch.where(definite[..., None, None], factors, torch.from_numpy(np.eye(size)))
    return factors.numpy(), definite.numpy()


def inverse_of_factor(factor: Array) -> Array:
    """(L Lᵀ)⁻¹."""
    size = factor.shape[-1]
    if not _single(factor):
        found: Array = torch.cholesky_inverse(torch.from_numpy(factor)).numpy()
        return found
    flat = factor.reshape(size, size)
    if size <= SMALL:
        found = lapack.dpotrs(flat, identity(size), lower=1)[0].T
    else:
        lower, _ = lapack.dpotri(flat, lower=1)
        found = np.tril(lower) + np.tril(lower, -1).T
    return found.reshape(factor.shape)


def solve_factor(factor: Array, right: Array) -> Array:
    """Solutions of L Lᵀ x = right, shape (B, q)."""
    if _single(factor):
        found: Array = lapack.dpotrs(factor.reshape(factor.shape[-2:]), right.reshape(-1), lower=1)[0]
        return found.reshape(right.shape)
    wide, known = torch.from_numpy(np.ascontiguousarray(right))[..., None], torch.from_numpy(factor)
    return np.asarray(torch.cholesky_solve(wide, known)[..., 0])


def diagonal(array: A) -> A:
    """The diagonals of a batch of square matrices, as a view."""
    if isinstance(array, Tensor):
        return array.diagonal(dim1=-2, dim2=-1)
    return array.diagonal(axis1=-2, axis2=-1)


def _single(array: Array) -> bool:
    """Whether a batch holds one matrix."""
    return bool(array.size == array.shape[-1] ** 2 > 0)
