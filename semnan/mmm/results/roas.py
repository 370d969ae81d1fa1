"""What spend returned: the KPI (or its revenue) that is due to a channel, by what was paid for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from semnan.effects.delta import check_level
from semnan.errors import Unavailable
from semnan.identification import Status
from semnan.mmm.model.media_change import MediaChange, kinds, of_channel
from semnan.mmm.panels.panel import MediaPanel
from semnan.mmm.results.titled import Result, find
from semnan.mmm.results.uncertainty import Interval, Told, tell
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: By how much spend is raised for a marginal return.
MORE = 0.01


@final
@dataclass(frozen=True)
class ChannelReturn:
    """What a channel returned.

    Attributes
    ----------
    channel : str
    kind : "direct" or "total"
        Whether the other channels stay as they were, or respond. What their response costs is not counted.
    spend : float or Unavailable
        In all geos and weeks; of a marginal return, what would be paid more.
    contribution : float or Unavailable
        The KPI as it was less what it would have been without the channel; of a marginal return, what more would bring.
    roas : float or Unavailable
        Revenue by unit of spend, or KPI by unit of spend if the panel does not know what the KPI is worth.
    standard_error : float or Unavailable
    interval : (float, float) or Unavailable
    verdict, by, fix : str
        Whether the graph identifies the effect, by what, and what measurement would.
    ignoring : float, Unavailable or None
        The return if confounders were ignored; None if the graph has none.

    """

    channel: str
    kind: str
    spend: float | Unavailable
    contribution: float | Unavailable
    roas: float | Unavailable
    standard_error: float | Unavailable
    interval: Interval | Unavailable
    verdict: str
    by: str
    fix: str
    ignoring: float | Unavailable | None

    @property
    def identified(self) -> bool:
        return self.verdict == Status.IDENTIFIED.value


@final
@dataclass(frozen=True, eq=False, repr=False)
class ChannelReturns(Result):
    """The returns of all channels.

    Attributes
    ----------
    listed : tuple of ChannelReturn
    marginal : bool
        Whether they are of one percent more spend.
    unit : str
        "revenue" or the name of the KPI.
    level : float
        Of the intervals.

    """

    listed: tuple[ChannelReturn, ...]
    marginal: bool
    unit: str
    level: float

    def __getitem__(self, key: tuple[str, str]) -> ChannelReturn:
        """By channel and kind."""
        return find(self.listed, key)

    @property
    def rows(self) -> Listing[ChannelReturn]:
        return Listing(ChannelReturn, self.listed)

    @property
    def title(self) -> str:
        what = "marginal return (one percent more)" if self.marginal else "return"
        return f"{what}: {self.unit} by unit of spend, with {100 * self.level:g}% intervals"

    @property
    def notes(self) -> tuple[str, ...]:
        return ()


def channel_returns(fit: ChannelFit, level: float, *, marginal: bool) -> ChannelReturns:
    """See `ChannelFit.roas`."""
    check_level(level)
    panel = fit.model.panel
    unit = panel.kpi if panel.revenue_per_kpi is None else "revenue"
    return ChannelReturns(tuple(_rows(fit, level, marginal=marginal)), marginal, unit, level)


def _rows(fit: ChannelFit, level: float, *, marginal: bool) -> Iterator[ChannelReturn]:
    for channel in fit.model.panel.channels:
        for kind in kinds(fit.model.mechanism, channel):
            yield _row(fit, channel, kind, level, marginal=marginal)


def _row(fit: ChannelFit, channel: str, kind: str, level: float, *, marginal: bool) -> ChannelReturn:
    change = of_channel(fit.model.mechanism, channel, kind)
    judgement, paid = fit.judge.change(change), spent(fit.model.panel, channel, marginal=marginal)
    divisor = 1.0 if isinstance(paid, Unavailable) else paid
    worth = worth_of_kpi(fit.model.panel)

    def returns(theta: Array, tau: Array) -> Array:
        moved = _moved(change, theta, tau, marginal=marginal)
        return np.array([moved.sum(), (worth * moved).sum() / divisor])

    contribution, roas = tell(fit, returns, change.touched, judgement.refusal, level, 2)
    if judgement.refusal is None and isinstance(paid, Unavailable):
        roas = Told(paid, paid, paid)
    ignoring = _ignoring(fit, channel, kind, paid, marginal=marginal) if fit.model.graph.confounders else None
    said = (judgement.verdict, judgement.by, judgement.fix)
    return ChannelReturn(
        channel, kind, paid, contribution.estimate, roas.estimate, roas.standard_error, roas.interval, *said, ignoring
    )


def _moved(change: MediaChange, theta: Array, tau: Array, *, marginal: bool) -> Array:
    """The KPI due to a channel's media, or to one percent more of them, shape (G, T)."""
    return change.kpi(theta, tau, MORE) if marginal else -change.kpi(theta, tau, -1.0)


def worth_of_kpi(panel: MediaPanel) -> Array:
    """What a unit of the KPI is worth in every geo and week; one if it is not known. Broadcasts with (G, T)."""
    return np.ones((1, 1)) if panel.revenue_per_kpi is None else panel.revenue_per_kpi


def spent(panel: MediaPanel, channel: str, *, marginal: bool = False) -> float | Unavailable:
    """What was paid for a channel, or what one percent more of it is."""
    if panel.spend is None:
        return Unavailable("the panel does not know what was paid: give spend=")
    total = float(panel.spend[:, :, panel.channels.index(channel)].sum())
    if total <= 0:
        return Unavailable(f"nothing was paid for {channel}")
    return total * (MORE if marginal else 1.0)


def _ignoring(
    fit: ChannelFit, channel: str, kind: str, paid: float | Unavailable, *, marginal: bool
) -> float | Unavailable:
    if isinstance(paid, Unavailable):
        return paid
    other = fit.ignoring_confounders
    if not other.outcome.ok:
        return Unavailable(f"the fit that ignores confounders did not converge ({other.outcome.value})")
    change = of_channel(other.model.mechanism, channel, kind)
    moved = _moved(change, other.minimum.theta, other.minimum.tau, marginal=marginal)
    return float((worth_of_kpi(fit.model.panel) * moved).sum() / paid)
