"""What a channel model with latent demand finds on panels whose truth is known, beside what other tools fit.

The panels are those of `semnan.mmm.simulate_panel`: TV acts on Search, Social and Sales; Search, Social, Display and
Price on Sales; latent demand on Search, Sales and two proxies. First without transforms: bias, error, coverage and
time at three strengths of demand, with 20 geos, 5, and one national series. Then media have adstock and Hill
saturation, and what is estimated are returns: those of all spend, for which the curve must be known down to zero, and
those of one percent more. A regression on all channels with the proxies as controls stands beside (adstock, Hill,
levels of geos: what Meridian or PyMC-Marketing fit, without their priors), and DeepCausalMMM where its interpreter is
given.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from semnan import Unavailable
from semnan.mmm import ChannelFit, ChannelGraph, ChannelSEM, SimulatedPanel, simulate_panel
from semnan.mmm.model.adstock import Geometric
from semnan.mmm.model.saturation import Hill
from semnan.mmm.model.transform import MediaTransform
from semnan.mmm.panels.simulated import EFFECTS

Array = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
CHANNELS = ("TV", "Social", "Display", "Search")
DECAYS = {"TV": 0.6, "Social": 0.4, "Display": 0.3, "Search": 0.0}
HILL = {"TV": (100.0, 1.5), "Social": (60.0, 1.2), "Display": (50.0, 1.2), "Search": (45.0, 1.5)}
SIZES = ((20, 104), (5, 104), (1, 156))
#: What the first part asks for.
ASKED = (("Search", "direct"), ("TV", "direct"), ("TV", "total"))


def regression(*, proxies: bool) -> ChannelGraph:
    """All channels and Price as regressors of Sales, and perhaps the proxies too; no other equation."""
    causes = (*CHANNELS, "Price", *(("GQV", "Trends") if proxies else ()))
    return ChannelGraph([(name, "Sales") for name in causes], kpi="Sales")


#: Each estimator's graph from the true one.
GRAPHS: dict[str, Callable[[ChannelGraph], ChannelGraph]] = {
    "regression": lambda _: regression(proxies=False),
    "regression with proxies": lambda _: regression(proxies=True),
    "without the latent": lambda graph: graph.without_confounders(),
    "with latent demand": lambda graph: graph,
}
OURS = "with latent demand"


@dataclass(frozen=True)
class Found:
    """What one fit says of some numbers.

    Attributes
    ----------
    estimates, low, high : ndarray, shape (k,)
        Ends of the intervals are NaN where there are none.
    seconds : float
        Of the fit, in CPU time.

    """

    estimates: Array
    low: Array
    high: Array
    seconds: float


def timed(model: ChannelSEM, **options: Any) -> tuple[ChannelFit, float]:
    start = time.process_time()
    fit = model.fit(**options)
    return fit, time.process_time() - start


def effects(panel: SimulatedPanel, graph: ChannelGraph) -> Found:
    """The direct effects of Search and TV and the total one of TV, which a regression takes for its direct one."""
    fit, seconds = timed(ChannelSEM(panel.panel, graph, adstock=None, saturation=None))
    rows = fit.effects()
    return _found([rows[key] for key in ASKED], "estimate", seconds)


def returns(panel: SimulatedPanel, graph: ChannelGraph, *, weak: bool = False) -> Found:
    """The total returns of all spend on each channel, then those of one percent more."""
    model = ChannelSEM(panel.panel, graph)
    fit, seconds = timed(model, known=model.shape_priors() if weak else ())
    tables = [fit.roas(), fit.roas(marginal=True)]
    return _found([rows[name, "total"] for rows in tables for name in CHANNELS], "roas", seconds)


def _found(rows: list[Any], name: str, seconds: float) -> Found:
    ends = [(np.nan, np.nan) if isinstance(row.interval, Unavailable) else row.interval for row in rows]
    low, high = np.array(ends).T
    return Found(np.array([float(getattr(row, name)) for row in rows]), low, high, seconds)


def many(panels: Iterator[SimulatedPanel], estimate: Callable[[SimulatedPanel], Found]) -> Found:
    """The same for all panels, arrays of shape (seeds, k)."""
    found = [estimate(panel) for panel in panels]
    estimates, low, high = (np.stack([getattr(one, name) for one in found]) for name in ("estimates", "low", "high"))
    return Found(estimates, low, high, float(np.median([one.seconds for one in found])))


def covers(found: Found, truth: Array) -> Array:
    """The share of intervals that hold the truth."""
    return np.asarray(((found.low <= truth) & (truth <= found.high)).mean(0))


# -- without transforms


def linear(seeds: int) -> Iterator[Table]:
    for geos, weeks in SIZES:
        for strength in (0.0, 0.3, 1.0):
            yield _linear_table(seeds, geos, weeks, strength)


def _linear_table(seeds: int, geos: int, weeks: int, strength: float) -> Table:
    columns = ("bias, RMSE, coverage", *(f"{channel} {kind}" for channel, kind in ASKED), "ms")
    title = f"{geos} geos × {weeks} weeks, strength of demand {strength:g}, {seeds} seeds"
    shown, truth = Table(*columns, title=title), np.array([1.2, 1.0, 1.48])
    for name, graph in GRAPHS.items():
        drawn = (simulate_panel(seed, geos, weeks, strength=strength) for seed in range(seeds))
        found = many(drawn, lambda panel, graph=graph: effects(panel, graph(panel.graph)))  # type: ignore[misc]
        bias, error = found.estimates.mean(0) / truth - 1, np.sqrt(((found.estimates - truth) ** 2).mean(0))
        cells = zip(bias, error, covers(found, truth), strict=True)
        texts = (f"{b:+.1%} {e:.4f} {c:.3f}" for b, e, c in cells)
        shown.add_row(name, *texts, f"{1000 * found.seconds:.0f}")
    return shown


# -- with transforms


def transformed(seeds: int, first: int = 0, geos: int = 20, weeks: int = 104) -> Iterator[Table]:
    panels = [simulate_panel(seed, geos, weeks, adstock=DECAYS, hill=HILL) for seed in range(first, first + seeds)]
    truth = np.array([true_returns(panel) for panel in panels])
    cases: tuple[tuple[str, str, dict[str, Any]], ...] = (
        (OURS, OURS, {}),
        (f"{OURS}, weak priors on shapes", OURS, {"weak": True}),
        ("regression with proxies", "regression with proxies", {}),
    )
    found = {label: many(iter(panels), _returns_of(key, options)) for label, key, options in cases}
    for what, part in (("all spend", slice(0, 4)), ("one percent more", slice(4, 8))):
        title = (
            f"returns of {what} over true ones: median (mean ± sd) coverage; {geos} geos × {weeks} weeks, {seeds} seeds"
        )
        shown = Table("", *CHANNELS, "s", title=title)
        for label, one in found.items():
            ratio, coverage = (one.estimates / truth)[:, part], covers(one, truth)[part]
            shown.add_row(label, *map(_ratio, ratio.T, coverage), f"{one.seconds:.2f}")
        yield shown


def _returns_of(key: str, options: dict[str, Any]) -> Callable[[SimulatedPanel], Found]:
    return lambda panel: returns(panel, GRAPHS[key](panel.graph), **options)


def true_returns(panel: SimulatedPanel) -> Array:
    """Sales by unit of media, other channels responding: of all media, then of one percent more; shape (8,)."""
    return np.array([panel.totals[name] for name in CHANNELS] + [_marginal(panel, name) for name in CHANNELS])


def _marginal(panel: SimulatedPanel, channel: str) -> float:
    media = {name: panel.panel[name] for name in CHANNELS}
    more = 0.01 * media[channel]
    moved = {b: media[b] + EFFECTS[channel, b] * more for b in CHANNELS if (channel, b) in EFFECTS}
    moved[channel] = media[channel] + more
    gained = sum((_sales(name, values) - panel.contributions[name]).sum() for name, values in moved.items())
    return float(gained / more.sum())


def _sales(channel: str, media: Array) -> Array:
    half, slope = HILL[channel]
    shape = MediaTransform(channel, Geometric(), Hill()).apply(media, np.array([DECAYS[channel], half, slope]))
    return np.asarray(EFFECTS[channel, "Sales"] * 2 * half * shape)


def _ratio(ratios: Array, coverage: float) -> str:
    return f"{np.median(ratios):.2f} ({ratios.mean():.2f} ± {ratios.std():.2f}) {coverage:.2f}"


# -- DeepCausalMMM


def deep(python: str, seeds: int, mode: str, epochs: int) -> Table:
    """On panels without transforms, with the proxies as controls and negative media set to zero."""
    found = [_deep(python, simulate_panel(seed), mode, epochs) for seed in range(seeds)]
    truth = np.array([1.48, 1.5, 0.5, 1.2])
    title = f"DeepCausalMMM {found[0]['version']}, dag_mode {mode}, at most {epochs} epochs, {seeds} seeds"
    shown = Table("", *CHANNELS, "R²", "holdout R²", "edges ≥ .3", "s", title=title)
    for seed, one in enumerate(found):
        edges = [
            f"{CHANNELS[i]}→{CHANNELS[j]} {one['edges'][i][j]:.2f}"
            for i, j in np.ndindex(4, 4)
            if one["edges"][i][j] >= 0.3
        ]
        ratios = (f"{value:.2f}" for value in np.array(one["roas"]) / truth)
        fits = (f"{one[key]:.2f}" for key in ("r2", "holdout_r2"))
        shown.add_row(f"seed {seed}", *ratios, *fits, ", ".join(edges) or "none", f"{one['cpu']:.0f}")
    return shown


def _deep(python: str, simulated: SimulatedPanel, mode: str, epochs: int) -> dict[str, Any]:
    panel = simulated.panel
    media = np.stack([panel[name] for name in CHANNELS], -1).clip(min=0).astype(np.float32)
    controls = np.stack([panel[name] for name in ("Price", "GQV", "Trends")], -1).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.npz"
        np.savez(path, media=media, controls=controls, kpi=panel["Sales"].astype(np.float32))
        command = [python, "-m", "benchmarks.peers.deepcausalmmm_worker", str(path), mode, str(epochs)]
        done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--seeds", type=int, default=200)
    reader.add_argument("--transformed-seeds", type=int, default=50)
    reader.add_argument("--first-seed", type=int, default=0, help="of the panels with transforms")
    reader.add_argument("--parts", default="linear,transformed")
    reader.add_argument("--peer-python", help="of an environment with deepcausalmmm")
    reader.add_argument("--peer-seeds", type=int, default=2)
    reader.add_argument("--epochs", type=int, default=1500, help="of DeepCausalMMM; its default")
    options = reader.parse_args()
    console, parts = Console(width=170), options.parts.split(",")
    if "linear" in parts:
        for table in linear(options.seeds):
            console.print(table)
    if "transformed" in parts:
        for table in transformed(options.transformed_seeds, options.first_seed):
            console.print(table)
    if options.peer_python:
        for mode in ("triangular", "notears"):
            console.print(deep(options.peer_python, options.peer_seeds, mode, options.epochs))


if __name__ == "__main__":
    main()
