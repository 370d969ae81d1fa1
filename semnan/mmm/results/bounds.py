"""What is left of a channel's effect when it is not identified: how far a confounder of a given strength moves it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from semnan.bounds import Sensitivity, sensitivity
from semnan.data import Moments
from semnan.effects.delta import check_level
from semnan.errors import FitError, Unavailable
from semnan.estimation.distributions import normal_reach
from semnan.fit import fit as fit_model
from semnan.mmm.model.media_change import of_channel
from semnan.mmm.model.structure import coefficient, transformed_name
from semnan.mmm.results.effects import by_unit, unit_effect
from semnan.mmm.results.roas import spent, worth_of_kpi
from semnan.mmm.results.scenario import check_channel
from semnan.mmm.results.titled import Result, plain
from semnan.mmm.results.uncertainty import Interval, delta
from semnan.model import PathModel, covariance, path
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


@final
@dataclass(frozen=True)
class BoundedEffect:
    """A channel's direct effect, if there were a confounder.

    Attributes
    ----------
    confounder : str
        "none"; "flatters the channel": what it adds to KPI and media goes together; "hides the channel": the reverse.
    effect : float
        KPI by unit of media.
    standard_error : float or Unavailable
        From the panel's own, which rows that depend on each other have.
    interval : (float, float) or Unavailable
    roas : float or Unavailable

    """

    confounder: str
    effect: float
    standard_error: float | Unavailable
    interval: Interval | Unavailable
    roas: float | Unavailable


@final
@dataclass(frozen=True, eq=False, repr=False)
class ChannelBounds(Result):
    """Between what values a channel's direct effect is, by the strength of a confounder (Cinelli & Hazlett 2020).

    Attributes
    ----------
    channel, kpi : str
    r2_channel : float
        Partial R² of the confounder with the channel, given the other causes of the KPI.
    r2_kpi : float
        Partial R² of the confounder with the KPI, given its causes.
    listed : tuple of BoundedEffect
    robustness_value : float
        The strength, as partial R² with both alike, that would take all of the effect away.
    robustness_value_tested : float or Unavailable
        The strength from which on zero is in the interval.
    regression : Sensitivity
        The regression of the KPI on its causes without the confounder, with the strengths of these as benchmarks.
    level : float
        Of the intervals.

    """

    channel: str
    kpi: str
    r2_channel: float
    r2_kpi: float
    listed: tuple[BoundedEffect, ...]
    robustness_value: float
    robustness_value_tested: float | Unavailable
    regression: Sensitivity = field(repr=False)
    level: float

    @property
    def low(self) -> float:
        """The least effect."""
        return min(row.effect for row in self.listed)

    @property
    def high(self) -> float:
        """The greatest effect."""
        return max(row.effect for row in self.listed)

    @property
    def interval(self) -> Interval | Unavailable:
        """All intervals together."""
        found = [row.interval for row in self.listed]
        missing = next((one for one in found if isinstance(one, Unavailable)), None)
        if missing is not None:
            return missing
        ends = np.array(found, dtype=np.float64)
        return float(ends.min()), float(ends.max())

    @property
    def rows(self) -> Listing[BoundedEffect]:
        return Listing(BoundedEffect, self.listed)

    @property
    def title(self) -> str:
        strength = f"partial R² {self.r2_channel:g} with {self.channel} and {self.r2_kpi:g} with {self.kpi}"
        return f"{self.kpi} by unit of {self.channel}, directly, with a confounder of {strength}"

    @property
    def notes(self) -> tuple[str, ...]:
        tested = self.robustness_value_tested
        until = tested.reason if isinstance(tested, Unavailable) else f"{tested:.1%}"
        value = f"robustness value {self.robustness_value:.1%}"
        found = [f"{value} (until zero is in the {100 * self.level:g}% interval: {until})"]
        if self.regression.strengths:
            name, (first, second) = max(self.regression.strengths.items(), key=lambda item: min(item[1]))
            found.append(f"{name} has partial R² {first:.1%} with the channel, {second:.1%} with the KPI")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The effects, the strengths and robustness values."""
        strengths = {name: list(pair) for name, pair in self.regression.strengths.items()}
        found = {"channel": self.channel, "r2_channel": self.r2_channel, "r2_kpi": self.r2_kpi, "low": self.low}
        values = {"high": self.high, "robustness_value": self.robustness_value, "strengths": strengths}
        return {**super().to_dict(), **found, **values, "robustness_value_tested": plain(self.robustness_value_tested)}


def channel_bounds(fit: ChannelFit, channel: str, r2_channel: float, r2_kpi: float, level: float) -> ChannelBounds:
    """See `ChannelFit.bounds`."""
    check_level(level)
    check_channel(fit.model.panel, channel)
    other, kpi = fit.ignoring_confounders, fit.model.panel.kpi
    if (channel, kpi) not in other.model.graph.edges:
        raise FitError(f"{channel!r} has no edge into {kpi!r}: bounds are on direct effects")
    found, error = _regression(other, channel), _robust_error(other, channel)
    unit, reach = _units(other, channel), normal_reach(level)
    bias = float(found.bias(r2_channel, r2_kpi)) * abs(unit.effect)
    wider = float(found.adjusted_error(r2_channel, r2_kpi)) / found.standard_error
    shifts = {"none": (0.0, 1.0), "flatters the channel": (-bias, wider), "hides the channel": (bias, wider)}
    listed = tuple(
        _row(name, found.estimate * unit.effect + shift, error, factor, unit, reach)
        for name, (shift, factor) in shifts.items()
    )
    tested = _tested(found, error, abs(unit.effect), reach)
    return ChannelBounds(channel, kpi, r2_channel, r2_kpi, listed, found.robustness_value(), tested, found, level)


class _Units(NamedTuple):
    """The effect by unit of media, and the return, that a coefficient of one would have."""

    effect: float
    roas: float | Unavailable


def _row(
    name: str, effect: float, error: float | Unavailable, factor: float, unit: _Units, reach: float
) -> BoundedEffect:
    """An effect whose standard error is so many times as large as the panel's own."""
    roas = unit.roas if isinstance(unit.roas, Unavailable) else effect / unit.effect * unit.roas
    if isinstance(error, Unavailable):
        return BoundedEffect(name, effect, error, error, roas)
    own = error * factor
    return BoundedEffect(name, effect, own, (effect - reach * own, effect + reach * own), roas)


def _regression(fit: ChannelFit, channel: str) -> Sensitivity:
    """The regression of the KPI on its causes, less levels, season and trend, whose degrees of freedom are spent."""
    design = fit.model.design
    table, names = design.table(fit.minimum.tau), design.model.visibles
    moving = {part.channel for part in design.transforms}
    causes = [transformed_name(a) if a in moving else a for a, b in fit.model.graph.edges if b == design.kpi]
    at = [names.index(name) for name in (design.kpi, *causes)]
    rows = table[:, at]
    # A regression with intercept on n rows has one degree of freedom less.
    count = len(rows) - design.nuisance.rank + 1
    moments = Moments.from_covariance(rows.T @ rows / len(rows), (design.kpi, *causes), count)
    edges = [path(name, design.kpi) for name in causes]
    model = PathModel((design.kpi, *causes), (), (*edges, covariance(design.kpi, lower=0.0)), exogenous=tuple(causes))
    treatment = transformed_name(channel) if channel in moving else channel
    found = sensitivity(fit_model(model, moments, progress=False), treatment, design.kpi)
    plain_names = {transformed_name(name): name for name in moving}
    strengths = {plain_names.get(name, name): pair for name, pair in found.strengths.items()}
    return replace(found, treatment=channel, strengths=strengths)


def _units(fit: ChannelFit, channel: str) -> _Units:
    model = fit.model
    theta = np.zeros_like(fit.minimum.theta)
    theta[[free.name for free in model.design.model.free].index(coefficient(channel, model.design.kpi))] = 1.0
    change = of_channel(model.mechanism, channel, "direct")
    change = replace(change, mechanism=replace(change.mechanism, edges=((channel, model.design.kpi),)))
    paid = spent(model.panel, channel)
    moved = -change.kpi(theta, fit.minimum.tau, -1.0)
    returned = paid if isinstance(paid, Unavailable) else float((worth_of_kpi(model.panel) * moved).sum() / paid)
    return _Units(unit_effect(change, theta, fit.minimum.tau), returned)


def _robust_error(fit: ChannelFit, channel: str) -> float | Unavailable:
    """The panel's standard error of the effect by unit of media."""
    change = of_channel(fit.model.mechanism, channel, "direct")
    return delta(fit, by_unit(change), change.touched).standard_errors[0]


def _tested(found: Sensitivity, error: float | Unavailable, scale: float, reach: float) -> float | Unavailable:
    """The strength, with both alike, at which the bias leaves an estimate that is as large as half its interval."""
    if isinstance(error, Unavailable):
        return error
    wide = reach * error * float(np.sqrt(found.df / (found.df - 1)))
    share = 1 - wide / (abs(found.estimate) * scale)
    return found.robustness_value(share) if share > 0 else 0.0
