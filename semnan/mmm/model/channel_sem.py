"""`ChannelSEM`: a marketing-mix model whose channels form a DAG with latent confounders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from semnan.errors import ModelError
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.model.adstock import ADSTOCKS
from semnan.mmm.model.checks import check_columns
from semnan.mmm.model.design import Design
from semnan.mmm.model.knowledge import Known, Prior
from semnan.mmm.model.mechanism import Mechanism
from semnan.mmm.model.nuisance import Nuisance, fourier
from semnan.mmm.model.saturation import SATURATIONS
from semnan.mmm.model.structure import path_model
from semnan.mmm.model.transform import MediaTransform
from semnan.mmm.panels.panel import MediaPanel
from semnan.network.arrays import Array

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: How standard errors are made.
StandardErrors = Literal["panel-hac", "geo", "iid", "bootstrap"]
Choice = str | Mapping[str, str | None] | None
#: Parts of the baseline, after which no event is called.
RESERVED = ("level", "season", "trend", "weeks")


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Setup:
    """What a channel model adds to its panel and graph; see `ChannelSEM`."""

    adstock: Choice = "geometric"
    saturation: Choice = "hill"
    geo_effects: Literal["fixed"] | None = "fixed"
    season: int = 2
    trend: bool = True
    week_effects: bool = False
    events: Mapping[str, Sequence[Any]]


@final
class ChannelSEM:
    """A system of equations, one for each channel that something acts on, one for each proxy and one for the KPI.

    Media enter the equation of the KPI transformed: adstock, then saturation. What channels do to each other is linear
    in raw media of the same week, or of the week that a lagged node such as ``tv@1`` says. Levels of geos, season,
    trend and events are in every equation. Latent confounders have variance one.

    Parameters
    ----------
    panel : MediaPanel
    graph : ChannelGraph
        Controls that it does not name act on the KPI.
    adstock : "geometric", "delayed", "weibull", mapping from channel to one of these or None, or None
        A single one is for all channels that no confounder acts on: on channels that capture demand, adstock takes the
        demand of the weeks before for carry-over. Channels that a mapping leaves out have none.
    saturation : "hill", "logistic", "michaelis-menten", mapping from channel to one of these or None, or None
        A single one is for all channels.
    geo_effects : "fixed" or None
        Whether every geo has its own level.
    season : int
        Pairs of sine and cosine of the year.
    trend : bool
        A linear trend.
    week_effects : bool
        A level for every week, which needs media that differ between geos; season, trend and events are part of it.
    events : mapping of str to sequence of weeks
        Each event has a level of its own in its weeks, given as in the panel.

    Raises
    ------
    DataError
        If rows are too few, or a column has nothing left once levels, season and trend are taken away.
    ModelError
        Naming the channel or event that is not in the panel, or the transform that does not exist.

    """

    def __init__(
        self,
        panel: MediaPanel,
        graph: ChannelGraph,
        *,
        adstock: Choice = "geometric",
        saturation: Choice = "hill",
        geo_effects: Literal["fixed"] | None = "fixed",
        season: int = 2,
        trend: bool = True,
        week_effects: bool = False,
        events: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        graph.check_panel(panel)
        if geo_effects not in ("fixed", None):
            raise ModelError(f"geo_effects is {geo_effects!r}: give 'fixed' or None")
        if isinstance(season, bool) or not isinstance(season, int) or not 0 <= season <= 26:
            raise ModelError(f"season is {season!r}: give a number of pairs of sine and cosine, 0 to 26")
        self.panel = panel
        self.graph = graph.with_controls(panel.controls)
        self.setup = Setup(
            adstock=adstock,
            saturation=saturation,
            geo_effects=geo_effects,
            season=season,
            trend=trend,
            week_effects=week_effects,
            events=dict(events or {}),
        )
        check_columns(self.design)

    @cached_property
    def design(self) -> Design:
        """The columns of the model."""
        panel, graph = self.panel, self.graph
        heads = np.ones(len(panel.geos)) if panel.population is None else panel.population / panel.population.mean()
        counted = {panel.kpi, *panel.channels}
        columns = {name: panel[name] / (heads[:, None] if name in counted else 1.0) for name in panel.names}
        transforms = tuple(self._transform(name, columns[name]) for name in self._media)
        moving = tuple(part for part in transforms if not part.identity)
        model = path_model(graph, {part.channel for part in moving})
        nuisance = self._nuisance(max((lag for _, lag in graph.lags.values()), default=0))
        return Design(model, panel.kpi, panel.geos, heads, columns, graph.lags, moving, nuisance)

    @cached_property
    def mechanism(self) -> Mechanism:
        """The structural equations."""
        return Mechanism(self.design, self.graph.edges)

    @property
    def _media(self) -> list[str]:
        """The channels that act on the KPI."""
        return [name for name in self.panel.channels if (name, self.panel.kpi) in self.graph.edges]

    def _transform(self, channel: str, media: Array) -> MediaTransform:
        confounded = {child for children in self.graph.confounders.values() for child in children}
        adstock = _chosen("adstock", self.setup.adstock, ADSTOCKS, channel, self.panel.channels)
        if isinstance(self.setup.adstock, str) and channel in confounded:
            adstock = None
        saturation = _chosen("saturation", self.setup.saturation, SATURATIONS, channel, self.panel.channels)
        spent = media[media > 0]
        return MediaTransform(channel, adstock, saturation, float(spent.mean()) if len(spent) else 1.0)

    def _nuisance(self, first: int) -> Nuisance:
        panel, setup = self.panel, self.setup
        step, count = panel.step if panel.weeks.dtype.kind == "M" else 7, len(panel.weeks)
        number = np.arange(count) * (step / 7)
        blocks: list[tuple[str, Array]] = []
        if setup.season:
            blocks.append(("season", fourier(number, setup.season)))
        if setup.trend:
            blocks.append(("trend", number[:, None]))
        blocks += [(name, _event(panel, name, weeks)) for name, weeks in setup.events.items()]
        used = tuple((name, columns[first:]) for name, columns in blocks)
        return Nuisance(len(panel.geos), count - first, used, setup.geo_effects == "fixed", setup.week_effects)

    def fit(
        self,
        *,
        standard_errors: StandardErrors = "panel-hac",
        lags: int = 4,
        known: Known | Iterable[Known] = (),
        starts: int = 1,
        replicates: int = 200,
        n_jobs: int = 1,
        seed: int = 0,
        progress: bool | None = None,
    ) -> ChannelFit:
        """Maximise the likelihood.

        Parameters
        ----------
        standard_errors : "panel-hac", "geo", "iid" or "bootstrap"
            Rows of a geo may depend on each other, and rows of neighbouring weeks in all geos (Driscoll & Kraay 1998);
            or rows of a geo alone; or none; or geos are drawn again (weeks in blocks, if there is one geo).
        lags : int
            Weeks over which rows of different geos may depend on each other.
        known : iterable of LiftTest or Prior
            Results of experiments, and priors, as terms of the likelihood.
        starts : int
            Searches for the parameters of the transforms, the first from usual values, the others random.
        replicates, n_jobs : int
            Of the bootstrap.
        seed : int
            Of random starts and the bootstrap.
        progress : bool, optional
            As in `semnan.fit`.

        """
        from semnan.mmm.fitting import fit_channels  # Results know their model, so they import this module.

        return fit_channels(
            self,
            standard_errors=standard_errors,
            lags=lags,
            known=(known,) if isinstance(known, Known) else tuple(known),
            starts=starts,
            replicates=replicates,
            n_jobs=n_jobs,
            seed=seed,
            progress=progress,
        )

    def shape_priors(self) -> tuple[Prior, ...]:
        """Weak priors on the saturation of every channel, for `known`: the curves bend somewhere near present media.

        A table whose media vary by a quarter around their mean says little of a curve's way down to nothing spent,
        which returns of all spend depend on. Half saturation is then 1 ± .5 of the channel's mean, the slope of Hill's
        curve 1.5 ± .5.
        """
        return tuple(
            Prior(parameter=f"{part.channel}: {name}", value=mean, standard_error=deviation)
            for part in self.design.transforms
            if part.saturation is not None
            for name, (mean, deviation) in zip(part.saturation.parameters, part.saturation.usual, strict=True)
        )

    def without_confounders(self) -> ChannelSEM:
        """The same model with all confounders ignored, as most tools have it; proxies are left out."""
        return ChannelSEM(self.panel, self.graph.without_confounders(), **self._options())

    def of(self, panel: MediaPanel, events: Mapping[str, Sequence[Any]] | None = None) -> ChannelSEM:
        """The same model of other data, and of other events if they are given."""
        options = self._options()
        return ChannelSEM(panel, self.graph, **(options if events is None else options | {"events": events}))

    def _options(self) -> dict[str, Any]:
        setup, design = self.setup, self.design
        names = {id(value): name for name, value in (*ADSTOCKS.items(), *SATURATIONS.items())}
        own = {part.channel: part for part in design.transforms}
        # As they were resolved: a single adstock depends on the confounders, which may be left out.
        adstock = {name: names.get(id(part.adstock)) for name, part in own.items()}
        saturation = {name: names.get(id(part.saturation)) for name, part in own.items()}
        return {
            "adstock": adstock,
            "saturation": saturation,
            "geo_effects": setup.geo_effects,
            "season": setup.season,
            "trend": setup.trend,
            "week_effects": setup.week_effects,
            "events": setup.events,
        }


def _chosen(what: str, given: Choice, known: Mapping[str, Any], channel: str, channels: Sequence[str]) -> Any:
    if isinstance(given, Mapping):
        strange = [name for name in given if name not in channels]
        if strange:
            raise ModelError(
                f"{what} names {strange[0]!r}, which is no channel; the channels are {', '.join(channels)}"
            )
        given = given.get(channel)
    if given is not None and given not in known:
        raise ModelError(f"{what} of {channel!r} is {given!r}: give one of {', '.join(known)}, or None")
    return None if given is None else known[given]


def _event(panel: MediaPanel, name: str, weeks: Sequence[Any]) -> Array:
    """One in the weeks of an event, shape (T, 1)."""
    if name in RESERVED:
        raise ModelError(f"an event is called {name!r}, as a part of the baseline is: call it something else")
    if isinstance(weeks, str) or not len(weeks):
        raise ModelError(f"the event {name!r} has the weeks {weeks!r}: give a list of weeks of the panel")
    found = np.zeros((len(panel.weeks), 1))
    try:
        wanted = np.asarray(weeks, dtype=panel.weeks.dtype)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"the event {name!r} has the weeks {weeks!r}: give weeks of the panel, such as {panel.weeks[0]}"
        ) from error
    for week in wanted:
        at = np.flatnonzero(panel.weeks == week)
        if not len(at):
            raise ModelError(f"the event {name!r} is in week {week}, which the panel does not have")
        found[at] = 1.0
    return found
