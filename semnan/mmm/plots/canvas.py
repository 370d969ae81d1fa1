"""What all plots share: figures, colours that everybody can tell apart, labels, legends outside of the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from semnan.report.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe & Ito's colours, which differ for every kind of colour vision, without yellow, which is faint on white.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7A5C3E", "#4B0092")
DARK, GREY, LIGHT, ACCENT = "#222222", "#6b7280", "#d1d5db", COLORS[0]
MARKERS = "osD^vPX*"
#: Inches: the usual width of a figure, and one that fits a phone.
WIDE, NARROW = 8.0, 4.4
#: Inches of a letter in a legend, and of what stands beside a label there.
LETTER, HANDLE = 0.072, 0.62
#: Characters in a line of a label; in a figure of `NARROW` width, fewer.
LONGEST, SHORTEST = 26, 16


class _AtMarks(TextWrapper):
    """Breaks lines after underscores and the like too, of which names of columns are full."""

    wordsep_re = re.compile(r"(\s+|(?<=[-_./])(?=\w))")


def blank(width: float, height: float) -> Figure:
    """An empty figure that makes room for all labels and for legends outside of the data."""
    figure = new_figure(width, height, layout="constrained")
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.08, h_pad=0.07)
    return figure


def labelled(name: str, width: float = WIDE) -> str:
    """A name as a label: two short lines at most, no formulas, and no underscore at the start, which legends drop."""
    most = SHORTEST if width < 6 else LONGEST
    lines = _AtMarks(most).wrap(name)
    short = lines if len(lines) <= 2 else [lines[0], f"{lines[1][: most - 1]}…"]
    return (" " if name.startswith("_") else "") + "\n".join(short).replace("$", r"\$")


def tidy(axes: Axes, grid: Literal["x", "y"] = "y") -> None:
    """Without a frame, with faint lines to read values by."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, colors=DARK)


def legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Below the data, in as many columns as fit."""
    widths = [HANDLE + LETTER * max(map(len, label.split("\n"))) for label in labels]
    room = float(figure.get_figwidth()) - 0.3
    columns = len(labels) if sum(widths) <= room else max(1, int(room / max(widths)))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def over_time(axes: Axes, weeks: Any, width: float) -> None:
    """Dates at a few places of the time axis; whole numbers if weeks are numbers."""
    from matplotlib import dates, ticker

    most = 5 if width < 6 else 9
    untyped: Any = dates
    if np.asarray(weeks).dtype.kind == "M":
        locator = untyped.AutoDateLocator(minticks=3, maxticks=most)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(most, integer=True))
        axes.set_xlabel("week", fontsize=9)
    axes.margins(x=0.01)


def shortened(value: float) -> str:
    """A number with three digits that count: 1.23, 45.6, 12k, 3.4M."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / min(size, 1e3 if letter == 'k' else size):.3g}{letter}"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}"


def colors(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name; beyond `COLORS` they begin again."""
    return {name: COLORS[i % len(COLORS)] for i, name in enumerate(names)}
