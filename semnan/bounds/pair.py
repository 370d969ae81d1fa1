"""Bounds in closed form: two variables with a common cause that was not measured, and covariates.

X has the parents Z, Y has X and all of Z as parents (perhaps others too, none of them after X), and the errors of X and
Y share one latent or one arc, and nothing else does. Then every slope b of Y on X goes with the covariance: the fibre
is one line. Let β and s be the slope and the residual standard deviation of the regression of Y on its parents, r the
residual standard deviation of X given Y's other parents, and ρ the correlation of the errors. Then |b − β| is
(s / r) |ρ| / √(1 − ρ²); with partial R² of the confounder for ρ, the bias of Cinelli & Hazlett (2020), eq. 8.
"""

from __future__ import annotations

import math

import networkx as nx
import numpy as np

from semnan.bounds.limits import Between, ErrorCorrelation, Limit, PartialR2
from semnan.bounds.target import Target
from semnan.model import Kind, PathModel
from semnan.network.arrays import Array


def confounded_pair(
    model: PathModel, target: Target, sigma: Array, limits: tuple[Limit, ...]
) -> tuple[float, float] | None:
    """Both ends, or None where the closed form does not apply."""
    if target.parameter is None:
        return None
    row = model.parameters[model.free[target.parameter].rows[0]]
    if row.kind is not Kind.PATH or not _is_pair(model, row.source, row.target):
        return None
    reach = _reach(model, row.source, row.target, limits)
    if reach is None:
        return None
    given = [name for name in _parents(model, row.target) if name != row.source]
    slope, ratio = _regression(model, sigma, row.source, row.target, given)
    width = ratio * reach if math.isfinite(reach) else math.inf
    return slope - width, slope + width


def _is_pair(model: PathModel, cause: str, effect: str) -> bool:
    """Whether the graph is that of the closed form, and all parameters are free."""
    rows, hidden = model.parameters, set(model.latents)
    free = all(row.fixed is None for row in rows if not (row.is_variance and row.source in hidden))
    plain = len(model.free) == sum(row.fixed is None for row in rows)
    open_ended = all(
        -row.lower == row.upper == math.inf or _is_own(row.lower, row.upper, row.is_variance) for row in rows
    )
    if not (free and plain and open_ended) or not {cause, effect} <= set(model.visibles):
        return False
    arcs = [{row.source, row.target} for row in rows if row.kind is Kind.COVARIANCE and not row.is_variance]
    shared = [{b for a, b in model.diagram.edges if a == u} for u in model.latents]
    complete = {v for row in rows if row.is_variance and (v := row.source) in model.visibles} == set(model.visibles)
    unit = all(row.fixed == 1.0 for row in rows if row.is_variance and row.source in hidden)
    below = cause in _parents(model, effect) and not hidden & {b for _, b in model.diagram.edges}
    return (
        complete
        and unit
        and below
        and [*arcs, *shared] == [{cause, effect}]
        and set(_parents(model, cause)) <= set(_parents(model, effect))
        and not set(_parents(model, effect)) & nx.descendants(nx.DiGraph(model.diagram.edges), cause)
    )


def _is_own(lower: float, upper: float, variance: bool) -> bool:
    """The bounds that a variance has by itself."""
    return variance and lower <= 0 and upper == math.inf


def _parents(model: PathModel, variable: str) -> list[str]:
    return [a for a, b in model.diagram.edges if b == variable and a in model.visibles]


def _reach(model: PathModel, cause: str, effect: str, limits: tuple[Limit, ...]) -> float | None:
    """The largest |b − β| in units of s / r, or None for limits that the closed form does not know."""
    if any(isinstance(limit, Between) for limit in limits):
        return None
    reaches = [math.inf]
    for limit in limits:
        if isinstance(limit, ErrorCorrelation):
            if {limit.first, limit.second} != {cause, effect}:
                return None
            reaches.append(_odds(limit.at_most**2))
    strengths = _strengths(model, cause, effect, limits)
    if strengths is None:
        return None
    if strengths:
        reaches.append(math.sqrt(strengths[1]) * _odds(strengths[0]))
    return min(reaches)


def _strengths(
    model: PathModel, cause: str, effect: str, limits: tuple[Limit, ...]
) -> tuple[float, float] | tuple[()] | None:
    """The limits of the confounder's partial R² with cause and effect; none, or None if they are others."""
    known = {cause: set(_parents(model, cause)), effect: set(_parents(model, effect))}
    least = {cause: 1.0, effect: 1.0}
    found = [limit for limit in limits if isinstance(limit, PartialR2)]
    for limit in found:
        given = known.get(limit.variable) if limit.given is None else set(limit.given)
        if limit.latent not in model.latents or limit.variable not in known or given != known[limit.variable]:
            return None
        least[limit.variable] = min(least[limit.variable], limit.at_most)
    if not found:
        return ()
    # Given a parent of the effect that is none of the cause, the latent's partial R² with the cause is another one.
    same = known[effect] == known[cause] | {cause}
    return (least[cause], least[effect]) if same else None


def _odds(share: float) -> float:
    return math.inf if share >= 1 else math.sqrt(share / (1 - share))


def _regression(model: PathModel, sigma: Array, cause: str, effect: str, given: list[str]) -> tuple[float, float]:
    """The slope on the cause, and the ratio of the residual standard deviations of effect and cause."""
    at = [model.visibles.index(name) for name in (cause, effect)]
    by = [model.visibles.index(name) for name in given]
    left = sigma[np.ix_(at, at)] - sigma[np.ix_(at, by)] @ np.linalg.solve(sigma[np.ix_(by, by)], sigma[np.ix_(by, at)])
    slope = left[0, 1] / left[0, 0]
    return float(slope), float(math.sqrt((left[1, 1] - slope * left[0, 1]) / left[0, 0]))
