"""Marketing-mix models whose channels form a DAG with latent confounders."""

from semnan.mmm.answers import Answers, answers
from semnan.mmm.channel_fit import ChannelFit
from semnan.mmm.channel_graph import ChannelGraph
from semnan.mmm.channel_sem import ChannelSEM
from semnan.mmm.config import get_default_config
from semnan.mmm.html_report import html_report
from semnan.mmm.identification import ChannelVerdict, IdentificationTable
from semnan.mmm.knowledge import LiftTest, Prior
from semnan.mmm.learn import LearnedChannels, learn_channel_graph
from semnan.mmm.panel import MediaPanel
from semnan.mmm.plan import Plan, read_plan
from semnan.mmm.simulated import SimulatedPanel, simulate_panel

__all__ = [
    "Answers",
    "ChannelFit",
    "ChannelGraph",
    "ChannelSEM",
    "ChannelVerdict",
    "IdentificationTable",
    "LearnedChannels",
    "LiftTest",
    "MediaPanel",
    "Plan",
    "Prior",
    "SimulatedPanel",
    "answers",
    "get_default_config",
    "html_report",
    "learn_channel_graph",
    "read_plan",
    "simulate_panel",
]
