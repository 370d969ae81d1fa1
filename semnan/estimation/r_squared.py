"""R²: the share of the implied variance of a variable that the variables it depends on explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.relations import Relations
from semnan.model import Kind

NO_VARIANCE = Unavailable("its implied variance is zero or negative")
HEYWOOD = Unavailable("its residual variance is negative, so that more than all would be explained")


@final
@dataclass(frozen=True)
class RSquared:
    """R² of one variable.

    Attributes
    ----------
    variable : str
    group : str or None
    value : float or Unavailable

    """

    variable: str
    group: str | None
    value: float | Unavailable


def r_squared(fit: Estimate) -> list[RSquared]:
    """1 − ω_aa / Φ_aa for every variable with parents, by group: visibles in model order, then latents."""
    found = []
    for group, layout in zip(fit.labels, fit.layouts, strict=True):
        rows = [row for row in fit.model.parameters if row.group == group]
        dependent = {row.target for row in rows if row.kind is Kind.PATH}
        names = tuple(name for name in (*fit.model.visibles, *fit.model.latents) if name in dependent)
        relations = Relations.at(layout, fit.theta)
        at = relations.places(names)
        residual = relations.omega.diagonal()[at].tolist()
        variance = relations.covariance.diagonal()[at].tolist()
        found += [RSquared(name, group, _share(*pair)) for name, *pair in zip(names, residual, variance, strict=True)]
    return found


def _share(residual: float, variance: float) -> float | Unavailable:
    if variance <= 0:
        return NO_VARIANCE
    return HEYWOOD if residual < 0 else 1 - residual / variance
