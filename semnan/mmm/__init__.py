"""Marketing-mix models whose channels form a DAG with latent confounders."""

from semnan.mmm.channel_fit import ChannelFit
from semnan.mmm.channel_graph import ChannelGraph
from semnan.mmm.channel_sem import ChannelSEM
from semnan.mmm.knowledge import LiftTest, Prior
from semnan.mmm.panel import MediaPanel

__all__ = ["ChannelFit", "ChannelGraph", "ChannelSEM", "LiftTest", "MediaPanel", "Prior"]
