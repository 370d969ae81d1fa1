"""`MomentsStack`: many samples at once, as the loop over them would have it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import DataError, Moments, MomentsStack
from tests.data.tables import BACKENDS, NAMES, columns, table


def tables(count: int = 4) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    return np.stack([table(seed) for seed in range(count)])


def close(first: Moments, second: Moments) -> bool:
    same = (first.names, first.n) == (second.names, second.n)
    return same and np.allclose(first.covariance, second.covariance, rtol=1e-13, atol=1e-14)


@given(st.integers(1, 6))
def test_stacked_arrays_agree_with_looped_moments(count: int) -> None:
    stack = MomentsStack.from_arrays(tables(count), NAMES)
    assert len(stack) == count
    assert all(close(stack[b], Moments.from_array(table(b), NAMES)) for b in range(count))


def test_stacked_moments_are_the_moments() -> None:
    samples = [Moments.from_covariance(np.cov(table(b).T), NAMES, 10 + b) for b in range(3)]
    stack = MomentsStack.from_moments(samples)
    assert [stack[b] for b in range(3)] == samples
    assert list(stack) == samples
    assert stack[-1] == samples[-1]


def test_samples_are_brought_into_the_order_of_the_first() -> None:
    first, second = Moments.from_array(table(0), NAMES), Moments.from_array(table(1)[:, [2, 0, 1]], ["c", "a", "b"])
    stack = MomentsStack.from_moments(iter([first, second]))
    assert stack.names == NAMES
    assert close(stack[1], Moments.from_array(table(1), NAMES))


def test_select() -> None:
    stack = MomentsStack.from_arrays(tables(), NAMES).select(["c", "b"])
    assert stack.names == ("c", "b")
    assert all(close(stack[b], Moments.from_array(table(b)[:, [2, 1]], ["c", "b"])) for b in range(4))


def test_arrays_are_read_only_copies() -> None:
    matrix, sizes = np.stack([np.eye(2)] * 3), np.array([5, 6, 7])
    stack = MomentsStack(("a", "b"), matrix, sizes)
    matrix[0], sizes[0] = 9, 9
    assert stack.covariance[0, 0, 0] == 1
    assert stack.n.tolist() == [5, 6, 7]
    for array in (stack.covariance, stack.n):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_means_are_carried_if_every_sample_has_them() -> None:
    samples = [Moments.from_array(table(b), NAMES) for b in range(3)]
    for stack in (MomentsStack.from_moments(samples), MomentsStack.from_arrays(tables(3), NAMES)):
        assert stack.means is not None
        assert np.allclose(stack.means, tables(3).mean(axis=1), rtol=1e-14)
        assert np.array_equal(np.array([sample.mean for sample in stack]), stack.means)
        chosen = stack.select(["c", "a"])
        assert chosen.means is not None
        assert np.array_equal(chosen.means, stack.means[:, [2, 0]])
    without = Moments(NAMES, samples[1].covariance, 20)
    mixed = MomentsStack.from_moments([samples[0], without])
    assert mixed.means is None
    assert mixed[0].mean is None
    assert mixed.select(["a"]).means is None


def test_stacked_frames_are_the_frames() -> None:
    frames = [backend(columns(b)) for b, backend in enumerate(BACKENDS)]
    stack = MomentsStack.from_frames(frames, ["b", "c"])
    assert list(stack) == [Moments.from_frame(frame, ["b", "c"]) for frame in frames]
    frames[1] = frames[1][["c", "b", "a"]]
    assert MomentsStack.from_frames(frames).names == NAMES


def test_the_frame_that_is_wrong_is_named() -> None:
    good, short = (BACKENDS[0](columns()) for _ in range(2))
    with pytest.raises(DataError, match="sample 1 of the stack: the frame has no column 'c'"):
        MomentsStack.from_frames([good, short[["a", "b"]]], NAMES)
    with pytest.raises(DataError, match="sample 0 of the stack: expected a data frame in memory, got str"):
        MomentsStack.from_frames(good)
    with pytest.raises(DataError, match="no samples to stack"):
        MomentsStack.from_frames([])


def test_rounding_asymmetry_is_evened_out_as_in_a_single_sample() -> None:
    matrix = np.array([[1, 0.5], [0.5 + 1e-10, 1]])
    stack = MomentsStack(("a", "b"), matrix[None], np.array([9]))
    assert np.array_equal(stack.covariance[0], Moments.from_covariance(matrix, ["a", "b"], 9).covariance)


def test_singular_samples_are_let_in_like_singular_moments() -> None:
    stack = MomentsStack(("a", "b"), np.array([np.eye(2), np.ones((2, 2))]), np.array([9, 9]))
    assert stack[1].dependent == ("b",)


WRONG = [
    (np.array([np.eye(2), [[1, 2], [2, 1]]]), [9, 9], r"sample 1 .*correlation of 'a' and 'b' is 2"),
    (np.array([np.eye(2), [[1, np.nan], [0, 1]]]), [9, 9], r"sample 1 .*'a' and 'b' is nan"),
    (np.array([np.eye(2), [[1, 0.5], [0, 1]]]), [9, 9], r"sample 1 .*not symmetric"),
    (np.array([np.eye(2), [[1, 0], [0, -1]]]), [9, 9], r"sample 1 .*variance of 'b' is -1"),
    (np.array([np.eye(2), [[1e-320, 1], [1, 1]]]), [9, 9], r"sample 1 .*'a'"),
    (np.array([np.eye(2), np.eye(2)]), [9, 1], r"sample 1 .*sample size n is 1"),
    (np.array([np.eye(2), np.eye(2)]), [9.5, 9.5], r"sizes have type float64: give integers"),
    (np.array([np.eye(2), np.eye(2)]), ["9", "9"], r"sizes have type <U1: give integers"),
    (np.array([np.eye(2), np.eye(2)]), [9], r"2 covariance matrices, but the sizes have shape \(1,\)"),
    (np.eye(2), [9], r"shape \(B, 2, 2\), got \(2, 2\)"),
    (np.empty((0, 2, 2)), [], r"shape \(B, 2, 2\), got \(0, 2, 2\)"),
]


@pytest.mark.parametrize(("matrix", "sizes", "told"), WRONG)
def test_the_sample_that_is_wrong_is_named(
    matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]], sizes: list[int], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        MomentsStack(("a", "b"), matrix, np.array(sizes))


WRONG_MEANS = [
    ([[0, 0]], r"the means have shape \(1, 2\), expected \(2, 2\): one row a sample"),
    ([[0, 0], [0, np.inf]], "sample 1 of the stack: the mean of 'b' is inf"),
    ([["0", "0"], ["0", "0"]], "the stack of means is not numeric"),
]


@pytest.mark.parametrize(("means", "told"), WRONG_MEANS)
def test_wrong_means_are_named(means: list[list[float]], told: str) -> None:
    with pytest.raises(DataError, match=told):
        MomentsStack(("a", "b"), np.array([np.eye(2)] * 2), np.array([9, 9]), np.array(means))


def test_wrong_tables_are_named() -> None:
    wrong = tables()
    wrong[2, 4, 1] = np.inf
    with pytest.raises(DataError, match=r"sample 2 .*'b' is infinite in 1 row\(s\), first in row 4"):
        MomentsStack.from_arrays(wrong, NAMES)
    wrong[2, :, 1] = 0
    wrong[2, :2, 1] = 1e200, 3e200
    with pytest.raises(DataError, match=r"sample 2 .*'b' are too large"):
        MomentsStack.from_arrays(wrong, NAMES)
    with pytest.raises(DataError, match="the tables have 3 columns, but there are 2 names"):
        MomentsStack.from_arrays(wrong, ["a", "b"])
    with pytest.raises(DataError, match=r"shape \(B, n, p\), got \(20, 3\)"):
        MomentsStack.from_arrays(wrong[0], NAMES)


def test_wrong_samples_are_named() -> None:
    good = Moments.from_array(table(), NAMES)
    with pytest.raises(DataError, match="no samples to stack"):
        MomentsStack.from_moments([])
    with pytest.raises(DataError, match="no variable 'c'"):
        MomentsStack.from_moments([good, good.select(["a", "b"])])
    with pytest.raises(DataError, match="sample 1 is a ndarray: give Moments"):
        MomentsStack.from_moments([good, np.eye(3)])  # type: ignore[list-item]
