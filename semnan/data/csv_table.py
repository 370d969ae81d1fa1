"""`CsvTable`: a CSV file as a data frame of its own, read without pandas; its columns are parsed when they are used."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import final

import numpy as np

from semnan.data.checks import Array, check_names
from semnan.errors import DataError, FileError

#: Larger files are refused.
MAX_BYTES = 2 * 2**30
#: What a cell holds that has no value.
MISSING = frozenset(("", "NA", "NaN", "nan"))
#: Rows that are parsed at a time.
_CHUNK = 4096
#: Columns that an error lists.
_NAMED = 20
Line = tuple[int, list[str]]


@final
@dataclass(frozen=True, eq=False)
class CsvTable:
    """The text of a CSV file with a header line. `semnan.fit` and its siblings take it as a data frame.

    Cells are separated by commas and may be quoted; blanks around them do not count. A cell that is empty, ``NA`` or
    ``NaN`` is a missing value. Columns that no model names are not looked at.

    Attributes
    ----------
    path : Path
    columns : tuple of str
        The header.
    text : str

    """

    path: Path
    columns: tuple[str, ...]
    text: str = field(repr=False)

    def numbers(self, names: Sequence[str]) -> Array:
        """The values of some columns, shape (rows, columns), NaN where one is missing.

        Raises
        ------
        DataError
            For a column that is not there or stands twice, and for a cell that is no finite number, with its line.
        FileError
            For a row that is longer or shorter than the header, with its line.

        """
        index = [self._place(name) for name in names]
        chunks = [_parsed(lines, index, names, self.path) for lines in self._chunks()]
        return np.concatenate(chunks) if chunks else np.empty((0, len(index)))

    def labels(self, name: str) -> list[str | None]:
        """The values of a column as text, None where one is missing; 1.0 is 1 if all are numbers."""
        at = self._place(name)
        cells = [row[at].strip() for lines in self._chunks() for _, row in lines]
        known = {cell: None if cell in MISSING else cell for cell in dict.fromkeys(cells)}
        if all(cell is None or is_number(cell) for cell in known.values()):
            known = {text: None if cell is None else _whole(cell) for text, cell in known.items()}
        return [known[cell] for cell in cells]

    def _place(self, name: str) -> int:
        found = [i for i, column in enumerate(self.columns) if column == name]
        if not found:
            raise DataError(f"{self.path} has no column {name!r}; it has {_listed(self.columns)}")
        check_names([self.columns[i] for i in found], "column")
        return found[0]

    def _chunks(self) -> Iterator[list[Line]]:
        rows = self._rows()
        while chunk := list(islice(rows, _CHUNK)):
            yield chunk

    def _rows(self) -> Iterator[Line]:
        """The rows after the header with the lines they end on; empty lines are none, but of a single column."""
        width = len(self.columns)
        lines = numbered(self.text, self.path)
        next(lines)
        for at, row in lines:
            if not row and width > 1:
                continue
            cells = row or [""]
            if len(cells) != width:
                raise FileError(f"{self.path}, line {at}: {len(cells)} cells, but the header has {width}")
            yield at, cells


def read_csv(path: str | Path) -> CsvTable:
    """Read a CSV file in UTF-8 whose first line names the columns.

    Raises
    ------
    FileError
        If the file cannot be read, is too large, or has no header.

    """
    place = Path(path)
    text = read_text(place, MAX_BYTES)
    header = next(numbered(text, place), None)
    if header is None or not header[1]:
        raise FileError(f"{place} is empty: its first line must name the columns")
    return CsvTable(place, tuple(name.strip() for name in header[1]), text)


def read_text(path: Path, limit: int) -> str:
    """The text of a file in UTF-8, with or without a byte order mark, of at most so many bytes."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > limit:
        raise FileError(f"{path} is larger than {limit:,} bytes: reduce it, of a table for instance to a covariance")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not text in UTF-8: {error.reason} at byte {error.start}") from error


def numbered(text: str, path: Path) -> Iterator[Line]:
    """The rows of a CSV text with the number of the line on which each ends; quotes have to be closed."""
    reader = csv.reader(StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileError(f"{path}, line {reader.line_num}: not a CSV file: {error}") from error
        yield reader.line_num, row


def number(cell: str, column: str, path: Path, line: int) -> float:
    """The number in a cell, or `DataError`, which names its place."""
    try:
        # Python reads 1_000 and other digits than these, other programs do not.
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{path}, line {line}: {column} is {shortened(cell)!r}, not a finite number: correct it "
            "(nothing is dropped silently)"
        )
    return value


def shortened(cell: str) -> str:
    """A cell that may be long, for an error."""
    return cell if len(cell) <= 40 else f"{cell[:40]}…"


def _parsed(lines: list[Line], index: list[int], names: Sequence[str], path: Path) -> Array:
    values = plain([row[i] for _, row in lines for i in index])
    if values is None:
        pairs = tuple(zip(index, names, strict=True))
        values = np.array([_value(row[i], name, path, at) for at, row in lines for i, name in pairs])
    return values.reshape(len(lines), len(index))


def plain(cells: list[str]) -> Array | None:
    """The numbers in cells, NaN where one is missing; None if they have to be looked at singly, to place a fault."""
    joined = "".join(cells)
    if "_" in joined or not joined.isascii():
        return None
    try:
        values = np.array([math.nan if cell in MISSING else float(cell) for cell in cells])
    except ValueError:
        return None
    odd = np.flatnonzero(~np.isfinite(values)).tolist()
    return values if all(cells[i] in MISSING for i in odd) else None


def _value(cell: str, name: str, path: Path, line: int) -> float:
    stripped = cell.strip()
    return math.nan if stripped in MISSING else number(stripped, name, path, line)


def is_number(cell: str) -> bool:
    """Whether a cell holds a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _whole(cell: str) -> str:
    value = float(cell)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else cell


def _listed(columns: tuple[str, ...]) -> str:
    """Some of the columns, and what may be wrong if there is but one."""
    odd = next((mark for mark in (";", "\t", "|") if len(columns) == 1 and mark in columns[0]), None)
    hint = "" if odd is None else f" (cells are separated by commas, not by {odd!r})"
    rest = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return f"{', '.join(map(shortened, columns[:_NAMED]))}{rest}{hint}"
