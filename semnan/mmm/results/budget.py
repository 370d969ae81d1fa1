"""The budget that brings the most by a fitted channel model, under bounds on every channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from semnan.data.checks import is_number
from semnan.effects.delta import check_level
from semnan.errors import FitError, Unavailable
from semnan.mmm.model.media_change import MediaChange
from semnan.mmm.results.allocate import allocate, project
from semnan.mmm.results.roas import MORE, spent, worth_of_kpi
from semnan.mmm.results.scenario import check_channel, said
from semnan.mmm.results.titled import Result, plain
from semnan.mmm.results.uncertainty import Interval, tell
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

Pair = tuple[float, float]
Bounds = Pair | Mapping[str, Pair]
#: Shares of the present spend between which a channel is that nothing was said about.
USUAL = (0.5, 1.5)
#: Spend this near to a bound, as a share of it, is at the bound.
NEAR = 1e-6


@final
@dataclass(frozen=True)
class Allocation:
    """What is spent on a channel.

    Attributes
    ----------
    channel : str
    spend_now, spend_then : float
    change : float
        As a share of the present spend.
    marginal_return : float
        What one percent more of the new spend would bring, by unit of spend. Equal for all channels not at a bound.
    at_bound : str
        "least" or "most" where the spend is at a bound.

    """

    channel: str
    spend_now: float
    spend_then: float
    change: float
    marginal_return: float
    at_bound: str


@final
@dataclass(frozen=True, eq=False, repr=False)
class Budget(Result):
    """The best split of a budget.

    Attributes
    ----------
    listed : tuple of Allocation
    gain, standard_error : float or Unavailable
        What is brought more than by the present spend. The split is taken as given: the best of many looks a little
        better than it is.
    interval : (float, float) or Unavailable
    unit : str
        "revenue" or the name of the KPI.
    responding : tuple of str
        Channels whose spend is not decided and that respond to the others.
    level : float

    """

    listed: tuple[Allocation, ...]
    gain: float | Unavailable
    standard_error: float | Unavailable
    interval: Interval | Unavailable
    unit: str
    responding: tuple[str, ...]
    level: float

    @property
    def total(self) -> float:
        """What is spent in all."""
        return float(sum(row.spend_then for row in self.listed))

    def __getitem__(self, channel: str) -> Allocation:
        """By channel."""
        for row in self.listed:
            if row.channel == channel:
                return row
        raise FitError(f"the spend on {channel!r} is not decided; it is on {', '.join(r.channel for r in self.listed)}")

    @property
    def rows(self) -> Listing[Allocation]:
        return Listing(Allocation, self.listed)

    @property
    def title(self) -> str:
        return "the budget that brings the most"

    @property
    def notes(self) -> tuple[str, ...]:
        answering = f"; {', '.join(self.responding)} respond at no cost" if self.responding else ""
        return (f"gain in {self.unit}: {said(self.gain, self.interval, self.level)}{answering}",)

    def to_dict(self) -> dict[str, Any]:
        """The split, and what it brings."""
        ends = [None, None] if isinstance(self.interval, Unavailable) else list(self.interval)
        found = {"gain": plain(self.gain), "standard_error": plain(self.standard_error), "interval": ends}
        return {**super().to_dict(), **found, "unit": self.unit, "responding": list(self.responding)}


def optimise_budget(
    fit: ChannelFit,
    total: float | None,
    *,
    channels: Iterable[str] | None,
    bounds: Bounds,
    amounts: Mapping[str, Pair] | None,
    level: float,
) -> Budget:
    """See `ChannelFit.optimise_budget`."""
    check_level(level)
    names = _decided(fit, channels)
    now = np.array([_paid(fit, name) for name in names])
    lower, upper = _limits(names, now, bounds, amounts or {})
    whole = _total(total, now, lower, upper)
    _check_identified(fit, names)
    start = project(now * (whole / now.sum()), lower, upper, whole)
    theta, tau = fit.minimum.theta, fit.minimum.tau
    then = allocate(lambda spend: _worth(fit, _change(fit, names, spend / now), theta, tau), lower, upper, start)
    return _budget(fit, names, now, then, (lower, upper), level)


def _budget(
    fit: ChannelFit, names: Sequence[str], now: Array, then: Array, limits: tuple[Array, Array], level: float
) -> Budget:
    panel, change = fit.model.panel, _change(fit, names, then / now)

    def gain(theta: Array, tau: Array) -> Array:
        return np.array([_worth(fit, change, theta, tau)])

    (told,) = tell(fit, gain, change.touched, None, level)
    returns = [_marginal(fit, names, then / now, k, float(spend)) for k, spend in enumerate(then)]
    sides = [_side(*row) for row in zip(then, *limits, strict=True)]
    rows = zip(names, now.tolist(), then.tolist(), (then / now - 1).tolist(), returns, sides, strict=True)
    moved = {fit.model.mechanism.column(a) for a, _ in fit.model.mechanism.along(names)} - {*names}
    responding = tuple(name for name in panel.channels if name in moved)
    unit = panel.kpi if panel.revenue_per_kpi is None else "revenue"
    return Budget(tuple(Allocation(*row) for row in rows), *told, unit, responding, level)


def _change(fit: ChannelFit, names: Sequence[str], multiples: Array) -> MediaChange:
    """Media so many times as large as they were."""
    columns = fit.model.design.columns
    given = {name: (m - 1.0) * columns[name] for name, m in zip(names, multiples, strict=True)}
    return MediaChange(fit.model.mechanism, given)


def _worth(fit: ChannelFit, change: MediaChange, theta: Array, tau: Array) -> float:
    return float((worth_of_kpi(fit.model.panel) * change.kpi(theta, tau)).sum())


def _marginal(fit: ChannelFit, names: Sequence[str], multiples: Array, k: int, spend: float) -> float:
    """What one percent more on one channel brings, by unit of spend; from nothing, one percent of the present spend."""
    more = multiples.copy()
    more[k] += MORE * (multiples[k] or 1.0)
    theta, tau = fit.minimum.theta, fit.minimum.tau
    before, after = (_worth(fit, _change(fit, names, m), theta, tau) for m in (multiples, more))
    return (after - before) / (MORE * (spend or _paid(fit, names[k])))


def _side(spend: float, least: float, most: float) -> str:
    reach = NEAR * max(most, 1e-300)
    return "least" if spend <= least + reach else "most" if spend >= most - reach else ""


def _decided(fit: ChannelFit, channels: Iterable[str] | None) -> tuple[str, ...]:
    panel, mechanism = fit.model.panel, fit.model.mechanism
    if panel.spend is None:
        raise FitError("the panel does not know what was paid: make it with spend=")
    if channels is None:
        return tuple(name for name in panel.channels if mechanism.along([name]) and _is_paid(fit, name))
    names = (channels,) if isinstance(channels, str) else tuple(dict.fromkeys(channels))
    for name in names:
        check_channel(panel, name)
        if not mechanism.along([name]):
            raise FitError(f"{name!r} does not act on the KPI in the graph: leave it out of the budget")
    if not names:
        raise FitError("the budget is for no channel: name some, or leave out channels=")
    return names


def _is_paid(fit: ChannelFit, name: str) -> bool:
    return not isinstance(spent(fit.model.panel, name), Unavailable)


def _paid(fit: ChannelFit, name: str) -> float:
    found = spent(fit.model.panel, name)
    if isinstance(found, Unavailable):
        raise FitError(f"the spend on {name!r} cannot be scaled: {found.reason}")
    return found


def _limits(names: Sequence[str], now: Array, bounds: Bounds, amounts: Mapping[str, Pair]) -> tuple[Array, Array]:
    """Least and most spend, shape (C,) each."""
    shares = bounds if isinstance(bounds, Mapping) else dict.fromkeys(names, bounds)
    for what, given in (("bounds", shares), ("amounts", amounts)):
        for name, pair in given.items():
            if name not in names:
                raise FitError(f"{what} names {name!r}, on which spend is not decided; it is on {', '.join(names)}")
            _check_pair(what, name, pair)
    found = np.array([shares.get(name, USUAL) for name in names], dtype=np.float64) * now[:, None]
    for k, name in enumerate(names):
        found[k] = amounts.get(name, found[k])
    return found[:, 0], found[:, 1]


def _check_pair(what: str, name: str, pair: object) -> None:
    if not (isinstance(pair, Sequence) and len(pair) == 2 and all(map(is_number, pair)) and 0 <= pair[0] <= pair[1]):
        raise FitError(f"{what} of {name!r} is {pair!r}: give a pair (least, most), neither negative")


def _total(total: float | None, now: Array, lower: Array, upper: Array) -> float:
    if total is None:
        total = float(now.sum())
    if not is_number(total) or total <= 0:
        raise FitError(f"the total is {total!r}: give a positive amount")
    if not lower.sum() <= total * (1 + NEAR) or not upper.sum() >= total * (1 - NEAR):
        raise FitError(
            f"the bounds leave {lower.sum():,.6g} to {upper.sum():,.6g} to be spent, not {total:,.6g}: widen them"
        )
    return float(np.clip(total, lower.sum(), upper.sum()))


def _check_identified(fit: ChannelFit, names: Sequence[str]) -> None:
    refusal = fit.judge.change(_change(fit, names, np.full(len(names), 2.0))).refusal
    if refusal is not None:
        raise FitError(
            f"the budget needs what each channel does while the others stay as decided, and {refusal.reason}. "
            "Name with channels= those to decide on: a channel that is left out responds to the others"
        )
