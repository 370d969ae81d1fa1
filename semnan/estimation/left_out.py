"""What fits without each row say of it: how far estimates move, in their standard errors and in likelihood."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from semnan.errors import Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.constraints import Constraints
from semnan.estimation.estimate import Estimate
from semnan.estimation.inference import Inference
from semnan.estimation.leave_out import HELD, LeftOut, portions, whole_problem
from semnan.estimation.problem import Problem
from semnan.estimation.variance import at_equality, variances
from semnan.network.arrays import Array


def displacement(fit: Estimate, theta: Array) -> Array:
    """2 [ℓ(θ̂) − ℓ(θ₋)] of all rows, at parameters θ₋ of shape (n, q): shape (n,), NaN where there are none."""
    with torch.no_grad(), np.errstate(all="ignore"):
        return _fall(fit, theta)


def _fall(fit: Estimate, theta: Array) -> Array:
    whole = replace(whole_problem(fit, Constraints.of(fit.model)), space=None)
    step, found = max(1, HELD // len(whole.parts[0].layout.names) ** 2), []
    for start in range(0, len(theta), step):
        part = theta[start : start + step]
        known = ~np.isnan(part).any(-1)
        value = np.full(len(part), np.nan)
        many = whole.take(np.zeros(int(known.sum()), dtype=np.int64))
        value[known] = many.at(part[known]).value
        found.append(2 * fit.n * np.maximum(value - whole.at(fit.theta.numpy()[None]).value, 0.0))
    return np.concatenate(found)


class Spread(NamedTuple):
    """Of fits without each row: standard errors, shape (n, q), and generalised Cook's distance, shape (n,)."""

    errors: Array
    cook: Array


def spread(fit: Estimate, rows: Rows, found: LeftOut) -> Spread | Unavailable:
    """Standard errors of normal theory without each row, and (θ̂ − θ₋)ᵀ V₋⁻¹ (θ̂ − θ₋) (Pek & MacCallum 2011)."""
    if isinstance(fit.inference, Unavailable):
        return fit.inference
    with torch.no_grad(), np.errstate(all="ignore"):
        return _of_all(fit, found) if fit.incomplete else _of_each(fit, rows, found)


def _of_all(fit: Estimate, found: LeftOut) -> Spread:
    """Rows with missing values: by the information of all rows."""
    limits, theta = Constraints.of(fit.model), fit.theta.numpy()[None]
    many = _spread(whole_problem(fit, limits), limits, theta, found.theta - theta, "observed", fit.n - 1)
    return Spread(np.repeat(many.errors, len(found.theta), 0), many.cook)


def _of_each(fit: Estimate, rows: Rows, found: LeftOut) -> Spread:
    limits, first = Constraints.of(fit.model), 0
    errors, cook = np.full(found.theta.shape, np.nan), np.full(len(found.theta), np.nan)
    kind = "observed" if fit.information == "observed" else "expected"
    for portion in portions(fit, rows, limits):
        inside = first + np.flatnonzero(portion.regular)
        first += len(portion.regular)
        ok = ~np.isnan(found.theta[inside]).any(-1)
        if portion.problem is not None and ok.any():
            at = inside[ok]
            theta, problem = found.theta[at], portion.problem.take(np.flatnonzero(ok))
            part = _spread(problem, limits, theta, theta - fit.theta.numpy(), kind, fit.n - 1)
            errors[at], cook[at] = part
    return Spread(errors, cook)


def _spread(problem: Problem, limits: Constraints, theta: Array, change: Array, kind: str, n: float) -> Spread:
    found = variances(problem, limits, theta, kind, "standard", at_equality(limits, theta), None)
    assert isinstance(found, Inference)
    known, variance = found.own()
    errors = torch.where(known & ~found.held, (variance / n).sqrt(), torch.nan).numpy()
    free = replace(problem, space=None)
    point = free.at(theta)
    dense = free.exact_hessian(point) if kind == "observed" else free.information(point)
    moved = np.where(found.held.numpy(), 0.0, change)
    return Spread(errors, n * ((dense @ moved[..., None])[..., 0] * moved).sum(-1))
