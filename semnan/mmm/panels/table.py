"""The columns of what a panel is read from: a data frame, a CSV file, or a mapping from names to values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np

from semnan.data import CsvTable
from semnan.data.checks import Array, numeric
from semnan.data.frames import Frame, group_label, open_frame, read_frame, read_groups
from semnan.errors import DataError

#: Dates in a unit that Python knows; others would become whole numbers.
_PYTHONS = "datetime64[us]"
#: A data frame, a CSV file (`semnan.data.read_csv`), or a mapping from column names to values.
Table: TypeAlias = Frame | Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]


def column_names(table: Table) -> tuple[str, ...]:
    """The columns that a table has."""
    if isinstance(table, CsvTable):
        return table.columns
    if isinstance(table, Mapping):
        _check_lengths(table)
        return tuple(table)
    return tuple(open_frame(table).columns)


def read_numbers(table: Table, names: Sequence[str]) -> Array:
    """The values of some columns, shape (rows, columns), NaN where one is missing; booleans count as 0 and 1."""
    if not isinstance(table, Mapping):
        return read_frame(table, names, booleans=True)[1]
    return np.column_stack([_numbers(table[name], name) for name in names])


def read_labels(table: Table, name: str) -> list[str]:
    """The values of a column as text; `DataError` naming the row where there is none."""
    if isinstance(table, Mapping):
        labels = [None if _missing(value) else group_label(value) for value in _list(table[name], name)]
    else:
        labels = read_groups(table, name)
    for row, label in enumerate(labels):
        if label is None or not label.strip():
            raise DataError(f"row {row} has no value in the column {name!r}: fill it in, or leave the row out")
    return [str(label) for label in labels]


def read_cells(table: Table, name: str) -> list[Any]:
    """The values of a column as they are, None where one is missing."""
    if isinstance(table, CsvTable):
        return list(table.labels(name))
    values = _list(table[name], name) if isinstance(table, Mapping) else open_frame(table)[name].to_list()
    return [None if _missing(value) else value for value in values]


def nearest(name: object, known: Sequence[str]) -> str:
    """``" (did you mean …?)"`` with the known name that is most like another; empty if none is."""
    close = get_close_matches(str(name), known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _numbers(values: Any, name: str) -> Array:
    """A column of numbers; None is NaN, and flags are 0 and 1."""
    cells = _list(values, name)
    if all(isinstance(cell, bool | int | float | None) for cell in cells):
        return np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return numeric(values, f"the column {name!r}")


def _check_lengths(table: Mapping[str, Any]) -> None:
    sizes = {name: len(_list(values, name)) for name, values in table.items()}
    for name, size in sizes.items():
        first = next(iter(sizes))
        if size != sizes[first]:
            raise DataError(f"the column {name!r} has {size} rows, but {first!r} has {sizes[first]}: give all the same")


def _list(values: Any, name: str) -> list[Any]:
    """The cells of a column, those of an array as Python has them."""
    if isinstance(values, list | tuple | range):
        return [_plain(cell) for cell in values]
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(f"the column {name!r} is {type(values).__name__} of shape {array.shape}: give a list of values")
    return list((array.astype(_PYTHONS) if array.dtype.kind == "M" else array).tolist())


def _plain(cell: Any) -> Any:
    """A cell as Python has it, not NumPy."""
    if isinstance(cell, np.datetime64):
        return cell.astype(_PYTHONS).item()
    return cell.item() if isinstance(cell, np.generic) else cell


def _missing(value: object) -> bool:
    """Whether a cell is empty: None, NaN or pandas' NaT, which alone are not equal to themselves."""
    return value is None or bool(value != value)
