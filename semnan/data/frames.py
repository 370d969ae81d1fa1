"""Data frames of any library as arrays: numbers by column, and the groups that a column names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import narwhals as nw
import numpy as np
from narwhals.dependencies import is_pandas_dataframe
from narwhals.typing import IntoDataFrame

from semnan.data.checks import Array, check_names
from semnan.data.csv_table import CsvTable
from semnan.errors import DataError, FitError, SemnanError

#: Any data frame that narwhals reads (pandas, Polars, PyArrow, Modin, cuDF), or a CSV file.
Frame: TypeAlias = IntoDataFrame | CsvTable

#: Libraries that results can be frames of.
Backend = Literal["pandas", "polars", "pyarrow"]

#: Types that NumPy has too, so that a whole table of them is read at once.
_PLAIN = (nw.Float64, nw.Int64, nw.Float32, nw.Int32, nw.Int16, nw.Int8, nw.UInt64, nw.UInt32, nw.UInt16, nw.UInt8)


def read_frame(
    frame: Frame, columns: Sequence[str] | None = None, *, booleans: bool = False
) -> tuple[tuple[str, ...], Array]:
    """The names and values (rows × columns, a copy) of some columns, by default of all; a null becomes NaN.

    Raises
    ------
    DataError
        For a column that is missing, repeated or not numeric.

    """
    if isinstance(frame, CsvTable):
        names = check_names(frame.columns if columns is None else columns, "column")
        return names, frame.numbers(names)
    if is_pandas_dataframe(frame) and frame.columns.is_unique:
        have = list(frame.columns)
        names = _present(have if columns is None else columns, have)
        place = {name: i for i, name in enumerate(have)}
        values = _plain_pandas(frame, [place[name] for name in names], "iufb" if booleans else "iuf")
        if values is not None:
            return names, values
    table = open_frame(frame)
    names = _present(table.columns if columns is None else columns, table.columns)
    return names, _read(table.select(names), booleans)


def open_frame(frame: IntoDataFrame) -> nw.DataFrame[Any]:
    """`frame` as narwhals has it, or `DataError` if it is no data frame in memory."""
    try:
        table = nw.from_native(frame, eager_only=True)
        _ = table.columns
    except TypeError as error:
        raise DataError(
            f"expected a data frame in memory, got {type(frame).__name__}: collect a lazy frame first"
        ) from error
    except nw.exceptions.DuplicateError as error:
        shown = " ".join(str(error).split())
        raise DataError(f"two columns of the frame have one name: rename one of them ({shown})") from error
    return table


def make_frame(
    columns: Mapping[str, Sequence[Any]],
    backend: Backend,
    schema: Mapping[str, Any] | None = None,
    *,
    error: type[SemnanError] = FitError,
) -> Any:
    """A data frame of an installed library with these columns; `error` refuses another library."""
    if backend not in get_args(Backend):
        raise error(f"the backend is {backend!r}: give 'pandas', 'polars' or 'pyarrow'")
    return nw.from_dict(columns, schema, backend=backend).to_native()


def read_groups(frame: Frame, column: str) -> list[str | None]:
    """The group of every row, by the text of its value (1 and 1.0 are "1"); None where it is missing."""
    if isinstance(frame, CsvTable):
        return frame.labels(column)
    groups = [group_label(value) for value in read_values(frame, column)]
    for row, label in enumerate(groups):
        if label is not None and not label.strip():
            raise DataError(f"the group in row {row} of the column {column!r} is {label!r}: give it a name, or a null")
    return groups


def read_values(frame: Frame, column: str) -> list[Any]:
    """The values of a column as they are, of a CSV file as text; None where one is missing."""
    if isinstance(frame, CsvTable):
        return list(frame.labels(column))
    table = open_frame(frame)
    (name,) = _present([column], table.columns)
    return _nulls_as_none(table[name])


def _present(names: Sequence[str], have: Sequence[str]) -> tuple[str, ...]:
    checked = check_names(names, "column")
    known = set(have)
    for name in checked:
        if name not in known:
            raise DataError(f"the frame has no column {name!r}; it has {', '.join(map(str, have))}")
    return checked


def _plain_pandas(frame: Any, index: list[int], kinds: str) -> Array | None:
    """Columns of a pandas frame if their types are NumPy's own: read in one go, which is quicker than one by one."""
    plain = [isinstance(kind, np.dtype) and kind.kind in kinds for kind in frame.dtypes]
    if not all(plain[i] for i in index):
        return None
    if all(plain) and 2 * len(index) > len(plain):  # To select first takes pandas longer than the rest together.
        return np.array(frame.to_numpy(np.float64)[:, index], order="C")
    return np.array(frame.take(index, axis=1).to_numpy(np.float64), order="C")


def _read(table: nw.DataFrame[Any], booleans: bool) -> Array:
    kinds = table.schema
    for name, kind in kinds.items():
        if not (kind.is_numeric() or (booleans and kind == nw.Boolean)):
            _complain(table[name])
    if kinds and all(kind in _PLAIN for kind in kinds.values()):
        values = table.to_numpy()
        if values.dtype.kind in "iuf":
            return np.array(values, dtype=np.float64, order="C")
    columns = [np.asarray(table[name].cast(nw.Float64).to_numpy(), dtype=np.float64) for name in kinds]
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def _complain(column: nw.Series[Any]) -> None:
    if len(column) and column.is_null().all():
        raise DataError(f"the column {column.name!r} has no value in any row: leave it out")
    raise DataError(
        f"the column {column.name!r} is not numeric (its type is {column.dtype}): convert it, "
        "or name the columns to use"
    )


def _nulls_as_none(column: nw.Series[Any]) -> list[Any]:
    nulls = column.is_null().to_list()
    values = zip(column.to_list(), nulls, strict=True)
    return [None if null or (isinstance(value, float) and math.isnan(value)) else value for value, null in values]


def group_label(value: object) -> str | None:
    """The text of a value, of a whole number without decimals; None of None."""
    if value is None:
        return None
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))
    return str(value)
