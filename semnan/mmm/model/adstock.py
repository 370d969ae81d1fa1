"""Adstock: what media of the weeks before still do, as a weighted mean over lags.

The weights of lags 0, 1, …, `WEEKS` − 1 sum to one, so that a steady spend is left as it is and carry-over only moves
it in time. Before the first week media are taken to have been what they were in the first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from semnan.network.arrays import Array

#: Lags in weeks that are counted.
WEEKS = 26


class Adstock(ABC):
    """A family of lag weights.

    Attributes
    ----------
    parameters : tuple of str
    lower, upper, start : tuple of float
        Of the parameters.

    """

    parameters: ClassVar[tuple[str, ...]]
    lower: ClassVar[tuple[float, ...]]
    upper: ClassVar[tuple[float, ...]]
    start: ClassVar[tuple[float, ...]]

    @abstractmethod
    def raw(self, values: Array) -> tuple[Array, Array]:
        """Weights before they are scaled to sum to one, shape (L,), and their slopes, shape (k, L)."""

    def weights(self, values: Array) -> tuple[Array, Array]:
        """Weights of the lags, shape (L,), and their slopes in the parameters, shape (k, L)."""
        found, slopes = self.raw(values)
        total = found.sum()
        weights = found / total
        return weights, (slopes - weights * slopes.sum(-1, keepdims=True)) / total


@final
@dataclass(frozen=True)
class Geometric(Adstock):
    """w_l ∝ α^l (Broadbent 1979)."""

    parameters = ("decay",)
    lower, upper, start = (0.01,), (0.95,), (0.4,)

    def raw(self, values: Array) -> tuple[Array, Array]:
        lag = np.arange(WEEKS)
        return values[0] ** lag, (lag * values[0] ** np.maximum(lag - 1, 0))[None]


@final
@dataclass(frozen=True)
class Delayed(Adstock):
    """w_l ∝ α^((l − θ)²): a peak θ weeks after (Jin, Wang, Sun, Chan & Koehler 2017, eq. 2)."""

    parameters = ("decay", "peak")
    lower, upper, start = (0.01, 0.0), (0.95, 8.0), (0.5, 1.0)

    def raw(self, values: Array) -> tuple[Array, Array]:
        apart = np.arange(WEEKS) - values[1]
        found = values[0] ** apart**2
        return found, np.stack([found * apart**2 / values[0], -2 * apart * np.log(values[0]) * found])


@final
@dataclass(frozen=True)
class Weibull(Adstock):
    """w_l ∝ exp(−(l / scale)^shape): the survival function of Weibull's distribution (Robyn's ``weibull_cdf``)."""

    parameters = ("shape", "scale")
    lower, upper, start = (0.3, 0.2), (6.0, 20.0), (1.0, 1.5)

    def raw(self, values: Array) -> tuple[Array, Array]:
        shape, scale = values
        ratio = np.arange(1, WEEKS) / scale
        power = ratio**shape
        found, slopes = np.ones(WEEKS), np.zeros((2, WEEKS))
        found[1:] = np.exp(-power)
        slopes[0, 1:] = -found[1:] * power * np.log(ratio)
        slopes[1, 1:] = found[1:] * power * shape / scale
        return found, slopes


#: By the names that plans use.
ADSTOCKS: dict[str, Adstock] = {"geometric": Geometric(), "delayed": Delayed(), "weibull": Weibull()}


def lagged(media: Array, first: Array | None = None) -> Array:
    """Media of shape (G, T) at lags 0, 1, …: shape (G, T, L).

    Parameters
    ----------
    media : ndarray, shape (G, T)
    first : ndarray, shape (G, 1), optional
        What stands in for every week before the first; by default the media of the first.

    """
    before = np.repeat(media[:, :1] if first is None else first, WEEKS - 1, axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([before, media], axis=1), WEEKS, axis=1)
    return np.ascontiguousarray(windows[..., ::-1])
