"""What cross-validation says of models: log-likelihoods of rows not seen, their differences, and R²."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import FitError, Unavailable
from semnan.report import Listing
from semnan.report.printed import Printed
from semnan.report.table import Table, number
from semnan.selection.dependence import Dependence
from semnan.selection.folds import Folds
from semnan.selection.held_out import HeldOut, saturated_log_likelihood

Array = NDArray[np.float64]
Value = float | Unavailable


@final
@dataclass(frozen=True)
class HeldOutScore:
    """How one model does on rows that it has not seen.

    Attributes
    ----------
    model : str
    log_likelihood, standard_error : float or Unavailable
        Of all rows, each at the fit that has not seen it; and √n times the standard deviation of its parts.
    difference, difference_error : float or Unavailable
        Less that of the best model; the standard error is of the differences of rows.
    discrepancy : float or Unavailable
        The mean Kullback–Leibler divergence from the moments of a fold to those implied by the fit without it (half
        of what Cudeck & Browne 1983 call the cross-validation index).
    failed : int
        How many folds have no fit.

    """

    model: str
    log_likelihood: Value
    standard_error: Value
    difference: Value
    difference_error: Value
    discrepancy: Value
    failed: int


@final
@dataclass(frozen=True)
class HeldOutRSquared:
    """How well a model predicts an outcome in rows that it has not seen.

    Attributes
    ----------
    model, outcome : str
    r_squared : float or Unavailable
        1 less the ratio of squared errors to those of the mean of the rows that were seen, over rows that have the
        outcome; negative if the mean predicts better.

    """

    model: str
    outcome: str
    r_squared: Value


@final
@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation(Printed):
    """Models at rows that they have not seen; ``print`` it, or let a notebook show it.

    Attributes
    ----------
    names : tuple of str
        The models.
    folds : int
    fold : ndarray of int, shape (n,)
        The fold of every row that the sample has, group by group.
    log_likelihood : ndarray, shape (n, m)
        Of every row in every model, at the fit that has not seen it; NaN in folds without a fit.
    scores : Listing of HeldOutScore
        The best model first.
    r_squared : Listing of HeldOutRSquared
        Empty unless outcomes were named.
    failures : dict of str to tuple of str
        Of each model the folds without a fit, and why.
    rows : ndarray of int, shape (n,)
        Which row of the data frame each is, counted from zero.

    """

    names: tuple[str, ...]
    folds: int
    fold: NDArray[np.int64] = field(repr=False)
    log_likelihood: Array = field(repr=False)
    scores: Listing[HeldOutScore]
    r_squared: Listing[HeldOutRSquared]
    failures: dict[str, tuple[str, ...]]
    rows: NDArray[np.int64] = field(repr=False)
    _dependence: Dependence = field(repr=False)

    def difference(self, first: str, second: str) -> tuple[Value, Value]:
        """By how much the log-likelihood of the first is larger on all rows, and its standard error."""
        for name in (first, second):
            if name not in self.names:
                raise FitError(f"there is no model {name!r}; there are {', '.join(self.names)}")
        one, other = (self.log_likelihood[:, self.names.index(name)] for name in (first, second))
        return _total(one - other, self._dependence, self.failures[first] + self.failures[second])

    @property
    def table(self) -> Table:
        columns = ["model", "log-lik", "SE", "difference", "SE diff", "KL"]
        outcomes = list(dict.fromkeys(row.outcome for row in self.r_squared))
        found = {(row.model, row.outcome): row.r_squared for row in self.r_squared}
        body = []
        for row in self.scores:
            numbers = (row.log_likelihood, row.standard_error, row.difference, row.difference_error, row.discrepancy)
            shares = (found[row.model, outcome] for outcome in outcomes)
            body.append((row.model, *map(number, numbers), *map(number, shares)))
        parts = [part for row in self.scores for part in (row.standard_error, row.difference_error, row.discrepancy)]
        notes = [part.reason for part in parts if isinstance(part, Unavailable)]
        notes += [f"{name}: {why}" for name, parts in self.failures.items() for why in parts]
        columns += [f"R² {outcome}" for outcome in outcomes]
        title = f"Cross-validation in {self.folds} folds"
        return Table(title, tuple(columns), tuple(body), notes=tuple(dict.fromkeys(notes)))


def judge(
    found: Mapping[str, HeldOut], folds: Folds, exogenous: tuple[str, ...], outcomes: tuple[str, ...]
) -> CrossValidation:
    """Sum up how models did, and put the best first."""
    rows, names = Dependence.of(folds), tuple(found)
    most = saturated_log_likelihood(folds, exogenous)
    totals = {name: _total(part.log_likelihood, rows, part.failed) for name, part in found.items()}
    known = {name: total[0] for name, total in totals.items() if not isinstance(total[0], Unavailable)}
    best = max(known, key=lambda name: known[name]) if known else names[0]
    scores = [_score(name, found, totals[name], best, rows, most, folds.n) for name in names]
    scores.sort(key=lambda row: math.inf if isinstance(row.log_likelihood, Unavailable) else -row.log_likelihood)
    shares = [
        HeldOutRSquared(name, outcome, _share(part, k))
        for name, part in found.items()
        for k, outcome in enumerate(outcomes)
    ]
    return CrossValidation(
        names,
        folds.count,
        np.concatenate(folds.fold),
        np.stack([part.log_likelihood for part in found.values()], axis=1),
        Listing(HeldOutScore, tuple(scores)),
        Listing(HeldOutRSquared, tuple(shares)),
        {name: part.failed for name, part in found.items()},
        folds.places,
        rows,
    )


def _total(parts: Array, rows: Dependence, failed: tuple[str, ...]) -> tuple[Value, Value]:
    """The sum over rows and its standard error."""
    if failed:
        reason = Unavailable(f"{len(failed)} folds have no fit ({failed[0]})")
        return reason, reason
    return float(parts.sum()), rows.error(parts)


def _score(
    name: str,
    found: Mapping[str, HeldOut],
    total: tuple[Value, Value],
    best: str,
    rows: Dependence,
    most: Value,
    n: int,
) -> HeldOutScore:
    own, top = found[name], found[best]
    difference = _total(own.log_likelihood - top.log_likelihood, rows, own.failed or top.failed)
    if isinstance(total[0], Unavailable) or isinstance(most, Unavailable):
        discrepancy: Value = total[0] if isinstance(total[0], Unavailable) else most
    else:
        discrepancy = (most - total[0]) / n
    return HeldOutScore(name, *total, *difference, discrepancy, len(own.failed))


def _share(found: HeldOut, k: int) -> Value:
    if found.failed:
        return Unavailable(f"{len(found.failed)} folds have no fit ({found.failed[0]})")
    left, whole = (float(np.nansum(part[:, k] ** 2)) for part in (found.residuals, found.deviations))
    return 1 - left / whole
