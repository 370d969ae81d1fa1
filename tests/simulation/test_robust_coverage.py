"""Robust intervals cover where naive ones do not; `benchmarks/robust_coverage.py` is the same with 1000 samples each.

Limits are four standard errors of a share for the number of samples.
"""

import numpy as np
import pytest

from benchmarks.robust_coverage import coverage

SAMPLES = 200


@pytest.mark.parametrize("kind", ["elliptical t5", "clustered", "panel"])
def test_coverage(kind: str) -> None:
    found = coverage(kind, n=500, samples=SAMPLES, bootstrap=0, seed=3)
    assert found["MLR"] == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / SAMPLES))
    assert found["ML"] < 0.87
    if kind == "elliptical t5":
        assert found["t"] == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / SAMPLES))
