"""Marketing-mix models whose channels form a DAG with latent confounders."""

from semnan.mmm.channel_fit import ChannelFit
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.config import get_default_config
from semnan.mmm.graphs.identification import ChannelVerdict, IdentificationTable
from semnan.mmm.graphs.learn import LearnedChannels, learn_channel_graph
from semnan.mmm.model.channel_sem import ChannelSEM
from semnan.mmm.model.knowledge import LiftTest, Prior
from semnan.mmm.panels.panel import MediaPanel
from semnan.mmm.panels.simulated import SimulatedPanel, simulate_panel
from semnan.mmm.plan import Plan, read_plan
from semnan.mmm.results.answers import Answers
from semnan.mmm.results.bounds import BoundedEffect, ChannelBounds
from semnan.mmm.results.budget import Allocation, Budget
from semnan.mmm.results.contributions import Contribution, Contributions
from semnan.mmm.results.effects import ChannelEffect, ChannelEffects
from semnan.mmm.results.holdout import Accuracy, Holdout
from semnan.mmm.results.response_curves import CurvePoint, ResponseCurve, ResponseCurves
from semnan.mmm.results.roas import ChannelReturn, ChannelReturns
from semnan.mmm.results.scenario import Scenario, ScenarioMedia

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
