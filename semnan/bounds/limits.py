"""Limits that a user declares: on parameters, and on how strong confounding can be."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from semnan.data.checks import is_number
from semnan.errors import FitError, ModelError
from semnan.model import Kind, Parameter, PathModel, variables
from semnan.network import Layout


@final
@dataclass(frozen=True)
class Between:
    """A free parameter lies between two values; one of them alone makes a sign restriction.

    Attributes
    ----------
    parameter : str
        Its label, or its arrows, such as ``"Z -> Y"`` or ``"X <-> Y"``.
    lower, upper : float

    """

    parameter: str
    lower: float = -math.inf
    upper: float = math.inf

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise FitError(
                f"the limits of {self.parameter} are [{self.lower}, {self.upper}]: the lower one must be less"
            )

    def __str__(self) -> str:
        return f"{self.lower:g} <= {self.parameter} <= {self.upper:g}"


@final
@dataclass(frozen=True)
class PartialR2:
    """The partial R² of a latent with a variable is at most so large.

    With ``given`` left out, all visible parents of the variable are given: for a confounder U of X and Y these are the
    strengths of Cinelli & Hazlett (2020), of U with X given its covariates, and with Y given X and covariates.

    Attributes
    ----------
    latent, variable : str
    at_most : float
        From 0 to 1.
    given : tuple of str, optional

    """

    latent: str
    variable: str
    at_most: float
    given: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _check_share(self.at_most)

    def __str__(self) -> str:
        given = "" if self.given is None else f" given {', '.join(self.given)}"
        return f"partial R² of {self.latent} with {self.variable}{given} <= {self.at_most:g}"

    def excess(self, model: PathModel, layout: Layout, theta: Tensor) -> Tensor:
        """R² less its limit."""
        place = _places(model, layout, (self.latent, self.variable, *(self.given or ())))
        given = _visible_parents(model, self.variable) if self.given is None else self.given
        left = _partial(
            _covariance(layout, theta), [place[self.latent], place[self.variable]], [place[g] for g in given]
        )
        return left[0, 1] ** 2 / (left[0, 0] * left[1, 1]) - self.at_most


@final
@dataclass(frozen=True)
class ErrorCorrelation:
    """What is left of two visibles without their visible parents is correlated at most so much, in absolute value.

    It may come from covariance arcs or from latents.

    Attributes
    ----------
    first, second : str
    at_most : float
        From 0 to 1.

    """

    first: str
    second: str
    at_most: float

    def __post_init__(self) -> None:
        _check_share(self.at_most)

    def __str__(self) -> str:
        return f"|correlation of the errors of {self.first} and {self.second}| <= {self.at_most:g}"

    def excess(self, model: PathModel, layout: Layout, theta: Tensor) -> Tensor:
        """The squared correlation less the square of its limit."""
        place = _places(model, layout, (self.first, self.second))
        weights, _ = layout.matrices(theta)
        shown = torch.zeros(len(weights), dtype=weights.dtype)
        shown[[place[name] for name in model.visibles]] = 1.0
        left = torch.eye(len(weights), dtype=weights.dtype) - shown[:, None] * weights
        at = [place[self.first], place[self.second]]
        errors = (left.mT @ _covariance(layout, theta) @ left)[at][:, at]
        return errors[0, 1] ** 2 / (errors[0, 0] * errors[1, 1]) - self.at_most**2


Limit = Between | PartialR2 | ErrorCorrelation


def restricted(model: PathModel, limits: tuple[Limit, ...]) -> PathModel:
    """The model with bounds: those declared, and that variances are not negative."""
    known = {free.name for free in model.free}
    ranges = [limit for limit in limits if isinstance(limit, Between)]
    for limit in ranges:
        if limit.parameter not in known:
            raise FitError(f"{limit}: there is no such free parameter; there are {', '.join(sorted(known))}")
    return replace(model, parameters=tuple(_bounded(row, ranges) for row in model.parameters))


def _bounded(row: Parameter, ranges: list[Between]) -> Parameter:
    if row.fixed is not None:
        return row
    lower = max([row.lower, *[0.0] * row.is_variance, *(r.lower for r in ranges if r.parameter == row.name)])
    upper = min([row.upper, *(r.upper for r in ranges if r.parameter == row.name)])
    try:
        return replace(row, lower=lower, upper=upper, start=None)
    except ModelError as error:
        raise FitError(f"the limits leave no values: {error}") from None


def _check_share(value: object) -> None:
    if not is_number(value) or not 0 <= float(value) <= 1:
        raise FitError(f"the limit is {value!r}: give a share from 0 to 1")


def _places(model: PathModel, layout: Layout, names: tuple[str, ...]) -> dict[str, int]:
    for name in names:
        if name not in layout.names:
            raise FitError(f"the model has no variable {name!r}; it has {', '.join(variables(model))}")
    return {name: at for at, name in enumerate(layout.names)}


def _visible_parents(model: PathModel, variable: str) -> tuple[str, ...]:
    rows = [row for row in model.parameters if row.kind is Kind.PATH and row.target == variable]
    return tuple(row.source for row in rows if row.source in model.visibles)


def _covariance(layout: Layout, theta: Tensor) -> Tensor:
    """The covariance of all variables."""
    weights, omega = layout.matrices(theta)
    total = torch.linalg.inv(torch.eye(len(weights), dtype=weights.dtype) - weights)
    found: Tensor = total.mT @ omega @ total
    return found


def _partial(covariance: Tensor, at: list[int], given: list[int]) -> Tensor:
    """The covariance of some variables given others."""
    across = covariance[at][:, given]
    found: Tensor = covariance[at][:, at] - across @ torch.linalg.solve(covariance[given][:, given], across.mT)
    return found
