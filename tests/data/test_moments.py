"""`Moments`: the same numbers from every form of a table, copied and kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from semnan import DataError, Moments
from tests.data.tables import BACKENDS, NAMES, columns, table


def test_covariance_has_divisor_n() -> None:
    moments = Moments.from_array(table(), NAMES)
    assert np.allclose(moments.covariance, np.cov(table().T, ddof=0), rtol=1e-13)
    assert moments.mean is not None
    assert np.allclose(moments.mean, table().mean(axis=0), rtol=1e-14)
    assert (moments.names, moments.n) == (NAMES, 20)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_frame_gives_the_moments_of_its_array(backend: Callable[[dict[str, Any]], Any]) -> None:
    frame = backend(columns())
    assert Moments.from_frame(frame) == Moments.from_array(table(), NAMES)
    assert Moments.from_frame(frame, ["c", "a"]) == Moments.from_array(table()[:, [2, 0]], ["c", "a"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_integers_count_as_numbers_and_other_columns_are_not_looked_at(
    backend: Callable[[dict[str, Any]], Any],
) -> None:
    frame = backend({"k": [1, 2, 4], "text": ["x", "y", "z"], "x": [0.5, 0.25, 1.0]})
    assert Moments.from_frame(frame, ["k", "x"]) == Moments.from_array([[1, 0.5], [2, 0.25], [4, 1.0]], ["k", "x"])


MISSING = [
    pd.DataFrame({"k": pd.array([1, None, 3], dtype="Int64")}),
    pd.DataFrame({"k": pd.array([1, None, 3], dtype="int64[pyarrow]")}),
    pd.DataFrame({"k": [1, np.nan, 3]}),
    pl.DataFrame({"k": [1, None, 3]}),
    pl.DataFrame({"k": [1.0, float("nan"), 3.0]}),
    pa.table({"k": [1, None, 3]}),
]


@pytest.mark.parametrize("frame", MISSING)
def test_a_missing_value_is_named_and_not_dropped(frame: Any) -> None:
    with pytest.raises(DataError, match=r"'k' is missing \(NaN\) in 1 row\(s\), first in row 1"):
        Moments.from_frame(frame)


def test_default_names() -> None:
    assert Moments.from_array(table()).names == ("V0", "V1", "V2")


@pytest.mark.parametrize("ddof", [0, 1])
def test_covariance_with_either_divisor(ddof: int) -> None:
    matrix = np.cov(table().T, ddof=ddof)
    moments = Moments.from_covariance(matrix, NAMES, 20, table().mean(axis=0), ddof=ddof)
    assert np.allclose(moments.covariance, Moments.from_array(table(), NAMES).covariance, rtol=1e-13)
    assert Moments.from_covariance(matrix, NAMES, 20).mean is None


def test_rounding_asymmetry_is_evened_out() -> None:
    moments = Moments.from_covariance([[1, 0.5], [0.5 + 1e-10, 1]], ["a", "b"], 9)
    assert np.array_equal(moments.covariance, moments.covariance.T)


def test_select_takes_names_in_their_order() -> None:
    moments = Moments.from_array(table(), NAMES)
    assert moments.select(["c", "a"]) == Moments.from_array(table()[:, [2, 0]], ["c", "a"])
    assert moments.select(NAMES) is moments
    assert moments.select(name for name in "ba").names == ("b", "a")


def test_equality_and_hash() -> None:
    first, again, other = (Moments.from_array(table(seed), NAMES) for seed in (0, 0, 1))
    assert first == again
    assert hash(first) == hash(again)
    assert first != other
    assert first != Moments(NAMES, first.covariance, first.n)
    assert first != Moments(NAMES, first.covariance, 21, first.mean)
    assert first != "moments"


def test_equal_moments_have_equal_hashes_whatever_the_sign_of_zero() -> None:
    plus, minus = (Moments.from_covariance([[1, zero], [zero, 1]], ["a", "b"], 9) for zero in (0.0, -0.0))
    assert plus == minus
    assert hash(plus) == hash(minus)


def test_arrays_are_read_only_copies() -> None:
    matrix, mean = np.eye(3), np.zeros(3)
    moments = Moments.from_covariance(matrix, NAMES, 9, mean)
    matrix[0, 0], mean[0] = 7, 7
    assert moments.mean is not None
    assert (moments.covariance[0, 0], moments.mean[0]) == (1, 0)
    for array in (moments.covariance, moments.mean):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_dependent_variables_are_named() -> None:
    a, b = table()[:, 0], table()[:, 1]
    moments = Moments.from_array(np.column_stack([a, b, a - 2 * b, b * 1e6]), ["a", "b", "sum", "b again"])
    assert moments.dependent == ("sum", "b again")
    assert Moments.from_array(table(), NAMES).dependent == ()


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_dependence_does_not_hang_on_units(scale: float) -> None:
    units = np.array([1.0, scale, 1.0])
    assert Moments.from_array(table() * units, NAMES).dependent == ()


def test_more_variables_than_rows_leave_some_dependent() -> None:
    wide = np.random.default_rng(0).normal(size=(4, 6))
    assert Moments.from_array(wide).dependent == ("V3", "V4", "V5")


@pytest.mark.parametrize("values", [[1e200, 2e200, -1e200], [1e-200, 2e-200, 3e-200], [1e308, -1e308, 0]])
def test_values_whose_squares_are_no_numbers_are_named(values: list[float]) -> None:
    with pytest.raises(DataError, match=r"'big' are too large or too close together .* rescale"):
        Moments.from_array(np.column_stack([[1.0, 2, 4], values]), ["a", "big"])
