"""Modification indices: by about how much χ² would fall if one more parameter were free (Sörbom 1989).

With g the slope of the discrepancy in a candidate k, I its expected information with the free parameters θ, and C the
inverse of theirs under constraints and bounds,

    MI_k = n g_k² / V_k,    EPC_k = −g_k / V_k,    V_k = I_kk − I_kθ C I_θk,

the score test of θ_k = 0 and the step it suggests. All candidates take part in one pass of gathers (`ExtendedGroup`,
`spent`). They agree with lavaan's, which lists paths into exogenous covariates besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, final, get_args

import torch
from torch import Tensor

from semnan.errors import FitError, Unavailable
from semnan.estimation.candidates import OPERATORS, SORTS, Candidates, Sort, candidates
from semnan.estimation.discrepancy import KullbackLeibler, factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.extended import ExtendedGroup
from semnan.estimation.pair_forms import Entries
from semnan.estimation.residual_variance import INDEFINITE, inverse_within
from semnan.estimation.scaling import Scale, Scaling, scaled_variables
from semnan.estimation.spent import spent

#: A candidate with less of its information left than this is determined by the free parameters already.
DETERMINED = 1e-8
NOT_CONVERGED = Unavailable("the fit did not converge: its slopes are not zero where they should be")
NOT_ML = Unavailable("modification indices are there for maximum likelihood only")


@final
@dataclass(frozen=True)
class ModificationIndex:
    """What freeing one parameter promises.

    Attributes
    ----------
    lhs, op, rhs : str
        In lavaan's language: ``f =~ x`` loading, ``y ~ x`` path, ``x ~~ y`` covariance, ``x ~1`` intercept.
    group : str or None
    sort : "loading", "regression", "covariance" or "fixed"
    mi : float
        The expected fall of χ².
    epc : float
        The expected change of the parameter.
    sepc_lv, sepc_all, sepc_nox : float
        The same if latents, all variables, or all but exogenous covariates are in standard deviations.

    """

    lhs: str
    op: str
    rhs: str
    group: str | None
    sort: Sort
    mi: float
    epc: float
    sepc_lv: float
    sepc_all: float
    sepc_nox: float


def modification_indices(
    fit: Estimate, sorts: Iterable[str] = SORTS, *, least: float = 0.0, most: int | None = None
) -> list[ModificationIndex] | Unavailable:
    """Modification indices of parameters that a model does not have or has fixed, the largest first.

    Parameters
    ----------
    fit : Estimate
    sorts : iterable of "loading", "regression", "covariance", "fixed"
        Which to look at; see `candidates`.
    least : float
        The smallest index to list.
    most : int, optional
        How many to list.

    Returns
    -------
    list of ModificationIndex or Unavailable
        Without those that the data could not determine beside the free parameters.

    """
    if most is not None and most < 0:
        raise FitError(f"most is {most}: give how many to list")
    if fit.discrepancy != KullbackLeibler.__name__:
        return NOT_ML
    if not fit.outcome.ok:
        return NOT_CONVERGED
    if isinstance(fit.inference, Unavailable):
        return fit.inference
    if not all(bool(factorise(implied.sigma).definite) for implied in fit.implied):
        return INDEFINITE
    groups = [ExtendedGroup.of(fit, g) for g in range(len(fit.labels))]
    inverse = inverse_within(fit.inference, sum((group.inner for group in groups), torch.zeros(())))
    found = [_table(fit, g, group, inverse, sorts) for g, group in enumerate(groups)]
    return _listed(fit, groups, found, least, most)


class _Table(NamedTuple):
    """Candidates of one group with their indices, shape (C,); those not determined are left out."""

    candidates: Candidates
    mi: Tensor
    epc: Tensor


def _table(fit: Estimate, g: int, group: ExtendedGroup, inverse: Tensor, sorts: Iterable[str]) -> _Table:
    listed = candidates(fit.model, fit.layouts[g], fit.labels[g], sorts)
    kept, mi, epc = _indices(fit.n, group, listed, inverse)
    at = kept.nonzero()[:, 0]
    return _Table(listed.take(at), mi[at], epc[at])


def _indices(n: int, group: ExtendedGroup, some: Candidates, inverse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whether the data could determine candidates, MI and EPC."""
    entries = Entries.of(group.relations, some.is_path, some.row, some.column)
    own = group.own(entries)
    left = own - spent(group, entries, inverse)
    kept = left > DETERMINED * own
    step = group.gradient(entries) / torch.where(kept, left, 1.0)
    return kept, n * step.square() * left, -step


def _listed(
    fit: Estimate, groups: list[ExtendedGroup], tables: list[_Table], least: float, most: int | None
) -> list[ModificationIndex]:
    """The largest of all groups as rows."""
    mi = torch.cat([table.mi for table in tables])
    owner = torch.cat([torch.full_like(table.mi, g, dtype=torch.long) for g, table in enumerate(tables)])
    within = torch.cat([torch.arange(len(table.mi)) for table in tables])
    order = torch.argsort(mi, descending=True, stable=True)
    order = order[mi[order] >= least][:most]
    rows: dict[int, ModificationIndex] = {}
    for g, (group, table) in enumerate(zip(groups, tables, strict=True)):
        mine = order[owner[order] == g]
        rows.update(zip(mine.tolist(), _rows(fit, g, group, table, within[mine]), strict=True))
    return [rows[i] for i in order.tolist()]


def _rows(fit: Estimate, g: int, group: ExtendedGroup, table: _Table, at: Tensor) -> Iterator[ModificationIndex]:
    some, epc, names = table.candidates.take(at), table.epc[at], fit.layouts[g].names
    scaled = [_scaled(fit, g, group, some, epc, scale) for scale in get_args(Scale)]
    places = (some.sort.tolist(), some.operator.tolist(), some.row.tolist(), some.column.tolist())
    for sort, operator, i, j, *values in zip(*places, table.mi[at].tolist(), epc.tolist(), *scaled, strict=True):
        sides = _spelled(OPERATORS[operator], names[i], names[j])
        yield ModificationIndex(*sides, fit.labels[g], SORTS[sort], *values)


def _spelled(operator: str, source: str, target: str) -> tuple[str, str, str]:
    """Left side, operator and right side."""
    if operator == "~1":
        return target, operator, ""
    return (target, operator, source) if operator == "~" else (source, operator, target)


def _scaled(fit: Estimate, g: int, group: ExtendedGroup, some: Candidates, epc: Tensor, scale: Scale) -> list[float]:
    scaled = scaled_variables(fit.model, fit.layouts[g], scale)
    ratios = Scaling.of(some.is_path, some.row, some.column, scaled).ratios(group.relations)
    found: list[float] = (epc * ratios).tolist()
    return found
