"""Convergence from default starts; `benchmarks/convergence.py` is the same with 500 models."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.convergence import Trial, trial
from benchmarks.populations import KINDS, draw_population

MODELS = 40


@cache
def trials() -> tuple[Trial, ...]:
    return tuple(trial(seed) for seed in range(MODELS))


def test_random_models_converge() -> None:
    """Fewer than this converge in one of a thousand sets of 40, if 99 % do."""
    assert sum(one.converged for one in trials()) >= binom.ppf(0.001, MODELS, 0.99)


def test_no_minimum_is_above_the_truth() -> None:
    assert not any(one.above for one in trials())


def test_all_kinds_and_sizes_take_part() -> None:
    counts = Counter(one.kind for one in trials())
    assert set(counts.values()) == {MODELS // len(KINDS)}
    assert min(one.observed for one in trials()) <= 10
    assert max(one.observed for one in trials()) >= 30
    assert all(200 <= one.n <= 2000 for one in trials())


@pytest.mark.parametrize("seed", range(len(KINDS)))
def test_populations_are_what_their_models_say(seed: int) -> None:
    """Fitted to the population itself, a model reaches it: it is well specified."""
    population = draw_population(seed)
    exact = population.exact(1000)
    assert population.distance(exact) == pytest.approx(0.0, abs=1e-9)
    fit = population.fit(exact)
    assert fit.discrepancy == pytest.approx(0.0, abs=1e-9)
    for group in population.groups.values():
        assert np.linalg.eigvalsh(group.covariance)[0] > 0
