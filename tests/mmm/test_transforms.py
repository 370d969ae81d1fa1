"""Adstock and saturation: their definitions, limits and slopes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan.mmm.model.adstock import ADSTOCKS, WEEKS, Adstock, lagged
from semnan.mmm.model.saturation import SATURATIONS, Saturation
from semnan.mmm.model.transform import MediaTransform
from tests.mmm.panels import Array


def _inside(part: Adstock | Saturation, share: float) -> Array:
    return np.asarray(np.array(part.lower) + share * (np.array(part.upper) - np.array(part.lower)))


@pytest.mark.parametrize("name", ADSTOCKS)
@given(share=st.floats(0.05, 0.95))
def test_lag_weights_sum_to_one_and_have_the_slopes_of_differences(name: str, share: float) -> None:
    adstock = ADSTOCKS[name]
    values = _inside(adstock, share)
    weights, slopes = adstock.weights(values)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    for k in range(len(values)):
        step = np.zeros(len(values))
        step[k] = 1e-6
        change = (adstock.weights(values + step)[0] - adstock.weights(values - step)[0]) / 2e-6
        np.testing.assert_allclose(slopes[k], change, atol=1e-7)


def test_geometric_adstock_is_the_recursion() -> None:
    """y_t = (1 − α) x_t + α y_{t−1} from a steady state, up to the tail beyond the last lag."""
    media = np.random.default_rng(0).uniform(size=(2, 50))
    expected, decay = media.copy(), 0.5
    for t in range(1, 50):
        expected[:, t] = (1 - decay) * media[:, t] + decay * expected[:, t - 1]
    found = lagged(media) @ ADSTOCKS["geometric"].weights(np.array([decay]))[0]
    np.testing.assert_allclose(found, expected, atol=2 * decay**WEEKS)


def test_delayed_adstock_peaks_where_it_says() -> None:
    weights, _ = ADSTOCKS["delayed"].weights(np.array([0.7, 3.0]))
    assert weights.argmax() == 3


def test_weibull_adstock_with_shape_one_is_geometric() -> None:
    weights, _ = ADSTOCKS["weibull"].weights(np.array([1.0, 2.0]))
    geometric, _ = ADSTOCKS["geometric"].weights(np.array([np.exp(-0.5)]))
    np.testing.assert_allclose(weights, geometric, rtol=1e-12)


def test_steady_media_are_left_as_they_are() -> None:
    transform = MediaTransform("tv", ADSTOCKS["geometric"], None)
    np.testing.assert_allclose(transform.apply(np.full((1, 40), 3.0), np.array([0.6])), 3.0)


@pytest.mark.parametrize("name", SATURATIONS)
@given(share=st.floats(0.05, 0.95))
def test_responses_rise_from_zero_and_have_the_slopes_of_differences(name: str, share: float) -> None:
    saturation = SATURATIONS[name]
    values, media = _inside(saturation, share), np.linspace(0.05, 4, 40)
    found = saturation.response(media, values)
    assert saturation.response(np.array([0.0, -1.0]), values).value.tolist() == [0, 0]
    assert (np.diff(found.value) >= 0).all()
    assert (found.value <= 1).all()
    step = 1e-6
    ends = saturation.response(media + step, values).value, saturation.response(media - step, values).value
    np.testing.assert_allclose(found.slope, (ends[0] - ends[1]) / (2 * step), atol=1e-5)
    for k in range(len(values)):
        move = np.zeros(len(values))
        move[k] = step
        ends = saturation.response(media, values + move).value, saturation.response(media, values - move).value
        np.testing.assert_allclose(found.slopes[k], (ends[0] - ends[1]) / (2 * step), atol=1e-6)


def test_half_saturation_is_half_the_ceiling() -> None:
    for name, values in (("hill", [1.3, 2.0]), ("michaelis-menten", [1.3])):
        found = SATURATIONS[name].response(np.array([1.3]), np.array(values))
        assert found.value[0] == pytest.approx(0.5), name


@pytest.mark.parametrize("adstock", [None, *ADSTOCKS])
@pytest.mark.parametrize("saturation", [None, *SATURATIONS])
def test_slopes_of_a_transform_are_those_of_differences(adstock: str | None, saturation: str | None) -> None:
    chosen = None if adstock is None else ADSTOCKS[adstock]
    shape = None if saturation is None else SATURATIONS[saturation]
    transform = MediaTransform("tv", chosen, shape, 2.0)
    media, values = np.random.default_rng(1).uniform(0.1, 5, size=(3, 40)), np.array(transform.start)
    found, slopes = transform.slopes(media, values)
    np.testing.assert_allclose(found, transform.apply(media, values))
    for k in range(len(values)):
        step = np.zeros(len(values))
        step[k] = 1e-6
        change = (transform.apply(media, values + step) - transform.apply(media, values - step)) / 2e-6
        np.testing.assert_allclose(slopes[k], change, atol=1e-6)
    change = np.random.default_rng(2).normal(size=media.shape)
    moved = (transform.apply(media + 1e-6 * change, values) - transform.apply(media - 1e-6 * change, values)) / 2e-6
    np.testing.assert_allclose(transform.marginal(media, change, values), moved, atol=1e-6)
