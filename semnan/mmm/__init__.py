"""Marketing-mix models whose channels form a DAG with latent confounders."""

from semnan.mmm.answers import Answers
from semnan.mmm.budget import Allocation, Budget
from semnan.mmm.channel_bounds import BoundedEffect, ChannelBounds
from semnan.mmm.channel_effects import ChannelEffect, ChannelEffects
from semnan.mmm.channel_fit import ChannelFit
from semnan.mmm.channel_graph import ChannelGraph
from semnan.mmm.channel_sem import ChannelSEM
from semnan.mmm.config import get_default_config
from semnan.mmm.contributions import Contribution, Contributions
from semnan.mmm.holdout import Accuracy, Holdout
from semnan.mmm.identification import ChannelVerdict, IdentificationTable
from semnan.mmm.knowledge import LiftTest, Prior
from semnan.mmm.learn import LearnedChannels, learn_channel_graph
from semnan.mmm.panel import MediaPanel
from semnan.mmm.plan import Plan, read_plan
from semnan.mmm.response_curves import CurvePoint, ResponseCurve, ResponseCurves
from semnan.mmm.roas import ChannelReturn, ChannelReturns
from semnan.mmm.scenario import Scenario, ScenarioMedia
from semnan.mmm.simulated import SimulatedPanel, simulate_panel

__all__ = [
    "Accuracy",
    "Allocation",
    "Answers",
    "BoundedEffect",
    "Budget",
    "ChannelBounds",
    "ChannelEffect",
    "ChannelEffects",
    "ChannelFit",
    "ChannelGraph",
    "ChannelReturn",
    "ChannelReturns",
    "ChannelSEM",
    "ChannelVerdict",
    "Contribution",
    "Contributions",
    "CurvePoint",
    "Holdout",
    "IdentificationTable",
    "LearnedChannels",
    "LiftTest",
    "MediaPanel",
    "Plan",
    "Prior",
    "ResponseCurve",
    "ResponseCurves",
    "Scenario",
    "ScenarioMedia",
    "SimulatedPanel",
    "get_default_config",
    "learn_channel_graph",
    "read_plan",
    "simulate_panel",
]
