"""What fits that have not seen some rows say of these."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data.moments import moments_of_table
from semnan.errors import DataError, Unavailable
from semnan.estimation.case_likelihood import case_log_likelihood
from semnan.estimation.conditional import regression
from semnan.estimation.discrepancy import factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_options import Options
from semnan.estimation.fit_rows import patterns
from semnan.estimation.minimise import estimate
from semnan.estimation.residual_variance import INDEFINITE
from semnan.estimation.statistics import moment_log_likelihood
from semnan.model import PathModel
from semnan.selection.folds import Folds

Array = NDArray[np.float64]
Value = float | Unavailable
GAPS = Unavailable("rows have missing values: those left out have no covariance")
FEW = Unavailable("a fold has too few rows for a covariance of its own: take fewer folds")


@final
@dataclass(frozen=True, eq=False)
class HeldOut:
    """One model at the rows that each of its fits has not seen, group by group.

    Attributes
    ----------
    log_likelihood : ndarray, shape (n,)
        NaN in folds whose fit did not converge, or implies no positive definite covariance.
    failed : tuple of str
        Of each such fold, why.
    residuals, deviations : ndarray, shape (n, k)
        Of outcomes, from what is predicted and from the mean of the rows that were seen.

    """

    log_likelihood: Array
    failed: tuple[str, ...]
    residuals: Array
    deviations: Array


def held_out(
    model: PathModel, folds: Folds, options: Options, outcomes: tuple[str, ...], given: tuple[str, ...]
) -> HeldOut:
    """Fit the rows without each fold, in one batch if none has a gap, and look at those of the fold."""
    likelihood = [np.full(len(rows), np.nan) for rows in folds.rows]
    residuals = [np.full((len(rows), len(outcomes)), np.nan) for rows in folds.rows]
    deviations = [part.copy() for part in residuals]
    at = [folds.names.index(name) for name in model.visibles]
    failed = []
    for k, fit in enumerate(_fits(model, folds, options)):
        why = _unusable(fit)
        if why is not None:
            failed.append(f"fold {k}: {why}")
            continue
        for g, (table, fold) in enumerate(zip(folds.rows, folds.fold, strict=True)):
            mine = fold == k
            rows = table[mine][:, at]
            found = case_log_likelihood(fit, g, rows)
            likelihood[g][mine] = np.nan if isinstance(found, Unavailable) else found
            residuals[g][mine], deviations[g][mine] = _missed(fit, g, rows, outcomes, given)
    arrays = (np.concatenate(part) for part in (residuals, deviations))
    return HeldOut(np.concatenate(likelihood), tuple(failed), *arrays)


def _unusable(fit: Estimate) -> str | None:
    """Why a fit says nothing of other rows."""
    if not fit.outcome.ok:
        return fit.outcome.value
    definite = all(bool(factorise(implied.sigma).definite) for implied in fit.implied)
    return None if definite else INDEFINITE.reason


def _fits(model: PathModel, folds: Folds, options: Options) -> Iterator[Estimate]:
    if any(np.isnan(rows).any() for rows in folds.rows):
        full = model.with_means()
        return (estimate(full, folds.patterns(k), options)[0] for k in range(folds.count))
    try:
        return iter(estimate(model, folds.moments(), options))
    except DataError as error:
        raise DataError(f"without some fold, {error} (or take more folds)") from None


def _missed(
    fit: Estimate, g: int, rows: Array, outcomes: tuple[str, ...], given: tuple[str, ...]
) -> tuple[Array, Array]:
    """What outcomes differ from their prediction, and from their mean in the rows that the fit has seen."""
    names = fit.model.visibles
    real, known = (rows[:, [names.index(name) for name in some]] for some in (outcomes, given))
    predicted = np.empty_like(real)
    for at, seen in patterns(known) if outcomes else ():
        predicted[at] = regression(fit, g, outcomes, given, seen).predict(known[at][:, seen])
    mean = fit.samples[g].select(outcomes).mean if outcomes else np.zeros(0)
    return real - predicted, real - np.asarray(mean)


def saturated_log_likelihood(folds: Folds, exogenous: tuple[str, ...]) -> Value:
    """Of the rows of every fold at their own moments, summed: the most that a model can reach, given covariates."""
    if any(np.isnan(rows).any() for rows in folds.rows):
        return GAPS
    total = 0.0
    for rows, fold in zip(folds.rows, folds.fold, strict=True):
        for k in range(folds.count):
            total += _saturated(rows[fold == k], folds.names, exogenous)
    return total if math.isfinite(total) else FEW


def _saturated(rows: Array, names: tuple[str, ...], exogenous: tuple[str, ...]) -> float:
    if len(rows) <= len(names):
        return -math.inf
    try:
        moments = moments_of_table(rows, names)
    except DataError:  # A variable that is constant in a fold.
        return -math.inf
    found = moment_log_likelihood(moments, moments.covariance, None)
    if exogenous:
        inside = moments.select(exogenous)
        found -= moment_log_likelihood(inside, inside.covariance, None)
    return found
