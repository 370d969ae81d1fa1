"""What can be said where a covariance does not determine an effect: refits, bounds, profiles, sensitivity."""

from semnan.bounds.profile import ProfileInterval, profile_interval
from semnan.bounds.refit import RefitCheck, RefitRow, refit_check

__all__ = ["ProfileInterval", "RefitCheck", "RefitRow", "profile_interval", "refit_check"]
