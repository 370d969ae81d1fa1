"""The KPI and what the model makes of it, week by week: of weeks fitted to, and of weeks held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semnan.mmm.plots.canvas import ACCENT, DARK, GREY, WIDE, blank, labelled, legend, over_time, shortened, tidy
from semnan.report import Drawing

if TYPE_CHECKING:
    from semnan.mmm.results.contributions import Contributions
    from semnan.mmm.results.holdout import Holdout


def draw_fit(found: Contributions, *, width: float = WIDE) -> Drawing:
    """The KPI of all geos together, fitted and measured, and the residuals.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    measured, fitted = found.observed.sum(0), found.fitted.sum(0)
    figure = blank(width, 3.8 if width < 6 else 4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    lines = [
        *above.plot(found.weeks, measured, color=DARK, lw=1.2, marker=".", ms=4),
        *above.plot(found.weeks, fitted, color=ACCENT, lw=2, alpha=0.9),
    ]
    below.axhline(0, color=GREY, lw=0.8)
    rest = below.fill_between(found.weeks, measured - fitted, color=GREY, alpha=0.6, lw=0)
    for axes, what in ((above, labelled(found.kpi, width)), (below, "residual")):
        tidy(axes)
        axes.set_ylabel(what, fontsize=9)
        axes.yaxis.set_major_formatter(lambda value, _: shortened(value))
    over_time(below, found.weeks, width)
    legend(figure, [*lines, rest], ["measured", "fitted", "residual: measured less fitted"])
    return Drawing(figure)


def draw_holdout(found: Holdout, *, width: float = WIDE) -> Drawing:
    """The KPI of all geos together in the weeks held out: as it came, by the model, and by a forecast without one.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    name = next((row.forecast for row in found.listed if row.forecast != "model"), "without a model")
    figure = blank(width, 3.0 if width < 6 else 3.4)
    axes = figure.subplots()
    lines = [
        *axes.plot(found.weeks, found.observed.sum(0), color=DARK, lw=1.2, marker=".", ms=6),
        *axes.plot(found.weeks, found.predicted.sum(0), color=ACCENT, lw=2, marker="s", ms=4),
        *axes.plot(found.weeks, found.simple.sum(0), color=GREY, lw=1.2, ls="--"),
    ]
    tidy(axes)
    axes.set_ylabel(labelled(found.kpi, width), fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: shortened(value))
    over_time(axes, found.weeks, width)
    legend(figure, lines, ["measured", "foreseen by the model", name])
    return Drawing(figure)
