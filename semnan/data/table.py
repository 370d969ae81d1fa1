"""Reading a covariance matrix, perhaps with means, from a CSV file, for the command line."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from semnan.data.checks import Array, check_names
from semnan.data.csv_table import Line, is_number, number, numbered, plain, read_text
from semnan.errors import DataError, FileError

#: Larger files are refused: room for 5000 variables.
MAX_BYTES = 2**29
#: What the line of means is called.
MEAN = "mean"


class Covariance(NamedTuple):
    """A covariance matrix of shape (p, p) with its names, and the means, shape (p,), if the file has them."""

    names: tuple[str, ...]
    matrix: Array
    mean: Array | None


def read_covariance(path: Path) -> Covariance:
    """Read a square table: a header with the names, then a line for each variable, and perhaps a line ``mean``.

    The lines may begin with the names, which then must be those of the header, in its order; the header's own first
    cell is not looked at. Means need lines that begin with names: theirs is ``mean``, and it is the last one. The
    matrix is checked where it is used, by `Moments.from_covariance`.

    Raises
    ------
    FileError
        If the file cannot be read, is not square, or a row is too short or too long.
    DataError
        Naming the line of a cell that is not a number, or of a name that is not that of its column.

    """
    header, *rows = [line for line in numbered(read_text(path, MAX_BYTES), path) if line[1]] or [(1, [])]
    names = header[1]
    if not names:
        raise FileError(f"{path} is empty: its first line must name the columns")
    mean = None
    if rows and _named(names, rows[0][1]):
        names = names[1:] if len(names) == len(rows[0][1]) else names
        mean = rows.pop() if rows[-1][1][0].strip() == MEAN and len(rows) > len(names) else None
        rows = [_without_name(row, names[i] if i < len(names) else None, path) for i, row in enumerate(rows)]
    checked = _check_shape(names, rows, path)
    matrix = np.array([_numbers(row, names, path) for row in rows])
    return Covariance(checked, matrix, None if mean is None else _means(mean, names, path))


def _means(row: Line, names: list[str], path: Path) -> Array:
    at, cells = _without_name(row, None, path)
    return np.array(_numbers((at, cells), names, path))


def _numbers(row: Line, names: list[str], path: Path) -> list[float]:
    at, cells = row
    if len(cells) != len(names):
        raise FileError(f"{path}, line {at}: {len(cells)} numbers, but the header has {len(names)} names")
    values = plain(cells)
    if values is None or not np.isfinite(values).all():
        return [number(cell.strip(), name, path, at) for cell, name in zip(cells, names, strict=True)]
    found: list[float] = values.tolist()
    return found


def _check_shape(names: list[str], rows: list[Line], path: Path) -> tuple[str, ...]:
    if not names:
        raise FileError(f"{path} names no variable in its first line: are its cells separated by commas?")
    for at, row in rows:
        if len(row) != len(names):
            raise FileError(f"{path}, line {at}: {len(row)} numbers, but the header has {len(names)} names")
    if len(rows) != len(names):
        raise FileError(f"{path} has {len(rows)} lines of numbers for {len(names)} variables: a covariance is square")
    return tuple(name.strip() for name in check_names(names, "column"))


def _named(header: list[str], row: list[str]) -> bool:
    """Whether the lines begin with a name: the header is a cell shorter, or begins with an empty cell or a title."""
    return not header[0].strip() or len(row) == len(header) + 1 or not is_number(row[0])


def _without_name(row: Line, name: str | None, path: Path) -> Line:
    line, (first, *rest) = row
    if name is not None and first.strip() != name.strip():
        raise DataError(f"{path}, line {line}: the row is of {first!r}, but the column in its place of {name!r}")
    return line, rest
