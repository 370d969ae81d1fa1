"""The parameter table of a fit as rows, in the order and the spelling of lavaan's."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, final

import numpy as np

from semnan.data import Moments
from semnan.effects.defined import DefinedRow, defined_parameters
from semnan.effects.delta import NOT_IDENTIFIED, Wald, own_walds
from semnan.effects.standardised import exogenous_rows, standardised_values
from semnan.errors import Unavailable
from semnan.estimation.distributions import normal_reach, two_sided
from semnan.estimation.estimate import Estimate
from semnan.estimation.squares import LeastSquares
from semnan.estimation.thresholds import Scale, Threshold
from semnan.model import Kind, Parameter, PathModel, intercept

FIXED = Unavailable("fixed, not estimated")
Value = float | Unavailable


@final
@dataclass(frozen=True)
class ParameterRow:
    """One row of a fitted parameter table.

    Attributes
    ----------
    lhs, op, rhs : str
        In lavaan's language: ``f =~ x`` loading, ``y ~ x`` path, ``x ~~ y`` (co)variance, ``x ~1`` intercept (with an
        empty right side), ``x | t1`` threshold, ``x ~*~ x`` scale of a latent response, ``name := expression`` defined
        parameter.
    group : str or None
        Of a model with several groups; None for a defined parameter.
    label : str or None
    name : str
        The label, or the arrows: the key of `Fit.estimates`.
    fixed : bool
        Fixed, or a moment of exogenous covariates. The standard error is then zero.
    estimate, standard_error, z, p_value : float or Unavailable
        The estimate is unavailable if the data do not determine it.
    interval : (float, float) or Unavailable
    std_lv, std_all : float, Unavailable, or None
        In standard deviations of the latents, and of all variables; None unless asked for.

    """

    lhs: str
    op: str
    rhs: str
    group: str | None
    label: str | None
    name: str
    fixed: bool
    estimate: Value
    standard_error: Value
    z: Value
    p_value: Value
    interval: tuple[float, float] | Unavailable
    std_lv: Value | None = None
    std_all: Value | None = None

    @property
    def verdict(self) -> str:
        """In two words: fixed, not identified, identified, or identified without a standard error."""
        if self.fixed:
            return "fixed"
        if self.estimate == NOT_IDENTIFIED:
            return "not identified"
        return "identified" if not isinstance(self.standard_error, Unavailable) else "no SE"


def parameter_rows(fit: Estimate, level: float, *, with_standardised: bool = False) -> list[ParameterRow]:
    """All rows, group by group, tied ones each with the shared numbers; last the defined parameters.

    Standardised values cost the implied moments once more, and a gradient where something is not identified.
    """
    walds = own_walds(fit, level)
    place = {row: k for k, free in enumerate(fit.model.free) for row in free.rows}
    own = [walds[place[i]] if i in place else held(row.fixed) for i, row in enumerate(fit.model.parameters)]
    groups = [_group_rows(fit, g, own) for g in range(len(fit.labels))]
    defined = [_defined(row) for row in defined_parameters(fit, level)]
    if with_standardised:
        pairs = zip(standardised_values(fit, "std.lv"), standardised_values(fit, "std.all"), strict=True)
        groups = [_standardise(rows, pairs) for rows in groups]
        defined = _standardise(defined, pairs)
    steps = _threshold_rows(fit, level, with_standardised=with_standardised)
    found: list[ParameterRow] = []
    for rows, group in zip(groups, fit.labels, strict=True):
        found += [*_in_order(rows, fit.model, group), *(step for step in steps if step.group == group)]
    return [*found, *defined]


def _threshold_rows(fit: Estimate, level: float, *, with_standardised: bool) -> list[ParameterRow]:
    """Thresholds of ordered variables and scales; these are in units of the latent responses as they are."""
    if not isinstance(fit.squares, LeastSquares):
        return []
    steps = [_measured(step, "|", f"t{step.level}", level, with_standardised) for step in fit.squares.thresholds]
    scales = [_measured(scale, "~*~", scale.name, level, with_standardised) for scale in fit.squares.scales]
    return steps + scales


def _measured(step: Threshold | Scale, op: str, rhs: str, level: float, with_standardised: bool) -> ParameterRow:
    z, reach = step.estimate / step.standard_error, normal_reach(level) * step.standard_error
    return ParameterRow(
        lhs=step.name,
        op=op,
        rhs=rhs,
        group=step.group,
        label=None,
        name=f"{step.name} {op} {rhs}",
        fixed=False,
        estimate=step.estimate,
        standard_error=step.standard_error,
        z=z,
        p_value=float(two_sided(np.asarray(z))),
        interval=(step.estimate - reach, step.estimate + reach),
        std_lv=step.estimate if with_standardised else None,
        std_all=step.estimate if with_standardised else None,
    )


def held(value: float | None) -> Wald:
    """A value that is given."""
    given = float(value or 0.0)
    return Wald(given, 0.0, (given, given), FIXED)


def unmarked_latents(model: PathModel) -> frozenset[str]:
    """Latents none of whose paths is marked as a loading: all of them are taken for loadings, as `to_text` does."""
    return frozenset(model.latents) - {row.source for row in model.parameters if row.loading}


def spelled(row: Parameter, unmarked: Collection[str] = ()) -> tuple[str, str, str]:
    """Left side, operator and right side of a row in lavaan's language."""
    if row.kind is Kind.INTERCEPT:
        return row.target, "~1", ""
    if row.kind is Kind.COVARIANCE:
        return row.source, "~~", row.target
    loading = row.loading or row.source in unmarked
    return (row.source, "=~", row.target) if loading else (row.target, "~", row.source)


def _group_rows(fit: Estimate, g: int, own: list[Wald]) -> list[ParameterRow]:
    """The rows of one group, then those of exogenous covariates."""
    group, unmarked = fit.labels[g], unmarked_latents(fit.model)
    inside = [(row, own[i]) for i, row in enumerate(fit.model.parameters) if row.group == group]
    given = [(row, held(_moment(fit.samples[g], row))) for row in exogenous_rows(fit.model, group)]
    return [_row(row, wald, spelled(row, unmarked)) for row, wald in (*inside, *given)]


def _moment(sample: Moments, row: Parameter) -> float:
    """The sample moment that a row of exogenous covariates is."""
    first, second = sample.names.index(row.source), sample.names.index(row.target)
    if row.kind is Kind.INTERCEPT:
        assert sample.mean is not None
        return float(sample.mean[first])
    return float(sample.covariance[first, second])


def _row(row: Parameter, wald: Wald, sides: tuple[str, str, str]) -> ParameterRow:
    fixed = wald.p_value == FIXED
    return ParameterRow(*sides, row.group, row.label, row.name, fixed, **_numbers(wald))


def _defined(row: DefinedRow) -> ParameterRow:
    wald = Wald(row.estimate, row.standard_error, row.interval, row.p_value)
    rhs = row.expression.replace(" ", "")
    return ParameterRow(row.name, ":=", rhs, None, row.name, row.name, False, **_numbers(wald))


def _numbers(wald: Wald) -> dict[str, Any]:
    return {**wald._asdict(), "z": z_value(wald.estimate, wald.standard_error, wald.p_value)}


def z_value(estimate: Value, error: Value, p_value: Value) -> Value:
    """The estimate in standard errors, where that can be tested."""
    for part in (p_value, estimate, error):
        if isinstance(part, Unavailable):
            return part
    return float(estimate) / float(error)


def _standardise(rows: list[ParameterRow], pairs: Iterator[tuple[Value, Value]]) -> list[ParameterRow]:
    return [
        replace(row, std_lv=lv, std_all=both) for row, (lv, both) in zip(rows, islice(pairs, len(rows)), strict=True)
    ]


def _in_order(rows: list[ParameterRow], model: PathModel, group: str | None) -> list[ParameterRow]:
    """The rows of a group as lavaan has them: covariances of covariates before the intercepts that end the table.

    Among these the means of covariates have their place by variable; intercepts that no row is about come after those
    that some row is about.
    """
    given = [row for row in rows if is_covariate(row, model)]
    rest = [row for row in rows if not is_covariate(row, model)]
    last = next((i for i in range(len(rest), 0, -1) if rest[i - 1].op != "~1"), 0)
    means, zeros = [row for row in given if row.op == "~1"], list(_zero_intercepts(rows, model, group))
    place = {name: i for i, name in enumerate((*model.visibles, *model.latents))}
    first, second = (rest[last:], means + zeros) if zeros else ([], rest[last:] + means)
    ends = sorted(second, key=lambda row: place[row.lhs]) if means or zeros else second
    return [*rest[:last], *(row for row in given if row.op == "~~"), *first, *ends]


def _zero_intercepts(rows: list[ParameterRow], model: PathModel, group: str | None) -> Iterator[ParameterRow]:
    """Intercepts that a model with means has no row for, so that they are zero: lavaan's table has them."""
    have = {row.lhs for row in rows if row.op == "~1"}
    scaled = 0.0 if rows and rows[0].std_all is not None else None
    for name in (*model.visibles, *model.latents) if model.has_means else ():
        if name not in have:
            row = _row(intercept(name, fixed=0.0, group=group), held(0.0), (name, "~1", ""))
            yield replace(row, std_lv=scaled, std_all=scaled)


def is_covariate(row: ParameterRow, model: PathModel) -> bool:
    """Whether a row is a moment of exogenous covariates."""
    return row.op in ("~~", "~1") and row.lhs in model.exogenous and (row.op == "~1" or row.rhs in model.exogenous)
