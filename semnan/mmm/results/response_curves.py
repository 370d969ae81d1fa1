"""How the KPI responds to the spend on a channel, from nothing to some multiple of what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from semnan.data.checks import is_number
from semnan.effects.delta import check_level
from semnan.errors import FitError, Unavailable
from semnan.mmm.model.media_change import MediaChange, kinds, of_channel
from semnan.mmm.panels.panel import MediaPanel
from semnan.mmm.results.roas import spent
from semnan.mmm.results.titled import Result
from semnan.mmm.results.uncertainty import Interval, tell
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: Multiples of the present spend that are printed.
PRINTED = (0.0, 0.5, 1.0, 1.5, 2.0)


@final
@dataclass(frozen=True)
class CurvePoint:
    """The KPI that is due to a channel, at some spend.

    Attributes
    ----------
    channel : str
    kind : "direct" or "total"
    multiple : float
        Of the present spend.
    spend : float
        In all geos and weeks; units of media if the panel does not know what was paid.
    response : float
        The KPI less that without the channel.
    standard_error : float or Unavailable
    interval : (float, float) or Unavailable

    """

    channel: str
    kind: str
    multiple: float
    spend: float
    response: float
    standard_error: float | Unavailable
    interval: Interval | Unavailable


@final
@dataclass(frozen=True, eq=False)
class ResponseCurve:
    """The response to one channel.

    Attributes
    ----------
    channel : str
    kind : "direct" or "total"
    points : tuple of CurvePoint
        By rising spend; one is the present.

    """

    channel: str
    kind: str
    points: tuple[CurvePoint, ...] = field(repr=False)

    @property
    def spend(self) -> Array:
        """Shape (points,)."""
        return np.array([point.spend for point in self.points])

    @property
    def response(self) -> Array:
        """Shape (points,)."""
        return np.array([point.response for point in self.points])

    @property
    def band(self) -> tuple[Array, Array] | Unavailable:
        """Lower and upper ends of the intervals, shape (points,) each."""
        found = [point.interval for point in self.points]
        missing = next((one for one in found if isinstance(one, Unavailable)), None)
        if missing is not None:
            return missing
        ends = np.array(found, dtype=np.float64)
        return ends[:, 0], ends[:, 1]

    @property
    def current(self) -> CurvePoint:
        """The point of the present spend."""
        return next(point for point in self.points if point.multiple == 1.0)


@final
@dataclass(frozen=True, eq=False, repr=False)
class ResponseCurves(Result):
    """The responses to all channels.

    Attributes
    ----------
    curves : tuple of ResponseCurve
        Of the channels whose effect is identified.
    refused : dict of str to Unavailable
        Why the other channels have none.
    kpi : str
    unit : str
        What the spend is counted in: "spend", or "media" where nothing was paid or it is not known.
    level : float
        Of the band.

    """

    curves: tuple[ResponseCurve, ...]
    refused: dict[str, Unavailable]
    kpi: str
    unit: str
    level: float

    def __getitem__(self, channel: str) -> ResponseCurve:
        """By channel."""
        for curve in self.curves:
            if curve.channel == channel:
                return curve
        if channel in self.refused:
            raise FitError(f"there is no response curve of {channel!r}: {self.refused[channel].reason}")
        there = ", ".join(curve.channel for curve in self.curves)
        raise FitError(f"there is no response curve of {channel!r}; there is {there}")

    @property
    def rows(self) -> Listing[CurvePoint]:
        return Listing(CurvePoint, tuple(point for curve in self.curves for point in curve.points))

    @property
    def printed(self) -> Sequence[CurvePoint]:
        """A few points of each curve: those next to simple multiples of the present spend."""
        found = []
        for curve in self.curves:
            at = [int(np.abs([point.multiple - m for point in curve.points]).argmin()) for m in PRINTED]
            found += [curve.points[k] for k in dict.fromkeys(at)]
        return found

    @property
    def title(self) -> str:
        return f"{self.kpi} by {self.unit} on each channel, with {100 * self.level:g}% bands"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"{channel}: {why.reason}" for channel, why in self.refused.items())

    def to_dict(self) -> dict[str, Any]:
        """All points."""
        return {**super().to_dict(), "unit": self.unit}


def response_curves(
    fit: ChannelFit, kind: Literal["direct", "total"], points: int, upto: float, level: float
) -> ResponseCurves:
    """See `ChannelFit.response_curves`."""
    check_level(level)
    _check(kind, points, upto)
    multiples = np.union1d(np.linspace(0.0, upto, points), [1.0])
    curves: list[ResponseCurve] = []
    refused: dict[str, Unavailable] = {}
    for channel in fit.model.panel.channels:
        if kind not in kinds(fit.model.mechanism, channel):
            continue
        change = of_channel(fit.model.mechanism, channel, kind)
        refusal = fit.judge.change(change).refusal
        found = _points(fit, change, (channel, kind), multiples, level) if refusal is None else refusal
        if isinstance(found, Unavailable):
            refused[channel] = found
        else:
            curves.append(ResponseCurve(channel, kind, found))
    return ResponseCurves(tuple(curves), refused, fit.model.panel.kpi, _unit(fit.model.panel), level)


def _check(kind: str, points: int, upto: float) -> None:
    if kind not in ("direct", "total"):
        raise FitError(f"the kind of response is {kind!r}: give 'direct' or 'total'")
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise FitError(f"points is {points!r}: give a whole number, at least 2")
    if not is_number(upto) or upto < 1:
        raise FitError(f"upto is {upto!r}: give a multiple of the present spend, 1 or more")


def _points(
    fit: ChannelFit, change: MediaChange, key: tuple[str, str], multiples: Array, level: float
) -> tuple[CurvePoint, ...] | Unavailable:
    def response(theta: Array, tau: Array) -> Array:
        none = change.kpi(theta, tau, -1.0).sum()
        return np.array([change.kpi(theta, tau, m - 1.0).sum() - none for m in multiples])

    spend = multiples * bought(fit.model.panel, key[0])
    told = tell(fit, response, change.touched, None, level)
    found = []
    for at, paid, one in zip(multiples.tolist(), spend.tolist(), told, strict=True):
        if isinstance(one.estimate, Unavailable):
            return one.estimate
        found.append(CurvePoint(*key, at, paid, one.estimate, one.standard_error, one.interval))
    return tuple(found)


def _unit(panel: MediaPanel) -> str:
    """What curves have on their axis."""
    paid = [not isinstance(spent(panel, name), Unavailable) for name in panel.channels]
    if not any(paid):
        return "media"
    return "spend" if all(paid) else "spend (media where it costs nothing)"


def bought(panel: MediaPanel, channel: str) -> float:
    """What was paid for a channel, or its media if that is not known."""
    paid = spent(panel, channel)
    return float(panel[channel].sum()) if isinstance(paid, Unavailable) else paid
