"""Omitted-confounder sensitivity against published numbers, and against fits with the confounder in the model."""

from __future__ import annotations

import numpy as np
import pytest

import semnan as sn
from semnan.bounds import Sensitivity, sensitivity

# Cinelli & Hazlett 2020, §5: exposure to violence in Darfur and attitudes towards peace, with the digits that the tests
# of the R package sensemakr (github.com/carloscinelli/sensemakr) print. R² of "female" are solved from its first row.
FEMALE_TREATMENT = 0.00916428667504862 / 1.00916428667504862
DARFUR = {1: (0.00916428667504862, 0.12464092303637), 2: (0.0183285733500972, 0.249324064199975)}
DARFUR[3] = (0.0274928600251459, 0.374050471038094)
ADJUSTED = {1: (0.0752202698486415, 0.0218733298036818, 3.43890347394571)}
ADJUSTED[2] = (0.0529151689180575, 0.0203500639944344, 2.60024582392121)
ADJUSTED[3] = (0.0303960178770157, 0.0186700665753491, 1.62806156873318)
INTERVALS = {1: (0.0322829603, 0.1181575794), 2: (0.0129680276, 0.0928623102), 3: (-0.0062532913, 0.0670453271)}


def female_outcome() -> float:
    """The partial R² of "female" with the outcome behind the first row of bounds."""
    between = FEMALE_TREATMENT**2 / (1 - FEMALE_TREATMENT) ** 2
    factor = (1 + np.sqrt(between)) ** 2 / (1 - between)
    ratio = DARFUR[1][1] / factor
    return float(ratio / (1 + ratio))


@pytest.fixture
def darfur() -> Sensitivity:
    strengths = {"female": (FEMALE_TREATMENT, female_outcome())}
    return Sensitivity("directlyharmed", "peacefactor", 0.09731582, 0.02325654, 783, strengths)


def test_published_statistics(darfur: Sensitivity) -> None:
    assert darfur.t == pytest.approx(4.18445, abs=1e-5)
    assert darfur.partial_r2 == pytest.approx(0.02187309, abs=1e-8)
    assert darfur.robustness_value() == pytest.approx(0.1387764, abs=1e-7)
    assert darfur.robustness_value(alpha=0.05) == pytest.approx(0.07625797, abs=1e-7)
    assert "13.88%" in str(darfur)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_published_bounds(darfur: Sensitivity, times: int) -> None:
    found = darfur.benchmark("female", times)
    np.testing.assert_allclose((found.r2_treatment, found.r2_outcome), DARFUR[times], rtol=1e-12)
    np.testing.assert_allclose((found.estimate, found.standard_error, found.t), ADJUSTED[times], rtol=1e-9)
    # There the interval has the degrees of freedom without the confounder.
    np.testing.assert_allclose(found.interval, INTERVALS[times], atol=1e-6)


def test_robustness_values_take_away_what_they_say(darfur: Sensitivity) -> None:
    value = darfur.robustness_value()
    assert float(darfur.adjusted_estimate(value, value)) == pytest.approx(0, abs=1e-15)
    value = darfur.robustness_value(q=0.5)
    assert float(darfur.adjusted_estimate(value, value)) == pytest.approx(darfur.estimate / 2)
    value = darfur.robustness_value(alpha=0.05)
    assert darfur.adjusted(value, value).interval[0] == pytest.approx(0, abs=1e-15)
    assert float(darfur.adjusted_estimate(darfur.partial_r2, 1.0)) == pytest.approx(0, abs=1e-15)


def test_what_is_not_significant_has_no_robustness() -> None:
    assert Sensitivity("X", "Y", 0.1, 0.1, 50).robustness_value(alpha=0.05) == 0.0


def test_a_huge_effect_needs_less_with_the_treatment() -> None:
    """Where f exceeds the inverse of its limit, the extreme confounder explains all of the outcome."""
    found = Sensitivity("X", "Y", 50.0, 1.0, 5)
    value = found.robustness_value(alpha=0.05)
    f, limit = 50 / np.sqrt(5), 2.7764451051977987 / 2
    assert value == pytest.approx((f**2 - limit**2) / (1 + f**2))


def population() -> tuple[np.ndarray, tuple[str, ...]]:
    root = np.random.default_rng(3).normal(size=(4, 4))
    return root @ root.T + np.eye(4), ("Z", "W", "X", "Y")


@pytest.mark.parametrize(("first", "second", "sign"), [(0.1, 0.3, 1), (0.4, 0.05, 1), (0.25, 0.25, -1)])
def test_a_fit_with_that_confounder_has_the_adjusted_estimate(first: float, second: float, sign: int) -> None:
    """Fix the confounder's loadings to those strengths: the fit returns the adjusted estimate."""
    sigma, names = population()
    moments = sn.Moments.from_covariance(sigma, names, 200)
    found = sensitivity(sn.fit(sn.AMASEM.parse("Z -> W; Z, W -> X; Z, W, X -> Y"), moments), "X", "Y")
    spread = residual(sigma, 2, [0, 1]), residual(sigma, 3, [0, 1, 2])
    into_x = np.sqrt(first * spread[0])
    into_y = np.sign(found.estimate) * sign * np.sqrt(second * spread[1] / (1 - first))
    edges = [("Z", "W"), ("Z", "X"), ("W", "X"), ("Z", "Y"), ("W", "Y"), ("X", "Y")]
    rows = [sn.path(a, b) for a, b in edges] + [sn.covariance(v) for v in names] + [sn.covariance("U", fixed=1.0)]
    rows += [sn.path("U", "X", fixed=float(into_x)), sn.path("U", "Y", fixed=float(into_y))]
    fit = sn.fit(sn.PathModel(names, ("U",), tuple(rows)), moments)
    assert fit.discrepancy < 1e-12
    expected = found.adjusted_estimate(first, second, towards_zero=sign > 0)
    assert fit.effect("X", "Y", kind="direct").estimate == pytest.approx(float(expected), rel=1e-7)


def residual(sigma: np.ndarray, at: int, given: list[int]) -> float:
    """The residual variance of a regression."""
    inside = np.linalg.solve(sigma[np.ix_(given, given)], sigma[given, at])
    return float(sigma[at, at] - sigma[at, given] @ inside)


def test_the_standard_error_with_that_confounder() -> None:
    """Draw rows with a confounder, regress with and without it, and compare with its partial R²."""
    rng = np.random.default_rng(5)
    z, u = rng.normal(size=(2, 300))
    x = z + 0.7 * u + rng.normal(size=300)
    y = 0.5 * x + z + 0.9 * u + rng.normal(size=300)
    table = np.column_stack([z, u, x, y])
    moments = sn.Moments.from_array(table, ("Z", "U", "X", "Y"))
    short = sensitivity(sn.fit(sn.AMASEM.parse("Z -> X, Y; X -> Y"), moments.select(("Z", "X", "Y"))), "X", "Y")
    long = sensitivity(sn.fit(sn.AMASEM.parse("Z -> X, Y; U -> X, Y; X -> Y; Z -> U"), moments), "X", "Y")
    adjusted = short.adjusted(*long.strengths["U"])
    assert adjusted.estimate == pytest.approx(long.estimate, rel=1e-9)
    assert adjusted.standard_error == pytest.approx(long.standard_error, rel=1e-9)


def test_standard_errors_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
    y = design @ [1.0, 2.0, 3.0] + rng.normal(size=50)
    coefficients, squares, _, _ = np.linalg.lstsq(design, y, rcond=None)
    error = np.sqrt(squares[0] / 47 * np.linalg.inv(design.T @ design)[1, 1])
    moments = sn.Moments.from_array(np.column_stack([design[:, 1:], y]), ("X", "Z", "Y"))
    found = sensitivity(sn.fit(sn.AMASEM.parse("Z -> X; X, Z -> Y"), moments), "X", "Y")
    assert found.df == 47
    np.testing.assert_allclose((found.estimate, found.standard_error), (coefficients[1], error), rtol=1e-9)


def test_effects_that_are_no_regressions_are_refused() -> None:
    sigma, names = population()
    moments = sn.Moments.from_covariance(sigma, names, 200)
    with pytest.raises(sn.FitError, match="latent parent U"):
        sensitivity(sn.fit(sn.AMASEM.parse("latent U; Z -> X -> Y; U -> X, Y"), moments), "X", "Y")
    arcs = (sn.path("Z", "X"), sn.path("X", "Y"), *(sn.covariance(v) for v in "ZXY"), sn.covariance("X", "Y"))
    with pytest.raises(sn.FitError, match="the regression of Y"):
        sensitivity(sn.fit(sn.PathModel(("Z", "X", "Y"), (), arcs), moments), "X", "Y")
    with pytest.raises(sn.FitError, match="no edge Y -> X"):
        sensitivity(sn.fit(sn.AMASEM.parse("X -> Y"), moments), "Y", "X")


def test_impossible_strengths(darfur: Sensitivity) -> None:
    with pytest.raises(sn.FitError, match="shares"):
        darfur.adjusted(1.0, 0.1)
    with pytest.raises(sn.FitError, match="no confounder is 200 times as strong"):
        darfur.benchmark("female", 200)
    with pytest.raises(sn.FitError, match="no covariate"):
        darfur.benchmark("male")


def test_contours_and_their_plot(darfur: Sensitivity) -> None:
    pytest.importorskip("matplotlib")
    first, second, values = darfur.contours(0.3, 0.2, points=4)
    assert values.shape == (4, 4)
    assert values[2, 1] == pytest.approx(float(darfur.adjusted_estimate(first[1], second[2])))
    axes = darfur.plot(times=(1, 2, 3))
    labels = [text.get_text() for text in axes.texts]
    assert any("2x female\n(0.0529)" in text for text in labels)
    assert "directlyharmed" in axes.get_xlabel()
