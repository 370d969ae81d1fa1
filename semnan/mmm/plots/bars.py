"""Bars with a name each, from top to bottom, so that long names stay readable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from semnan.errors import Unavailable
from semnan.mmm.plots.canvas import DARK, GREY, labelled, shortened, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches of a bar, and of all that is not bars.
BAR, AROUND = 0.34, 1.3
#: Intervals are shown up to so many times the longest bar.
REACH = 2.0


@final
@dataclass(frozen=True)
class Bar:
    """A length with its interval; either may be unknown."""

    length: float | Unavailable
    interval: tuple[float, float] | Unavailable


def height(bars: float) -> float:
    """Inches for a figure with so many bars below each other."""
    return max(2.4, AROUND + BAR * bars)


def name_bars(axes: Axes, names: Sequence[str], width: float) -> None:
    """The names on the vertical axis, the first on top, and vertical lines to read lengths by."""
    axes.set_yticks(range(len(names)), [labelled(name, width) for name in names])
    axes.set_ylim(len(names) - 0.45, -0.55)
    tidy(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=DARK, lw=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: shortened(value))


def tell_at(axes: Axes, text: str, x: float, y: float, color: str = DARK) -> None:
    """A text to the right of the end of a bar."""
    axes.annotate(text, (x, y), (4, 0), textcoords="offset points", va="center", fontsize=9, color=color)


def span(bars: Iterable[Bar]) -> tuple[float, float]:
    """What an axis has to show: all bars, and as much of their intervals as leaves the bars readable."""
    known = [bar for bar in bars if not isinstance(bar.length, Unavailable)]
    lengths = [bar.length for bar in known if not isinstance(bar.length, Unavailable)]
    longest = max(map(abs, lengths), default=0.0)
    if not longest:
        return 0.0, 1.0
    ends = [0.0, *lengths, *(end for bar in known if not isinstance(bar.interval, Unavailable) for end in bar.interval)]
    low, high = max(min(ends), -REACH * longest), min(max(ends), REACH * longest)
    return low - 0.03 * (high - low) * (low < 0), high + 0.05 * (high - low)


def draw_bars(axes: Axes, places: Sequence[float], bars: Sequence[Bar], **look: Any) -> tuple[Any, Any]:
    """Bars, and their intervals as whiskers, which end in arrows where they leave the axis; "?" without a number.

    What a legend shows of bars, and of arrows if there are any.
    """
    low, high = axes.get_xlim()
    inside = (high - low) * 0.012
    arrows = None
    for place, bar in zip(places, bars, strict=True):
        if isinstance(bar.length, Unavailable):
            tell_at(axes, "?", 0.0, place, GREY)
        elif not isinstance(bar.interval, Unavailable):
            axes.plot(bar.interval, [place, place], color=DARK, lw=1.2, solid_capstyle="butt", zorder=3)
            for beyond, end, marker in (
                (bar.interval[0] < low, low + inside, "<"),
                (bar.interval[1] > high, high - inside, ">"),
            ):
                if beyond:
                    arrows = axes.plot([end], [place], marker, color=DARK, ms=5, zorder=4)[0]
    lengths = [0.0 if isinstance(bar.length, Unavailable) else bar.length for bar in bars]
    return axes.barh(places, lengths, **look), arrows
