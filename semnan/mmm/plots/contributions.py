"""What the KPI is made of: areas over time, and a waterfall of the totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from semnan.errors import Unavailable
from semnan.mmm.plots.bars import height, name_bars, tell_at
from semnan.mmm.plots.canvas import (
    COLORS,
    DARK,
    GREY,
    LIGHT,
    WIDE,
    blank,
    colors,
    labelled,
    legend,
    over_time,
    shortened,
    tidy,
)
from semnan.network.arrays import Array
from semnan.report import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from semnan.mmm.results.contributions import Contributions

#: Channels with an area or a bar of their own; those that contribute less are one.
MOST_AREAS, MOST_BARS = len(COLORS), 24
BASELINE = "baseline"
#: So many names are listed in a label.
LISTED = 3
#: Shares below this are shown as such.
LEAST = 0.005


def draw_contributions(found: Contributions, *, width: float = WIDE) -> Drawing:
    """Baseline and channels as areas on each other, the fitted KPI as a line; what takes away is below zero.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    parts = _parts(found, MOST_AREAS)
    base, *others = parts
    told = {base: LIGHT, **colors(others)} | {name: GREY for name in others if name not in found.media}
    figure = blank(width, 4.0 if width < 6 else 4.4)
    axes = figure.subplots()
    stacked = np.array([*parts.values()])
    areas = axes.stackplot(found.weeks, np.maximum(stacked, 0.0), colors=[told[name] for name in parts], lw=0)
    if (stacked < 0).any():
        axes.stackplot(found.weeks, np.minimum(stacked, 0.0), colors=[told[name] for name in parts], lw=0)
        axes.axhline(0, color=DARK, lw=0.8)
    line = axes.plot(found.weeks, found.fitted.sum(0), color=DARK, lw=1)
    tidy(axes)
    axes.set_ylabel(labelled(found.kpi, width), fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: shortened(value))
    over_time(axes, found.weeks, width)
    axes.margins(x=0)
    legend(figure, [*areas, *line], [*(labelled(name, width) for name in parts), "fitted"])
    return Drawing(figure)


def draw_waterfall(found: Contributions, *, width: float = WIDE) -> Drawing:
    """From the baseline to the fitted KPI, summed over geos and weeks, channel by channel.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    totals = {name: float(values.sum()) for name, values in _parts(found, MOST_BARS).items()}
    whole = float(found.fitted.sum())
    figure = blank(width, height(len(totals) + 1))
    axes = figure.subplots()
    _steps(axes, [*totals.values()], whole)
    axes.barh(len(totals), whole, color=DARK, height=0.68)
    name_bars(axes, [*totals, f"fitted {found.kpi}"], width)
    axes.margins(x=0.3 if width < 6 else 0.15)
    axes.set_xlabel(f"{labelled(found.kpi, width)}, all geos and weeks", fontsize=9)
    return Drawing(figure)


def _steps(axes: Axes, values: Sequence[float], whole: float) -> None:
    """Bars that begin where the one above ends, with their values, and at last that of the whole."""
    starts = [0.0, *np.cumsum(values[:-1]).tolist()]
    shades = [GREY, *(COLORS[0] if value >= 0 else COLORS[4] for value in values[1:])]
    axes.barh(range(len(values)), values, left=starts, color=shades, height=0.68)
    for i, (start, value) in enumerate(zip([*starts, 0.0], [*values, whole], strict=True)):
        if 0 < i < len(values):
            axes.plot([start, start], [i - 1.34, i + 0.34], color=GREY, lw=0.7)
        tell_at(axes, f"{shortened(value)} ({_share(value, whole)})", max(start, start + value), i)


def _share(value: float, whole: float) -> str:
    if not whole:
        return "—"
    return "<1%" if 0 < abs(value / whole) < LEAST else f"{value / whole:.0%}"


def _parts(found: Contributions, most: int) -> dict[str, Array]:
    """Sums over geos, shape (T,): the baseline, then channels, the smallest of many as one.

    Channels whose part data cannot tell are in the baseline, from which data cannot tell them apart.
    """
    weekly = {name: values.sum(0) for name, values in found.media.items()}
    unknown = [row.part for row in found.listed if row.of == "media" and isinstance(row.contribution, Unavailable)]
    base = np.sum([values.sum(0) for values in found.baseline.values()], axis=0)
    order = sorted(weekly, key=lambda name: -abs(float(weekly[name].sum())))
    rest = order[most - 1 :] if len(order) > most else []
    parts = {_base(unknown): base, **{name: values for name, values in weekly.items() if name not in rest}}
    return parts | ({f"{len(rest)} other channels": np.sum([weekly[name] for name in rest], axis=0)} if rest else {})


def _base(unknown: Sequence[str]) -> str:
    if not unknown:
        return BASELINE
    named = ", ".join(unknown) if len(unknown) <= LISTED else f"{len(unknown)} channels"
    return f"{BASELINE} with {named}"
