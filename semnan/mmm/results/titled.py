"""What the results of a channel model have in common: a table under a title, with notes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar

from semnan.data.frames import Backend
from semnan.errors import FitError, Unavailable
from semnan.report import Listing
from semnan.report.printed import Printed
from semnan.report.table import NONE, Table, number

#: Columns of rows that the printed table leaves to its notes and to data frames.
UNPRINTED = ("by", "fix")
#: What columns are called where it is not their own name.
SHORT = {"standard_error": "SE"}
#: From here on numbers are printed without decimals.
LARGE = 1000


class OfChannel(Protocol):
    """A row about some effect of a channel."""

    @property
    def channel(self) -> str: ...
    @property
    def kind(self) -> str: ...


Row = TypeVar("Row", bound=OfChannel)


class Result(Printed):
    """A table of rows that prints, becomes a data frame, and plain values for JSON."""

    width: ClassVar[int] = 120

    @property
    @abstractmethod
    def rows(self) -> Listing[Any]:
        """The rows of the table."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What the table shows, and in which units."""

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """What must be told besides."""

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The rows as a data frame of an installed library, with nulls where there is no number."""
        return self.rows.to_frame(backend)

    def to_dict(self) -> dict[str, Any]:
        """The table as plain values: None where there is no number."""
        return {"title": self.title, "rows": self.rows.to_dicts(), "notes": list(self.notes)}

    @property
    def printed(self) -> Sequence[Any]:
        """The rows that are printed."""
        return self.rows

    @property
    def table(self) -> Table:
        """What is printed: rows without the criteria of verdicts, and the reasons of what is missing."""
        names = [part.name for part in fields(self.rows.kind) if part.name not in UNPRINTED]
        cells = [[getattr(row, name) for name in names] for row in self.printed]
        used = [k for k in range(len(names)) if any(row[k] not in (None, "") for row in cells)]
        missing = (value.reason for row in cells for value in row if isinstance(value, Unavailable))
        reasons = (f"{NONE} {reason}" for reason in dict.fromkeys(missing))
        columns = tuple(SHORT.get(names[k], names[k].replace("_", " ")) for k in used)
        body = tuple(tuple(cell(row[k]) for k in used) for row in cells)
        return Table(self.title, columns, body, notes=(*reasons, *self.notes))


def find(rows: Sequence[Row], key: tuple[str, str]) -> Row:
    """The row of a channel and kind."""
    for row in rows:
        if (row.channel, row.kind) == key:
            return row
    there = ", ".join(repr((row.channel, row.kind)) for row in rows)
    raise FitError(f"there is nothing about {key!r}; there is {there}")


def cell(value: Any) -> str:
    """A cell: intervals are in one, and large numbers have no decimals."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"{cell(value[0])} to {cell(value[1])}"
    if not isinstance(value, Unavailable) and abs(value) >= LARGE:
        return f"{value:,.0f}" if abs(value) < LARGE**3 else f"{value:.3g}"
    return number(value)


def plain(value: float | Unavailable) -> float | None:
    """A number for JSON."""
    return None if isinstance(value, Unavailable) else float(value)
