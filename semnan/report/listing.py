"""`Listing`: results that are many of a kind, as a sequence that prints as a table and becomes a data frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, final, overload

from semnan.data.frames import Backend, make_frame
from semnan.errors import Unavailable
from semnan.report.table import NONE, Table, number, probability

#: Rows shown at most by a notebook or `print`.
MOST_SHOWN = 1000
WIDTH = 120
Row = TypeVar("Row")


@final
@dataclass(frozen=True, repr=False)
class Listing(Sequence[Row], Generic[Row]):
    """Rows of one kind: a sequence of small values.

    Attributes
    ----------
    kind : type
        The dataclass of the rows.
    rows : tuple

    """

    kind: type[Row]
    rows: tuple[Row, ...]

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Listing[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Listing[Row]:
        return Listing(self.kind, self.rows[at]) if isinstance(at, slice) else self.rows[at]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of the rows; an interval makes two."""
        names = [field.name for field in fields(self.kind)]  # type: ignore[arg-type]
        return tuple(part for name in names for part in (("lower", "upper") if name == "interval" else (name,)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dictionaries; None where there is no number."""
        return [{name: _plain(value) for name, value in _cells(row).items()} for row in self.rows]

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The rows as a data frame of an installed library, with nulls where there is no number.

        Raises
        ------
        FitError
            For another library.

        """
        rows = self.to_dicts()
        return make_frame({name: [row[name] for row in rows] for name in self.columns}, backend)

    def __str__(self) -> str:
        return self._table().text(WIDTH)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        """Without columns that are empty throughout, and with the reasons of what is missing."""
        cells = [_cells(row) for row in self.rows[:MOST_SHOWN]]
        shown = [name for name in self.columns if any(row[name] not in (None, ()) for row in cells)]
        body = tuple(tuple(_text(name, row[name]) for name in shown) for row in cells)
        reasons = dict.fromkeys(str(value) for row in cells for value in row.values() if isinstance(value, Unavailable))
        notes = tuple(f"{NONE} {reason}" for reason in reasons)
        return Table("", tuple(shown), body, more=len(self.rows) - len(cells), notes=notes or _empty(cells))


def _empty(cells: list[dict[str, Any]]) -> tuple[str, ...]:
    return () if cells else ("nothing to list",)


def _cells(row: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(row):  # type: ignore[arg-type]
        value = getattr(row, field.name)
        if field.name == "interval":
            none = value is None or isinstance(value, Unavailable)
            found["lower"], found["upper"] = (value, value) if none else value
        else:
            found[field.name] = value
    return found


def _plain(value: object) -> Any:
    if isinstance(value, Unavailable):
        return None
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {None: "", True: "yes", False: "no"}[value]
    if isinstance(value, str | tuple):
        return str(_plain(value))
    return probability(value) if name == "p_value" else number(value)
