"""Discrepancies: their definitions, their laws, their derivatives."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from semnan import (
    Bhattacharyya,
    DataError,
    GeneralizedLeastSquares,
    KullbackLeibler,
    Moments,
    ReverseKullbackLeibler,
    SquaredHellinger,
    UnweightedLeastSquares,
)
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy

KINDS = list(DISCREPANCIES.values())
every_discrepancy = pytest.mark.parametrize("kind", KINDS)


def matrix(p: int, seed: int) -> Tensor:
    """A random, well-conditioned covariance matrix."""
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(p, 3 * p + 2, generator=generator, dtype=torch.float64)
    return root @ root.mT / (3 * p)


def by_definition(kind: type[Discrepancy], sigma: Tensor, sample: Tensor) -> float:
    s, m, p = sigma.numpy(), sample.numpy(), len(sigma)

    def logdet(a: np.ndarray) -> float:
        return float(np.linalg.slogdet(a)[1])

    bhattacharyya = logdet((s + m) / 2) / 2 - (logdet(s) + logdet(m)) / 4
    relative = np.linalg.solve(m, m - s)
    values = {
        KullbackLeibler: (np.trace(np.linalg.solve(s, m)) + logdet(s) - logdet(m) - p) / 2,
        ReverseKullbackLeibler: (np.trace(np.linalg.solve(m, s)) + logdet(m) - logdet(s) - p) / 2,
        Bhattacharyya: bhattacharyya,
        SquaredHellinger: 1 - np.exp(-bhattacharyya),
        GeneralizedLeastSquares: np.trace(relative @ relative) / 2,
        UnweightedLeastSquares: np.trace((m - s) @ (m - s)) / 2,
    }
    return float(values[kind])


@every_discrepancy
@given(p=st.integers(1, 6), seed=st.integers(0, 999))
def test_value_is_the_definition(kind: type[Discrepancy], p: int, seed: int) -> None:
    sigma, sample = matrix(p, seed), matrix(p, seed + 1)
    assert float(kind(sample)(sigma)) == pytest.approx(by_definition(kind, sigma, sample), rel=1e-10, abs=1e-12)


@every_discrepancy
@given(p=st.integers(1, 6), seed=st.integers(0, 999))
def test_nonnegative_and_zero_at_the_sample(kind: type[Discrepancy], p: int, seed: int) -> None:
    sigma, sample = matrix(p, seed), matrix(p, seed + 1)
    assert float(kind(sample)(sigma)) > 0
    assert abs(float(kind(sample)(sample))) < 1e-12
    assert float(kind(sample).evaluate(sample).slope.abs().max()) < 1e-10


@every_discrepancy
def test_slope_passes_gradcheck(kind: type[Discrepancy]) -> None:
    sample, sigma = matrix(4, 1), torch.stack([matrix(4, 2), matrix(4, 3)]).requires_grad_()
    loss = kind(sample)
    assert torch.autograd.gradcheck(lambda s: loss((s + s.mT) / 2), (sigma,))


@every_discrepancy
def test_second_derivative_agrees_with_the_slope(kind: type[Discrepancy]) -> None:
    """The sum of a A Δ A is the change of the slope; for Hellinger but for a term that vanishes at a minimum."""
    sample = matrix(4, 1)
    sigma = sample + 1e-7 * matrix(4, 2) if kind is SquaredHellinger else matrix(4, 2)
    loss, step = kind(sample), 1e-5
    change = matrix(4, 5) - matrix(4, 6)
    numeric = (loss.evaluate(sigma + step * change).slope - loss.evaluate(sigma - step * change).slope) / (2 * step)
    at = loss.evaluate(sigma)
    forms = [(a, (b * at.metric + c * at.slope).reshape(4, 4)) for a, b, c in loss.second(at)]
    exact = sum((a * (m @ change @ m) for a, m in forms), start=torch.zeros_like(sigma))
    assert torch.allclose(exact, numeric, rtol=1e-5, atol=1e-5 * float(numeric.abs().max()))


@every_discrepancy
def test_local_form_is_c_tr_m_delta_m_delta(kind: type[Discrepancy]) -> None:
    sample = matrix(4, 1)
    change = 1e-4 * (matrix(4, 2) - matrix(4, 3))
    at = kind(sample).evaluate(sample)
    expected = at.curvature * torch.trace(at.metric @ change @ at.metric @ change)
    assert float(kind(sample)(sample + change)) == pytest.approx(float(expected), rel=2e-3)


@every_discrepancy
def test_batches_and_dtypes(kind: type[Discrepancy]) -> None:
    samples = torch.stack([matrix(3, k) for k in range(4)])
    sigmas = torch.stack([matrix(3, k + 9) for k in range(4)])
    many = kind(samples)(sigmas)
    single = torch.stack([kind(s)(x) for s, x in zip(samples, sigmas, strict=True)])
    assert torch.allclose(many, single)
    low = kind(samples)(sigmas.float())
    assert low.dtype == torch.float32
    assert torch.allclose(low.double(), many, rtol=1e-3, atol=1e-4)
    assert torch.allclose(kind(samples).take(torch.tensor([2]))(sigmas[2:3]), many[2:3])


def test_the_two_directions_differ_away_from_the_sample() -> None:
    sigma, sample = matrix(3, 1), matrix(3, 2)
    assert float(KullbackLeibler(sample)(sigma)) == pytest.approx(float(ReverseKullbackLeibler(sigma)(sample)))
    assert float(KullbackLeibler(sample)(sigma)) != pytest.approx(float(ReverseKullbackLeibler(sample)(sigma)))


@every_discrepancy
def test_not_positive_definite_is_infinite(kind: type[Discrepancy]) -> None:
    assert float(kind(matrix(3, 1))(-torch.eye(3, dtype=torch.float64))) == float("inf")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.needs_regular_sample])
def test_a_singular_sample_names_the_dependent_variables(kind: type[Discrepancy]) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 4))
    rows[:, 3] = rows[:, 0] - 2 * rows[:, 1]
    moments = Moments.from_array(rows, ["a", "b", "c", "total"])
    with pytest.raises(DataError, match="total depend"):
        kind(moments)


def test_more_variables_than_rows_is_told() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 6))
    with pytest.raises(DataError, match="more rows than variables"):
        KullbackLeibler(Moments.from_array(rows, list("abcdef")))
