"""Adstock: how the effect of a week's media is spread over the weeks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from semnan.errors import DataError
from semnan.mmm.plots.canvas import MARKERS, WIDE, blank, colors, labelled, legend, tidy
from semnan.network.arrays import Array
from semnan.report import Drawing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: Of the effect, the share after which lags are not shown any more; the fewest lags that are.
SHOWN, FEWEST = 0.99, 4


def draw_adstock(fit: ChannelFit, *, width: float = WIDE) -> Drawing:
    """The share of its effect that a week of media has in the weeks after, one line for each channel.

    Raises
    ------
    DataError
        If no channel has adstock.
    SemnanError
        If matplotlib is missing.

    """
    weights = lag_weights(fit)
    if not weights:
        raise DataError("no channel of the model has adstock: every effect is in its own week")
    last = max(int(np.searchsorted(np.cumsum(values), SHOWN)) for values in weights.values())
    last = max(FEWEST, last)
    figure = blank(width, 3.2 if width < 6 else 3.6)
    axes = figure.subplots()
    told = colors(weights)
    for i, (channel, values) in enumerate(weights.items()):
        shown = values[: last + 1]
        axes.plot(range(len(shown)), shown, color=told[channel], marker=MARKERS[i % len(MARKERS)], ms=5, lw=1.8)
    axes.set(ylim=(0, None), xticks=range(0, last + 1, max(1, last // 8)))
    axes.set_xlabel("weeks after", fontsize=9)
    axes.set_ylabel("share of the effect", fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    tidy(axes)
    means = {channel: float(values @ np.arange(len(values))) for channel, values in weights.items()}
    legend(
        figure, axes.get_lines(), [f"{labelled(name, width)} (mean {mean:.1f} weeks)" for name, mean in means.items()]
    )
    return Drawing(figure)


def lag_weights(fit: ChannelFit) -> dict[str, Array]:
    """The weights of lags 0, 1, … of every channel with adstock."""
    design = fit.model.design
    own = zip(design.transforms, design.split(fit.minimum.tau), strict=True)
    return {part.channel: part.lag_weights(values) for part, values in own if part.adstock is not None}
