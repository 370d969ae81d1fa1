"""Residuals: what the sample's means and covariances have and the model does not imply, in lavaan's five units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.misfit import NO_SCALE, residuals_of
from semnan.estimation.pattern_information import lower
from semnan.estimation.residual_variance import moment_variances, residual_variances

Array = NDArray[np.float64]
#: As they are; of correlations, each with its own or all with the sample's deviations; per standard error of the
#: sample's moment, or of the residual.
Units = Literal["raw", "cor.bollen", "cor.bentler", "normalized", "standardized"]
_KINDS = {"cor.bollen": "correlation", "cor.bentler": "bentler"}


@final
@dataclass(frozen=True, eq=False)
class GroupResiduals:
    """Residuals of one group.

    Attributes
    ----------
    group : str or None
    names : tuple of str
        The visibles in the order of the model.
    covariance : ndarray, shape (p, p)
    mean : ndarray, shape (p,), or None
        None if means are not modelled.

    """

    group: str | None
    names: tuple[str, ...]
    covariance: Array
    mean: Array | None


def residuals(fit: Estimate, units: Units = "raw") -> tuple[GroupResiduals, ...] | Unavailable:
    """Sample less implied moments, one entry for each group.

    Parameters
    ----------
    fit : Estimate
    units : "raw", "cor.bollen", "cor.bentler", "normalized" or "standardized"
        Of the variables; of correlations (Bollen 1989, p. 258), or of the sample's standard deviations (Bentler 1995);
        or in standard errors: of the sample's moment, or of the residual itself, which are normal in a correct model.
        A residual whose standard error is zero, such as those of exogenous covariates, is zero.

    """
    if units not in get_args(Units):
        raise FitError(f"units is {units!r}: give one of {', '.join(get_args(Units))}")
    if units in ("normalized", "standardized"):
        return _in_errors(fit, units)
    if units == "cor.bollen" and not all(bool((part.sigma.diagonal() > 0).all()) for part in fit.implied):
        return NO_SCALE
    return tuple(_group(fit, g, *_parts(fit, g, _KINDS.get(units, "raw"))) for g in range(len(fit.labels)))


def residual_errors(fit: Estimate) -> tuple[GroupResiduals, ...] | Unavailable:
    """The standard errors of the raw residuals, one entry for each group."""
    variances = residual_variances(fit)
    if isinstance(variances, Unavailable):
        return variances
    return tuple(_group(fit, g, *_moments(fit, variance.sqrt())) for g, variance in enumerate(variances))


def _in_errors(fit: Estimate, units: Units) -> tuple[GroupResiduals, ...] | Unavailable:
    variances = moment_variances(fit) if units == "normalized" else residual_variances(fit)
    if isinstance(variances, Unavailable):
        return variances
    found = []
    for g, variance in enumerate(variances):
        covariance, mean = _parts(fit, g, "raw")
        squares, mean_squares = _moments(fit, variance)
        divided = None if mean is None or mean_squares is None else _divided(mean, mean_squares)
        found.append(_group(fit, g, _divided(covariance, squares), divided))
    return tuple(found)


def _parts(fit: Estimate, g: int, kind: str) -> tuple[Tensor, Tensor | None]:
    found = residuals_of(fit.samples[g], fit.implied[g], kind, means=fit.model.has_means)
    return found.covariance, found.mean


def _moments(fit: Estimate, values: Tensor) -> tuple[Tensor, Tensor | None]:
    """Values of covariances and means from those of means, then covariances in the order of `lower`."""
    p = len(fit.model.visibles)
    i, j = lower(p)
    matrix = values.new_zeros(p, p)
    matrix[i, j] = matrix[j, i] = values[p:]
    return matrix, values[:p] if fit.model.has_means else None


def _divided(residual: Tensor, variance: Tensor) -> Tensor:
    return torch.where(variance > 0, residual / torch.where(variance > 0, variance, 1.0).sqrt(), 0.0)


def _group(fit: Estimate, g: int, covariance: Tensor, mean: Tensor | None) -> GroupResiduals:
    values = None if mean is None else mean.numpy()
    return GroupResiduals(fit.labels[g], fit.model.visibles, covariance.numpy(), values)
