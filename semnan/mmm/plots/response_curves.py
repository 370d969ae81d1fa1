"""Response curves: what a channel's spend gives, with today's spend on the curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from semnan.errors import DataError, Unavailable
from semnan.mmm.plots.canvas import ACCENT, DARK, WIDE, blank, labelled, legend, shortened, tidy
from semnan.report import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from semnan.mmm.results.response_curves import ResponseCurve, ResponseCurves

#: Inches of a panel.
ACROSS, DOWN = 2.6, 2.1
#: Bands are shown up to so many times the height of the curve beyond it.
BAND = 0.6


def draw_response_curves(found: ResponseCurves, *, width: float = WIDE) -> Drawing:
    """The KPI that each channel gives at a spend, with its band, and the present spend as a dot; one panel a channel.

    Raises
    ------
    DataError
        If data cannot tell the effect of any channel.
    SemnanError
        If matplotlib is missing.

    """
    if not found.curves:
        told = "; ".join(f"{channel}: {why.reason}" for channel, why in found.refused.items())
        raise DataError(f"no channel has a response curve: {told}")
    rows = math.ceil(len(found.curves) / max(1, int(width / ACROSS)))
    columns = math.ceil(len(found.curves) / rows)
    figure = blank(width, DOWN * rows + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False)
    handles: dict[str, Any] = {}
    for k, (axes, curve) in enumerate(zip(grid.flat, found.curves, strict=False)):
        handles |= _panel(axes, curve, found.level, width)
        if k + columns >= len(found.curves):
            axes.set_xlabel(found.unit, fontsize=9)
    for axes in grid.flat[len(found.curves) :]:
        axes.axis("off")
    figure.supylabel(labelled(found.kpi, width), fontsize=9)
    legend(figure, [*handles.values()], [*handles])
    return Drawing(figure)


def _panel(axes: Axes, curve: ResponseCurve, level: float, width: float) -> dict[str, Any]:
    """One curve; what the legend names."""
    found: dict[str, Any] = {}
    (found["response"],) = axes.plot(curve.spend, curve.response, color=ACCENT, lw=2)
    axes.set_ylim(*_limits(curve))
    if not isinstance(curve.band, Unavailable):
        found[f"{100 * level:g}% interval"] = axes.fill_between(curve.spend, *curve.band, color=ACCENT, alpha=0.2, lw=0)
    axes.axvline(curve.current.spend, color=DARK, lw=0.8, ls=":")
    (found["today"],) = axes.plot(curve.current.spend, curve.current.response, "o", color=DARK, ms=6, ls="none")
    tidy(axes)
    axes.set_title(labelled(curve.channel, width), fontsize=10, loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(_few())
        axis.set_major_formatter(lambda value, _: shortened(value))
    return found


def _limits(curve: ResponseCurve) -> tuple[float, float]:
    """Of the response: all of the curve, and as much of the band as leaves it readable."""
    low, high = min(0.0, float(curve.response.min())), max(0.0, float(curve.response.max()))
    reach = (high - low) or 1.0
    if not isinstance(curve.band, Unavailable):
        low = max(low - BAND * reach, min(low, float(curve.band[0].min())))
        high = min(high + BAND * reach, max(high, float(curve.band[1].max())))
    return low - 0.03 * reach, high + 0.05 * reach


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)
