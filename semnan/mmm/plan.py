"""`Plan`: a marketing-mix model written down in a file, to be run on a table."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from semnan.data.csv_table import read_text
from semnan.errors import FileError, ModelError, SemnanError
from semnan.mmm import plan_values as read
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.model.adstock import ADSTOCKS
from semnan.mmm.model.channel_sem import ChannelSEM
from semnan.mmm.model.knowledge import Known, LiftTest, Prior
from semnan.mmm.model.saturation import SATURATIONS
from semnan.mmm.panels.panel import MediaPanel
from semnan.mmm.panels.roles import read_roles
from semnan.mmm.panels.table import Table, nearest

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit
    from semnan.mmm.results.answers import Answers

#: Larger files are refused.
MAX_BYTES = 2**20

_ADSTOCK, _SATURATION = read.one_of(*ADSTOCKS, "none"), read.one_of(*SATURATIONS, "none")
_READERS: dict[str, dict[str, read.Reader]] = {
    "data": {
        "date": read.text,
        "kpi": read.text,
        "channels": read.names,
        "geo": read.text,
        "controls": read.names,
        "proxies": read.names,
        "spend": read.either(read.one_of("media", "none"), read.table_of(read.text_or_none)),
        "population": read.either(read.text, read.table_of(read.number)),
        "revenue_per_kpi": read.text_or_number,
        "allow_negative": read.switch,
    },
    "graph": {
        "edges": read.edges,
        "confounders": read.table_of(read.names),
        "proxies": read.table_of(read.names),
        "tiers": read.tiers,
    },
    "model": {
        "adstock": read.either(_ADSTOCK, read.table_of(_ADSTOCK)),
        "saturation": read.either(_SATURATION, read.table_of(_SATURATION)),
        "geo_effects": read.one_of("fixed", "none"),
        "season": read.count(0),
        "trend": read.switch,
        "week_effects": read.switch,
        "events": read.table_of(read.weeks),
    },
    "fit": {
        "standard_errors": read.one_of("panel-hac", "geo", "iid", "bootstrap"),
        "lags": read.count(0),
        "starts": read.count(1),
        "replicates": read.count(2),
        "seed": read.count(0),
        "shape_priors": read.switch,
        "holdout": read.count(0),
    },
    "budget": {"channels": read.names, "total": read.number, "bounds": read.table_of(read.limits)},
}
_LIFT_TEST: dict[str, read.Reader] = {
    "channel": read.text,
    "value": read.number,
    "standard_error": read.number,
    "change": read.number,
    "geos": read.names,
    "weeks": read.weeks,
}
_PRIOR: dict[str, read.Reader] = {"parameter": read.text, "value": read.number, "standard_error": read.number}
_LISTS = ("lift_tests", "priors")
#: Keys of [fit] that are no arguments of `ChannelSEM.fit`.
_APART = ("holdout", "shape_priors")
_REQUIRED = {"data": ("date", "kpi", "channels"), "graph": ("edges",)}


@final
@dataclass(frozen=True, eq=False)
class Plan:
    """A plan as a file has it; make one with `read_plan`.

    Attributes
    ----------
    path : Path
    data : dict
        Arguments of `MediaPanel`.
    graph : ChannelGraph
    model : dict
        Arguments of `ChannelSEM` besides panel and graph.
    fit : dict
        Arguments of `ChannelSEM.fit` besides what is known.
    holdout : int
        Weeks at the end that are foreseen from those before.
    shape_priors : bool
        Whether what is known has weak priors on the shapes of saturation curves.
    lift_tests : tuple of dict
        Arguments of `LiftTest`; weeks are those of the panel, not positions.
    priors : tuple of Prior
    budget_channels : tuple of str or None
        Whose spend is decided; None: all that have some.
    total : float or None
        Budget to share out; None: what is spent now.
    bounds : dict from channel to (least, most)
        Of the budget.

    """

    path: Path
    data: dict[str, Any] = field(repr=False)
    graph: ChannelGraph
    model: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)
    holdout: int = 0
    shape_priors: bool = False
    lift_tests: tuple[dict[str, Any], ...] = ()
    priors: tuple[Prior, ...] = ()
    budget_channels: tuple[str, ...] | None = None
    total: float | None = None
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)

    def panel(self, table: Table) -> MediaPanel:
        """The panel of a table with the plan's columns."""
        return MediaPanel(table, **self.data)

    def channel_sem(self, panel: MediaPanel) -> ChannelSEM:
        """The plan's model of a panel."""
        return ChannelSEM(panel, self.graph, **self.model)

    def known(self, panel: MediaPanel) -> tuple[Known, ...]:
        """The plan's experiments and priors, with weeks as positions in a panel.

        A prior of the plan takes the place of the weak one on the same shape.

        Raises
        ------
        ModelError
            For a week that the panel does not have.

        """
        tests = (_lift_test(test, panel) for test in self.lift_tests)
        own = {prior.parameter for prior in self.priors}
        shapes = self.channel_sem(panel).shape_priors() if self.shape_priors else ()
        return (*tests, *self.priors, *(prior for prior in shapes if prior.parameter not in own))

    def answers(self, fit: ChannelFit, *, level: float = 0.95) -> Answers:
        """All results of a fit of the plan, with its budget and its weeks held out."""
        return fit.answers(
            level=level,
            total=self.total,
            amounts=self.bounds,
            channels=self.budget_channels,
            holdout=self.holdout,
        )


def read_plan(path: str | Path) -> Plan:
    """Read a plan: a TOML file with the sections ``data``, ``graph``, ``model``, ``fit`` and ``budget``.

    ``[data]`` has the arguments of `MediaPanel`, ``[graph]`` those of `ChannelGraph` (edges are pairs, or texts such as
    ``"tv -> search, sales"``), ``[model]`` those of `ChannelSEM`, ``[fit]`` those of its `fit`, ``holdout``, the
    number of weeks at the end that are foreseen from those before, and ``shape_priors``, true for
    `ChannelSEM.shape_priors`. ``[budget]`` has ``channels``, a ``total`` and ``bounds``; every ``[[lift_tests]]`` and
    ``[[priors]]`` is an experiment or a prior. What Python calls None is "none".

    Raises
    ------
    FileError
        For a file that cannot be read or is no TOML, and for keys and values that make no sense, each with its name;
        of an unknown key with the nearest known one.

    """
    place = Path(path)
    text = read_text(place, MAX_BYTES)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileError(f"{place} is not a TOML file: {error}") from error
    try:
        return _plan(place, content)
    except SemnanError as error:
        raise FileError(f"{place}: {error}") from error


def _plan(place: Path, content: Mapping[str, Any]) -> Plan:
    known = (*_READERS, *_LISTS)
    for key in content:
        if key not in known:
            shown = nearest(key, known) or f"; there are {', '.join(known)}"
            raise ModelError(f"the plan has the unknown section {key!r}{shown}")
    parts = {name: _section(content, name, readers) for name, readers in _READERS.items()}
    graph = ChannelGraph(**parts["graph"], kpi=parts["data"]["kpi"])
    parts["data"].setdefault("proxies", graph.measurements)
    lift_tests = _items(content, "lift_tests", _LIFT_TEST, ("channel", "value", "standard_error"))
    plan = Plan(
        path=place,
        data=parts["data"],
        graph=graph,
        model=parts["model"],
        fit={key: value for key, value in parts["fit"].items() if key not in _APART},
        holdout=parts["fit"].get("holdout", 0),
        shape_priors=parts["fit"].get("shape_priors", False),
        lift_tests=tuple(lift_tests),
        priors=tuple(Prior(**item) for item in _items(content, "priors", _PRIOR, tuple(_PRIOR))),
        budget_channels=parts["budget"].get("channels"),
        total=parts["budget"].get("total"),
        bounds=parts["budget"].get("bounds", {}),
    )
    _check(plan)
    return plan


def _section(content: Mapping[str, Any], name: str, readers: Mapping[str, read.Reader]) -> dict[str, Any]:
    required = _REQUIRED.get(name, ())
    if name not in content and required:
        raise ModelError(f"the plan has no section [{name}]: add it with {', '.join(required)}")
    return read.section(content.get(name, {}), name, readers, required)


def _items(
    content: Mapping[str, Any], name: str, readers: Mapping[str, read.Reader], required: tuple[str, ...]
) -> list[dict[str, Any]]:
    items = content.get(name, [])
    if not isinstance(items, list):
        raise ModelError(f"{name} is one section: write [[{name}]] in double brackets, once for each")
    return [read.section(item, f"{name}[{i}]", readers, required) for i, item in enumerate(items)]


def _check(plan: Plan) -> None:
    """Refuse names that the sections do not agree on, and experiments and budgets that make no sense."""
    roles = read_roles(
        kpi=plan.data["kpi"],
        channels=plan.data["channels"],
        controls=plan.data.get("controls", ()),
        proxies=plan.data["proxies"],
        date=plan.data["date"],
        geo=plan.data.get("geo"),
        spend=plan.data.get("spend", "media"),
        population=plan.data.get("population"),
        revenue=plan.data.get("revenue_per_kpi"),
    )
    _check_named("graph", plan.graph.columns, roles.variables, "is no column of [data]")
    for latent in plan.graph.confounders:
        if latent in roles.variables:
            raise ModelError(f"the confounder {latent!r} is a column of [data]: rename it, or use the column")
    for key in ("adstock", "saturation"):
        if isinstance(plan.model.get(key), Mapping):
            _check_named(f"model.{key}", plan.model[key], roles.channels)
    for i, test in enumerate(plan.lift_tests):
        _check_named(f"lift_tests[{i}].channel", [test["channel"]], roles.channels)
        LiftTest(**{key: value for key, value in test.items() if key != "weeks"})
    _check_named("budget.bounds", plan.bounds, roles.channels)
    _check_named("budget.channels", plan.budget_channels or (), roles.channels)
    _check_budget(plan, plan.budget_channels or roles.channels)


def _check_named(where: str, names: Iterable[str], known: tuple[str, ...], what: str = "is no channel") -> None:
    for name in names:
        if name not in known:
            shown = nearest(name, known) or f"; there are {', '.join(known)}"
            raise ModelError(f"{where} names {name!r}, which {what}{shown}")


def _check_budget(plan: Plan, channels: tuple[str, ...]) -> None:
    if plan.budget_channels == ():
        raise ModelError("budget.channels is empty: name the channels whose spend is decided, or leave it out")
    _check_named("budget.bounds", plan.bounds, channels, "is not in budget.channels")
    if plan.total is None:
        return
    if plan.total <= 0:
        raise ModelError(f"budget.total is {plan.total:g}: give a positive number")
    least = sum(low for low, _ in plan.bounds.values())
    most = sum(high for _, high in plan.bounds.values()) if set(channels) <= set(plan.bounds) else np.inf
    if not least <= plan.total <= most:
        raise ModelError(
            f"budget.total is {plan.total:g}, but the bounds leave {least:g} to {most:g}: change the total or a bound"
        )


def _lift_test(test: dict[str, Any], panel: MediaPanel) -> LiftTest:
    if "weeks" not in test:
        return LiftTest(**test)
    return LiftTest(**(test | {"weeks": tuple(_position(week, panel, test["channel"]) for week in test["weeks"])}))


def _position(week: object, panel: MediaPanel, channel: str) -> int:
    """Where a week stands in a panel; dates are no weeks of a panel of numbers, nor numbers of one of dates."""
    hint = f": its weeks are such as {panel.weeks[0]}"
    if isinstance(week, date) is (panel.weeks.dtype.kind == "M"):
        apart = (panel.weeks - np.asarray(week, dtype=panel.weeks.dtype)).astype(np.int64)
        near = int(np.argmin(np.abs(apart)))
        if apart[near] == 0:
            return near
        hint = f"; nearest is {panel.weeks[near]}"
    raise ModelError(f"the lift test of {channel!r} names the week {week}, which the panel does not have{hint}")
