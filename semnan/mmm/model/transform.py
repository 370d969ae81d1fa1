"""`MediaTransform`: adstock, then saturation, of one channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from semnan.mmm.model.adstock import Adstock, lagged
from semnan.mmm.model.saturation import Response, Saturation
from semnan.network.arrays import Array


@final
@dataclass(frozen=True)
class MediaTransform:
    """What a channel's media become before they enter the equation of the KPI.

    Attributes
    ----------
    channel : str
    adstock : Adstock or None
    saturation : Saturation or None
    scale : float
        The mean of the channel's media where it is not zero: saturation counts media in it. Without saturation
        transformed media keep their units.

    """

    channel: str
    adstock: Adstock | None
    saturation: Saturation | None
    scale: float = 1.0

    @property
    def identity(self) -> bool:
        """Whether media stay as they are."""
        return self.adstock is None and self.saturation is None

    @cached_property
    def _parts(self) -> tuple[Adstock | Saturation, ...]:
        return tuple(part for part in (self.adstock, self.saturation) if part is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, named after the channel: ``tv: decay``."""
        return tuple(f"{self.channel}: {name}" for part in self._parts for name in part.parameters)

    @property
    def lower(self) -> tuple[float, ...]:
        return tuple(value for part in self._parts for value in part.lower)

    @property
    def upper(self) -> tuple[float, ...]:
        return tuple(value for part in self._parts for value in part.upper)

    @property
    def start(self) -> tuple[float, ...]:
        return tuple(value for part in self._parts for value in part.start)

    def lag_weights(self, values: Array) -> Array:
        """Weights of lags 0, 1, … in weeks; a single one without adstock."""
        return np.ones(1) if self.adstock is None else self.adstock.weights(self._split(values)[0])[0]

    def apply(self, media: Array, values: Array, first: Array | None = None) -> Array:
        """Transformed media, shape (G, T); `first` as in `lagged`."""
        carried = media if self.adstock is None else lagged(media, first) @ self.lag_weights(values)
        return self.response(carried, values).value

    def slopes(self, media: Array, values: Array) -> tuple[Array, Array]:
        """Transformed media, shape (G, T), and their slopes in the parameters, shape (k, G, T)."""
        first, _ = self._split(values)
        carried, moved = media, np.zeros((0, *media.shape))
        if self.adstock is not None:
            weights, turn = self.adstock.weights(first)
            windows = lagged(media)
            carried, moved = windows @ weights, np.moveaxis(windows @ turn.T, -1, 0)
        found = self.response(carried, values)
        return found.value, np.concatenate([moved * found.slope, found.slopes])

    def marginal(self, media: Array, change: Array, values: Array) -> Array:
        """By how much transformed media change for an infinitesimal `change` of the media, shape (G, T)."""
        if self.adstock is None:
            return np.asarray(self.response(media, values).slope * change)
        weights = self.lag_weights(values)
        return np.asarray(self.response(lagged(media) @ weights, values).slope * (lagged(change) @ weights))

    def response(self, carried: Array, values: Array) -> Response:
        """What media after adstock become, in the units of the media."""
        if self.saturation is None:
            return Response(carried, np.ones_like(carried), np.zeros((0, *carried.shape)))
        found = self.saturation.response(carried / self.scale, self._split(values)[1])
        return Response(found.value, found.slope / self.scale, found.slopes)

    def _split(self, values: Array) -> tuple[Array, Array]:
        count = 0 if self.adstock is None else len(self.adstock.parameters)
        return values[:count], values[count:]
