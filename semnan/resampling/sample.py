"""The rows of a fit as something to draw from, or why there are none."""

from __future__ import annotations

from semnan.errors import FitError
from semnan.estimation.estimators import recipe
from semnan.fitted import Fit
from semnan.resampling.source import Group


def check_fit(fit: Fit) -> None:
    """Refuse a fit that cannot be resampled.

    Raises
    ------
    FitError
        If it did not converge, is by least squares of moments or by two stages, or has no rows.

    """
    if not isinstance(fit, Fit):
        raise FitError(f"give a fit, not a {type(fit).__name__}")
    if not fit.converged:
        raise FitError(f"the fit did not converge ({fit.outcome.value}): replicates would tell nothing of it")
    if recipe(fit.estimate.estimator).weight is not None:
        raise FitError(f"{fit.estimate.estimator} is not resampled: use maximum likelihood")
    if fit.estimate.stages is not None:
        raise FitError("the fit is by two stages, which are not resampled: use missing='fiml'")
    if any(group.design.periods is not None for group in fit.sample.groups):
        raise FitError("rows of near periods depend on each other: fit without period= to draw rows, or whole clusters")
    if any(group.rows is None for group in fit.sample.groups):
        raise FitError("the fit has no rows to resample: fit a data frame, not moments (saved fits keep moments only)")


def groups_of(fit: Fit) -> tuple[Group, ...]:
    """The rows of every group with their clusters and weights."""
    found = []
    for group in fit.sample.groups:
        assert group.rows is not None
        found.append(Group.of(group.rows, group.design.clusters, group.design.weights))
    return tuple(found)
