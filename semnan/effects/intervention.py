"""The distribution under an intervention do(X = x): means with standard errors, and the covariance.

Edges into X and the exogenous part of X go; Σ and the means follow. With m the sample means and τ_x the total
effect of x, E[y | do(X = x)] = m_y + Σ_x τ_x (x − m_x); the sample means are independent of θ, so their part of
the variance, cᵀ Σ c / n with c = 1 at y and −τ_x at x, adds to that of the effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.effects.delta import Wald, check_level, delta_method, is_number
from semnan.effects.effect import check_effect, effect_gradients
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.inference import OUTSIDE
from semnan.estimation.information import push_forward
from semnan.network import Layout, Propagation, propagate

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


def intervene(fit: Estimate, values: Mapping[str, float], level: float = 0.95) -> Intervention:
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
    layout = fit.layout.intervene(tuple(values))
    at = propagate(*layout.matrices(fit.theta), layout.visible)
    means = _means(fit, {name: float(value) for name, value in values.items()}, level)
    return Intervention(dict(values), names, means, at.sigma.numpy().copy(), _identified(fit, layout, at))


def _means(fit: Estimate, values: dict[str, float], level: float) -> dict[str, Wald]:
    names, moments = fit.model.visibles, fit.moments
    center = torch.zeros(len(names), dtype=torch.float64) if moments.mean is None else torch.tensor(moments.mean)
    place = {name: i for i, name in enumerate(names)}
    others = [name for name in names if name not in values]
    result = {name: Wald(value, 0.0, (value, value), Unavailable("it is set")) for name, value in values.items()}
    if not others:
        return result
    mean = center[[place[y] for y in others]]
    slope = torch.zeros(len(others), len(fit.theta), dtype=torch.float64)
    contrast = torch.zeros(len(others), len(names), dtype=torch.float64)
    contrast[torch.arange(len(others)), [place[y] for y in others]] = 1
    for x, value in values.items():
        avoiding = tuple(name for name in values if name != x)
        check_effect(fit.layout, x, others[0], avoiding, "total", level)
        part = effect_gradients(fit.layout, fit.theta, [(x, y) for y in others], avoiding=avoiding)
        shift = value - center[place[x]]
        mean, slope = mean + shift * part.value, slope + shift * part.slope
        contrast[:, place[x]] -= part.value
    spread = torch.zeros(len(others), dtype=torch.float64)
    if moments.mean is not None:
        spread = ((contrast @ fit.implied.sigma) * contrast).sum(-1)
    result.update(zip(others, delta_method(fit, mean, slope, level, spread), strict=True))
    return {name: result[name] for name in names}


def _identified(fit: Estimate, layout: Layout, at: Propagation) -> NDArray[np.bool_]:
    """Entries of the covariance that no direction in the null space of the information changes."""
    p = len(fit.model.visibles)
    fixed = torch.ones(p, p, dtype=torch.bool)
    if not isinstance(fit.inference, Unavailable):
        scale = fit.implied.sigma.diagonal().sqrt()
        for direction in fit.inference.null_directions():
            change = push_forward(layout, at, direction) / scale[:, None] / scale
            fixed &= change.abs() <= OUTSIDE
    return fixed.numpy()
