"""Derivatives of one part of a problem in θ, from one K = Z M Zᵀ for its metric and one for its slope."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from semnan.estimation.discrepancy import Discrepancy, Evaluation
from semnan.estimation.hessian import bending
from semnan.estimation.information import (
    BLOCK,
    gathered,
    gathered_gradient,
    gram,
    stacked_information,
    tie,
)
from semnan.estimation.missing import PatternLikelihood
from semnan.estimation.weighted import WeightedMoments
from semnan.network import Layout, Propagation
from semnan.network.arrays import Array


class Slopes(NamedTuple):
    """Derivatives of a loss.

    Attributes
    ----------
    gradient : array, shape (B, q)
    gauss_newton : array, shape (B, q, q)
        4 c F: the Hessian of the local quadratic form in Σ, as if Σ were linear in θ.
    exact : array, shape (B, q, q), or None

    """

    gradient: Array
    gauss_newton: Array
    exact: Array | None


def part_slopes(
    layout: Layout,
    loss: Discrepancy | PatternLikelihood | WeightedMoments,
    theta: Array,
    at: Propagation[Array],
    value: Evaluation[Array],
    *,
    exact: bool,
) -> Slopes:
    """The derivatives of one part at parameters of shape (B, q)."""
    slope = gram(at, value.slope)
    gradient = gathered_gradient(layout, slope)
    bent = bending(layout, theta, at, 2 * slope) if exact else None
    if isinstance(loss, PatternLikelihood):
        return _patterned(layout, loss, at, value, gradient, bent)
    if isinstance(loss, WeightedMoments):
        return _weighted(layout, loss, at, value, gradient, bent)
    metric = gram(at, value.metric)
    scale = 4 * value.curvature[..., None, None]
    if bent is None:
        return Slopes(gradient, tie(layout, gathered(layout, metric)) * scale, None)
    terms = loss.second(value)
    forms = [metric, *(term.metric * metric + term.slope * slope for term in terms)]
    first, *others = _all_gathered(layout, forms)
    for term, found in zip(terms, others, strict=True):
        found *= 2 * term.factor[..., None, None]
        bent += found
    first *= scale
    return Slopes(gradient, first, bent)


def _all_gathered(layout: Layout, forms: list[Array]) -> list[Array]:
    """F of several K: at once where they are small."""
    if len(layout.parameter) > BLOCK:
        return [tie(layout, gathered(layout, form)) for form in forms]
    return list(tie(layout, gathered(layout, np.stack(forms))))


def _weighted(
    layout: Layout,
    loss: WeightedMoments,
    at: Propagation[Array],
    value: Evaluation[Array],
    gradient: Array,
    bent: Array | None,
) -> Slopes:
    found = loss.jacobian(layout, at)
    rough = loss.gauss_newton(found)
    exact = None if bent is None else bent + rough + loss.curvature_of_means(found, value.slope)
    return Slopes(gradient, rough, exact)


def _patterned(
    layout: Layout,
    loss: PatternLikelihood,
    at: Propagation[Array],
    value: Evaluation[Array],
    gradient: Array,
    bent: Array | None,
) -> Slopes:
    rough = stacked_information(layout, at, 4 * value.curvature, value.metric)
    if bent is not None:
        for factor, metric in loss.second_by_pattern(value):
            bent = bent + stacked_information(layout, at, 2 * factor, metric)
    return Slopes(gradient, rough, bent)
