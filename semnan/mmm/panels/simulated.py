"""A simulated panel whose channels form a known DAG with latent demand, and the truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np

from semnan.data.checks import Array
from semnan.errors import DataError
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.panels.panel import MediaPanel

#: Direct effects per unit; demand has variance one.
EFFECTS = {
    ("TV", "Search"): 0.15,
    ("TV", "Social"): 0.2,
    ("TV", "Sales"): 1.0,
    ("Social", "Sales"): 1.5,
    ("Display", "Sales"): 0.5,
    ("Search", "Sales"): 1.2,
    ("Price", "Sales"): -15.0,
    ("demand", "Search"): 8.0,
    ("demand", "Sales"): 20.0,
    ("demand", "GQV"): 1.0,
    ("demand", "Trends"): 0.8,
}
CHANNELS = ("TV", "Social", "Display", "Search")
#: The effects that `strength` multiplies.
_SCALED = (("demand", "Search"), ("demand", "Sales"))
#: Weeks before the first that are thrown away.
BURN_IN = 30


@final
@dataclass(frozen=True, eq=False, repr=False)
class SimulatedPanel:
    """A panel and what generated it.

    Attributes
    ----------
    panel : MediaPanel
        Channels TV, Social, Display and Search, control Price, proxies GQV and Trends, KPI Sales.
    graph : ChannelGraph
        The true one, with the confounder "demand".
    effects : dict from (cause, effect) to float
        Direct effects per unit of media (of transformed media where there are transforms).
    contributions : dict from channel to ndarray of shape (G, T)
        Of each channel's own term to the KPI.
    total_contributions : dict from channel to ndarray of shape (G, T)
        The KPI less what it would be without the channel, through the channels it acts on too.
    demand : ndarray, shape (G, T)

    """

    panel: MediaPanel
    graph: ChannelGraph
    effects: dict[tuple[str, str], float]
    contributions: dict[str, Array] = field(repr=False)
    total_contributions: dict[str, Array] = field(repr=False)
    demand: Array = field(repr=False)

    @property
    def totals(self) -> dict[str, float]:
        """The total contribution of each channel by unit of media: without transforms, its total effect."""
        return {name: float(self.total_contributions[name].sum() / self.panel[name].sum()) for name in CHANNELS}


def simulate_panel(
    seed: int = 0,
    geos: int = 20,
    weeks: int = 104,
    *,
    persistence: float = 0.6,
    strength: float = 1.0,
    national: float = 0.3,
    season: bool = True,
    adstock: Mapping[str, float] | None = None,
    hill: Mapping[str, tuple[float, float]] | None = None,
) -> SimulatedPanel:
    """Draw a panel: TV → Search, Social, Sales; Search, Social, Display, Price → Sales; demand → Search, Sales.

    Errors are autoregressive and partly common to all geos, which differ in size; demand is measured by GQV and Trends.
    Media are Gaussian, so that a few may be below zero.

    Parameters
    ----------
    seed : int
    geos, weeks : int
    persistence : float
        Autocorrelation of demand, TV and Display; half of it that of the errors.
    strength : float
        Multiplies what demand does to Search and Sales.
    national : float
        Share of the variance of TV, Display, Social and demand that is common to all geos.
    season : bool
    adstock : mapping from channel to decay, optional
        With `hill`, for all four channels: geometric adstock of weights that sum to one, then 2 k zˢ / (zˢ + kˢ).
    hill : mapping from channel to (k, s), optional

    Raises
    ------
    DataError
        For sizes that make no sense, and transforms of some channels only.

    """
    _check(geos, weeks, persistence, national, adstock, hill)
    draw = _Draw(np.random.default_rng(seed), geos, weeks, persistence, national)
    columns, demand, rest = draw.columns(strength, season=season)
    transform = _Transform(adstock, hill)
    contributions = _contributions(columns, transform)
    sales = rest["level"] + sum(contributions.values()) + rest["other"]
    media = np.stack([columns[name] for name in CHANNELS], axis=-1)
    panel = MediaPanel.from_arrays(
        media,
        sales,
        channels=CHANNELS,
        kpi_name="Sales",
        controls=columns["Price"][..., None],
        control_names=("Price",),
        proxies=np.stack([columns["GQV"], columns["Trends"]], axis=-1),
        proxy_names=("GQV", "Trends"),
        allow_negative=True,
    )
    totals = {name: _total(name, columns, contributions, transform) for name in CHANNELS}
    effects = {edge: (strength if edge in _SCALED else 1.0) * value for edge, value in EFFECTS.items()}
    return SimulatedPanel(panel, true_graph(), effects, contributions, totals, demand)


def true_graph() -> ChannelGraph:
    """The graph that `simulate_panel` draws from."""
    return ChannelGraph(
        [edge for edge in EFFECTS if edge[0] != "demand"],
        kpi="Sales",
        confounders={"demand": ("Search", "Sales")},
        proxies={"demand": ("GQV", "Trends")},
    )


@final
@dataclass(frozen=True, eq=False)
class _Draw:
    """Random series; the order in which they are drawn is part of what a seed means."""

    rng: np.random.Generator
    geos: int
    weeks: int
    persistence: float
    national: float

    def columns(self, strength: float, *, season: bool) -> tuple[dict[str, Array], Array, dict[str, Array]]:
        """Every column but Sales, demand, and what Sales has besides media: its level and the rest."""
        size = np.exp(self.rng.normal(0, 0.3, (self.geos, 1)))
        demand = self._mixed(self.persistence, 1.0)
        wave = np.sin(2 * np.pi * np.arange(self.weeks) / 52)[None] if season else np.zeros((1, self.weeks))
        tv = 100 * size + self._mixed(self.persistence, 25) + 8 * wave
        display = 50 * size + self._mixed(self.persistence, 10)
        price = self._series(self.geos, self.persistence)
        half = self.persistence / 2
        social = 40 * size + EFFECTS["TV", "Social"] * tv + self._mixed(half, 8)
        pull = strength * EFFECTS["demand", "Search"] * demand
        search = 30 * size + EFFECTS["TV", "Search"] * tv + pull + 5 * wave + self._series(self.geos, half, 8.0)
        gqv = 5 * size + EFFECTS["demand", "GQV"] * demand + 0.3 * wave + self._series(self.geos, half, 0.7)
        trends = 5 * size + EFFECTS["demand", "Trends"] * demand + 0.3 * wave + self._series(self.geos, half, 0.7)
        other = EFFECTS["Price", "Sales"] * price + strength * EFFECTS["demand", "Sales"] * demand + 15 * wave
        other = other + self._series(self.geos, half, 20.0)
        media = {"TV": tv, "Social": social, "Display": display, "Search": search}
        return media | {"GQV": gqv, "Trends": trends, "Price": price}, demand, {"level": 200 * size, "other": other}

    def _mixed(self, persistence: float, deviation: float) -> Array:
        """A series in every geo of which a share is common to all."""
        common = np.sqrt(self.national) * self._series(1, persistence)
        own = np.sqrt(1 - self.national) * self._series(self.geos, persistence)
        return np.asarray(deviation * (common + own))

    def _series(self, geos: int, persistence: float, deviation: float = 1.0) -> Array:
        """Autoregressive series of a given standard deviation, shape (geos, weeks)."""
        shocks = self.rng.normal(size=(geos, self.weeks + BURN_IN))
        found = np.zeros_like(shocks)
        for t in range(1, found.shape[1]):
            found[:, t] = persistence * found[:, t - 1] + np.sqrt(1 - persistence**2) * shocks[:, t]
        return np.asarray(deviation * found[:, BURN_IN:])


@final
@dataclass(frozen=True)
class _Transform:
    adstock: Mapping[str, float] | None
    hill: Mapping[str, tuple[float, float]] | None

    def __call__(self, channel: str, media: Array) -> Array:
        if self.adstock is None or self.hill is None:
            return media
        (k, slope), decay = self.hill[channel], self.adstock[channel]
        carried = np.empty_like(media)
        carried[:, 0] = media[:, 0] / (1 - decay)
        for t in range(1, media.shape[1]):
            carried[:, t] = media[:, t] + decay * carried[:, t - 1]
        power = np.clip(carried * (1 - decay), 1e-9, None) ** slope
        return np.asarray(2 * k * power / (power + k**slope))


def _contributions(columns: Mapping[str, Array], transform: _Transform) -> dict[str, Array]:
    return {name: EFFECTS[name, "Sales"] * transform(name, columns[name]) for name in CHANNELS}


def _total(channel: str, columns: dict[str, Array], now: dict[str, Array], transform: _Transform) -> Array:
    """What of Sales is due to a channel: nobody's media react to Sales, so that one step of effects is all."""
    moved = {b: columns[b] - EFFECTS[a, b] * columns[a] for a, b in EFFECTS if a == channel and b in CHANNELS}
    without = _contributions(columns | moved | {channel: np.zeros_like(columns[channel])}, transform)
    return np.asarray(sum(now[name] - without[name] for name in CHANNELS))


def _check(
    geos: int,
    weeks: int,
    persistence: float,
    national: float,
    adstock: Mapping[str, float] | None,
    hill: Mapping[str, tuple[float, float]] | None,
) -> None:
    if geos < 1 or weeks < 2 or not 0 <= persistence < 1 or not 0 <= national <= 1:
        raise DataError(
            f"geos={geos}, weeks={weeks}, persistence={persistence}, national={national}: give at least one geo and "
            "two weeks, a persistence below 1, and a share"
        )
    if (adstock is None) is not (hill is None):
        raise DataError("give adstock and hill together, or neither: they are applied one after the other")
    for what, given in (("adstock", adstock), ("hill", hill)):
        if given is not None and set(given) != set(CHANNELS):
            raise DataError(f"{what} has the channels {', '.join(given)}: give all of {', '.join(CHANNELS)}")
