"""Start values: right where a formula is exact, equivariant under units, and in the basin of the best minimum."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.convergence import sampled
from semnan import Moments, MomentsStack, PathModel
from semnan.estimation.assembly import assemble
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.start import SHARE, TOGETHER, start_values


def starts(text: str, covariance: NDArray[np.float64], **options: bool) -> dict[str, float]:
    """Start values by name, of variables x1, x2, …"""
    model = PathModel.from_lavaan(text, function="cfa", **options)
    names = [f"x{i + 1}" for i in range(len(covariance))]
    stack = MomentsStack.from_moments([Moments.from_covariance(covariance, names, 100)])
    theta, _ = start_values(assemble(model, [stack.select(model.visibles)], KullbackLeibler).groups)
    return dict(zip((free.name for free in model.free), theta[0].tolist(), strict=True))


def correlated(size: int, r: float) -> NDArray[np.float64]:
    return np.full((size, size), r) + (1 - r) * np.eye(size)


@pytest.mark.parametrize("r", [0.2, 0.5, 0.7])
def test_equal_correlations_give_the_loadings_that_make_them(r: float) -> None:
    units = np.array([1.0, 2.0, 5.0, 0.1])
    found = starts("f =~ x1 + x2 + x3 + x4", correlated(4, r) * units[:, None] * units, std_lv=True)
    expected = min(np.sqrt(r), np.sqrt(TOGETHER))
    for i, unit in enumerate(units, 1):
        assert found[f"f -> x{i}"] == pytest.approx(expected * unit)
        assert found[f"x{i} <-> x{i}"] == pytest.approx((1 - expected**2) * unit**2)


def test_a_latent_with_one_or_two_indicators_has_a_share_of_them() -> None:
    text = "f =~ x1; g =~ x2 + x3; h =~ x4 + x5 + x6"
    found = starts(text, correlated(6, 0.3), std_lv=True, auto_fix_single=False)
    for loading in ("f -> x1", "g -> x2", "g -> x3"):
        assert found[loading] == pytest.approx(np.sqrt(SHARE))
    assert found["h -> x4"] == pytest.approx(np.sqrt(0.3))


def test_latents_share_what_they_explain() -> None:
    found = starts("g =~ x1 + x2 + x3 + x4; s =~ x1 + x2 + x3", correlated(4, 0.6), std_lv=True, orthogonal=True)
    for x in ("x1", "x2", "x3"):
        assert found[f"g -> {x}"] ** 2 + found[f"s -> {x}"] ** 2 <= TOGETHER + 1e-12
    assert found["g -> x4"] > found["g -> x1"]


def test_starts_follow_the_units() -> None:
    rng = np.random.default_rng(5)
    root = rng.normal(size=(6, 9))
    matrix, units = root @ root.T, np.exp(rng.normal(0, 3, 6))
    text = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6"
    plain = starts(text, matrix, std_lv=True)
    scaled = starts(text, matrix * units[:, None] * units, std_lv=True)
    for i, unit in enumerate(units, 1):
        loading = f"{'f' if i < 4 else 'g'} -> x{i}"
        assert scaled[loading] == pytest.approx(unit * plain[loading])
        assert scaled[f"x{i} <-> x{i}"] == pytest.approx(unit**2 * plain[f"x{i} <-> x{i}"])
    assert scaled["f <-> g"] == pytest.approx(plain["f <-> g"])


@pytest.mark.parametrize("seed", [404, 1484, 1976])
def test_general_and_specific_factors_start_in_the_best_basin(seed: int) -> None:
    """Samples in which starts of one size for all loadings made a latent vanish."""
    population, data = sampled(seed)
    fit = population.fit(data)
    assert fit.converged
    assert fit.discrepancy <= min(population.fit(data, starts=6).estimate.start_values) + 1e-9
