"""How well a channel model foresees weeks that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from semnan.errors import FitError, Unavailable
from semnan.mmm.model.channel_sem import ChannelSEM
from semnan.mmm.model.knowledge import Known, LiftTest
from semnan.mmm.model.nuisance import YEAR
from semnan.mmm.results.kpi_equation import KpiEquation
from semnan.mmm.results.titled import Result
from semnan.network.arrays import Array
from semnan.report import Listing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


@final
@dataclass(frozen=True)
class Accuracy:
    """How near a forecast came.

    Attributes
    ----------
    forecast : str
        "model", or the simple one that it is compared with.
    of : str
        "geos": every geo and week; "sum": the sum over geos in every week.
    mape : float or Unavailable
        Mean of the absolute error by the absolute KPI.
    r2 : float or Unavailable
        One less the squared errors over those of each geo's own mean in these weeks.

    """

    forecast: str
    of: str
    mape: float | Unavailable
    r2: float | Unavailable


@final
@dataclass(frozen=True, eq=False, repr=False)
class Holdout(Result):
    """The forecast of the last weeks by a model that was fitted on those before.

    Attributes
    ----------
    weeks : ndarray, shape (H,)
    observed, predicted, simple : ndarray, shape (G, H)
        The KPI; what the model expects given media, controls and proxies of these weeks, lagged values being known; and
        the KPI of the same week one year before (of the last week seen, if there is no year).
    listed : tuple of Accuracy
    fitted : ChannelFit
        The model of the weeks before.
    left_out : tuple of str
        Events and experiments that the weeks before know nothing of.
    kpi : str

    """

    weeks: Any
    observed: Array = field(repr=False)
    predicted: Array = field(repr=False)
    simple: Array = field(repr=False)
    listed: tuple[Accuracy, ...]
    fitted: ChannelFit = field(repr=False)
    left_out: tuple[str, ...]
    kpi: str

    def __getitem__(self, key: tuple[str, str]) -> Accuracy:
        """By forecast and what of."""
        return next(row for row in self.listed if (row.forecast, row.of) == key)

    @property
    def rows(self) -> Listing[Accuracy]:
        return Listing(Accuracy, self.listed)

    @property
    def title(self) -> str:
        return f"{self.kpi} in {len(self.weeks)} weeks from {self.weeks[0]}, foreseen from those before"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"without {what}, which the weeks before know nothing of" for what in self.left_out)

    def to_dict(self) -> dict[str, Any]:
        """The accuracy, and the sums over geos week by week."""
        sums = {name: getattr(self, name).sum(0).tolist() for name in ("observed", "predicted", "simple")}
        return {**super().to_dict(), "weeks": [str(week) for week in self.weeks], **sums}


def holdout(model: ChannelSEM, weeks: int, known: Sequence[Known] = ()) -> Holdout:
    """See `ChannelFit.holdout`."""
    _check(model, weeks)
    count = len(model.panel.weeks) - weeks
    events, gone = _events(model, count)
    kept = [item for item in known if _usable(item, count)]
    gone += [f"the lift test of {item.channel}" for item in known if isinstance(item, LiftTest) and item not in kept]
    training = model.of(model.panel.weeks_before(count), events)
    fitted = training.fit(standard_errors="iid", known=kept)
    observed = model.panel[model.panel.kpi][:, count:]
    predicted = _predict(model, fitted, weeks)
    name, simple = _simple(model, weeks)
    listed = tuple(_listed(observed, {"model": predicted, name: simple}))
    return Holdout(model.panel.weeks[count:], observed, predicted, simple, listed, fitted, tuple(gone), model.panel.kpi)


def _check(model: ChannelSEM, weeks: int) -> None:
    most = len(model.panel.weeks) // 2
    if isinstance(weeks, bool) or not isinstance(weeks, int) or not 1 <= weeks <= most:
        raise FitError(f"holdout is {weeks!r} weeks: give a whole number from 1 to {most}, half the panel")
    if model.setup.week_effects:
        raise FitError("week effects say nothing about weeks to come: hold out weeks with season and trend instead")


def _events(model: ChannelSEM, count: int) -> tuple[dict[str, list[Any]], list[str]]:
    """The weeks of events among the first, and the events that have none."""
    seen = model.panel.weeks[:count]
    kept = {
        name: [week for week in weeks if np.asarray(week, dtype=seen.dtype) in seen]
        for name, weeks in model.setup.events.items()
    }
    return {name: weeks for name, weeks in kept.items() if weeks}, [f"the event {n}" for n, w in kept.items() if not w]


def _usable(item: Known, count: int) -> bool:
    """Whether what is known is about the first weeks alone."""
    return not isinstance(item, LiftTest) or (item.weeks is not None and max(item.weeks) < count)


def _predict(model: ChannelSEM, fitted: ChannelFit, weeks: int) -> Array:
    """The KPI that is expected in the last weeks, shape (G, H), in the panel's units."""
    own, theta, tau = fitted.model.design, fitted.minimum.theta, fitted.minimum.tau
    # Media of all weeks, transformed as in those that were seen.
    design = replace(model.design, transforms=own.transforms)
    every = dict(model.design.nuisance.blocks)
    ahead = np.concatenate([np.zeros((weeks, 0)), *(every[n][-weeks:] for n, _ in own.nuisance.blocks)], axis=1)
    columns = design.stacked(tau)
    expected = own.nuisance.extrapolate(columns[..., :-weeks], ahead)
    table = (columns[..., -weeks:] - expected).reshape(len(columns), -1).T
    kpi = expected[design.model.visibles.index(design.kpi)]
    rest = KpiEquation(fitted.model, theta, tau).predict(table).reshape(kpi.shape)
    return np.asarray(design.heads[:, None] * (kpi + rest))


def _simple(model: ChannelSEM, weeks: int) -> tuple[str, Array]:
    """The forecast that needs no model, and its name."""
    panel = model.panel
    values, step = panel[panel.kpi], panel.step / 7 if panel.weeks.dtype.kind == "M" else 1.0
    year, count = round(YEAR / step), len(panel.weeks)
    if weeks <= year <= count - weeks:
        return "a year before", values[:, count - weeks - year : count - year]
    return "the last week", np.repeat(values[:, count - weeks - 1 : count - weeks], weeks, axis=1)


def _listed(observed: Array, forecasts: Mapping[str, Array]) -> Iterator[Accuracy]:
    for name, forecast in forecasts.items():
        yield _accuracy(name, "geos", observed, forecast)
        if len(observed) > 1:
            yield _accuracy(name, "sum", observed.sum(0, keepdims=True), forecast.sum(0, keepdims=True))


def _accuracy(name: str, of: str, observed: Array, forecast: Array) -> Accuracy:
    error, around = observed - forecast, observed - observed.mean(-1, keepdims=True)
    mape: float | Unavailable = Unavailable("the KPI is zero in some week, where errors have no percentage")
    if observed.all():
        mape = float(np.abs(error / observed).mean())
    r2: float | Unavailable = Unavailable("the KPI does not vary in these weeks")
    if around.any():
        r2 = float(1 - (error**2).sum() / (around**2).sum())
    return Accuracy(name, of, mape, r2)
