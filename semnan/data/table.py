"""Reading a table of numbers or a covariance matrix from a CSV file, for the command line."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np

from semnan.data.checks import Array, check_names
from semnan.data.moments import Moments
from semnan.errors import DataError, FileError

MAX_BYTES = 4 * 2**30
Line = tuple[int, list[str]]
T = TypeVar("T")


def read_csv(path: Path, columns: tuple[str, ...]) -> Moments:
    """Moments of the named columns of a CSV file with a header line; other columns are not looked at.

    Raises
    ------
    FileError
        If the file cannot be read, has no header, or a row is too short or too long.
    DataError
        Naming the column and the line of a cell that is not a number.

    """
    return _opened(path, lambda lines: _read(lines, path, columns))


def read_covariance(path: Path) -> tuple[tuple[str, ...], Array]:
    """The names and entries of a square table: a header with the names, then a line for each variable.

    The lines may begin with the names, which then must be those of the header, in its order; the header's own first
    cell is not looked at. The matrix is checked where it is used, by `Moments.from_covariance`.

    Raises
    ------
    FileError
        If the file cannot be read, is not square, or a row is too short or too long.
    DataError
        Naming the line of a cell that is not a number, or of a name that is not that of its column.

    """
    return _opened(path, lambda lines: _read_square(lines, path))


def _opened(path: Path, read: Callable[[Iterable[str]], T]) -> T:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path} is larger than {MAX_BYTES >> 30} GiB: reduce it to a covariance first")
        with path.open(newline="", encoding="utf-8-sig") as file:
            return read(file)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path} is not a CSV file in UTF-8: {error}") from error


def _read(lines: Iterable[str], path: Path, columns: tuple[str, ...]) -> Moments:
    reader = csv.reader(lines)
    header = _header(next(reader, None), path)
    for name in columns:
        if name not in header:
            raise DataError(f"{path} has no column {name!r}; it has {', '.join(header)}")
    check_names([name for name in header if name in columns], "column")
    index = [header.index(name) for name in columns]
    rows = []
    for row in reader:
        if row and len(row) != len(header):
            raise FileError(f"{path}, line {reader.line_num}: {len(row)} cells, but the header has {len(header)}")
        if row:
            rows.append([_number(row[i], header[i], path, reader.line_num) for i in index])
    return Moments.from_array(np.array(rows, dtype=np.float64).reshape(len(rows), len(index)), columns)


def _read_square(lines: Iterable[str], path: Path) -> tuple[tuple[str, ...], Array]:
    reader = csv.reader(lines)
    header = _header(next(reader, None), path)
    rows = [(reader.line_num, row) for row in reader if row]
    names = header
    if rows and _named(header, rows[0][1]):
        names = header[1:] if len(header) == len(rows[0][1]) else header
        rows = [_without_name(row, names[i] if i < len(names) else None, path) for i, row in enumerate(rows)]
    if not names:
        raise FileError(f"{path} names no variable in its first line: are its cells separated by commas?")
    for line, row in rows:
        if len(row) != len(names):
            raise FileError(f"{path}, line {line}: {len(row)} numbers, but the header has {len(names)} names")
    if len(rows) != len(names):
        raise FileError(f"{path} has {len(rows)} lines of numbers for {len(names)} variables: a covariance is square")
    checked = check_names(names, "column")
    return checked, np.array([[_number(*cell, path, at) for cell in zip(row, names, strict=True)] for at, row in rows])


def _named(header: list[str], row: list[str]) -> bool:
    """Whether the lines begin with a name: the header is a cell shorter, or begins with an empty cell or a title."""
    return not header[0].strip() or len(row) == len(header) + 1 or not _is_number(row[0])


def _without_name(row: Line, name: str | None, path: Path) -> Line:
    line, (first, *rest) = row
    if name is not None and first.strip() != name.strip():
        raise DataError(f"{path}, line {line}: the row is of {first!r}, but the column in its place of {name!r}")
    return line, rest


def _header(row: list[str] | None, path: Path) -> list[str]:
    if not row:
        raise FileError(f"{path} is empty: its first line must name the columns")
    return row


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, column: str, path: Path, line: int) -> float:
    try:
        value = math.nan if "_" in cell else float(cell)  # Python reads 1_000, other programs do not.
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{path}, line {line}: {column} is {cell!r}, not a finite number: correct it (nothing is dropped silently)"
        )
    return value
