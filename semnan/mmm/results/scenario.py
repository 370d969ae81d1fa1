"""What if: the KPI with other media, disturbances being what they were, and channels that are not set responding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import is_number
from semnan.effects.delta import check_level
from semnan.errors import FitError, Unavailable
from semnan.mmm.model.media_change import MediaChange
from semnan.mmm.panels.panel import MediaPanel
from semnan.mmm.panels.table import nearest
from semnan.mmm.results.roas import spent, worth_of_kpi
from semnan.mmm.results.titled import Result, cell, plain
from semnan.mmm.results.uncertainty import Interval, Told, tell
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


@final
@dataclass(frozen=True)
class ScenarioMedia:
    """What is changed.

    Attributes
    ----------
    channel : str
    media_now, media_then : float
        In all geos and weeks.
    spend_now, spend_then : float or Unavailable
        At the mean price of the channel.

    """

    channel: str
    media_now: float
    media_then: float
    spend_now: float | Unavailable
    spend_then: float | Unavailable


@final
@dataclass(frozen=True, eq=False, repr=False)
class Scenario(Result):
    """What other media would have brought.

    Attributes
    ----------
    listed : tuple of ScenarioMedia
    change, standard_error : float or Unavailable
        Of the KPI, in all geos and weeks.
    interval : (float, float) or Unavailable
    revenue : float or Unavailable
        The change of revenue.
    by_week : ndarray, shape (G, T)
        The change of the KPI in every geo and week; zeros where the change is unavailable.
    responding : tuple of str
        Channels and controls that respond to those that were set.
    kpi : str
    level : float

    """

    listed: tuple[ScenarioMedia, ...]
    change: float | Unavailable
    standard_error: float | Unavailable
    interval: Interval | Unavailable
    revenue: float | Unavailable
    by_week: Array | Unavailable = field(repr=False)
    responding: tuple[str, ...]
    kpi: str
    level: float

    @property
    def rows(self) -> Listing[ScenarioMedia]:
        return Listing(ScenarioMedia, self.listed)

    @property
    def title(self) -> str:
        return f"{self.kpi} with other media"

    @property
    def notes(self) -> tuple[str, ...]:
        answering = f"; {', '.join(self.responding)} respond" if self.responding else ""
        return (f"change of {self.kpi}: {said(self.change, self.interval, self.level)}{answering}",)

    def to_dict(self) -> dict[str, Any]:
        """The media, and what they change."""
        ends = [None, None] if isinstance(self.interval, Unavailable) else list(self.interval)
        found = {"change": plain(self.change), "standard_error": plain(self.standard_error), "interval": ends}
        return {**super().to_dict(), **found, "revenue": plain(self.revenue), "responding": list(self.responding)}


def said(value: float | Unavailable, interval: Interval | Unavailable, level: float) -> str:
    """A number with its interval, in words."""
    if isinstance(value, Unavailable):
        return str(value)
    spread = f"no interval {interval}" if isinstance(interval, Unavailable) else cell(interval)
    return f"{cell(value)} ({100 * level:g}%: {spread})"


def scenario(fit: ChannelFit, changes: Mapping[str, float | ArrayLike], level: float) -> Scenario:
    """See `ChannelFit.scenario`."""
    check_level(level)
    panel, mechanism = fit.model.panel, fit.model.mechanism
    then = {channel: _media(panel, channel, asked) for channel, asked in _checked(panel, changes).items()}
    heads = mechanism.design.heads[:, None]
    steady = all(map(is_number, changes.values()))
    given = {name: (media - panel[name]) / heads for name, media in then.items()}
    change = MediaChange(mechanism, given, steady=steady)
    refusal = fit.judge.change(change).refusal
    told, revenue = _told(fit, change, refusal, level)
    by_week = change.kpi(fit.minimum.theta, fit.minimum.tau) if refusal is None else refusal
    moved = {mechanism.column(a) for a, _ in mechanism.along(tuple(then))} - {*then, panel.kpi}
    responding = tuple(name for name in panel.names if name in moved)
    listed = tuple(_listed(panel, name, media) for name, media in then.items())
    return Scenario(listed, *told, revenue.estimate, by_week, responding, panel.kpi, level)


def _told(fit: ChannelFit, change: MediaChange, refusal: Unavailable | None, level: float) -> tuple[Told, Told]:
    """The change of the KPI and of revenue."""
    worth = worth_of_kpi(fit.model.panel)

    def sums(theta: Array, tau: Array) -> Array:
        moved = change.kpi(theta, tau)
        return np.array([moved.sum(), (worth * moved).sum()])

    kpi, revenue = tell(fit, sums, change.touched, refusal, level, 2)
    if fit.model.panel.revenue_per_kpi is None:
        why = Unavailable("the panel does not know what the KPI is worth: give revenue_per_kpi=")
        revenue = Told(why, why, why)
    return kpi, revenue


def _checked(panel: MediaPanel, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    if not changes:
        raise FitError("the scenario changes nothing: give channels with shares such as 0.2, or with their media")
    for channel in changes:
        check_channel(panel, channel)
    return changes


def check_channel(panel: MediaPanel, channel: str) -> None:
    """Refuse what is no channel of a panel."""
    if channel not in panel.channels:
        raise FitError(
            f"{channel!r} is no channel{nearest(channel, panel.channels)}; the channels are {', '.join(panel.channels)}"
        )


def _media(panel: MediaPanel, channel: str, asked: Any) -> Array:
    """The media of a scenario, shape (G, T)."""
    now = panel[channel]
    if is_number(asked):
        if asked < -1:
            raise FitError(f"the scenario changes {channel!r} by {asked}: give a share, -1 (none left) or more")
        return now * (1.0 + asked)
    try:
        found = np.broadcast_to(np.asarray(asked, dtype=np.float64), now.shape)
    except (TypeError, ValueError) as error:
        raise FitError(
            f"the scenario has {channel!r} as {type(asked).__name__}: give a share, or media of shape {now.shape}"
        ) from error
    if not np.isfinite(found).all() or found.min() < min(0.0, now.min()):
        raise FitError(f"the scenario has media of {channel!r} that are negative or no numbers")
    return found


def _listed(panel: MediaPanel, channel: str, then: Array) -> ScenarioMedia:
    now, paid = float(panel[channel].sum()), spent(panel, channel)
    after: float | Unavailable = Unavailable(f"the media of {channel} add up to zero, so that they have no mean price")
    if isinstance(paid, Unavailable):
        after = paid
    elif now:
        after = paid * float(then.sum()) / now
    return ScenarioMedia(channel, now, float(then.sum()), paid, after)
