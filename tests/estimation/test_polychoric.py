"""Bivariate normal probabilities, polychoric and polyserial correlations, and their asymptotic covariance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from semnan.errors import DataError
from semnan.estimation.bivariate_normal import below, density
from semnan.estimation.categories import Categories
from semnan.estimation.latent_response import latent_responses
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.polychoric import Polychoric

REFERENCE = Path(__file__).parents[1] / "reference"
ORDERED = tuple(f"y{i}" for i in range(1, 8))


def integrated(h: float, k: float, rho: float) -> float:
    """P(X ≤ h, Y ≤ k) by adaptive integration over X."""

    def slice_at(x: float) -> float:
        return float(np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k - rho * x) / np.sqrt(1 - rho * rho)))

    middle = np.clip(k / rho if rho else 0.0, -12, h)
    return float(quad(slice_at, -12, middle, epsabs=1e-13)[0] + quad(slice_at, middle, h, epsabs=1e-13)[0])


@pytest.mark.parametrize("rho", [-0.999, -0.93, -0.8, -0.3, 0.0, 1e-9, 0.5, 0.749, 0.751, 0.92, 0.93, 0.9999])
def test_probabilities_below_corners(rho: float) -> None:
    limits = np.array([-2.5, -1.0, 0.0, 0.3, 2.0])
    h, k = (grid.reshape(1, -1) for grid in np.meshgrid(limits, limits))
    known = [integrated(float(a), float(b), rho) for a, b in zip(h[0], k[0], strict=True)]
    assert below(h, k, np.array([rho]))[0] == pytest.approx(known, abs=2e-12)


def test_infinite_limits_leave_the_other_alone() -> None:
    h, k = np.array([[np.inf, np.inf, -np.inf, 0.5]]), np.array([[0.5, np.inf, 1.0, -np.inf]])
    for rho in (0.3, 0.99):
        assert below(h, k, np.array([rho]))[0] == pytest.approx([ndtr(0.5), 1.0, 0.0, 0.0], abs=1e-15)
        assert density(h, k, np.array([rho]))[0] == pytest.approx(0.0, abs=0.0)


def test_density_is_the_slope_in_rho() -> None:
    h, k = np.array([[0.3, -1.2, 2.0]]), np.array([[-0.7, 0.4, 1.5]])
    for rho in (-0.6, 0.2, 0.95):
        step = 1e-5
        here, there = below(h, k, np.array([rho - step])), below(h, k, np.array([rho + step]))
        value, slope = density(h, k, np.array([rho]))
        assert value == pytest.approx((there - here) / (2 * step), abs=1e-8)
        left, right = (density(h, k, np.array([rho + side]))[0] for side in (-step, step))
        assert slope == pytest.approx((right - left) / (2 * step), rel=1e-6, abs=1e-8)


def frame() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "ordered.csv")


def moments() -> MomentVector:
    table = frame()[[*ORDERED, "y8"]].to_numpy(float)
    return latent_responses((*ORDERED, "y8"), table, {name: np.unique(table[:, i]) for i, name in enumerate(ORDERED)})


def test_a_correlation_is_the_likeliest() -> None:
    """Of two items, and of an item and a continuous variable, against a search on the likelihood."""
    found, table = moments(), frame()
    first, second = table["y1"].to_numpy(), table["y5"].to_numpy()
    codes = Categories.of(["y1", "y5"], np.stack([first, second], axis=1).astype(float))
    edges, counts = codes.edges, codes.tables(np.array([0]), np.array([1]))[0]

    def polychoric(rho: float) -> float:
        corner = np.array([[integrated_corner(a, b, rho) for b in edges[1]] for a in edges[0]])
        cells = np.diff(np.diff(corner, axis=0), axis=1)
        return -float((counts[counts > 0] * np.log(cells[counts > 0])).sum())

    best = minimize_scalar(polychoric, bounds=(-0.9, 0.9), method="bounded", options={"xatol": 1e-10}).x
    assert found.covariance[0, 4] == pytest.approx(best, abs=1e-6)
    z = table["y8"].to_numpy()
    z, tau = (z - z.mean()) / z.std(), codes.edges[0]

    def polyserial(rho: float) -> float:
        upper, lower = ((tau[codes.codes[:, 0] + k] - rho * z) / np.sqrt(1 - rho * rho) for k in (1, 0))
        return -float(np.log(ndtr(upper) - ndtr(lower)).sum())

    best = minimize_scalar(polyserial, bounds=(-0.9, 0.9), method="bounded", options={"xatol": 1e-10}).x
    assert found.covariance[7, 0] / np.sqrt(found.covariance[7, 7]) == pytest.approx(best, abs=1e-6)


def integrated_corner(a: float, b: float, rho: float) -> float:
    if np.isinf(a) or np.isinf(b):
        return float(min(ndtr(a), ndtr(b)))
    return integrated(float(a), float(b), rho)


def test_gamma_is_that_of_lavaan() -> None:
    """The diagonal of the asymptotic covariance of thresholds, mean, variance and covariances, in lavaan's order."""
    found = moments()
    known = next(c for c in json.loads((REFERENCE / "ordinal.json").read_text()) if c["name"] == "ordered_WLSMV")
    rows, columns = np.tril_indices(8)
    place = {(i, j): e for e, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))}
    pairs = [place[i, j] for j in range(8) for i in range(j + 1, 8)]
    mean = found.to_mean[:, [7]]
    psi = np.hstack([found.to_thresholds, mean, found.to_covariance[:, [place[7, 7], *pairs]]])
    assert (psi * psi).mean(0) == pytest.approx(known["gamma"], rel=1e-5)


def test_standard_errors_are_those_of_simulation() -> None:
    """The spread of estimates over samples, against the mean of Γ / n."""
    generator, estimates, errors = np.random.default_rng(5), [], []
    for _ in range(300):
        x = generator.multivariate_normal(np.zeros(3), [[1, 0.6, 0.4], [0.6, 1, 0.3], [0.4, 0.3, 1]], size=400)
        table = np.stack([np.digitize(x[:, 0], [-0.5, 0.5]), np.digitize(x[:, 1], [0.2]), x[:, 2]], axis=1).astype(
            float
        )
        found = latent_responses(("a", "b", "c"), table, {"a": np.arange(3.0), "b": np.arange(2.0)})
        at = [1, 3, 4]
        estimates.append(found.covariance[[1, 2, 2], [0, 0, 1]])
        errors.append(np.square(found.to_covariance[:, at]).mean(0) / 400)
    assert np.std(estimates, axis=0) == pytest.approx(np.sqrt(np.mean(errors, axis=0)), rel=0.12)
    assert np.mean(estimates, axis=0) == pytest.approx([0.6, 0.4, 0.3], abs=0.01)


def test_an_empty_cell_of_two_by_two_is_told() -> None:
    table = np.array([[0, 0]] * 30 + [[0, 1]] * 20 + [[1, 1]] * 25, dtype=float)
    found = Polychoric.of(Categories.of(["a", "b"], table))
    assert found.adjusted.tolist() == [True]
    assert 0.8 < found.rho[0] < 0.99
    assert latent_responses(("a", "b"), table, {"a": np.arange(2.0), "b": np.arange(2.0)}).adjusted == (("a", "b"),)


def test_bad_categories_are_told() -> None:
    with pytest.raises(DataError, match="'a' has 1 categories"):
        Categories.of(["a"], np.ones((5, 1)))
    with pytest.raises(DataError, match="'a' has 50 categories"):
        Categories.of(["a"], np.arange(50.0)[:, None])
    with pytest.raises(DataError, match="'a' never has the category 3"):
        Categories.of(["a"], np.array([[1.0], [2.0]]), [np.array([1.0, 2.0, 3.0])])


def test_a_continuous_variable_of_two_values_has_the_contributions_of_its_moments() -> None:
    """Outer products of scores are singular there."""
    table = frame()[["y1", "y3", "y8"]].to_numpy(float)
    found, known = latent_responses(("y1", "y3", "y8"), table, {"y1": np.arange(1.0, 6.0)}), table[:, 1]
    apart = known - known.mean()
    assert found.to_mean[:, 1] == pytest.approx(apart, abs=1e-12)
    assert found.to_covariance[:, 2] == pytest.approx(apart**2 - known.var(), abs=1e-12)
    assert np.isfinite(found.to_covariance).all()
