"""Networks: from weights to the implied covariance and its derivatives, batched, on any device and dtype."""

from semnan.network.accumulation import (
    Propagation,
    accumulated_covariance,
    implied_moments,
    propagate,
    total_effects,
)
from semnan.network.dense import dense_covariance
from semnan.network.layout import Layout
from semnan.network.modules import SEMNAN, Accumulation, MuSEMNAN, Network

__all__ = [
    "SEMNAN",
    "Accumulation",
    "Layout",
    "MuSEMNAN",
    "Network",
    "Propagation",
    "accumulated_covariance",
    "dense_covariance",
    "implied_moments",
    "propagate",
    "total_effects",
]
