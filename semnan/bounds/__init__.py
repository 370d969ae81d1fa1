"""What can be said where a covariance does not determine an effect: refits, bounds, profiles, sensitivity."""

from semnan.bounds.confounding import Adjusted, Sensitivity, sensitivity
from semnan.bounds.effect import EffectBounds, effect_bounds
from semnan.bounds.limits import Between, ErrorCorrelation, Limit, PartialR2
from semnan.bounds.profile import ProfileInterval, profile_interval
from semnan.bounds.refit import RefitCheck, RefitRow, refit_check

__all__ = [
    "Adjusted",
    "Between",
    "EffectBounds",
    "ErrorCorrelation",
    "Limit",
    "PartialR2",
    "ProfileInterval",
    "RefitCheck",
    "RefitRow",
    "Sensitivity",
    "effect_bounds",
    "profile_interval",
    "refit_check",
    "sensitivity",
]
