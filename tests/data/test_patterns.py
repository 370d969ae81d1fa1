"""`Patterns`: the same moments as a loop over the rows, pattern by pattern."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import DataError, Moments
from semnan.data import Patterns
from semnan.data import patterns as module
from tests.data.tables import NAMES, table

Table = np.ndarray[tuple[int, int], np.dtype[np.float64]]
GAP = float("nan")


def with_gaps(rows: int, p: int, share: float, seed: int = 0) -> Table:
    """A table in which every row has a value."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, p)) @ rng.normal(size=(p, p)) + 1e3
    gaps = rng.random((rows, p)) < share
    gaps[np.arange(rows), rng.integers(p, size=rows)] = False
    values[gaps] = GAP
    return values


def named(p: int) -> list[str]:
    return [f"v{j}" for j in range(p)]


def check(found: Patterns, rows: Table) -> None:
    known = ~np.isnan(rows)
    assert len({tuple(mask) for mask in found.observed}) == len(found.counts) == len({tuple(mask) for mask in known})
    assert np.array_equal(found.observed[found.row_pattern], known)
    assert np.array_equal(np.bincount(found.row_pattern), found.counts)
    assert (np.diff([np.flatnonzero(found.row_pattern == k)[0] for k in range(len(found.counts))]) > 0).all()
    for k, mask in enumerate(found.observed):
        mine = rows[found.row_pattern == k][:, mask]
        assert np.allclose(found.means[k][mask], mine.mean(axis=0), rtol=1e-12)
        assert np.allclose(found.covariances[k][np.ix_(mask, mask)], np.cov(mine.T, ddof=0), rtol=1e-9, atol=1e-9)
        assert not found.means[k][~mask].any()
        assert not found.covariances[k][~mask].any()
        assert not found.covariances[k][:, ~mask].any()


@given(st.integers(2, 60), st.integers(2, 6), st.floats(0, 0.8), st.integers(0, 1000))
def test_patterns_agree_with_a_loop(rows: int, p: int, share: float, seed: int) -> None:
    values = with_gaps(rows, p, share, seed)
    if (np.sum(~np.isnan(values), axis=0) > 1).all():
        found = Patterns.from_rows(values, named(p))
        check(found, values)
        assert found.n == rows
        assert found.complete == (not np.isnan(values).any())


@pytest.mark.parametrize("p", [8, 9, 63, 64, 65, 130])
def test_any_number_of_variables(p: int) -> None:
    values = with_gaps(40, p, 0.1)
    values[20:, ::2] = GAP
    check(Patterns.from_rows(values, named(p)), values)


def test_a_table_without_gaps_is_one_pattern_with_its_moments() -> None:
    found, moments = Patterns.from_rows(table(), NAMES), Moments.from_array(table(), NAMES)
    assert found.complete
    assert found.counts.tolist() == [20]
    assert np.allclose(found.covariances[0], moments.covariance, rtol=1e-13)
    assert moments.mean is not None
    assert np.allclose(found.means[0], moments.mean, rtol=1e-14)


def test_coverage_and_pairs_never_together() -> None:
    rows = [[1, 2, GAP], [2, 1, GAP], [GAP, GAP, 3], [GAP, 5, 1]]
    found = Patterns.from_rows(rows, NAMES)
    assert found.coverage.tolist() == [[0.5, 0.5, 0], [0.5, 0.75, 0.25], [0, 0.25, 0.5]]
    assert found.never_together == (("a", "c"),)
    assert Patterns.from_rows(table(), NAMES).never_together == ()


@given(st.permutations(range(4)), st.integers(2, 4), st.integers(0, 1000))
def test_select_is_the_patterns_of_the_columns(order: list[int], count: int, seed: int) -> None:
    values = with_gaps(50, 4, 0.3, seed)
    chosen = order[:count]
    values = values[~np.isnan(values[:, chosen]).all(axis=1)]
    found = Patterns.from_rows(values, named(4)).select([f"v{j}" for j in chosen])
    assert found.names == tuple(f"v{j}" for j in chosen)
    check(found, values[:, chosen])


def test_select_does_not_lose_rows() -> None:
    rows: list[list[float]] = [[1, 2], [2, GAP], [3, 1], [GAP, 2]]
    found = Patterns.from_rows(rows, ["a", "b"])
    with pytest.raises(DataError, match=r"1 row\(s\) have no value in a: leave them out"):
        found.select(["a"])
    with pytest.raises(DataError, match="no variable 'c'; they have a, b"):
        found.select(["c"])


def test_arrays_are_read_only_and_the_input_is_kept() -> None:
    values = with_gaps(20, 3, 0.3)
    before = values.copy()
    found = Patterns.from_rows(values, NAMES)
    assert np.array_equal(values, before, equal_nan=True)
    assert values.flags.writeable
    for array in (found.observed, found.counts, found.means, found.covariances, found.row_pattern):
        assert not array.flags.writeable


def test_many_patterns_take_no_longer_than_few() -> None:
    values = with_gaps(5000, 40, 0.4)
    began = time.perf_counter()
    found = Patterns.from_rows(values, named(40))
    assert len(found.counts) > 4990
    assert time.perf_counter() - began < 1


WRONG = [
    ([[1, 2], [2, GAP], [3, GAP]], r"'b' is constant \(2 wherever it is known\): leave it out"),
    ([[1, GAP], [2, GAP]], "'b' is missing in every row: leave it out"),
    ([[1, 2], [GAP, GAP], [2, 1]], r"1 row\(s\) have no value at all, first row 1: leave them out"),
    ([[1, 2], [GAP, np.inf], [2, 1]], r"'b' is infinite in 1 row\(s\), first in row 1"),
    ([[1, 2]], r"the table has 1 row\(s\)"),
    ([[1, 2], [2, 1e200], [3, GAP]], "'b' are too large or too close together"),
    ([1, 2], r"expected n rows of 2 columns, one a name, got shape \(2,\)"),
    ([[1, 2, 3], [3, 2, 1]], r"got shape \(2, 3\)"),
    ([["1", "2"], ["3", "4"]], "the table is not numeric"),
]


@pytest.mark.parametrize(("rows", "told"), WRONG)
def test_what_is_wrong_is_named(rows: list[list[float]], told: str) -> None:
    with pytest.raises(DataError, match=told):
        Patterns.from_rows(rows, ["a", "b"])


def test_patterns_beyond_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match=r"patterns of missing values in 6 variables need .* missing='listwise'"):
        Patterns.from_rows(with_gaps(100, 6, 0.3), named(6))
