"""One table for every surface: text in a terminal, HTML in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from semnan.errors import Unavailable

#: What is smaller is rounding, and shown as zero.
ROUNDED = 1e-9


@final
@dataclass(frozen=True)
class Table:
    """A titled table of strings; all columns but the first and the last are right-aligned."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self, width: int) -> str:
        """For a terminal."""
        table = RichTable(
            title=Text(self.title), box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False
        )
        for i, column in enumerate(self.columns):
            table.add_column(column, justify="left" if i in (0, len(self.columns) - 1) else "right", overflow="fold")
        for row in self.rows:
            table.add_row(*map(Text, row))
        console = Console(file=StringIO(), width=width, color_system=None, force_terminal=False, force_jupyter=False)
        with console.capture() as caught:
            console.print(table)
        return "\n".join(line.rstrip() for line in caught.get().rstrip().splitlines())

    def html(self) -> str:
        """For a notebook; names from the user are escaped."""
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        title = html.escape(self.title)
        return f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def number(value: float | int | Unavailable, digits: int = 3) -> str:
    """A number for a table; a dash where there is none (the reason stands in the last column)."""
    if isinstance(value, Unavailable):
        return "—"
    if isinstance(value, int):
        return str(value)
    plain = 1e-3 <= abs(value) < 1e6 or abs(value) < ROUNDED
    return f"{abs(value) if abs(value) < ROUNDED else value:.{digits}{'f' if plain else 'g'}}"


def probability(value: float | Unavailable) -> str:
    """A p value for a table."""
    if isinstance(value, Unavailable):
        return "—"
    return "<.001" if value < 0.001 else f"{value:.3f}"


def span(value: tuple[float, float] | Unavailable) -> Sequence[str]:
    """The ends of an interval for a table."""
    return ("—", "—") if isinstance(value, Unavailable) else (number(value[0]), number(value[1]))
