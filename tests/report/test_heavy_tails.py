"""Models under a t distribution: beside SciPy's density, maximised and differentiated by itself."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2, multivariate_t

import semnan as sn
from semnan import Fit, FitError, Unavailable
from semnan.estimation.student import expected, likeliest, log_density, slope

Array = NDArray[np.float64]
CFA = "f =~ x1 + x2 + x3 + x4"
NAMES = ("f -> x2", "f -> x3", "f -> x4", "f <-> f", *(f"x{i} <-> x{i}" for i in range(1, 5)))
MEANS = tuple(f"1 -> x{i}" for i in range(1, 5))


#: Whose stubs take whole degrees of freedom only.
DENSITY: Any = multivariate_t


def table(n: int = 400, nu: float = 4.0, seed: int = 3) -> pd.DataFrame:
    """A factor model of t distributed rows; normal if nu is infinite."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt(nu / rng.chisquare(nu, n)) if math.isfinite(nu) else np.ones(n)
    values = np.outer(rng.normal(size=n), [1, 0.8, 0.7, 0.9]) + 0.6 * rng.normal(size=(n, 4))
    frame = pd.DataFrame(values * scale[:, None] + [1, 2, 3, 4], columns=["x1", "x2", "x3", "x4"])
    return frame.assign(g=["a", "b"] * (n // 2))


def minus(theta: Array, values: Array) -> float:
    """−log-likelihood of loadings, factor variance, residual variances, means and ν, by SciPy."""
    loadings, nu = np.array([1, *theta[:3]]), theta[12]
    if nu <= 2 or (theta[3:8] <= 0).any():
        return 1e10
    covariance = theta[3] * np.outer(loadings, loadings) + np.diag(theta[4:8])
    density = DENSITY(loc=theta[8:12], shape=covariance * (nu - 2) / nu, df=nu)
    return -float(density.logpdf(values).sum())


def hessian(theta: Array, values: Array) -> Array:
    """By central differences."""
    steps = 1e-3 * np.maximum(np.abs(theta), 0.1) * np.eye(len(theta))
    found = np.empty((len(theta), len(theta)))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            ends = [minus(theta + s * a + t * b, values) for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            found[i, j] = (ends[0] - ends[1] - ends[2] + ends[3]) / (4 * a[i] * b[j])
    return found


def test_likelihood_is_at_its_maximum() -> None:
    frame = table()
    values = frame[["x1", "x2", "x3", "x4"]].to_numpy()
    found = sn.cfa(CFA, frame).heavy_tails()
    assert found.converged
    theta = np.array([*(found.estimates[name] for name in (*NAMES, *MEANS)), found.nu])
    assert found.log_likelihood == pytest.approx(-minus(theta, values), rel=1e-10)
    best = minimize(minus, 1.1 * theta, args=(values,), method="BFGS", options={"gtol": 1e-5})
    assert best.x == pytest.approx(theta, abs=1e-4)
    observed = np.sqrt(np.diag(np.linalg.inv(hessian(theta, values))))
    errors = np.array([*(found.standard_errors[name] for name in (*NAMES, *MEANS)), found.nu_standard_error])
    assert errors.astype(float) == pytest.approx(observed, rel=0.06)  # Expected information beside observed.


def test_information_is_the_variance_of_scores() -> None:
    """By simulation, in directions of covariance, mean and ν; within four standard errors."""
    p, nu, n, step = 3, 5.0, 200_000, 1e-4
    rng = np.random.default_rng(0)
    root = rng.normal(size=(p, p))
    covariance = root @ root.T + np.eye(p)
    rows = np.asarray(DENSITY(shape=covariance * (nu - 2) / nu, df=nu, seed=1).rvs(n))
    first, second, shift = root + root.T, np.diag([1.0, 0, 0]), rng.normal(size=p)

    def score(move: Array, mean: Array, more: float) -> Array:
        def at(t: float) -> Array:
            inverse = np.linalg.inv(covariance + t * move)
            deviation = rows - t * mean
            delta = ((deviation @ inverse) * deviation).sum(-1)
            logdet = -float(np.linalg.slogdet(inverse)[1])
            return log_density(delta, logdet, p, 1 / (nu + t * more))

        return (at(step) - at(-step)) / (2 * step)

    none = np.zeros(p)
    scores = np.stack(
        [score(first, none, 0), score(second, none, 0), score(0 * first, shift, 0), score(0 * first, none, 1)], axis=1
    )
    inverse, parts = np.linalg.inv(covariance), expected(p, nu)
    moves = (first, second)
    trace = np.array([np.trace(inverse @ move) for move in moves])
    wanted = np.zeros((4, 4))
    wanted[:2, :2] = [[np.trace(inverse @ a @ inverse @ b) / 2 * parts.second for b in moves] for a in moves]
    wanted[:2, :2] += parts.trace * np.outer(trace, trace)
    wanted[2, 2] = parts.first * shift @ inverse @ shift
    wanted[:2, 3] = wanted[3, :2] = parts.cross * trace
    wanted[3, 3] = parts.own
    products = scores[:, :, None] * scores[:, None, :]
    assert (np.abs(products.mean(0) - wanted) < 4 * products.std(0) / np.sqrt(n) + 1e-9).all()


def test_nu_is_where_its_slope_is_zero() -> None:
    delta = np.random.default_rng(0).chisquare(3, 500) * 5 / np.random.default_rng(1).chisquare(5, 500) * 3 / 5
    eta = likeliest([delta], 3)
    assert slope(delta, 3, eta) == pytest.approx(0, abs=1e-8)
    step = 1e-6
    change = log_density(delta, 0, 3, 1 / (6 + step)).sum() - log_density(delta, 0, 3, 1 / (6 - step)).sum()
    assert slope(delta, 3, 1 / 6) == pytest.approx(change / (2 * step), rel=1e-5)


def test_given_degrees_of_freedom() -> None:
    frame = table()
    found = sn.cfa(CFA, frame).heavy_tails(nu=8)
    assert found.nu == pytest.approx(8)
    assert isinstance(found.nu_standard_error, Unavailable)
    assert isinstance(found.p_value_normal, Unavailable)
    free = sn.cfa(CFA, frame).heavy_tails()
    again = sn.cfa(CFA, frame).heavy_tails(nu=free.nu)
    assert again.estimates == pytest.approx(free.estimates, abs=1e-6)
    for name, error in again.standard_errors.items():
        assert float(error) <= float(free.standard_errors[name]) * (1 + 1e-6)


def test_normal_rows_are_said_to_be_normal() -> None:
    """Of light tails the likeliest ν is infinite, and everything is the normal fit's."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-1, 1, (200, 4)) + rng.normal(size=(200, 1)), columns=["x1", "x2", "x3", "x4"])
    fit = sn.cfa(CFA, frame, meanstructure=True)
    found = fit.heavy_tails()
    assert math.isinf(found.nu)
    assert found.p_value_normal == 1.0
    assert "no heavier than normal" in str(found)
    assert found.estimates == pytest.approx(fit.estimates, abs=1e-6)
    assert found.standard_errors == pytest.approx(fit.standard_errors, rel=1e-5)
    assert found.chi_square == pytest.approx(float(fit.chi_square), abs=1e-5)
    assert found.log_likelihood == pytest.approx(float(fit.log_likelihood))
    assert found.weights == pytest.approx(1)


def test_estimates_move_and_outliers_count_less() -> None:
    frame = table(nu=30.0)
    frame.loc[5, ["x1", "x2", "x3", "x4"]] = [30.0, -20.0, 3.0, 4.0]
    found = sn.cfa(CFA, frame).heavy_tails()
    assert found.weights.argmin() == 5
    assert found.weights[5] < 0.02
    assert found.weights.mean() == pytest.approx(1, abs=1e-4)
    moves = found.moves()
    sizes = [abs(float(move.moved)) for move in moves]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 1
    assert {move.name for move in moves} == set(NAMES)
    assert isinstance(found.p_value_normal, float)
    assert found.p_value_normal < 1e-10
    assert "degrees of freedom" in repr(found)


def test_covariates_groups_and_constraints() -> None:
    """A regression is that of the joint t distribution; groups share ν; constraints hold."""
    frame = table()
    one = sn.sem("x1 ~ b*x2 + x3", frame).heavy_tails()
    two = sn.sem("x1 ~ b*x2 + x3", frame, fixed_x=False, meanstructure=True).heavy_tails()
    assert one.estimates["b"] == pytest.approx(two.estimates["b"], abs=1e-6)
    assert one.effect("x2", "x1").standard_error == pytest.approx(two.standard_errors["b"], rel=1e-6)
    assert one.chi_square == pytest.approx(0, abs=1e-5)
    both = sn.cfa(CFA, frame, group="g", group_equal=["loadings"]).heavy_tails()
    assert both.converged
    alone = [sn.cfa(CFA, frame[frame.g == label]).heavy_tails(nu=both.nu) for label in "ab"]
    free: Fit = sn.cfa(CFA, frame, group="g")
    together = free.heavy_tails(nu=both.nu)
    assert together.log_likelihood == pytest.approx(sum(found.log_likelihood for found in alone), rel=1e-9)
    linear = sn.cfa("f =~ x1 + a*x2 + b*x3 + x4\na == b", frame).heavy_tails()
    assert linear.estimates["a"] == pytest.approx(linear.estimates["b"])
    assert linear.standard_errors["a"] == pytest.approx(linear.standard_errors["b"])
    product = sn.cfa("f =~ x1 + a*x2 + b*x3 + x4\na*b == 0.6", frame).heavy_tails()
    assert product.estimates["a"] * product.estimates["b"] == pytest.approx(0.6, abs=1e-6)
    assert len(product.parameters()) == 14


def test_the_likelihood_never_falls() -> None:
    """Groups with an equality and very heavy tails, where mixed steps lead away: at least as likely as beside ν."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((300, 4)) * np.sqrt(3 / rng.chisquare(3, 300))[:, None]
    frame = pd.DataFrame(values[:, :3] @ [[1, 0.5, 0.55], [0, 1, 0.3], [0, 0, 1]], columns=["x", "m", "y"])
    frame["g"] = np.where(rng.random(300) < 0.4, "a", "b")
    fit = sn.sem("m ~ c(a, a)*x\ny ~ m", frame, group="g")
    found = fit.heavy_tails()
    assert found.converged
    for factor in (0.95, 1.05):
        beside = fit.heavy_tails(nu=found.nu * factor)
        assert beside.log_likelihood < found.log_likelihood


def test_weights_say_of_which_rows() -> None:
    frame = table()
    frame.loc[20, ["x1", "x3"]] = [30.0, -30.0]
    found = sn.cfa(CFA, frame.assign(x1=frame.x1.where(frame.index % 7 > 0))).heavy_tails(nu=np.int64(5))
    assert found.rows[found.weights.argmin()] == 20
    assert len(found.rows) == len(found.weights) < len(frame)


def test_chi_square_of_right_models() -> None:
    """2 [ℓ − ℓ] has as many degrees of freedom as the model: its mean over samples."""
    values = [sn.cfa(CFA, table(300, 5.0, seed)).heavy_tails().chi_square for seed in range(40)]
    assert np.mean(values) == pytest.approx(2, abs=4 * 2 / np.sqrt(40))
    found = sn.cfa(CFA, table()).heavy_tails()
    assert found.p_value == pytest.approx(chi2.sf(found.chi_square, 2))


def test_tails_without_a_covariance() -> None:
    found = sn.sem("x1 ~ x2", table(nu=1.0)).heavy_tails()
    assert found.nu < 2.1
    assert isinstance(found.nu_standard_error, Unavailable)
    assert "two" in str(found)


def test_outliers_that_keep_normal_fits_from_converging() -> None:
    frame = sn.datasets.political_democracy().to_frame()
    frame.loc[10, ["y1", "y2"]] = [60.0, -40.0]
    fit = sn.sem("ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem60 ~ ind60", frame)
    assert not fit.converged
    found = fit.heavy_tails()
    assert found.converged
    assert found.weights.argmin() == 10
    assert isinstance(found.log_likelihood_normal, Unavailable)
    assert isinstance(found.p_value_normal, Unavailable)
    assert all(isinstance(move.moved, Unavailable) for move in found.moves())
    without = sn.sem("ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + y2 + y3 + y4\ndem60 ~ ind60", frame.drop(10))
    assert found.estimates["ind60 -> dem60"] == pytest.approx(without.estimates["ind60 -> dem60"], abs=0.3)


def test_what_is_refused() -> None:
    frame = table()
    fit = sn.cfa(CFA, frame)
    for nu in (2, -1.0, math.inf, math.nan, True):
        with pytest.raises(FitError, match="nu is"):
            fit.heavy_tails(nu)
    with pytest.raises(FitError, match="complete rows"):
        sn.cfa(CFA, frame.assign(x1=frame.x1.where(frame.index > 5)), missing="fiml").heavy_tails()
    with pytest.raises(FitError, match="independent"):
        sn.cfa(CFA, frame, cluster="g").heavy_tails()
    with pytest.raises(FitError, match="no rows"):
        sn.cfa(CFA, fit.moments).heavy_tails()
    with pytest.raises(FitError, match="not maximum likelihood"):
        sn.cfa(CFA, frame, estimator="GLS").heavy_tails()
