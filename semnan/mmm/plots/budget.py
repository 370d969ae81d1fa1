"""The budget shift: what is spent on each channel today, and what the best split would spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semnan.mmm.plots.bars import height, name_bars, tell_at
from semnan.mmm.plots.canvas import ACCENT, GREY, LIGHT, WIDE, blank, legend
from semnan.report import Drawing

if TYPE_CHECKING:
    from semnan.mmm.results.budget import Budget

#: Changes that are shown as none.
SAME = 0.005


def draw_budget(found: Budget, *, width: float = WIDE) -> Drawing:
    """Spend today and in the best split, channel by channel, with the change.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    rows = found.listed
    figure = blank(width, height(len(rows) * 1.6))
    axes = figure.subplots()
    look: dict[str, Any] = {"height": 0.36, "lw": 0.6}
    now = axes.barh([i - 0.18 for i in range(len(rows))], [row.spend_now for row in rows], color=LIGHT, ec=GREY, **look)
    then = axes.barh([i + 0.18 for i in range(len(rows))], [row.spend_then for row in rows], color=ACCENT, **look)
    for i, row in enumerate(rows):
        told = f"{row.change:+.0%}" if abs(row.change) >= SAME else "as today"
        told += f" (at its {row.at_bound})" if row.at_bound else ""
        tell_at(axes, told, row.spend_then, i + 0.18)
    name_bars(axes, [row.channel for row in rows], width)
    axes.margins(x=0.35 if width < 6 else 0.18)
    axes.set_xlabel("spend, all geos and weeks", fontsize=9)
    legend(figure, [now, then], ["today", "the best split"])
    return Drawing(figure)
