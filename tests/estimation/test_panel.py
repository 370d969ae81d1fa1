"""Panel-HAC products beside sums over all pairs of rows, and beside textbook formulas of its special cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from semnan import DataError
from semnan.estimation.panel import panel_products, positive_part

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def by_pairs(scores: Array, units: Indices | None, periods: Indices, lags: int) -> Array:
    """Over all pairs of rows, one by one."""
    found = np.zeros((scores.shape[1], scores.shape[1]))
    count = 1 if units is None else len(set(units.tolist()))
    for i in range(len(scores)):
        for j in range(len(scores)):
            distance = abs(int(periods[i]) - int(periods[j]))
            weight = max(0.0, 1 - distance / (lags + 1))
            if units is not None and count > 1 and units[i] == units[j]:
                weight = 1.0 + 1 / (count - 1)
            found += weight * np.outer(scores[i], scores[j])
    return found


def panel(seed: int, units: int, periods: int, share: float = 0.8) -> tuple[Array, Indices, Indices]:
    """An incomplete panel whose rows and period numbers are in no order, with gaps."""
    rng = np.random.default_rng(seed)
    who, when = (found.ravel() for found in np.meshgrid(np.arange(units), np.arange(periods), indexing="ij"))
    kept = rng.permutation(len(who))[: max(2, int(share * len(who)))]
    numbers = np.sort(rng.choice(3 * periods, periods, replace=False)) - periods
    return rng.normal(size=(len(kept), 3)), 7 * who[kept] - 3, numbers[when[kept]]


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(2, 9), st.integers(0, 12))
def test_all_pairs(seed: int, units: int, periods: int, lags: int) -> None:
    scores, who, when = panel(seed, units, periods)
    assert panel_products(scores, who, when, lags) == pytest.approx(by_pairs(scores, who, when, lags), abs=1e-9)
    assert panel_products(scores, None, when, lags) == pytest.approx(by_pairs(scores, None, when, lags), abs=1e-9)


def test_newey_west_and_driscoll_kraay() -> None:
    """One unit: Newey & West 1987, equation 5. Many: the same of the sums of periods (Driscoll & Kraay 1998)."""
    rng = np.random.default_rng(1)
    scores, lags = rng.normal(size=(40, 6, 2)), 3
    for series, who, when in (
        (scores[:, 0], np.zeros(40, dtype=np.int64), np.arange(40)),
        (scores.sum(1), None, np.repeat(np.arange(40), 6)),
    ):
        wanted = series.T @ series
        for lag in range(1, lags + 1):
            gamma = series[lag:].T @ series[:-lag]
            wanted += (1 - lag / (lags + 1)) * (gamma + gamma.T)
        rows = scores[:, 0] if who is not None else scores.reshape(-1, 2)
        assert panel_products(rows, who, when, lags) == pytest.approx(wanted)


def test_clusters_alone_where_periods_do_not_meet() -> None:
    scores, units = np.random.default_rng(2).normal(size=(12, 2)), np.repeat(np.arange(4), 3)
    sums = scores.reshape(4, 3, 2).sum(1)
    assert panel_products(scores, units, 10 * np.arange(12), 4) == pytest.approx(sums.T @ sums * 4 / 3)


def test_what_is_refused() -> None:
    scores, same = np.ones((3, 1)), np.array([5, 5, 5])
    with pytest.raises(DataError, match="rows 0 and 2 are of one unit and period"):
        panel_products(scores, np.array([1, 2, 1]), same)
    assert panel_products(scores, None, same) == pytest.approx(9)
    with pytest.raises(DataError, match="lags is -1"):
        panel_products(scores, None, same, -1)


def test_positive_part() -> None:
    """Two units whose scores cancel within every period, and over time: more is taken away than there is."""
    rng = np.random.default_rng(3)
    own = rng.normal(size=(8, 2))
    own -= own.mean(0)
    scores = np.concatenate([own, -own])
    products = panel_products(scores, np.repeat([0, 1], 8), np.tile(np.arange(8), 2), 2)
    assert np.linalg.eigvalsh(products)[0] < -1
    scale = np.array([2.0, 5.0])
    positive, clipped = positive_part(products, scale)
    assert clipped
    assert np.linalg.eigvalsh(positive)[0] > -1e-9
    assert np.linalg.eigvalsh(positive - products)[0] > -1e-9
    units = np.array([1e3, 1e-3])
    assert positive_part(products * units[:, None] * units, scale * units)[0] == pytest.approx(
        positive * units[:, None] * units, rel=1e-6
    )
    assert positive_part(scores.T @ scores, scale)[1] is False
