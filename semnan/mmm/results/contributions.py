"""Whose KPI it was: what every channel and every part of the baseline adds to the fitted KPI, week by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from semnan.effects.delta import check_level
from semnan.errors import Unavailable
from semnan.mmm.model.media_change import of_channel
from semnan.mmm.results.kpi_equation import KpiEquation
from semnan.mmm.results.titled import Result
from semnan.mmm.results.uncertainty import Interval, tell
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: A sum below this share of the sum of sizes is rounding.
ROUNDING = 1e-12


@final
@dataclass(frozen=True)
class Contribution:
    """What a channel or a part of the baseline adds to the KPI in all geos and weeks.

    Attributes
    ----------
    part : str
    of : "media", "baseline" or "fitted"
    contribution : float or Unavailable
    share : float or Unavailable
        Of the fitted KPI.
    standard_error : float, Unavailable or None
        None for what is no channel.
    interval : (float, float), Unavailable or None
    verdict, by, fix : str

    """

    part: str
    of: str
    contribution: float | Unavailable
    share: float | Unavailable
    standard_error: float | Unavailable | None = None
    interval: Interval | Unavailable | None = None
    verdict: str = ""
    by: str = ""
    fix: str = ""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Contributions(Result):
    """The fitted KPI, taken apart: media and baseline add up to it.

    A channel's part is that of its own term in the equation of the KPI, the other channels being what they were. What
    is fitted does not depend on which channels are identified, so the sum of the baseline and of the channels that are
    not is known, and told as one part of the baseline, "baseline with search"; nothing tells these apart.
    Controls and past values of the KPI count from their means, media from zero, and a confounder is what is expected of
    it given all columns but the KPI.

    Attributes
    ----------
    media, baseline : dict of str to ndarray, shape (G, T)
        In the panel's units; of the channels that are identified.
    fitted, observed : ndarray, shape (G, T)
        The KPI that is expected given all other columns; the KPI.
    weeks : ndarray, shape (T,)
        Those after the longest lag.
    geos : tuple of str
    listed : tuple of Contribution
    kpi : str
    level : float
        Of the intervals.

    """

    media: dict[str, Array] = field(repr=False)
    baseline: dict[str, Array] = field(repr=False)
    fitted: Array
    observed: Array
    weeks: Any
    geos: tuple[str, ...]
    listed: tuple[Contribution, ...]
    kpi: str
    level: float

    @cached_property
    def residuals(self) -> Array:
        """The KPI less what was fitted, shape (G, T)."""
        return np.asarray(self.observed - self.fitted)

    @property
    def weekly(self) -> dict[str, Array]:
        """Sums over geos, shape (T,): of the baseline's parts, then of channels."""
        return {name: values.sum(0) for name, values in (*self.baseline.items(), *self.media.items())}

    @property
    def total(self) -> Listing[Contribution]:
        """Sums over geos and weeks."""
        return self.rows

    @property
    def rows(self) -> Listing[Contribution]:
        return Listing(Contribution, self.listed)

    @property
    def title(self) -> str:
        return f"contributions to {self.kpi}, with {100 * self.level:g}% intervals"

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def to_dict(self) -> dict[str, Any]:
        """The table, and what every part adds in each week."""
        weekly = {name: values.tolist() for name, values in self.weekly.items()}
        sums = {"fitted": self.fitted.sum(0).tolist(), "observed": self.observed.sum(0).tolist()}
        return {**super().to_dict(), "weeks": [str(week) for week in self.weeks], "weekly": weekly, **sums}


def contributions(fit: ChannelFit, level: float) -> Contributions:
    """See `ChannelFit.contributions`."""
    check_level(level)
    design, equation = fit.model.design, KpiEquation(fit.model, fit.minimum.theta, fit.minimum.tau)
    heads = design.heads[:, None]
    media, others = _split(fit, equation)
    found = {name: heads * values for name, values in media.items()}
    baseline = {name: heads * values for name, values in _baseline(fit, equation, media, others).items()}
    observed, table = design.series(design.kpi), design.table(fit.minimum.tau)
    taken = observed - design.nuisance.residuals(observed)
    fitted = heads * (taken + equation.predict(table).reshape(observed.shape))
    channels = [_of_channel(fit, name, float(fitted.sum()), level) for name in found]
    found, baseline = _merged(found, baseline, channels)
    listed = _listed(fit, baseline, channels, float(fitted.sum()))
    weeks = fit.model.panel.weeks[design.first :]
    measured = fit.model.panel[design.kpi][:, design.first :]
    return Contributions(found, baseline, fitted, measured, weeks, design.geos, listed, design.kpi, level)


def _split(fit: ChannelFit, equation: KpiEquation) -> tuple[dict[str, Array], dict[str, Array]]:
    """The terms of channels, lags with their channel, and those of other causes, from their means. Per head."""
    panel, design = fit.model.panel, fit.model.design
    media: dict[str, Array] = {}
    others: dict[str, Array] = {}
    for cause, values in equation.terms(design).items():
        column = fit.model.mechanism.column(cause)
        if column in panel.channels:
            media[column] = media.get(column, 0.0) + values
        else:
            others[cause] = values - values.mean()
    return {name: media[name] for name in panel.channels if name in media}, others


def _baseline(
    fit: ChannelFit, equation: KpiEquation, media: dict[str, Array], others: dict[str, Array]
) -> dict[str, Array]:
    """Levels, season, trend, events; other causes; what is expected of confounders. Per head."""
    design = fit.model.design
    observed = design.series(design.kpi)
    left = observed - sum((*media.values(), *others.values()), np.zeros(observed.shape))
    hidden = equation.confounders(design.table(fit.minimum.tau))
    found = design.nuisance.components(left)
    for what, more in (("column", others), ("confounder", hidden)):
        found |= {f"{n} ({what})" if n in found else n: x.reshape(observed.shape) for n, x in more.items()}
    return found


def _merged(
    media: dict[str, Array], baseline: dict[str, Array], channels: Sequence[Contribution]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """With the channels that data cannot tell in the baseline, all parts of which move with their coefficients."""
    unknown = [row.part for row in channels if isinstance(row.contribution, Unavailable)]
    if not unknown:
        return media, baseline
    whole = np.sum([*baseline.values(), *(media[name] for name in unknown)], axis=0)
    return {n: x for n, x in media.items() if n not in unknown}, {f"baseline with {', '.join(unknown)}": whole}


def _listed(
    fit: ChannelFit, baseline: dict[str, Array], channels: Sequence[Contribution], whole: float
) -> tuple[Contribution, ...]:
    sums = {name: _sum(values) for name, values in baseline.items()}
    base = [Contribution(name, "baseline", value, _share(value, whole)) for name, value in sums.items()]
    return (*base, *channels, Contribution(fit.model.design.kpi, "fitted", whole, 1.0))


def _of_channel(fit: ChannelFit, channel: str, whole: float, level: float) -> Contribution:
    """A channel's own terms, other columns being what they were, and also the KPI of weeks before."""
    judgement, heads = fit.judge.own_terms(channel), fit.model.design.heads[:, None]

    def added(theta: Array, tau: Array) -> Array:
        media, _ = _split(fit, KpiEquation(fit.model, theta, tau))
        return np.array([(media[channel] * heads).sum()])

    touched = of_channel(fit.model.mechanism, channel, "direct").touched
    (told,) = tell(fit, added, touched, judgement.refusal, level)
    said = (judgement.verdict, judgement.by, judgement.fix)
    return Contribution(channel, "media", told.estimate, _share(told.estimate, whole), *told[1:], *said)


def _sum(values: Array) -> float:
    """The sum; zero for what adds up to nothing but rounding, as season and trend do."""
    total = float(values.sum())
    return total if abs(total) > ROUNDING * float(np.abs(values).sum()) else 0.0


def _share(value: float | Unavailable, whole: float) -> float | Unavailable:
    if isinstance(value, Unavailable):
        return value
    return value / whole if whole else Unavailable("the fitted KPI adds up to nothing")
