"""Leave-one-out: the fit without every row in turn, from moments that lose one row.

Without the row that is d away from the mean, of weight w among W in all,

    m₋ = m − w d / (W − w),   S₋ = [W S − W w / (W − w) d dᵀ] / (W − w).

All rows are fitted at once, from the estimates θ̂ of the whole sample. The Hessian H of the discrepancy there differs by
one row in n from that without a row, so that θ − H⁻¹ g₋(θ) converges in a few steps without ever forming another one;
the few rows for which it does not go to Fisher scoring. Of rows with missing values the first of these steps is taken,
θ̂ − I⁻¹ sᵢ / (n − 1) with the score s of the row and the information I of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.data import Moments, MomentsStack
from semnan.data.checks import SINGULAR, trusted
from semnan.errors import FitError, Unavailable
from semnan.estimation.assembly import arrange
from semnan.estimation.augmented import minimise_within
from semnan.estimation.casewise import Rows, score_slices
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler, factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.inference import generalised_inverse
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.network.arrays import Array

Indices = NDArray[np.int64]
#: Gradients in standard errors of one observation at which a fit has converged; the last step goes beyond.
TOLERANCE = 1e-7
#: Steps with the Hessian of all rows; and entries of moments that are held at a time.
STEPS, HELD = 8, 1 << 22
SINGULAR_REST = "singular covariance without the row"


@final
@dataclass(frozen=True, eq=False)
class LeftOut:
    """Fits without each of the n rows, group by group.

    Attributes
    ----------
    theta : ndarray, shape (n, q)
        NaN where there is no fit.
    chi_square : ndarray, shape (n,), or None
        Of the rest, 2 (n − 1) F₋; None of rows with missing values.
    endings : tuple of str
        Why there is no fit; empty where there is one.
    group : ndarray of int, shape (n,)

    """

    theta: Array
    chi_square: Array | None
    endings: tuple[str, ...]
    group: Indices


class Portion(NamedTuple):
    """Some rows of a group, the problems without each, and which of these can be fitted."""

    group: int
    problem: Problem | None
    regular: NDArray[np.bool_]


def leave_out(fit: Estimate, rows: Rows) -> LeftOut:
    """Fit without each row.

    Raises
    ------
    FitError
        If the fit did not converge, is not by maximum likelihood or in two stages, or has rows with missing values and
        no information matrix.

    """
    _check(fit, rows)
    with torch.no_grad(), np.errstate(all="ignore"):
        theta, chi_square, endings = _one_step(fit, rows) if fit.incomplete else _solved(fit, rows)
        group = np.repeat(np.arange(len(rows.groups)), [len(values) for values in rows.groups])
        return LeftOut(theta, chi_square, endings, group)


def _check(fit: Estimate, rows: Rows) -> None:
    """Refuse a fit that rows cannot be left out of."""
    if not fit.outcome.ok:
        raise FitError(f"the fit did not converge ({fit.outcome.value}): what rows do to it would tell nothing")
    if fit.discrepancy != KullbackLeibler.__name__:
        raise FitError(
            f"{fit.discrepancy} is not maximum likelihood: what rows do to it is known with estimator='ML' or 'MLR'"
        )
    if not fit.incomplete and any(bool(values.isnan().any()) for values in rows.groups):
        raise FitError("two-stage estimates rest on more than the rows: use missing='fiml', or 'listwise'")


def _solved(fit: Estimate, rows: Rows) -> tuple[Array, Array, tuple[str, ...]]:
    limits, n = Constraints.of(fit.model), sum(map(len, rows.groups))
    theta, value = np.full((n, len(fit.theta)), np.nan), np.full(n, np.nan)
    endings = np.full(n, SINGULAR_REST, dtype=object)
    first = 0
    for portion in portions(fit, rows, limits):
        at = first + np.flatnonzero(portion.regular)
        first += len(portion.regular)
        if portion.problem is not None:
            solution = _minimise(portion.problem, limits, fit)
            theta[at], value[at] = portion.problem.expand(solution.theta), solution.value
            endings[at] = ["" if outcome.ok else outcome.value for outcome in solution.outcomes]
    failed = endings != ""
    theta[failed], value[failed] = np.nan, np.nan
    return theta, 2 * (n - 1) * np.maximum(value, 0.0), tuple(endings.tolist())


def portions(fit: Estimate, rows: Rows, limits: Constraints) -> Iterator[Portion]:
    """All rows in their order, as many at a time as memory holds."""
    for g, values in enumerate(rows.groups):
        step = max(1, HELD // (values.shape[1] ** 2 + len(fit.theta) ** 2))
        for start in range(0, len(values), step):
            yield _portion(fit, rows, g, slice(start, start + step), limits)


def _portion(fit: Estimate, rows: Rows, g: int, at: slice, limits: Constraints) -> Portion:
    group, sample = rows.group(g), fit.samples[g]
    deviation = group.select(sample.names)[at].numpy() - _mean(sample, rows, g)
    weights = np.ones(len(deviation)) if group.weights is None else group.weights[at].numpy()
    regular = _regular(sample, deviation, weights)
    if not regular.any():
        return Portion(g, None, regular)
    stacks = [_repeated(other, int(regular.sum())) for other in fit.samples]
    stacks[g] = _downdated(sample, _mean(sample, rows, g), deviation[regular], weights[regular])
    parts = arrange(fit.model, tuple(stacks), (None,) * len(stacks), KullbackLeibler).parts
    return Portion(g, Problem(parts, limits.lower, limits.upper, limits.space), regular)


def _mean(sample: Moments, rows: Rows, g: int) -> Array:
    return np.asarray(rows.group(g).select(sample.names).numpy().mean(0) if sample.mean is None else sample.mean)


def _regular(sample: Moments, deviation: Array, weights: Array) -> NDArray[np.bool_]:
    """Whether S₋ is regular: its determinant is that of S times 1 − w dᵀ S⁻¹ d / (W − w), but for a factor."""
    leverage = ((deviation @ factorise(sample.covariance).inverse) * deviation).sum(-1)
    return np.asarray(1 - weights * leverage / (sample.n - weights) > 1e4 * SINGULAR)


def _downdated(sample: Moments, mean: Array, deviation: Array, weights: Array) -> MomentsStack:
    rest, total = sample.n - weights, float(sample.n)
    outer = deviation[:, :, None] * (total * weights / rest)[:, None, None] * deviation[:, None, :]
    covariance = (total * sample.covariance - outer) / rest[:, None, None]
    means = mean - (weights / rest)[:, None] * deviation
    size = np.full(len(deviation), sample.n - 1)
    return trusted(MomentsStack, names=sample.names, covariance=covariance, n=size, means=means)


def _repeated(sample: Moments, count: int) -> MomentsStack:
    covariance = np.repeat(sample.covariance[None], count, 0)
    means = None if sample.mean is None else np.repeat(sample.mean[None], count, 0)
    size = np.full(count, sample.n)
    return trusted(MomentsStack, names=sample.names, covariance=covariance, n=size, means=means)


def _minimise(problem: Problem, limits: Constraints, fit: Estimate) -> Solution:
    """Every problem of a batch from the estimates of all rows."""
    start = np.repeat(_coordinates(problem, fit), len(problem.parts[0].share), 0)
    scoring, silent = FisherScoring(tolerance=TOLERANCE), Progress(shown=False)
    if limits.functions is not None or problem.at_bound(start[:1]).any():
        return minimise_within(problem, limits, start, scoring, silent)[0]
    near = _nearby(problem, start, whole_problem(fit, limits))
    rest = np.flatnonzero([not outcome.ok for outcome in near.outcomes])
    if len(rest):
        again = minimise_within(problem.take(rest), limits, start[rest], scoring, silent)[0]
        for whole, part in zip(near[:4], again[:4], strict=True):
            whole[rest] = part
        endings = dict(zip(rest.tolist(), again.outcomes, strict=True))
        near = near._replace(outcomes=tuple(endings.get(k, end) for k, end in enumerate(near.outcomes)))
    return near


def _nearby(problem: Problem, start: Array, whole: Problem) -> Solution:
    """Steps with the Hessian of all rows at the estimates; those that do not converge are said to be at the limit."""
    at = whole.at(start[:1])
    inverse, scale = _inverse(whole.exact_hessian(at)), np.sqrt(whole.hessian_diagonal(at))
    theta, value, size = start.copy(), np.full(len(start), np.nan), np.full(len(start), np.inf)
    live, inner = np.arange(len(start)), problem
    for step in range(STEPS):
        point = inner.at(start[:1] if step == 0 and _shared(problem) else theta[live])
        gradient = inner.gradient(point)
        value[live], size[live] = point.value, (np.abs(gradient) / np.where(scale > 0, scale, 1.0)).max(-1)
        theta[live] -= gradient @ inverse
        rest = np.flatnonzero(~(size[live] <= TOLERANCE) & np.isfinite(size[live]))
        if len(rest) < len(live):
            live, inner = live[rest], inner.take(rest)
        if not len(live):
            break
    ok = (size <= TOLERANCE) & np.isfinite(value) & ~problem.at_bound(theta).any(-1)
    outcomes = tuple(Outcome.CONVERGED if good else Outcome.ITERATION_LIMIT for good in ok.tolist())
    return Solution(theta, value, size, np.full(len(theta), step), outcomes)


def _shared(problem: Problem) -> bool:
    """Whether all fits imply the same at the same parameters, so that one implied covariance serves them."""
    return all(part.center is None and part.layout.base_omega.ndim == 2 for part in problem.parts)


def _inverse(hessian: Array) -> Array:
    """The generalised inverse of one Hessian, shape (1, r, r)."""
    none = torch.zeros(hessian.shape[:2], dtype=torch.bool)
    inverse, _, _, scale = (part.numpy() for part in generalised_inverse(torch.from_numpy(hessian), none))
    return np.asarray((inverse / scale[:, :, None] / scale[:, None, :])[0])


def whole_problem(fit: Estimate, limits: Constraints) -> Problem:
    """The problem of all rows, a single one."""
    stacks = tuple(MomentsStack.from_moments([sample]) for sample in fit.samples)
    parts = arrange(fit.model, stacks, fit.patterns, KullbackLeibler).parts
    return Problem(parts, limits.lower, limits.upper, limits.space)


def _coordinates(problem: Problem, fit: Estimate) -> Array:
    full = fit.theta.numpy()[None]
    return full if problem.space is None else full[:, problem.space.kept]


def _one_step(fit: Estimate, rows: Rows) -> tuple[Array, None, tuple[str, ...]]:
    """By scores, and the inverse information within constraints and bounds."""
    if isinstance(fit.inference, Unavailable):
        raise FitError(f"there is no step without a row: {fit.inference.reason}")
    whole, theta = replace(whole_problem(fit, Constraints.of(fit.model)), space=None), fit.theta.numpy()[None]
    parts = zip(whole.parts, whole.at(theta).implied, strict=True)
    slices = [score_slices(part, at, rows.group(g)) for g, (part, at) in enumerate(parts)]
    scores = torch.cat([found for portion in slices for _, found in portion])
    moved = theta - (scores @ fit.inference.inverse_information()).numpy() / (fit.n - 1)
    return moved, None, ("",) * len(moved)
