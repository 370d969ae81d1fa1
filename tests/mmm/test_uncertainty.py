"""The delta method against closed forms, bounds and singular information; percentiles of a bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from semnan.errors import Unavailable
from semnan.estimation.outcome import Outcome
from semnan.mmm.results.uncertainty import delta, tell
from tests.mmm.fits import curved, linear, unidentified
from tests.mmm.panels import Array


def _product(theta: Array, tau: Array) -> Array:
    return np.array([theta[0] * theta[1], np.exp(theta[2])])


def test_slopes_are_exact_enough() -> None:
    fit = linear()
    theta, matrix = fit.minimum.theta, fit.spread.matrix
    assert isinstance(matrix, np.ndarray)
    slopes = np.zeros((2, len(fit.names)))
    slopes[0, [0, 1]] = theta[[1, 0]]
    slopes[1, 2] = np.exp(theta[2])
    found = delta(fit, _product)
    np.testing.assert_allclose(found.covariance, slopes @ matrix @ slopes.T, rtol=1e-6)
    np.testing.assert_allclose(delta(fit, _product, [0, 1, 2]).covariance, found.covariance, rtol=1e-12)
    ends, error = found.intervals(0.9)[0], found.standard_errors[0]
    assert isinstance(ends, tuple)
    assert isinstance(error, float)
    assert (ends[1] - ends[0]) / 2 == pytest.approx(-ndtri(0.05) * error, rel=1e-12)


def test_what_is_at_a_bound_is_not_moved() -> None:
    fit = curved()
    place = len(fit.minimum.theta)
    held = fit.spread.held.copy()
    held[place] = True
    bound = replace(fit, spread=replace(fit.spread, held=held))

    def decay(theta: Array, tau: Array) -> Array:
        assert tau[0] == fit.minimum.tau[0]
        return np.array([tau[0], tau[0] + theta[0]])

    first, second = delta(bound, decay, [place, 0]), delta(bound, lambda a, b: decay(a, b)[:1], [place])
    assert isinstance(first.standard_errors[1], float)
    assert isinstance(second.standard_errors[0], Unavailable)
    assert "bound" in second.standard_errors[0].reason


def test_directions_that_the_data_do_not_determine_have_no_error() -> None:
    fit = unidentified()
    names = list(fit.names)
    direct, by_way, social = (names.index(f"{name} -> Sales") for name in ("TV", "Search", "Social"))
    step = names.index("TV -> Search")

    def function(theta: Array, tau: Array) -> Array:
        return np.array([theta[direct], theta[social], theta[direct] + theta[step] * theta[by_way]])

    found = delta(fit, function).standard_errors
    assert isinstance(found[0], Unavailable)
    assert isinstance(found[1], float)
    assert isinstance(found[2], float)
    assert isinstance(fit.standard_errors["Search -> Sales"], Unavailable)
    assert isinstance(fit.standard_errors["Social -> Sales"], float)


def test_a_fit_that_did_not_converge_has_no_errors() -> None:
    fit = linear()
    lost = replace(fit, minimum=replace(fit.minimum, outcome=Outcome.ITERATION_LIMIT))
    error = delta(lost, _product).standard_errors[0]
    assert isinstance(error, Unavailable)
    assert "converge" in error.reason


def test_a_bootstrap_gives_percentiles() -> None:
    fit = linear().model.fit(standard_errors="bootstrap", replicates=40, seed=3, progress=False)
    draws = fit.spread.draws
    assert draws is not None
    found = delta(fit, _product)
    own = draws[:, 0] * draws[:, 1]
    assert found.standard_errors[0] == pytest.approx(own.std(ddof=1), rel=1e-10)
    assert found.intervals(0.9)[0] == pytest.approx(tuple(np.quantile(own, [0.05, 0.95])))
    row = fit.effects(level=0.9)["Search", "direct"]
    values = draws[:, fit.names.index("Search -> Sales")]
    assert row.interval == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])), rel=1e-9)
    single = delta(fit, lambda theta, tau: theta[:1])
    assert single.covariance.shape == (1, 1)


def test_refusals_stand_for_all_numbers_and_nothing_is_computed() -> None:
    def never(theta: Array, tau: Array) -> Array:
        raise AssertionError

    why = Unavailable("refused")
    found = tell(linear(), never, [0], why, 0.95, 2)
    assert [row.estimate for row in found] == [why, why]
    (told,) = tell(linear(), lambda theta, tau: theta[:1], [0], None, 0.95)
    assert told.estimate == linear().values[0]
    assert told.standard_error == pytest.approx(next(iter(linear().standard_errors.values())), rel=1e-8)


def test_a_parameter_that_only_a_null_direction_moves_has_no_number() -> None:
    fit = linear()
    size, matrix = np.ones(len(fit.names)), np.array(fit.spread.matrix)
    matrix[0], matrix[:, 0] = 0.0, 0.0
    lost = replace(fit, spread=replace(fit.spread, matrix=matrix, null=np.eye(len(fit.names))[:1], size=size))
    first, second = tell(lost, lambda theta, tau: theta[:2], [0, 1], None, 0.95, 2)
    assert isinstance(first.estimate, Unavailable)
    assert isinstance(first.interval, Unavailable)
    assert second.estimate == fit.values[1]
    assert isinstance(second.standard_error, float)
