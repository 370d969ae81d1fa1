"""Reading a table of numbers from a CSV file, for the command line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from semnan.data.checks import check_names
from semnan.data.moments import Moments
from semnan.errors import DataError, FileError

MAX_BYTES = 4 * 2**30


def read_csv(path: Path, columns: tuple[str, ...]) -> Moments:
    """Moments of the named columns of a CSV file with a header line; other columns are not looked at.

    Raises
    ------
    FileError
        If the file cannot be read, has no header, or a row is too short or too long.
    DataError
        Naming the column and the line of a cell that is not a number.

    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(f"{path} is larger than {MAX_BYTES >> 30} GiB: reduce it to a covariance first")
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _read(file, path, columns)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path} is not a CSV file in UTF-8: {error}") from error


def _read(lines: Iterable[str], path: Path, columns: tuple[str, ...]) -> Moments:
    reader = csv.reader(lines)
    header = next(reader, None)
    if not header:
        raise FileError(f"{path} is empty: its first line must name the columns")
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


def _number(cell: str, column: str, path: Path, line: int) -> float:
    try:
        value = math.nan if "_" in cell else float(cell)  # Python reads 1_000, other programs do not.
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{path}, line {line}: {column} is {cell!r}, not a finite number: "
            "fix or remove the row (nothing is dropped silently)"
        )
    return value
