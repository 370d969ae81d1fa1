"""The standardised solution: every row of the table in implied standard deviations, with standard errors.

A standardised value is v √(V₁^±¹ / V₂) with two of the model's variances (see `estimation.scaling`), so its gradient is

    √(V₁^±¹ / V₂) ∂v + (v √…) (±½ ∂ log V₁ − ½ ∂ log V₂),

a gather of the gradients of variances: no Jacobian of all implied moments is formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import final, get_args

import torch
from torch import Tensor

from semnan.effects.defined import chained, finite_walds, labels_of
from semnan.effects.delta import Gradient, Wald, check_level, delta_method
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.generic import Generic
from semnan.estimation.relations import Relations
from semnan.estimation.scaling import Scale, Scaling, scaled_variables
from semnan.model import CONSTANT, Kind, Parameter, PathModel, covariance, intercept
from semnan.network import Layout

#: Rows whose gradients are held at a time.
CHUNK = 512
#: A sum of slopes below this share of its terms is rounding.
ROUNDING = 1e-12
NO_SCALE = Unavailable("a variance that it is divided by is zero or negative")


@final
@dataclass(frozen=True)
class StandardisedRow:
    """A row of the table, or a defined parameter, in standard deviations.

    Attributes
    ----------
    name : str
        The label, or the arrows; or the name of the defined parameter.
    kind : "path", "covariance", "intercept" or "defined"
    source, target : str
        Empty for a defined parameter.
    group : str or None
    estimate, standard_error, p_value : float or Unavailable
        A row that is the same whatever the data has standard error zero.
    interval : (float, float) or Unavailable

    """

    name: str
    kind: str
    source: str
    target: str
    group: str | None
    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: tuple[float, float] | Unavailable
    p_value: float | Unavailable


def standardised(fit: Estimate, scale: Scale = "std.all", level: float = 0.95) -> list[StandardisedRow]:
    """The standardised solution.

    Parameters
    ----------
    fit : Estimate
    scale : "std.lv", "std.all" or "std.nox"
        Latents in their standard deviations; all variables; or all but exogenous covariates.
    level : float
        Of the intervals.

    Returns
    -------
    list of StandardisedRow
        Group by group the rows of the table, then those of exogenous covariates; last the defined parameters, whose
        labels stand for the standardised values of the rows that have them first.

    """
    if scale not in get_args(Scale):
        raise FitError(f"scale is {scale!r}: give one of {', '.join(get_args(Scale))}")
    check_level(level)
    tables = [Table.of(fit.model, layout, label, scale) for label, layout in zip(fit.labels, fit.layouts, strict=True)]
    found = [row for table in tables for row in _rows(fit, table, level)]
    return found + _defined(fit, tables, level)


def standardised_values(fit: Estimate, scale: Scale) -> list[float | Unavailable]:
    """The estimates of `standardised` alone, which takes no gradients where the model is identified as a whole."""
    if isinstance(fit.generic, Generic) and not bool(fit.generic.own().all()):
        return [row.estimate for row in standardised(fit, scale)]
    tables = [Table.of(fit.model, layout, label, scale) for label, layout in zip(fit.labels, fit.layouts, strict=True)]
    found = [value for table in tables for value in table.values(fit.theta)]
    return found + [row.estimate for row in _defined(fit, tables, 0.95)]


def _rows(fit: Estimate, table: Table, level: float) -> Iterator[StandardisedRow]:
    relations = Relations.at(table.layout, fit.theta)
    for start in range(0, len(table.rows), CHUNK):
        part = table.take(range(start, min(start + CHUNK, len(table.rows))))
        proper = part.scaling.proper(relations).tolist()
        for row, wald, fine in zip(part.rows, delta_method(fit, part.gradient, level), proper, strict=True):
            told = wald if fine else Wald(NO_SCALE, NO_SCALE, NO_SCALE, NO_SCALE)
            kind = Kind(row.kind).value
            yield StandardisedRow(row.name, kind, row.source, row.target, row.group, **told._asdict())


def _defined(fit: Estimate, tables: Sequence[Table], level: float) -> list[StandardisedRow]:
    """Defined parameters of standardised values, as lavaan has them."""
    defined = fit.model.defined
    if not defined:
        return []
    wanted = labels_of(defined)
    parts = [table.first(wanted) for table in tables]
    labels = [row.label for part in parts for row in part.rows]
    place = {label: labels.index(label) for label in wanted}

    def gradient(theta: Tensor) -> Gradient:
        found = [part.gradient(theta) for part in parts]
        inside = Gradient(torch.cat([part.value for part in found]), torch.cat([part.slope for part in found]))
        return chained(defined, place, inside)

    walds = finite_walds(fit, gradient, level)
    return [
        StandardisedRow(item.name, "defined", "", "", None, **wald._asdict())
        for item, wald in zip(defined, walds, strict=True)
    ]


@final
@dataclass(frozen=True, eq=False)
class Table:
    """Rows of one group with how they are scaled.

    Attributes
    ----------
    layout : Layout
    rows : tuple of Parameter
    owner : Tensor of int, shape (R,)
        The free parameter of each, −1 for fixed rows.
    scaled : Tensor of bool, shape (n,)
        Which variables are scaled.

    """

    layout: Layout
    rows: tuple[Parameter, ...]
    owner: Tensor
    scaled: Tensor

    @classmethod
    def of(cls, model: PathModel, layout: Layout, group: str | None, scale: Scale) -> Table:
        """All rows of a group, those of exogenous covariates last."""
        inside = [i for i, row in enumerate(model.parameters) if row.group == group]
        owners = {i: k for k, free in enumerate(model.free) for i in free.rows}
        covariates = exogenous_rows(model, group)
        return cls(
            layout,
            (*(model.parameters[i] for i in inside), *covariates),
            torch.tensor([owners.get(i, -1) for i in inside] + [-1] * len(covariates), dtype=torch.long),
            scaled_variables(model, layout, scale),
        )

    def take(self, index: Sequence[int]) -> Table:
        """Some of the rows."""
        at = torch.tensor(index, dtype=torch.long)
        return Table(self.layout, tuple(self.rows[i] for i in index), self.owner[at], self.scaled)

    def first(self, labels: Sequence[str]) -> Table:
        """The first row that has each of these labels."""
        have: dict[str | None, int] = {}
        for i, row in enumerate(self.rows):
            have.setdefault(row.label, i)
        return self.take([have[label] for label in labels if label in have])

    @cached_property
    def scaling(self) -> Scaling:
        place = {name: i for i, name in enumerate(self.layout.names)}
        first = [place[CONSTANT if row.kind is Kind.INTERCEPT else row.source] for row in self.rows]
        second = [place[row.target] for row in self.rows]
        kinds = torch.tensor([row.kind is not Kind.COVARIANCE for row in self.rows], dtype=torch.bool)
        ends = torch.tensor([first, second], dtype=torch.long)
        return Scaling.of(kinds, ends[0], ends[1], self.scaled)

    def gradient(self, theta: Tensor) -> Gradient:
        """Standardised values and their gradients, shape (R, q), at θ of shape (q,)."""
        relations = Relations.at(self.layout, theta)
        ratio = self.scaling.ratios(relations)
        value = self.scaling.values(relations) * ratio
        first, second = (value[:, None] * part for part in self.scaling.relative_slopes(relations))
        own = self._own(ratio)
        slope, size = first + second + own, first.abs() + second.abs() + own.abs()
        return Gradient(value, torch.where(slope.abs() > ROUNDING * size, slope, 0.0))

    def values(self, theta: Tensor) -> list[float | Unavailable]:
        """Standardised values, or why there are none."""
        relations = Relations.at(self.layout, theta)
        found = (self.scaling.values(relations) * self.scaling.ratios(relations)).tolist()
        return [
            value if fine else NO_SCALE
            for value, fine in zip(found, self.scaling.proper(relations).tolist(), strict=True)
        ]

    def _own(self, ratio: Tensor) -> Tensor:
        own = ratio.new_zeros(len(self.rows), self.layout.size)
        free = (self.owner >= 0).nonzero()[:, 0]
        own[free, self.owner[free]] = ratio[free]
        return own


def exogenous_rows(model: PathModel, group: str | None) -> tuple[Parameter, ...]:
    """The rows that the table leaves out, since they are the moments of exogenous covariates."""
    pairs = combinations_with_replacement(model.exogenous, 2)
    rows = [covariance(a, b, fixed=0.0, group=group) for a, b in pairs]
    if model.has_means:
        rows += [intercept(name, fixed=0.0, group=group) for name in model.exogenous]
    return tuple(rows)
