"""Returns on spend as bars with intervals, beside those that a regression which ignores confounders would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semnan.errors import DataError, Unavailable
from semnan.mmm.plots.bars import Bar, draw_bars, height, name_bars, span
from semnan.mmm.plots.canvas import ACCENT, GREY, LIGHT, WIDE, blank, labelled, legend
from semnan.report import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from semnan.mmm.results.roas import ChannelReturns

TITLES = {"total": "total: other channels respond", "direct": "direct: other channels held"}
ALONE, MODEL, IGNORING = "return", "with the confounders", "ignoring them"
UNKNOWN, BEYOND = "?: data cannot tell", "interval goes on"
#: Inches of a figure from which on panels are side by side.
SIDE = 6.0
#: Of what was found, and of what ignoring confounders gives.
LOOKS: tuple[dict[str, Any], ...] = ({"color": ACCENT}, {"color": LIGHT, "ec": GREY, "hatch": "////", "lw": 0.6})
Bars = dict[str, Bar]


def draw_roas(found: ChannelReturns, ignoring: ChannelReturns | None = None, *, width: float = WIDE) -> Drawing:
    """Total and, where they differ, direct returns of every channel with intervals; what data cannot tell is a "?".

    Parameters
    ----------
    found : ChannelReturns
    ignoring : ChannelReturns, optional
        Those of the fit that ignores confounders, to stand beside.
    width : float
        Inches.

    Raises
    ------
    DataError
        If the panel does not know what was paid.
    SemnanError
        If matplotlib is missing.

    """
    series = {ALONE: found} if ignoring is None else {MODEL: found, IGNORING: ignoring}
    kinds = _by_kind(series)
    if not kinds:
        raise DataError("there are no returns without spend: give spend= to the panel")
    limits = span(bar for shown in kinds.values() for own in shown.values() for bar in own.values())
    figure, panels = _panels([len(next(iter(shown.values()))) * len(series) for shown in kinds.values()], width)
    handles: dict[str, Any] = {}
    for axes, (kind, shown) in zip(panels, kinds.items(), strict=True):
        axes.set_xlim(limits)
        handles |= _panel(axes, shown, width / len(panels) if width >= SIDE else width)
        axes.set_title(TITLES[kind], fontsize=10, loc="left")
        if width >= SIDE or axes is panels[-1]:
            axes.set_xlabel(f"{'marginal ' * found.marginal}{labelled(found.unit, width)} by unit of spend", fontsize=9)
    legend(figure, [*handles.values()], [*handles])
    return Drawing(figure)


def _by_kind(series: dict[str, ChannelReturns]) -> dict[str, dict[str, Bars]]:
    """The bars of each series, for total returns, and for direct ones if they differ."""
    found = {kind: {label: _bars(rows, kind) for label, rows in series.items()} for kind in TITLES}
    if found["direct"] == found["total"]:
        del found["direct"]
    return {kind: shown for kind, shown in found.items() if any(shown.values())}


def _panels(bars: list[int], width: float) -> tuple[Figure, list[Axes]]:
    """Panels with so many bars each: side by side, or below each other in a narrow figure."""
    if width >= SIDE:
        figure = blank(width, height(0.85 * max(bars)))
        return figure, [*figure.subplots(1, len(bars), squeeze=False, sharex=True).flat]
    figure = blank(width, height(0.85 * sum(bars)) + 0.6)
    return figure, [*figure.subplots(len(bars), 1, squeeze=False, sharex=True).flat]


def _bars(found: ChannelReturns, kind: str) -> Bars:
    """Of one kind, those with known spend."""
    rows = (row for row in found.listed if row.kind == kind and not isinstance(row.spend, Unavailable))
    return {row.channel: Bar(row.roas, row.interval) for row in rows}


def _panel(axes: Axes, shown: dict[str, Bars], width: float) -> dict[str, Any]:
    """The bars of one kind of return; what the legend names."""
    names = [*next(iter(shown.values()))]
    thick = 0.72 / len(shown)
    found: dict[str, Any] = {}
    beyond: dict[str, Any] = {}
    for k, ((label, bars), look) in enumerate(zip(shown.items(), LOOKS, strict=False)):
        places = [i + thick * (k - (len(shown) - 1) / 2) for i in range(len(names))]
        found[label], arrows = draw_bars(axes, places, [bars[name] for name in names], height=thick, **look)
        if arrows is not None:
            beyond[BEYOND] = arrows
        if any(isinstance(bar.length, Unavailable) for bar in bars.values()):
            beyond[UNKNOWN] = axes.plot([], [], ls="none")[0]
    name_bars(axes, names, width)
    return found | beyond
