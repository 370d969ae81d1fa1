"""Tails of mixtures of χ² variables: those of χ² itself, a table of Imhof's, other integrals, and simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import chdtr, chdtrc

from semnan.estimation.chi_square_mixture import mixture_tail


@pytest.mark.parametrize("k", [1, 2, 3, 7, 40, 1000])
def test_equal_weights_make_a_chi_square_variable(k: int) -> None:
    for share in (1e-4, 0.1, 0.5, 0.9, 1.0, 1.1, 1.5, 3.0):
        x = share * k
        assert mixture_tail(2.5 * x, np.full(k, 2.5)) == pytest.approx(float(chdtrc(k, x)), rel=1e-9, abs=1e-14)
    tiny = mixture_tail(5.0 * k + 50, np.ones(k))
    assert tiny == pytest.approx(float(chdtrc(k, 5.0 * k + 50)), rel=1e-9, abs=1e-300)


def test_the_table_of_imhof() -> None:
    # Imhof 1961, Biometrika 48, table 1: Q1.
    assert [round(mixture_tail(x, [0.6, 0.3, 0.1]), 4) for x in (0.1, 0.7, 2.0)] == [0.9458, 0.5064, 0.1240]


def test_pairs_of_weights_have_a_closed_form() -> None:
    # Of weights in pairs Q is a sum of exponential variables.
    weights, x = np.array([3.0, 1.0, 0.2]), 4.0
    shares = [np.prod([w / (w - other) for other in weights if other != w]) for w in weights]
    exact = sum(share * np.exp(-x / (2 * w)) for share, w in zip(shares, weights, strict=True))
    assert mixture_tail(x, np.repeat(weights, 2)) == pytest.approx(exact, rel=1e-11)


def test_the_integral_of_imhof() -> None:
    weights = np.random.default_rng(1).exponential(size=12) ** 3

    def integrand(u: float, x: float) -> float:
        angle = 0.5 * np.arctan(weights * u).sum() - 0.5 * x * u
        return float(np.sin(angle) / (u * np.prod((1 + (weights * u) ** 2) ** 0.25)))

    for share in (0.05, 0.4, 1.0, 2.0, 4.0):
        x = share * float(weights.sum())
        said = 0.5 + quad(integrand, 0, np.inf, args=(x,), limit=2000)[0] / np.pi
        assert mixture_tail(x, weights) == pytest.approx(said, abs=1e-8)


def test_simulated() -> None:
    weights = np.exp(-np.arange(15) / 2)
    drawn = np.random.default_rng(2).standard_normal((200_000, 15)) ** 2 @ weights
    for x in (0.5, 2.0, 5.0):
        assert mixture_tail(x, weights) == pytest.approx((drawn > x).mean(), abs=0.005)


def test_small_weights_hardly_count() -> None:
    assert mixture_tail(2.0, [1, 1e-9]) == pytest.approx(float(chdtrc(1, 2.0)), rel=1e-8)
    assert mixture_tail(2.0, [1, 0, 0, 1e-16]) == pytest.approx(float(chdtrc(1, 2.0)), rel=1e-12)
    assert 1 - mixture_tail(1e-3, [1, 1]) == pytest.approx(float(chdtr(2, 1e-3)), rel=1e-9)


def test_the_edges() -> None:
    assert mixture_tail(0.0, [1.0]) == 1
    assert mixture_tail(-1.0, [1.0]) == 1
    assert mixture_tail(0.0, []) == 0
    assert mixture_tail(1.0, [0.0]) == 0
    with pytest.raises(ValueError, match="not negative"):
        mixture_tail(1.0, [1.0, -1.0])
