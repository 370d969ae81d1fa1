"""Tables and lists of facts for every surface: text in a terminal, HTML in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from textwrap import fill
from typing import Literal, final

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from semnan.errors import Unavailable

#: What is smaller is rounding, and shown as zero.
ROUNDED = 1e-9
#: Columns of text; all others but the first are numbers, and aligned to the right.
TEXT = frozenset(("", "lhs", "op", "rhs", "group", "label", "verdict", "by"))
#: Characters of the two parts of a fact.
NAME, VALUE = 46, 12
#: Characters of a column of numbers.
NUMBER = 8
NONE = "—"


@final
@dataclass(frozen=True)
class Table:
    """A titled table of strings.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuples of str
    more : int
        Rows that are left out.
    notes : tuple of str
        Lines below.

    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0
    notes: tuple[str, ...] = ()

    @property
    def footer(self) -> tuple[str, ...]:
        """Lines below the table."""
        left_out = (f"… and {self.more} more rows: see parameters()",) if self.more else ()
        return (*left_out, *self.notes)

    def text(self, width: int) -> str:
        """For a terminal."""
        table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
        for i, column in enumerate(self.columns):
            left = i == 0 or column in TEXT
            justify: Literal["left", "right"] = "left" if left else "right"
            table.add_column(Text(column), justify=justify, overflow="fold", min_width=None if left else NUMBER)
        for row in self.rows:
            table.add_row(*map(Text, row))
        lines = [f"{self.title}:"] if self.title else []
        lines += [line.rstrip() for line in _rendered(table, width).rstrip().splitlines()]
        return "\n".join([*lines, *(fill(note, width, initial_indent="  ") for note in self.footer)])

    def html(self) -> str:
        """For a notebook; names from the user are escaped."""
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        body = "".join(_html_row(row) for row in self.rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.footer)
        title = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


@final
@dataclass(frozen=True)
class Facts:
    """Names with a value each, under a title."""

    title: str
    rows: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def text(self, width: int) -> str:
        """For a terminal."""
        lines = [f"{self.title}:", ""] if self.title else []
        lines += [f"  {name:<{NAME}}{value:>{VALUE}}" for name, value in self.rows]
        notes = (fill(f"{NONE} {note}", width, initial_indent="  ", subsequent_indent="    ") for note in self.notes)
        return "\n".join([*lines, *notes])

    def html(self) -> str:
        """For a notebook; names from the user are escaped."""
        title = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        body = "".join(_html_row(row) for row in self.rows)
        notes = "".join(f"<p>{NONE} {html.escape(note)}</p>" for note in self.notes)
        return f"<table>{title}<tbody>{body}</tbody></table>{notes}"


@final
@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    lines: tuple[str, ...]

    def text(self, width: int) -> str:
        """For a terminal."""
        return "\n\n".join(fill(line, width, subsequent_indent="  ") for line in self.lines)

    def html(self) -> str:
        """For a notebook; names from the user are escaped."""
        return "".join(f"<p>{html.escape(line)}</p>" for line in self.lines)


#: What a summary is made of.
Block = Table | Facts | Prose


def _rendered(table: RichTable, width: int) -> str:
    console = Console(file=StringIO(), width=width, color_system=None, force_terminal=False, force_jupyter=False)
    with console.capture() as caught:
        console.print(table)
    return caught.get()


def _html_row(cells: Sequence[str]) -> str:
    # Indentation is kept: it says what a row belongs to.
    padded = (html.escape(cell).replace("  ", "&emsp;") for cell in cells)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in padded) + "</tr>"


def number(value: float | int | Unavailable, digits: int = 3) -> str:
    """A number for a table; a dash where there is none (the reason stands in the last column)."""
    if isinstance(value, Unavailable):
        return NONE
    if isinstance(value, int):
        return str(value)
    plain = 1e-3 <= abs(value) < 1e6 or abs(value) < ROUNDED
    return f"{abs(value) if abs(value) < ROUNDED else value:.{digits}{'f' if plain else 'g'}}"


def probability(value: float | Unavailable) -> str:
    """A p value for a table."""
    if isinstance(value, Unavailable):
        return NONE
    return "<.001" if value < 0.001 else f"{value:.3f}"


def ends(level: float) -> tuple[str, str]:
    """What the columns of an interval are called."""
    return f"{50 * (1 - level):.3g}%", f"{50 * (1 + level):.3g}%"


def span(value: tuple[float, float] | Unavailable) -> Sequence[str]:
    """The ends of an interval for a table."""
    return (NONE, NONE) if isinstance(value, Unavailable) else (number(value[0]), number(value[1]))
