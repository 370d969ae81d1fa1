"""Variances at the estimates from expected, observed or first-order information, under constraints and bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows, outer_products
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import Discrepancy
from semnan.estimation.estimators import Errors
from semnan.estimation.generic import LIMIT, TOO_LARGE
from semnan.estimation.inference import Inference, infer, infer_constrained
from semnan.estimation.moment_spread import moment_spread
from semnan.estimation.panel import information_scale, positive_part
from semnan.estimation.problem import Point, Problem
from semnan.estimation.weighted import WeightedMoments
from semnan.network.arrays import Array

#: An inequality that is nearer to its end counts as an equality.
ACTIVE = 1e-6


def variances(
    problem: Problem,
    limits: Constraints,
    theta: Array,
    kind: str,
    errors: Errors,
    pushing: Array | None,
    rows: Rows | None,
) -> Inference | Unavailable:
    """The inference at parameters of shape (B, q).

    Parameters
    ----------
    problem : Problem
    limits : Constraints
    theta : array, shape (B, q)
    kind : "expected", "observed" or "first.order"
        Information.
    errors : "standard", "robust.sem" or "robust.huber.white"
    pushing : array of bool, shape (B, k), optional
        Which of the constraints that are no linear equalities push.
    rows : Rows, optional
        Needed by first-order information and robust errors.

    """
    if theta.shape[-1] > LIMIT:
        return TOO_LARGE
    plain = unconstrained(problem, theta.shape[-1])
    point = plain.at(theta)
    dense, meat = _dense(plain, point, kind, rows)
    if isinstance(plain.parts[0].loss, WeightedMoments):
        meat = moment_spread(plain, point, robust=errors != "standard")
    elif errors != "standard":
        meat = outer_products(plain, point, _needed(rows), moments=errors == "robust.sem")
        if _needed(rows).periods is not None:
            meat = positive_part(meat[0], information_scale(dense[0]))[0][None]
    return inferred(problem, limits, theta, dense, meat, pushing)


def inferred(
    problem: Problem, limits: Constraints, theta: Array, dense: Array, meat: Array | None, pushing: Array | None
) -> Inference:
    """The inference from an information of θ and, unless that is their variance too, that of the slopes."""
    held, kept = np.zeros(theta.shape, dtype=np.bool_), slice(None) if problem.space is None else problem.space.kept
    held[..., kept] = problem.at_bound(theta[..., kept])
    active = _active(limits, theta, pushing)
    bread, middle = torch.from_numpy(dense), None if meat is None else torch.from_numpy(meat)
    if active is None:
        return infer(bread, torch.from_numpy(held), middle)
    return infer_constrained(bread, torch.from_numpy(active), torch.from_numpy(held), middle)


def at_equality(limits: Constraints, theta: Array) -> Array | None:
    """Which constraints hold with equality at parameters of shape (B, q), where multipliers are not at hand."""
    if limits.functions is None:
        return None
    return np.asarray(limits.equality | (limits.functions.value(torch.from_numpy(theta)).numpy() > -ACTIVE))


def unconstrained(problem: Problem, size: int) -> Problem:
    """The problem in θ of this size, without bounds and constraints."""
    infinite = np.full(size, np.inf)
    return replace(problem, space=None, penalty=None, lower=-infinite, upper=infinite)


def _dense(plain: Problem, point: Point, kind: str, rows: Rows | None) -> tuple[Array, Array | None]:
    """The information of one observation, and for discrepancies that are not efficient the variance of their slope."""
    if kind == "observed":
        return plain.exact_hessian(point), None
    if kind == "first.order":
        if _needed(rows).periods is not None:
            raise FitError("first-order information takes rows for independent: with period= use 'observed'")
        return outer_products(plain, point, _needed(rows)), None
    dense = plain.information(point)
    first = plain.parts[0].loss
    if not isinstance(first, Discrepancy) or first.chi_square_factor is not None:
        return dense, None
    return dense, plain.information(point, spread=True)


def _needed(rows: Rows | None) -> Rows:
    if rows is None:
        raise FitError(
            "robust standard errors and first-order information need the rows of the data: give a data frame, "
            "not moments"
        )
    return rows


def _active(limits: Constraints, theta: Array, pushing: Array | None) -> Array | None:
    """Gradients of the active constraints, shape (B, c, q); those that do not push are zero."""
    if limits.space is None and limits.functions is None:
        return None
    found = []
    if limits.space is not None:
        normals = limits.space.normals()
        found.append(np.broadcast_to(normals, (len(theta), *normals.shape)))
    if limits.functions is not None and pushing is not None:
        found.append(limits.functions.jacobian(torch.tensor(theta)).numpy() * pushing[..., None])
    return np.concatenate(found, axis=-2)
