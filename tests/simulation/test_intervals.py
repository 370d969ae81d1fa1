"""Intervals cover, and χ² rejects, as often as they say; `benchmarks/coverage.py` is the same with 2000 samples each.

Limits are four standard errors of a share (three of the rejections) for the number of samples.
"""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.coverage import Array, Generator, at_random, complete, completely_at_random, draw, incomplete


def test_maximum_likelihood() -> None:
    found = complete(n=500, samples=2000, seed=7)
    assert found.converged == 2000
    shares = np.array(list(found.covered.values()))
    assert shares.min() >= 0.93
    assert shares.max() <= 0.97
    assert found.rejected == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 2000))
    assert found.ratio == pytest.approx(1.0, abs=4 * np.sqrt(2 / 23 / 2000))


@pytest.mark.parametrize("lose", [completely_at_random, at_random])
def test_full_information_maximum_likelihood(lose: Callable[[Array, Generator], Array]) -> None:
    """Few samples, so all parameters together: their intervals are independent enough for eight apart to count."""
    samples = 40
    found = incomplete("", lose, n=500, samples=samples, seed=11)
    assert found.converged == samples
    assert np.mean(list(found.covered.values())) == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / samples / 8))
    assert min(found.covered.values()) >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / samples)
    assert found.ratio == pytest.approx(1.0, abs=4 * np.sqrt(2 / 23 / samples))


def test_a_fifth_of_the_values_is_missing() -> None:
    rng = np.random.default_rng(1)
    rows = draw((100_000,), rng)
    for lose in (completely_at_random, at_random):
        assert np.isnan(lose(rows, rng)).mean() == pytest.approx(0.2, abs=0.005)
    gone = np.isnan(at_random(rows, rng))
    assert not gone[:, ::3].any()
    high = rows[:, 0] > rows[:, 0].mean()
    assert gone[high, 1].mean() > 2 * gone[~high, 1].mean()
