"""Saturation: the shape of the response to media, before the channel's coefficient scales it.

Media come in units of the channel's own mean, so that parameters compare between channels. All are zero at zero, and
for negative media (credits), which have no response.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import numpy as np
from scipy.special import expit

from semnan.network.arrays import Array

#: Media up to this are none: carry-over never ends, but rounding does.
NONE = 1e-200


class Response(NamedTuple):
    """A response to media.

    Attributes
    ----------
    value : array, shape (*s,)
    slope : array, shape (*s,)
        In the media.
    slopes : array, shape (k, *s)
        In the parameters.

    """

    value: Array
    slope: Array
    slopes: Array


class Saturation(ABC):
    """A family of responses to media z ≥ 0.

    Attributes
    ----------
    parameters : tuple of str
    lower, upper, start : tuple of float
        Of the parameters.
    usual : tuple of (float, float)
        Of each parameter a mean and a standard deviation that let the curve bend somewhere near present media.

    """

    parameters: ClassVar[tuple[str, ...]]
    lower: ClassVar[tuple[float, ...]]
    upper: ClassVar[tuple[float, ...]]
    start: ClassVar[tuple[float, ...]]
    usual: ClassVar[tuple[tuple[float, float], ...]]

    @abstractmethod
    def response(self, media: Array, values: Array) -> Response:
        """The response to media of shape (*s,), and its slopes."""


@final
@dataclass(frozen=True)
class Hill(Saturation):
    """z^s / (h^s + z^s) with half saturation h and slope s.

    Beyond these bounds the curve is a line, a constant or a step where the media are, and data cannot tell which.
    """

    parameters = ("half", "slope")
    lower, upper, start = (0.2, 0.5), (5.0, 3.0), (1.0, 1.2)
    usual = (1.0, 0.5), (1.5, 0.5)

    def response(self, media: Array, values: Array) -> Response:
        half, slope = values
        spent = media > NONE
        ratio = np.where(spent, media, 1e-12) / half
        log = np.log(ratio)
        # Powers of what carry-over leaves of media long ago would overflow, logarithms do not.
        value = np.where(spent, expit(slope * log), 0.0)
        bend = value * (1 - value)
        return Response(value, bend * slope / (ratio * half), np.stack([-bend * slope / half, bend * log]))


@final
@dataclass(frozen=True)
class Logistic(Saturation):
    """(1 − e^(−λz)) / (1 + e^(−λz)) = tanh(λz/2) (PyMC-Marketing's ``logistic``).

    Below the lower bound it is a line where the media are, which rounding does not tell from the media themselves.
    """

    parameters = ("rate",)
    lower, upper, start = (0.1,), (10.0,), (1.0,)
    usual = ((1.0, 0.5),)

    def response(self, media: Array, values: Array) -> Response:
        spent = np.maximum(media, 0.0)
        value = np.tanh(values[0] * spent / 2)
        bend = (1 - value**2) / 2
        return Response(value, bend * values[0] * (media >= 0), (bend * spent)[None])


@final
@dataclass(frozen=True)
class MichaelisMenten(Saturation):
    """z / (h + z) with half saturation h."""

    parameters = ("half",)
    lower, upper, start = (0.05,), (20.0,), (1.0,)
    usual = ((1.0, 0.5),)

    def response(self, media: Array, values: Array) -> Response:
        spent = np.maximum(media, 0.0)
        total = values[0] + spent
        return Response(spent / total, values[0] / total**2 * (media >= 0), (-spent / total**2)[None])


#: By the names that plans use.
SATURATIONS: dict[str, Saturation] = {
    "hill": Hill(),
    "logistic": Logistic(),
    "michaelis-menten": MichaelisMenten(),
}
