"""The parameter table of a fit as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from semnan.effects.delta import NOT_IDENTIFIED, Wald, own_walds
from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.model import Kind, Parameter

FIXED = Unavailable("fixed, not estimated")


@final
@dataclass(frozen=True)
class ParameterRow:
    """One row of a fitted parameter table.

    Attributes
    ----------
    name : str
        The label, or the arrows.
    kind : "path" or "covariance"
    source, target : str
    fixed : bool
    estimate : float or Unavailable
        Unavailable if the data do not determine it.
    standard_error, p_value : float or Unavailable
    interval : (float, float) or Unavailable

    """

    name: str
    kind: str
    source: str
    target: str
    fixed: bool
    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: tuple[float, float] | Unavailable
    p_value: float | Unavailable

    @property
    def verdict(self) -> str:
        """In two words: fixed, not identified, identified, or identified without a standard error."""
        if self.fixed:
            return "fixed"
        if self.estimate == NOT_IDENTIFIED:
            return "not identified"
        return "identified" if not isinstance(self.standard_error, Unavailable) else "no SE"


def parameter_rows(fit: Estimate, level: float) -> list[ParameterRow]:
    """All rows of the parameter table, tied ones each with the shared numbers."""
    place = {row: k for k, free in enumerate(fit.model.free) for row in free.rows}
    walds = own_walds(fit, level)
    rows = []
    for i, row in enumerate(fit.model.parameters):
        rows.append(_row(row, walds[place[i]] if i in place else Wald(float(row.fixed or 0.0), FIXED, FIXED, FIXED)))
    return rows


def _row(row: Parameter, wald: Wald) -> ParameterRow:
    fixed, kind = row.fixed is not None, Kind(row.kind).value
    return ParameterRow(row.name, kind, row.source, row.target, fixed, **wald._asdict())
