"""The distribution under an intervention do(X = x): means with standard errors, and the covariance.

Edges into X and the exogenous part of X go; Σ and the means follow. With m the sample means and τ_x the total
effect of x, E[y | do(X = x)] = m_y + Σ_x τ_x (x − m_x); the sample means are independent of θ, so their part of
the variance, cᵀ Σ c / n with c = 1 at y and −τ_x at x, adds to that of the effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.data.checks import is_number
from semnan.effects.delta import Gradient, Wald, check_level, delta_method
from semnan.effects.effect import effect_gradients
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate, place_of
from semnan.estimation.generic import OUTSIDE
from semnan.estimation.information import push_forward
from semnan.model import CONSTANT
from semnan.network import Layout, implied_moments, propagate

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Intervention:
    """What the model expects under do(X = x).

    Attributes
    ----------
    values : dict
        The variables that are set, and their values.
    names : tuple of str
        The visibles, in model order.
    mean : dict from name to Wald
        Expected values with standard error, interval and p value (of a mean of zero). Relative to zero sample means
        if only a covariance was given.
    covariance : ndarray, shape (p, p)
        Zero in the rows of variables that are set.
    identified : ndarray of bool, shape (p, p)
        Which entries of the covariance the data determine; the others are one of many possible values.

    """

    values: dict[str, float]
    names: tuple[str, ...]
    mean: dict[str, Wald]
    covariance: Array
    identified: NDArray[np.bool_]


def intervene(
    fit: Estimate, values: Mapping[str, float], group: str | None = None, level: float = 0.95
) -> Intervention:
    """The implied distribution under do(values); see `semnan.Fit.do`."""
    names = fit.model.visibles
    check_level(level)
    if not isinstance(values, Mapping) or not values:
        raise FitError("do() needs at least one variable and its value, such as do({'X': 1.0})")
    for name, value in values.items():
        if name not in names:
            raise FitError(f"the model has no visible variable {name!r} to set; it has {', '.join(names)}")
        if not is_number(value):
            raise FitError(f"{name!r} is set to {value!r}: give a finite number")
    setting = {name: float(value) for name, value in values.items()}
    layout = _set(fit, setting, group)
    at = implied_moments(layout, fit.theta)[1]
    shown = torch.tensor([layout.names.index(name) for name in names])
    means = _implied_means(fit, layout, setting, level) if layout.constant else _means(fit, setting, group, level)
    covariance = at[shown[:, None], shown].numpy().copy()
    return Intervention(dict(values), names, means, covariance, _identified(fit, layout))


def _set(fit: Estimate, values: dict[str, float], group: str | None) -> Layout:
    """The layout after do(values); with means, the constant leads to what is set."""
    layout = fit.layout(group).intervene(tuple(values))
    if not layout.constant:
        return layout
    weights = layout.base_weights.clone()
    for name, value in values.items():
        weights[0, layout.names.index(name)] = value
    return replace(layout, base_weights=weights)


def _implied_means(fit: Estimate, layout: Layout, values: dict[str, float], level: float) -> dict[str, Wald]:
    """The total effects of the constant."""
    others = [name for name in fit.model.visibles if name not in values]
    found = {name: Wald(value, 0.0, (value, value), Unavailable("it is set")) for name, value in values.items()}
    if not others:
        return found

    def functions(theta: Tensor) -> Gradient:
        return effect_gradients(layout, theta, [(CONSTANT, name) for name in others])

    found.update(zip(others, delta_method(fit, functions, level), strict=True))
    return {name: found[name] for name in fit.model.visibles}


def _means(fit: Estimate, values: dict[str, float], group: str | None, level: float) -> dict[str, Wald]:
    names, moments = fit.model.visibles, fit.samples[place_of(fit.model, group)]
    layout, sigma = fit.layout(group), fit.implied[place_of(fit.model, group)].sigma
    center = torch.zeros(len(names), dtype=torch.float64) if moments.mean is None else torch.tensor(moments.mean)
    place = {name: i for i, name in enumerate(names)}
    others = [name for name in names if name not in values]
    result = {name: Wald(value, 0.0, (value, value), Unavailable("it is set")) for name, value in values.items()}
    if not others:
        return result
    y = [place[name] for name in others]

    def functions(theta: Tensor) -> Gradient:
        mean, slope = center[y], torch.zeros(len(y), len(theta), dtype=torch.float64)
        for x, value in values.items():
            part = _effects_of(layout, theta, x, others, values)
            shift = value - center[place[x]]
            mean, slope = mean + shift * part.value, slope + shift * part.slope
        return Gradient(mean, slope)

    spread = torch.zeros(len(y), dtype=torch.float64)
    if moments.mean is not None:
        contrast = torch.zeros(len(y), len(names), dtype=torch.float64)
        contrast[torch.arange(len(y)), y] = 1
        for x in values:
            contrast[:, place[x]] -= _effects_of(layout, fit.theta, x, others, values).value
        spread = ((contrast @ sigma) * contrast).sum(-1)
    result.update(zip(others, delta_method(fit, functions, level, spread), strict=True))
    return {name: result[name] for name in names}


def _effects_of(layout: Layout, theta: Tensor, x: str, others: list[str], values: Mapping[str, float]) -> Gradient:
    """Effects of one variable that is set, along paths that pass through none of the others that are."""
    avoiding = tuple(name for name in values if name != x)
    return effect_gradients(layout, theta, [(x, y) for y in others], avoiding=avoiding)


def _identified(fit: Estimate, layout: Layout) -> NDArray[np.bool_]:
    """Entries of the covariance that no direction in the null space of the model changes; none if that is unknown."""
    p = len(fit.model.visibles)
    if isinstance(fit.generic, Unavailable):
        return np.zeros((p, p), dtype=np.bool_)
    fixed = torch.ones(len(layout.visible), len(layout.visible), dtype=torch.bool)
    at = propagate(layout, fit.generic.theta)
    for direction in fit.generic.directions():
        fixed &= push_forward(layout, at, direction).abs() <= OUTSIDE
    place = torch.tensor([int(layout.constant) + layout.order.index(name) for name in fit.model.visibles])
    return fixed[place[:, None], place].numpy()
