"""Returns on spend as bars with intervals, beside those that a regression which ignores confounders would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semnan.errors import DataError, Unavailable
from semnan.mmm.plots.bars import Bar, draw_bars, height, name_bars, span
from semnan.mmm.plots.canvas import ACCENT, GREY, LIGHT, WIDE, blank, labelled, legend
from semnan.report import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from semnan.mmm.roas import ChannelReturns

TITLES = {"total": "total: other channels respond", "direct": "direct: other channels held"}
ALONE, MODEL, IGNORING = "return", "with the confounders", "ignoring them"
UNKNOWN, BEYOND = "?: data cannot tell", "interval goes on"
Bars = dict[str, Bar]


def draw_roas(found: ChannelReturns, ignoring: ChannelReturns | None = None, *, width: float = WIDE) -> Drawing:
    """Total and direct returns of every channel with intervals; what data cannot tell is a question mark.

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
    bars = {kind: {label: _bars(rows, kind) for label, rows in series.items()} for kind in TITLES}
    bars = {kind: shown for kind, shown in bars.items() if any(shown.values())}
    if not bars:
        raise DataError("there are no returns without spend: give spend= to the panel")
    beside = width >= 6
    rows = [len(next(iter(shown.values()))) * len(series) * 0.85 for shown in bars.values()]
    figure = blank(width, height(max(rows)) if beside else height(sum(rows)) + 0.6)
    grid = figure.subplots(*((1, len(bars)) if beside else (len(bars), 1)), squeeze=False, sharex=True).flat
    limits = span(bar for shown in bars.values() for own in shown.values() for bar in own.values())
    handles: dict[str, Any] = {}
    for axes, (kind, shown) in zip(grid, bars.items(), strict=True):
        axes.set_xlim(limits)
        handles |= _panel(axes, shown, width / 2 if beside else width)
        axes.set_title(TITLES[kind], fontsize=10, loc="left")
        if beside or kind == [*bars][-1]:
            axes.set_xlabel(
                f"{'marginal ' * found.marginal}{labelled(found.unit, width)} per unit of spend", fontsize=9
            )
    legend(figure, [*handles.values()], [*handles])
    return Drawing(figure)


def _bars(found: ChannelReturns, kind: str) -> Bars:
    """Of one kind, those with known spend."""
    rows = (row for row in found.listed if row.kind == kind and not isinstance(row.spend, Unavailable))
    return {row.channel: Bar(row.roas, row.interval) for row in rows}


def _panel(axes: Axes, shown: dict[str, Bars], width: float) -> dict[str, Any]:
    """The bars of one kind of return; what the legend names."""
    names = [*next(iter(shown.values()))]
    thick = 0.72 / len(shown)
    looks: tuple[dict[str, Any], ...] = ({"color": ACCENT}, {"color": LIGHT, "edgecolor": GREY, "hatch": "////", "lw": 0.6})
    found: dict[str, Any] = {}
    beyond: dict[str, Any] = {}
    for k, ((label, bars), look) in enumerate(zip(shown.items(), looks, strict=False)):
        places = [i + thick * (k - (len(shown) - 1) / 2) for i in range(len(names))]
        found[label], arrows = draw_bars(axes, places, [bars[name] for name in names], height=thick, **look)
        if arrows is not None:
            beyond[BEYOND] = arrows
        if any(isinstance(bar.length, Unavailable) for bar in bars.values()):
            beyond[UNKNOWN] = axes.plot([], [], ls="none")[0]
    name_bars(axes, names, width)
    return found | beyond
