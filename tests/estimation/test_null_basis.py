"""Sparse bases of null spaces: they span, and find the sparse vectors that a rotation hid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semnan.estimation.null_basis import MOST, sparse_basis


def projector(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    space, _ = np.linalg.qr(rows.T)
    return np.asarray(space @ space.T)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 12), share=st.floats(0.1, 1.0))
def test_it_is_a_basis(seed: int, size: int, share: float) -> None:
    rank = max(1, round(share * size))
    space = projector(np.random.default_rng(seed).normal(size=(rank, size)))
    basis = sparse_basis(space)
    assert basis.shape == (rank, size)
    assert np.linalg.matrix_rank(basis) == rank
    assert np.allclose(basis @ space, basis, atol=1e-5)
    assert np.allclose(np.abs(basis).max(axis=1), 1.0)
    # No vector has more entries than elimination gives.
    assert np.count_nonzero(basis, axis=1).max() <= size - rank + 1


def test_hidden_sparse_vectors_are_found() -> None:
    rng = np.random.default_rng(2)
    sparse = np.zeros((3, 12))
    sparse[0, :5], sparse[1, 4:9], sparse[2, [0, 8, 9, 10, 11]] = rng.normal(size=(3, 5))
    basis = sparse_basis(projector(rng.normal(size=(3, 3)) @ sparse))
    for vector in sparse / np.abs(sparse).max(axis=1, keepdims=True):
        assert min(np.abs(basis - vector).max(axis=1).min(), np.abs(basis + vector).max(axis=1).min()) < 1e-5


def test_no_null_space_and_a_large_one() -> None:
    assert sparse_basis(np.zeros((4, 4))).shape == (0, 4)
    space = projector(np.random.default_rng(0).normal(size=(5, MOST + 20)))
    basis = sparse_basis(space)
    assert np.linalg.matrix_rank(basis) == 5
    assert np.allclose(basis @ space, basis, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3])
def test_everything_is_null(size: int) -> None:
    assert np.array_equal(sparse_basis(np.eye(size)), np.eye(size))
