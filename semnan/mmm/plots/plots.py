"""`Plots`: the drawings of a channel fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from semnan.mmm.plots.adstock import draw_adstock
from semnan.mmm.plots.budget import draw_budget
from semnan.mmm.plots.canvas import WIDE
from semnan.mmm.plots.channel_graph import draw_channel_graph
from semnan.mmm.plots.contributions import draw_contributions, draw_waterfall
from semnan.mmm.plots.fit_over_time import draw_fit, draw_holdout
from semnan.mmm.plots.response_curves import draw_response_curves
from semnan.mmm.plots.roas import draw_roas
from semnan.report import Drawing

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


@final
@dataclass(frozen=True, eq=False)
class Plots:
    """Drawings of a fit, as ``fit.plot.roas()``; each is asked for anew, takes its `width` in inches, and can be saved.

    They need matplotlib (``pip install 'semnan[plot]'``). Results that are there already, or that have other options,
    are drawn by functions: ``draw_roas(fit.roas(level=0.8))``.
    """

    fit: ChannelFit

    def over_time(self, *, width: float = WIDE) -> Drawing:
        """The KPI, measured and fitted, and the residuals."""
        return draw_fit(self.fit.contributions(), width=width)

    def contributions(self, *, width: float = WIDE) -> Drawing:
        """Baseline and channels as areas on each other."""
        return draw_contributions(self.fit.contributions(), width=width)

    def waterfall(self, *, width: float = WIDE) -> Drawing:
        """From the baseline to the fitted KPI, channel by channel."""
        return draw_waterfall(self.fit.contributions(), width=width)

    def roas(self, *, marginal: bool = False, width: float = WIDE) -> Drawing:
        """Returns on spend with intervals, beside those without confounders."""
        ignoring = self.fit.ignoring_confounders.roas(marginal=marginal) if self.fit.model.graph.confounders else None
        return draw_roas(self.fit.roas(marginal=marginal), ignoring, width=width)

    def response_curves(self, *, width: float = WIDE) -> Drawing:
        """The KPI due to each channel by its spend, and the present spend."""
        return draw_response_curves(self.fit.response_curves(), width=width)

    def adstock(self, *, width: float = WIDE) -> Drawing:
        """How the effect of a week's media is spread over the weeks after it."""
        return draw_adstock(self.fit, width=width)

    def graph(self) -> Drawing:
        """The channel graph with effects and verdicts on its edges."""
        return draw_channel_graph(self.fit)

    def budget(self, *, width: float = WIDE) -> Drawing:
        """Spend on each channel today and in the best split."""
        return draw_budget(self.fit.optimise_budget(), width=width)

    def holdout(self, weeks: int = 8, *, width: float = WIDE) -> Drawing:
        """The KPI of weeks held out, foreseen and as it came."""
        return draw_holdout(self.fit.holdout(weeks), width=width)
