"""What a unit of a channel's media does to the KPI: directly, in all, and through each channel that it acts on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from semnan.effects.delta import check_level
from semnan.errors import Unavailable
from semnan.identification import Status
from semnan.mmm.model.media_change import MediaChange, first_steps, kinds, of_channel, through
from semnan.mmm.results.judgement import Judgement
from semnan.mmm.results.titled import Result, find
from semnan.mmm.results.uncertainty import Interval, tell
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


@final
@dataclass(frozen=True)
class ChannelEffect:
    """What one more unit of media does to the KPI.

    Attributes
    ----------
    channel : str
    kind : str
        "direct": other channels stay as they were; "total": they respond; "through search": paths by way of a channel.
    estimate : float or Unavailable
        KPI per unit of media, for a small change in proportion to what the media were: without transforms the
        coefficient, or its products along paths.
    standard_error : float or Unavailable
    interval : (float, float) or Unavailable
    verdict, by, fix : str
        Whether the graph identifies the effect, by what, and what measurement would.
    ignoring : float or None
        The same if confounders were ignored; None if the graph has none, or that fit does not converge.

    """

    channel: str
    kind: str
    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: Interval | Unavailable
    verdict: str
    by: str
    fix: str
    ignoring: float | None

    @property
    def identified(self) -> bool:
        return self.verdict == Status.IDENTIFIED.value


@final
@dataclass(frozen=True, eq=False, repr=False)
class ChannelEffects(Result):
    """The effects of all channels on the KPI.

    Attributes
    ----------
    listed : tuple of ChannelEffect
    kpi : str
    level : float
        Of the intervals.

    """

    listed: tuple[ChannelEffect, ...]
    kpi: str
    level: float

    def __getitem__(self, key: tuple[str, str]) -> ChannelEffect:
        """By channel and kind."""
        return find(self.listed, key)

    @property
    def rows(self) -> Listing[ChannelEffect]:
        return Listing(ChannelEffect, self.listed)

    @property
    def title(self) -> str:
        return f"{self.kpi} by unit of media, with {100 * self.level:g}% intervals"

    @property
    def notes(self) -> tuple[str, ...]:
        return ()


def channel_effects(fit: ChannelFit, level: float) -> ChannelEffects:
    """See `ChannelFit.effects`."""
    check_level(level)
    return ChannelEffects(tuple(_rows(fit, level)), fit.model.design.kpi, level)


def _rows(fit: ChannelFit, level: float) -> Iterator[ChannelEffect]:
    mechanism = fit.model.mechanism
    for channel in fit.model.panel.channels:
        for kind in kinds(mechanism, channel):
            change = of_channel(mechanism, channel, kind)
            yield _row(fit, (channel, kind), change, fit.judge.change(change), level)
        for mediator in first_steps(mechanism, channel):
            change = through(mechanism, channel, mediator)
            yield _row(fit, (channel, f"through {mediator}"), change, fit.judge.through(channel, mediator), level)


def _row(
    fit: ChannelFit, key: tuple[str, str], change: MediaChange, judgement: Judgement, level: float
) -> ChannelEffect:
    refusal = judgement.refusal if _units(change) else Unavailable(f"the media of {key[0]} add up to zero")
    (told,) = tell(fit, by_unit(change), change.touched, refusal, level)
    ignoring = _ignoring(fit, *key) if fit.model.graph.confounders and _units(change) else None
    estimate, error, interval = told
    said = (judgement.verdict, judgement.by, judgement.fix)
    return ChannelEffect(*key, estimate, error, interval, *said, ignoring)


def by_unit(change: MediaChange) -> Callable[[Array, Array], Array]:
    """`unit_effect` as a function of (θ, τ), shape (1,)."""
    return lambda theta, tau: np.array([unit_effect(change, theta, tau)])


def unit_effect(change: MediaChange, theta: Array, tau: Array) -> float:
    """KPI by unit of media, when a channel's media change in proportion to what they are."""
    return float(change.kpi(theta, tau, marginal=True).sum() / _units(change))


def _units(change: MediaChange) -> float:
    """A channel's media in all geos and weeks."""
    ((_, media),) = change.given.items()
    return float((media * change.mechanism.design.heads[:, None]).sum())


def _ignoring(fit: ChannelFit, channel: str, kind: str) -> float | None:
    other = fit.ignoring_confounders
    if not other.outcome.ok:
        return None
    mechanism = other.model.mechanism
    by_way = kind.removeprefix("through ")
    change = through(mechanism, channel, by_way) if by_way != kind else of_channel(mechanism, channel, kind)
    return unit_effect(change, other.minimum.theta, other.minimum.tau)
