"""How a comparison of fits prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from semnan.errors import Unavailable
from semnan.estimation.comparison import FIRST, ComparedFit
from semnan.report.printed import Printed
from semnan.report.table import Table, number, probability


@final
@dataclass(frozen=True)
class Comparison(Printed):
    """Likelihood-ratio tests between fits; ``print`` it, or let a notebook show it.

    Attributes
    ----------
    rows : tuple of ComparedFit
        The least restricted fit first, each other one tested against the one before.

    """

    rows: tuple[ComparedFit, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Why there is no test, or no information criterion."""
        cells = (cell for row in self.rows for cell in (row.p_value, row.aic))
        reasons = (cell.reason for cell in cells if isinstance(cell, Unavailable) and cell != FIRST)
        return tuple(dict.fromkeys(reasons))

    @property
    def table(self) -> Table:
        columns = ("fit", "df", "AIC", "BIC", "χ²", "χ² diff", "RMSEA", "df diff", "p")
        return Table("χ² difference tests", columns, tuple(map(_cells, self.rows)), notes=self.notes)


def _cells(row: ComparedFit) -> tuple[str, ...]:
    values = (row.df, row.aic, row.bic, row.chi_square, row.chi_square_difference, row.rmsea, row.df_difference)
    return row.name, *map(number, values), probability(row.p_value)
