"""When a row is: integers or dates of a column as numbers of periods, so that distances can be counted."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from semnan.data.checks import Flags, Indices
from semnan.data.frames import Frame, read_values
from semnan.errors import DataError

#: Of integers: larger ones have differences that are none of 64 bits.
_LARGEST = 2**61
_MICROSECOND = timedelta(microseconds=1)


class Periods(NamedTuple):
    """Periods of rows, shape (n,): their numbers, whether they are known, and how long one is."""

    numbers: Indices
    known: Flags
    step: str


def read_periods(frame: Frame, column: str) -> Periods:
    """The periods of all rows.

    Integers are taken as they are. Of dates the longest step counts that all of them are whole numbers of apart:
    months, if all are of the same day of a month or month ends, days otherwise, or seven of them, ….

    Raises
    ------
    DataError
        Naming the row whose value is neither an integer nor a date, or if all integers are dates or months run together
        (20240226, 202402), whose differences count nothing.

    """
    place: dict[tuple[type, Any], int] = {}  # Many rows are of few periods.
    parsed: list[int | datetime | None] = []
    codes = []
    for row, value in enumerate(read_values(frame, column)):
        key = (type(value), value if isinstance(value, Hashable) else row)
        if key not in place:
            place[key] = len(parsed)
            parsed.append(_read(value, row, column))
        codes.append(place[key])
    numbers, step = _numbered(parsed, column)
    known = np.array([value is not None for value in parsed], dtype=np.bool_)
    return Periods(numbers[codes], known[codes], step)


def _numbered(values: Sequence[int | datetime | None], column: str) -> tuple[Indices, str]:
    """The numbers of distinct values, zero of what is missing, and how long a period is."""
    known = np.array([value is not None for value in values], dtype=np.bool_)
    whole = [value for value in values if isinstance(value, int)]
    numbers = np.zeros(len(values), dtype=np.int64)
    if whole and len(whole) < known.sum():
        raise DataError(f"the column {column!r} has integers and dates: give one kind of periods")
    if whole:
        _refuse_dates(whole, column)
        numbers[known] = whole
        return numbers, "1"
    numbers[known], step = _of_dates([value for value in values if isinstance(value, datetime)])
    return numbers, step


def repeated(units: Indices, periods: Indices) -> tuple[int, int] | None:
    """Two rows of one unit and one period, if there are any; of all the ones that stand first."""
    order = np.lexsort((periods, units))
    same = (np.diff(units[order]) == 0) & (np.diff(periods[order]) == 0)
    if not same.any():
        return None
    pairs = np.sort(np.stack([order[:-1], order[1:]], axis=1)[same], axis=1)
    first, second = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))[0]].tolist()
    return first, second


def _read(value: Any, row: int, column: str) -> int | datetime | None:
    """An integer, or the time that a clock on the wall shows."""
    if value is None:
        return None
    found = _parsed(value) if isinstance(value, str) else value
    if isinstance(found, datetime):
        return found.replace(tzinfo=None)
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day)
    if isinstance(found, bool) or not isinstance(found, int | float | np.number) or not float(found).is_integer():
        raise DataError(
            f"the period in row {row} of the column {column!r} is {value!r}: give integers, or dates (as in 2024-02-26)"
        )
    if abs(float(found)) > _LARGEST:
        raise DataError(f"the period in row {row} of the column {column!r} is {found}: count periods from a later one")
    return int(found)


def _refuse_dates(found: Sequence[int], column: str) -> None:
    for digits, written in ((8, "%Y%m%d"), (6, "%Y%m")):
        if len(set(found)) > 1 and all(_is_date(value, digits, written) for value in set(found)):
            raise DataError(
                f"the column {column!r} has dates written as numbers, as {found[0]}: these do not count periods, so "
                "convert them to dates (as in 2024-02-26)"
            )


def _is_date(value: int, digits: int, written: str) -> bool:
    """Whether the digits of a number are a date of the last or this century."""
    try:
        return len(str(value)) == digits and 1900 <= datetime.strptime(str(value), written).year < 2100
    except ValueError:
        return False


def _parsed(text: str) -> int | datetime | None:
    """What a cell of text holds; None if that is no period."""
    cell = text.strip()
    if cell.removeprefix("-").isdecimal() and len(cell) < 20:
        return int(cell) if len(cell) != 8 else None  # 20240226 may be a date.
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return None


def _of_dates(found: Sequence[datetime]) -> tuple[Indices, str]:
    if not found:
        return np.zeros(0, dtype=np.int64), "1"
    if _monthly(found):
        numbers, step = _counted([12 * value.year + value.month for value in found])
        return numbers, "month" if step == 1 else f"{step} months"
    numbers, step = _counted([(value - datetime.min) // _MICROSECOND for value in found])
    return numbers, _told(timedelta(microseconds=step))


def _counted(times: list[int]) -> tuple[Indices, int]:
    """How many steps after the first each is, and the longest step for which these are whole numbers."""
    first = min(times)
    step = math.gcd(*(time - first for time in times)) or 1
    return np.array([(time - first) // step for time in times], dtype=np.int64), step


def _monthly(found: Sequence[datetime]) -> bool:
    times, months = {value.time() for value in found}, {(value.year, value.month) for value in found}
    if len(times) > 1 or len(months) < 2:
        return False
    if len({value.day for value in found}) == 1:
        return True
    return found[0] < datetime(9999, 12, 31) and all((value + timedelta(days=1)).day == 1 for value in found)


def _told(step: timedelta) -> str:
    if step % timedelta(days=1):
        return f"{step.total_seconds():g} seconds"
    return "day" if step.days == 1 else f"{step.days} days"
