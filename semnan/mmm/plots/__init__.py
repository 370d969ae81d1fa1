"""Drawings of channel models; they need matplotlib."""

from semnan.mmm.plots.adstock import draw_adstock
from semnan.mmm.plots.budget import draw_budget
from semnan.mmm.plots.channel_graph import draw_channel_graph
from semnan.mmm.plots.contributions import draw_contributions, draw_waterfall
from semnan.mmm.plots.fit_over_time import draw_fit, draw_holdout
from semnan.mmm.plots.plots import Plots
from semnan.mmm.plots.response_curves import draw_response_curves
from semnan.mmm.plots.roas import draw_roas

__all__ = [
    "Plots",
    "draw_adstock",
    "draw_budget",
    "draw_channel_graph",
    "draw_contributions",
    "draw_fit",
    "draw_holdout",
    "draw_response_curves",
    "draw_roas",
    "draw_waterfall",
]
