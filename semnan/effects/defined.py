"""Defined parameters (``indirect := a * b``): values with delta-method standard errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from semnan.effects.delta import Gradient, Wald, delta_method
from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.functions import Functions
from semnan.model import Defined
from semnan.model.expression import FUNCTIONS, evaluate, names

NO_VALUE = Unavailable("the expression has no finite value at the estimates")
NO_SLOPE = Unavailable("the expression has no finite derivative at the estimates")
_FUNCTIONS = {name: getattr(torch, name) for name in FUNCTIONS}


@final
@dataclass(frozen=True)
class DefinedRow:
    """A defined parameter.

    Attributes
    ----------
    name : str
    expression : str
    estimate, standard_error, p_value : float or Unavailable
    interval : (float, float) or Unavailable

    """

    name: str
    expression: str
    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: tuple[float, float] | Unavailable
    p_value: float | Unavailable


def defined_parameters(fit: Estimate, level: float = 0.95) -> list[DefinedRow]:
    """All defined parameters of a model, in its order."""
    if not fit.model.defined:
        return []
    functions = Functions(fit.model, [defined.expression for defined in fit.model.defined])

    def gradient(theta: Tensor) -> Gradient:
        return Gradient(functions.value(theta), functions.jacobian(theta))

    walds = finite_walds(fit, gradient, level)
    return [
        DefinedRow(defined.name, str(defined.expression), **wald._asdict())
        for defined, wald in zip(fit.model.defined, walds, strict=True)
    ]


def finite_walds(fit: Estimate, functions: Callable[[Tensor], Gradient], level: float) -> list[Wald]:
    """The delta method for functions that need not be finite everywhere.

    Where a gradient has no finite entry at the model's generic point, one stands in: what is identified is then
    decided as for the sum of the parameters that the function uses.
    """
    here = functions(fit.theta)

    def tame(theta: Tensor) -> Gradient:
        found = here if theta is fit.theta else functions(theta)
        return Gradient(found.value, torch.where(torch.isfinite(found.slope), found.slope, 1.0))

    smooth = torch.isfinite(here.slope).all(-1).tolist()
    return [_told(wald, fine) for wald, fine in zip(delta_method(fit, tame, level), smooth, strict=True)]


def _told(wald: Wald, smooth: bool) -> Wald:
    if isinstance(wald.estimate, Unavailable):
        return wald
    if not math.isfinite(wald.estimate):
        return Wald(NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE)
    return wald if smooth else Wald(wald.estimate, NO_SLOPE, NO_SLOPE, NO_SLOPE)


def chained(defined: Sequence[Defined], place: Mapping[str, int], inside: Gradient) -> Gradient:
    """Defined parameters of labelled values that have gradients themselves.

    Parameters
    ----------
    defined : sequence of Defined
        All those of a model, in its order.
    place : mapping of str to int
        Where the value of each label stands.
    inside : Gradient
        Values of shape (k,), gradients of shape (k, q).

    """
    start = inside.value.detach().clone().requires_grad_()
    with torch.enable_grad():
        values = {name: start[at] for name, at in place.items()}
        for item in defined:
            values[item.name] = torch.as_tensor(evaluate(item.expression, values, _FUNCTIONS), dtype=start.dtype)
        rows = [_slope(values[item.name], start) for item in defined]
    found = torch.stack([values[item.name].detach() for item in defined])
    return Gradient(found, _chain(torch.stack(rows), inside.slope))


def _chain(outer: Tensor, inner: Tensor) -> Tensor:
    """The product of two Jacobians; NaN only where an outer derivative that is not finite meets a nonzero one."""
    finite = torch.isfinite(outer)
    broken = (~finite).to(inner) @ (inner != 0).to(inner) > 0
    return (torch.where(finite, outer, 0.0) @ inner).masked_fill(broken, torch.nan)


def labels_of(defined: Sequence[Defined]) -> tuple[str, ...]:
    """The labels that these defined parameters use."""
    own = {item.name for item in defined}
    return tuple(dict.fromkeys(name for item in defined for name in names(item.expression) if name not in own))


def _slope(value: Tensor, start: Tensor) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(start)
    (found,) = torch.autograd.grad(value, start, retain_graph=True)
    return found
