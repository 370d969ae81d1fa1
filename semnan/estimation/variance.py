"""Variances at the estimates from expected, observed or first-order information, under constraints and bounds."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows, outer_products
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import Discrepancy
from semnan.estimation.generic import LIMIT, TOO_LARGE
from semnan.estimation.inference import Inference, infer, infer_constrained
from semnan.estimation.problem import Point, Problem


def variances(
    problem: Problem, limits: Constraints, theta: Tensor, kind: str, pushing: Tensor | None, rows: Rows | None
) -> Inference | Unavailable:
    """The inference at parameters of shape (B, q).

    Parameters
    ----------
    problem : Problem
    limits : Constraints
    theta : Tensor, shape (B, q)
    kind : "expected", "observed" or "first.order"
    pushing : Tensor of bool, shape (B, k), optional
        Which of the constraints that are no linear equalities push.
    rows : Rows, optional
        Needed by first-order information.

    """
    if theta.shape[-1] > LIMIT:
        return TOO_LARGE
    infinite = torch.full((theta.shape[-1],), torch.inf, dtype=theta.dtype)
    plain = replace(problem, space=None, penalty=None, lower=-infinite, upper=infinite)
    point = plain.at(theta)
    dense, meat = _dense(plain, point, kind, rows)
    held = torch.zeros_like(theta, dtype=torch.bool)
    at = problem.at_bound(theta if problem.space is None else theta[..., problem.space.kept])
    held[..., slice(None) if problem.space is None else problem.space.kept] = at
    active = _active(limits, theta, pushing)
    if active is None:
        return infer(dense, held, meat)
    return infer_constrained(dense, active, held, meat)


def _dense(plain: Problem, point: Point, kind: str, rows: Rows | None) -> tuple[Tensor, Tensor | None]:
    """The information of one observation, and for discrepancies that are not efficient the variance of their slope."""
    if kind == "observed":
        return plain.exact_hessian(point), None
    if kind == "first.order":
        if rows is None:
            raise FitError("first-order information needs the rows of the data: give a data frame, not moments")
        return outer_products(plain, point, rows), None
    dense = plain.information(point)
    first = plain.parts[0].loss
    if not isinstance(first, Discrepancy) or first.chi_square_factor is not None:
        return dense, None
    return dense, plain.information(point, spread=True)


def _active(limits: Constraints, theta: Tensor, pushing: Tensor | None) -> Tensor | None:
    """Gradients of the active constraints, shape (B, c, q); those that do not push are zero."""
    if limits.space is None and limits.functions is None:
        return None
    found = []
    if limits.space is not None:
        found.append(limits.space.normals().expand(len(theta), -1, -1))
    if limits.functions is not None and pushing is not None:
        found.append(limits.functions.jacobian(theta) * pushing[..., None])
    return torch.cat(found, dim=-2)
