"""`ParameterTable`: the rows of a fitted parameter table, as a sequence, a data frame, or plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final, overload

import narwhals as nw

from semnan.data.frames import Backend, make_frame
from semnan.errors import Unavailable
from semnan.report.rows import ParameterRow
from semnan.report.table import Table, number, probability, span

#: Rows shown at most by a notebook or `print`.
MOST_SHOWN = 1000
_TEXTS = ("lhs", "op", "rhs", "group", "label")
_NUMBERS = ("est", "se", "z", "pvalue", "ci.lower", "ci.upper", "std.lv", "std.all")
#: The columns under lavaan's names with what they hold; the last two are there if they were asked for.
COLUMNS: dict[str, type[nw.String] | type[nw.Float64]] = {
    **dict.fromkeys(_TEXTS, nw.String),
    **dict.fromkeys(_NUMBERS, nw.Float64),
}
STANDARDISED = ("std.lv", "std.all")


@final
@dataclass(frozen=True, repr=False)
class ParameterTable(Sequence[ParameterRow]):
    """The parameter table of a fit: a sequence of `ParameterRow`.

    Attributes
    ----------
    rows : tuple of ParameterRow

    """

    rows: tuple[ParameterRow, ...]

    @overload
    def __getitem__(self, at: int) -> ParameterRow: ...
    @overload
    def __getitem__(self, at: slice) -> ParameterTable: ...
    def __getitem__(self, at: int | slice) -> ParameterRow | ParameterTable:
        return ParameterTable(self.rows[at]) if isinstance(at, slice) else self.rows[at]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ParameterRow]:
        return iter(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns: lavaan's."""
        bare = any(row.std_all is None for row in self.rows)
        return tuple(name for name in COLUMNS if not (bare and name in STANDARDISED))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dictionaries under lavaan's names; None where there is no number, group or label."""
        return [{name: value for name, value in _plain(row).items() if name in self.columns} for row in self.rows]

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The rows as a data frame of an installed library, with lavaan's names and nulls where there is no number.

        Raises
        ------
        FitError
            For another library.

        """
        rows = [_plain(row) for row in self.rows]
        lists = {name: [row[name] for row in rows] for name in self.columns}
        schema = {name: COLUMNS[name] for name in self.columns}
        return make_frame(lists, backend, schema)

    def __str__(self) -> str:
        return self._table().text(120)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        rows = tuple(tuple(_cells(row)[name] for name in self.columns) for row in self.rows[:MOST_SHOWN])
        return Table("", self.columns, rows, more=len(self.rows) - len(rows))


def _plain(row: ParameterRow) -> dict[str, Any]:
    lower, upper = (row.interval, row.interval) if isinstance(row.interval, Unavailable) else row.interval
    values = (row.estimate, row.standard_error, row.z, row.p_value, lower, upper, row.std_lv, row.std_all)
    numbers = (None if isinstance(value, Unavailable) else value for value in values)
    return dict(zip(COLUMNS, (row.lhs, row.op, row.rhs, row.group, row.label, *numbers), strict=True))


def _cells(row: ParameterRow) -> dict[str, str]:
    values = (row.estimate, row.standard_error, row.z)
    shown = [*map(number, values), probability(row.p_value), *span(row.interval)]
    scaled = ["" if value is None else number(value) for value in (row.std_lv, row.std_all)]
    names = (row.lhs, row.op, row.rhs, row.group or "", row.label or "")
    return dict(zip(COLUMNS, (*names, *shown, *scaled), strict=True))
