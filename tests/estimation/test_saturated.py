"""The saturated and the independence model of incomplete rows: lavaan's numbers, and a loop over the rows."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semnan import DataError, Moments
from semnan.data import Patterns, Sample
from semnan.estimation import saturated as module
from semnan.estimation.saturated import Saturated, independence, pattern_log_likelihood, saturated

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

REFERENCE = Path(__file__).parents[1] / "reference"
SHARED = Path(__file__).parents[3] / "shared" / "truth" / "sem" / "hs_fiml"
GAP = float("nan")


def rows_with_gaps(n: int = 200, p: int = 4, share: float = 0.2, seed: int = 0, noise: float = 1.0) -> Array:
    """Two factors with noise, in very different units, and values missing at random."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 2)) @ rng.normal(size=(2, p)) + noise * rng.normal(size=(n, p)) + 3
    values = values * 10.0 ** rng.integers(-3, 4, size=p)
    gaps = rng.random((n, p)) < share
    gaps[np.arange(n), rng.integers(p, size=n)] = False
    return np.asarray(np.where(gaps, GAP, values))


def patterns(rows: Array) -> Patterns:
    return Patterns.from_rows(rows, [f"v{j}" for j in range(rows.shape[1])])


def by_rows(rows: Array, mean: Array, covariance: Array) -> float:
    total = 0.0
    for row in rows:
        known = ~np.isnan(row)
        block, far = covariance[np.ix_(known, known)], (row - mean)[known]
        quadratic = far @ np.linalg.solve(block, far)
        total -= (known.sum() * math.log(2 * math.pi) + np.linalg.slogdet(block)[1] + quadratic) / 2
    return float(total)


def derivatives(rows: Array, found: Saturated) -> tuple[Array, Array]:
    """Of the log-likelihood per row, in standard deviations, from a loop over the rows."""
    mean, covariance = found.mean.numpy(), found.covariance.numpy()
    scale = np.sqrt(np.diagonal(covariance))
    first, second = np.zeros(len(mean)), np.zeros_like(covariance)
    for row in rows:
        at = np.flatnonzero(~np.isnan(row))
        inverse = np.linalg.inv(covariance[np.ix_(at, at)])
        pulled = inverse @ (row - mean)[at]
        first[at] += pulled
        second[np.ix_(at, at)] += np.outer(pulled, pulled) - inverse
    return first * scale / len(rows), second * np.outer(scale, scale) / len(rows)


@given(st.integers(0, 10_000), st.floats(0, 0.5))
def test_the_likelihood_agrees_with_a_loop_over_the_rows(seed: int, share: float) -> None:
    rows = rows_with_gaps(40, share=share, seed=seed)
    scale = np.nanstd(rows, axis=0)
    mean, root = np.nanmean(rows, axis=0), np.random.default_rng(seed).normal(size=(4, 4)) * scale[:, None]
    covariance = root @ root.T + np.diag(scale**2)
    found = pattern_log_likelihood(patterns(rows), torch.tensor(mean), torch.tensor(covariance))
    assert found == pytest.approx(by_rows(rows, mean, covariance), rel=1e-10)


def test_the_likelihood_of_no_covariance_is_minus_infinity() -> None:
    data = patterns(rows_with_gaps())
    indefinite = torch.eye(4, dtype=torch.float64) - 1
    assert pattern_log_likelihood(data, torch.zeros(4, dtype=torch.float64), indefinite) == -math.inf


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0, 0.3), st.integers(2, 6))
def test_the_derivatives_vanish_at_the_maximum(seed: int, share: float, p: int) -> None:
    rows = rows_with_gaps(200, p, share, seed)
    found = saturated(patterns(rows))
    assert found.converged
    first, second = derivatives(rows, found)
    assert max(np.abs(first).max(), np.abs(second).max()) < 1e-7
    assert found.log_likelihood == pytest.approx(by_rows(rows, found.mean.numpy(), found.covariance.numpy()), rel=1e-10)


def test_no_covariance_nearby_is_more_likely() -> None:
    rows, rng = rows_with_gaps(share=0.4), np.random.default_rng(1)
    data = patterns(rows)
    found = saturated(data)
    scale = found.covariance.diagonal().sqrt()
    for _ in range(20):
        root = torch.eye(4).double() + 1e-3 * torch.tensor(rng.normal(size=(4, 4)))
        factor = scale[:, None] * (root @ torch.linalg.cholesky(found.covariance / scale[:, None] / scale))
        shift = 1e-3 * scale * torch.tensor(rng.normal(size=4))
        assert pattern_log_likelihood(data, found.mean + shift, factor @ factor.T) < found.log_likelihood


def test_complete_rows_have_their_moments_at_once() -> None:
    rows = rows_with_gaps(share=0)
    found, moments = saturated(patterns(rows)), Moments.from_array(rows)
    assert found.converged
    assert found.steps == 2
    assert np.allclose(found.covariance, moments.covariance, rtol=1e-12)
    assert moments.mean is not None
    assert np.allclose(found.mean, moments.mean, rtol=1e-12)


@pytest.mark.parametrize("work", [1, 4000])
def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch, work: int) -> None:
    data = patterns(rows_with_gaps(share=0.4))
    whole = saturated(data)
    monkeypatch.setattr(module, "WORK_BYTES", work)
    parts = saturated(data)
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-13)
    assert torch.allclose(parts.covariance, whole.covariance, rtol=1e-8)


@pytest.mark.parametrize("noise", [1e-1, 1e-2, 1e-3])
def test_nearly_collinear_variables_converge_as_far_as_rounding_lets_them(noise: float) -> None:
    found = saturated(patterns(rows_with_gaps(1000, 6, noise=noise)))
    assert found.converged
    assert found.steps < 200
    again = saturated(patterns(rows_with_gaps(1000, 6, noise=noise)), tolerance=1e-6)
    assert again.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-8)


# -- reference software


def reference(name: str) -> tuple[dict[str, Any], Sample]:
    (case,) = (case for case in json.loads((REFERENCE / "lavaan.json").read_text()) if case["name"] == name)
    exogenous = {a for a, exo in zip(case["parameters"]["lhs"], case["parameters"]["exo"], strict=True) if exo}
    frame = pd.read_csv(REFERENCE / "data" / case["data"])
    group = case["args"].get("group")
    return case, Sample.from_frame(frame, case["ov"], group=group, missing="fiml", complete=exogenous)


def of(sample: Sample) -> list[Patterns]:
    return [group.data for group in sample.groups if isinstance(group.data, Patterns)]


@pytest.mark.parametrize("name", ["missing_regression", "missing_groups", "missing_expected"])
def test_lavaan_finds_the_same_likelihoods(name: str) -> None:
    case, sample = reference(name)
    best = sum(saturated(data).log_likelihood for data in of(sample))
    apart = sum(independence(data).log_likelihood for data in of(sample))
    assert best == pytest.approx(case["fit"]["unrestricted.logl"], rel=1e-9)
    assert 2 * (best - apart) == pytest.approx(case["fit"]["baseline.chisq"], rel=1e-8)


@pytest.mark.parametrize(("name", "together"), [("missing_fixed_x", ("w1",)), ("missing_in_fixed_x", ("w1", "w2"))])
def test_lavaan_finds_the_same_likelihoods_given_covariates(name: str, together: tuple[str, ...]) -> None:
    case, sample = reference(name)
    (data,) = of(sample)
    best, apart = saturated(data), independence(data, together)
    given_by = saturated(data.select(together)).log_likelihood
    assert best.log_likelihood - given_by == pytest.approx(case["fit"]["unrestricted.logl"], rel=1e-9)
    chi_square = 2 * (best.log_likelihood - apart.log_likelihood)
    assert chi_square == pytest.approx(case["fit"]["baseline.chisq"], rel=1e-8)


@pytest.mark.skipif(not SHARED.exists(), reason="the larger references are not at hand")
def test_lavaan_finds_the_same_moments() -> None:
    frame, said = pd.read_csv(SHARED / "data.csv"), json.loads((SHARED / "truth.json").read_text())
    data = Patterns.from_rows(frame.to_numpy(), list(frame))
    best = saturated(data)
    assert best.steps < 30
    assert best.log_likelihood == pytest.approx(said["fit"]["unrestricted.logl"], rel=1e-11)
    assert np.allclose(best.covariance, said["sample"]["cov"]["values"], atol=1e-8)
    assert np.allclose(best.mean, said["sample"]["mean"]["values"], atol=1e-8)
    chi_square = 2 * (best.log_likelihood - independence(data).log_likelihood)
    assert chi_square == pytest.approx(said["fit"]["baseline.chisq"], rel=1e-9)


# -- the baseline


@given(st.integers(0, 10_000))
def test_the_baseline_is_the_best_of_its_kind(seed: int) -> None:
    rows = rows_with_gaps(60, share=0.3, seed=seed)
    rows[:, :2] = np.random.default_rng(seed).normal(size=(60, 2)) @ [[1, 0.5], [0, 2]]
    data = patterns(rows)
    found = independence(data, ("v1", "v0"))
    assert found.converged
    covariance = found.covariance.numpy()
    assert np.allclose(covariance[:2, :2], np.cov(rows[:, :2].T, ddof=0), rtol=1e-12)
    assert np.allclose(np.diagonal(covariance), np.nanvar(rows, axis=0), rtol=1e-10)
    assert not covariance[:2, 2:].any()
    assert covariance[2, 3] == 0
    assert np.allclose(found.mean, np.nanmean(rows, axis=0), rtol=1e-10)
    assert found.log_likelihood == pytest.approx(by_rows(rows, found.mean.numpy(), covariance), rel=1e-10)
    assert found.log_likelihood <= saturated(data).log_likelihood + 1e-9


def test_covariates_that_are_not_what_they_should_be() -> None:
    rows = rows_with_gaps()
    with pytest.raises(DataError, match="the covariate 'v1' has missing values"):
        independence(patterns(rows), ["v1"])
    with pytest.raises(DataError, match="no variable 'z'"):
        independence(patterns(rows), ["z"])
    rows[:, 0] = np.arange(len(rows))
    rows[:, 1] = 2 * rows[:, 0]
    with pytest.raises(DataError, match="v1: linear combinations of the other covariates"):
        independence(patterns(rows), ["v0", "v1"])


# -- where there is no maximum


def test_a_collinear_variable_is_named() -> None:
    rows = rows_with_gaps(share=0)
    rows[:, 3] = rows[:, 0] / np.std(rows[:, 0]) - rows[:, 1] / np.std(rows[:, 1])
    rows[::7, 0] = GAP
    with pytest.raises(DataError, match="the unrestricted covariance is singular: v3 would be linear combinations"):
        saturated(patterns(rows))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_fewer_rows_than_variables_have_no_covariance(n: int) -> None:
    with pytest.raises(DataError, match=r"too few rows have these variables together: leave some out"):
        saturated(patterns(rows_with_gaps(n, 6, share=0)))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(3, 30), st.integers(2, 8), st.floats(0, 0.8))
def test_too_few_rows_never_give_nan(seed: int, n: int, p: int, share: float) -> None:
    try:
        found = saturated(patterns(rows_with_gaps(n, p, share, seed)), max_steps=200)
    except DataError as error:
        assert str(error)  # noqa: PT017
        return
    assert math.isfinite(found.log_likelihood)
    assert bool(torch.isfinite(found.covariance).all())
    scale = found.covariance.diagonal().sqrt()
    assert float(torch.linalg.eigvalsh(found.covariance / scale[:, None] / scale)[0]) > 0
    assert found.steps <= 201


def test_too_few_steps_are_told() -> None:
    found = saturated(patterns(rows_with_gaps(share=0.4)), max_steps=3)
    assert not found.converged
    assert found.steps >= 3


def test_variables_never_together_still_have_a_likelihood() -> None:
    rows = rows_with_gaps(300, 3, share=0)
    rows[:150, 0], rows[150:, 1] = GAP, GAP
    data = patterns(rows)
    assert data.never_together == (("v0", "v1"),)
    found = saturated(data)
    assert found.converged
    assert found.log_likelihood == pytest.approx(by_rows(rows, found.mean.numpy(), found.covariance.numpy()), rel=1e-10)
