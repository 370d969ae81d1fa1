"""A path model under a multivariate t distribution of all visibles: what its estimates are if tails are heavy.

Parameters are of the covariance, not of the scatter matrix, so that they mean what they mean under normality; ν is
more than two then. Standard errors are from the expected information (Lange, Little & Taylor 1989), with ν estimated
beside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.data import Moments, MomentsStack
from semnan.data.checks import is_number
from semnan.errors import FitError, Unavailable
from semnan.estimation.assembly import arrange
from semnan.estimation.casewise import Rows
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_options import Options
from semnan.estimation.inference import Inference
from semnan.estimation.minimise import estimate
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem
from semnan.estimation.student import MOST, Expected, expected, weights
from semnan.estimation.student_fit import State, StudentFit, unrestricted
from semnan.estimation.variance import at_equality, inferred
from semnan.model import PathModel, covariance, intercept

Array = NDArray[np.float64]
NORMAL = Unavailable("tails are no heavier than normal: the likeliest degrees of freedom are infinite")
GIVEN = Unavailable("the degrees of freedom are given")
AT_LEAST = Unavailable("the likeliest degrees of freedom are about two, where a covariance ceases to exist")
#: Of a normal distribution.
PLAIN = Expected(1.0, 0.0, 1.0, 0.0, 0.0)


@final
@dataclass(frozen=True, eq=False)
class Tails:
    """A model under a t distribution.

    Attributes
    ----------
    estimate : Estimate
        Its parameters and their inference: with means, and with exogenous covariates as variables like others. The
        discrepancy means nothing.
    nu : float
        ν; infinite for a normal distribution.
    nu_error : float or Unavailable
    log_likelihood, saturated : float
        Log-likelihoods: of this model, and of free means and covariances under a t distribution with a ν of its own, if
        it was not given.
    normal : float or Unavailable
        Of this model under normality.
    weights : ndarray, shape (n,)
        How much rows count, group by group: (ν + p) / (ν + δ) for a distance δ in the scatter matrix, about one on the
        average, and one if tails are normal.

    """

    estimate: Estimate
    nu: float
    nu_error: float | Unavailable
    log_likelihood: float
    saturated: float
    normal: float | Unavailable
    weights: Array

    @property
    def p_value_normal(self) -> float | Unavailable:
        """Test of normality against a t distribution: half a χ², since 1/ν is at the end of what it can be."""
        if self.nu_error == GIVEN or isinstance(self.normal, Unavailable):
            return GIVEN if self.nu_error == GIVEN else self.normal
        rise = 2 * (self.log_likelihood - self.normal)
        return 1.0 if math.isinf(self.nu) or rise <= 0 else chi_square_tail(rise, 1.0) / 2


def heavy_tails(fit: Estimate, rows: Rows, nu: float | None) -> Tails:
    """Fit the model of a fit under a t distribution with these degrees of freedom; by default with the likeliest.

    It starts from the model of those moments that are likeliest under a t distribution when nothing restricts them, on
    which outliers have little hold: the fit itself need not have converged.

    Raises
    ------
    FitError
        If the fit is not by maximum likelihood, rows are incomplete, weighted or dependent, nu is not more than two, or
        there are no estimates to start from.

    """
    _check(fit, rows, nu)
    model, given = about_all(fit.model), None if nu is None else 1 / float(nu)
    limits, names = Constraints.of(model), model.visibles
    with torch.no_grad(), np.errstate(all="ignore"):
        tables = [rows.group(g).select(names).numpy() for g in range(len(rows.groups))]
        free = unrestricted(tables, given)
        moments = zip(free.covariances, tables, free.means, strict=True)
        robust = [Moments(names, second, len(table), mean) for second, table, mean in moments]
        start = _estimate(model, [MomentsStack.from_moments([item]) for item in robust])
        if not start.outcome.ok:
            raise FitError(f"the model did not converge on robust moments either ({start.outcome.value})")
        stacks = [MomentsStack.from_arrays(table[None], names) for table in tables]
        parts = arrange(model, tuple(stacks), (None,) * len(stacks), KullbackLeibler).parts
        problem = Problem(parts, limits.lower, limits.upper, limits.space)
        groups = tuple(rows.group(g).select(part.layout.order).numpy() for g, part in enumerate(parts))
        work = StudentFit(problem, limits, groups, given)
        return _fitted(work, start, free.log_likelihood, _normal(work, _estimate(model, stacks)))


def _estimate(model: PathModel, stacks: list[MomentsStack]) -> Estimate:
    return estimate(model, stacks, Options(progress=False))[0]


def _normal(work: StudentFit, fit: Estimate) -> float | Unavailable:
    """The log-likelihood of a fit of the moments of rows."""
    if not fit.outcome.ok:
        return Unavailable(f"the model of normal data did not converge ({fit.outcome.value})")
    return work.log_likelihood(_coordinates(work, fit), 0.0)


def _coordinates(work: StudentFit, fit: Estimate) -> Array:
    full, space = fit.theta.numpy()[None], work.problem.space
    return full if space is None else full[:, space.kept]


def _check(fit: Estimate, rows: Rows, nu: float | None) -> None:
    if fit.discrepancy != KullbackLeibler.__name__:
        raise FitError(f"{fit.discrepancy} is not maximum likelihood: use estimator='ML' or 'MLR'")
    if any(bool(values.isnan().any()) for values in rows.groups) or rows.weights is not None:
        raise FitError("the t distribution is fitted to complete rows without sampling weights")
    if rows.clusters is not None or rows.periods is not None:
        raise FitError("the t distribution takes rows for independent: fit without cluster= and period=")
    if nu is not None and (not is_number(nu) or nu <= 2):
        raise FitError(f"nu is {nu!r}: give a number above two; with less degrees of freedom there is no covariance")


def about_all(model: PathModel) -> PathModel:
    """The model with means, and with the moments of exogenous covariates as parameters."""
    given, known = model.exogenous, {frozenset((row.source, row.target)) for row in model.parameters}
    pairs = [(a, b) for i, a in enumerate(given) for b in given[: i + 1] if frozenset((a, b)) not in known]
    labels = model.groups or (None,)
    moments = tuple(covariance(a, b, group=label) for label in labels for a, b in pairs)
    means = tuple(intercept(name, group=label) for label in labels for name in given if model.has_means)
    return replace(model, exogenous=(), parameters=(*model.parameters, *moments, *means)).with_means()


def _fitted(work: StudentFit, start: Estimate, saturated: float, normal: float | Unavailable) -> Tails:
    state, rounds, settled = work.settle(_coordinates(work, start))
    full = work.problem.expand(state.theta)
    inference, error = _inference(work, state, full, start)
    found = replace(
        start,
        theta=torch.from_numpy(full[0].copy()),
        steps=rounds,
        outcome=Outcome.CONVERGED if settled else Outcome.ITERATION_LIMIT,
        inference=inference,
    )
    counts = [weights(group.delta, work.p, state.eta) * (1 - 2 * state.eta) for group in work.distances(state.theta)]
    level, nu = work.log_likelihood(state.theta, state.eta), 1 / state.eta if state.eta else math.inf
    return Tails(found, nu, error, level, saturated, normal, np.concatenate(counts))


def _inference(
    work: StudentFit, state: State, full: Array, start: Estimate
) -> tuple[Inference | Unavailable, float | Unavailable]:
    """Of the parameters with ν estimated beside them; and the standard error of ν."""
    if isinstance(start.inference, Unavailable):
        return start.inference, start.inference
    parts = expected(work.p, 1 / state.eta) if state.eta else PLAIN
    known = work.information(full, parts)
    alone = _of(work, full, known.dense)
    reason = GIVEN if work.given is not None else AT_LEAST if state.eta >= MOST else None if state.eta else NORMAL
    if reason is not None:
        return alone.take(0), reason
    left = known.own - float(known.cross @ alone.inverse_information()[0].numpy() @ known.cross)
    together = known.dense - np.outer(known.cross, known.cross) / known.own
    return _of(work, full, together).take(0), math.sqrt(1 / (left * start.n))


def _of(work: StudentFit, full: Array, dense: Array) -> Inference:
    return inferred(work.problem, work.limits, full, dense, None, at_equality(work.limits, full))
