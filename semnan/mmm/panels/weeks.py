"""The weeks of a panel: dates or numbers read from cells, equally spaced, the same in every geo and each there once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semnan.errors import DataError

#: Weeks: dates (datetime64[D]) or whole numbers (int64).
Weeks = NDArray[Any]
Indices = NDArray[np.int64]
#: The name of the only geo of a panel without geos.
NATIONAL = "national"
#: Whole numbers from here on are dates that were written without hyphens.
_COMPACT_DATE = 1900_01_01
_WHOLE, _DATE = re.compile(r"[+-]?\d{1,18}"), re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?")


def read_weeks(cells: Sequence[object], column: str) -> Weeks:
    """The week of every row, shape (rows,): dates, or whole numbers.

    Raises
    ------
    DataError
        For a cell that is neither, naming its row.

    """
    read: dict[str, date | int] = {}
    weeks: list[date | int] = []
    for row, cell in enumerate(cells):
        week = read.get(cell) if isinstance(cell, str) else None
        if week is None:
            week = _week(cell, row, column)
        if isinstance(cell, str):
            read[cell] = week
        weeks.append(week)
        if isinstance(week, date) is not isinstance(weeks[0], date):
            raise DataError(
                f"row {row} of the column {column!r} is {cell!r}, but row 0 is {cells[0]!r}: "
                "give dates in every row, or whole numbers in every row"
            )
    dates = bool(weeks) and isinstance(weeks[0], date)
    return np.array(weeks, dtype="datetime64[D]" if dates else np.int64)


def arrange(geos: Sequence[str], weeks: Weeks) -> tuple[tuple[str, ...], Weeks, Indices]:
    """The geos and weeks of a panel, sorted, and the row of each of their pairs, shape (geos, weeks).

    Raises
    ------
    DataError
        Naming a pair that is there twice or not at all, or the weeks whose distance is not that of the others.

    """
    names = tuple(sorted(set(geos), key=_natural))
    place = {name: g for g, name in enumerate(names)}
    axis, at_week = np.unique(weeks, return_inverse=True)
    at_geo = np.array([place[geo] for geo in geos], dtype=np.int64)
    _refuse_duplicates(names, axis, at_geo, at_week)
    check_axis(axis)
    rows = np.full((len(names), len(axis)), -1)
    rows[at_geo, at_week] = np.arange(len(weeks))
    _refuse_gaps(names, axis, rows)
    return names, axis, rows


def check_axis(axis: Weeks) -> None:
    """Refuse fewer than two weeks, and weeks that are not equally spaced."""
    if len(axis) < 2:
        raise DataError(f"the panel has {len(axis)} week(s): a marketing-mix model needs many, best two years or more")
    steps = np.diff(axis.astype(np.int64))
    if (steps <= 0).any():
        t = int(np.flatnonzero(steps <= 0)[0])
        raise DataError(f"the week {axis[t + 1]} comes after {axis[t]}: give every week once, in order")
    sizes, counts = np.unique(steps, return_counts=True)
    usual = int(sizes[counts.argmax()])
    for t in np.flatnonzero(steps != usual).tolist():
        _complain(axis, t, int(steps[t]), usual)


def _complain(axis: Weeks, t: int, step: int, usual: int) -> None:
    unit = " days" if axis.dtype.kind == "M" else ""
    if step % usual == 0:
        missing = axis[t] + usual
        raise DataError(
            f"the week {missing} is missing, between {axis[t]} and {axis[t + 1]}: add its rows "
            "(with media 0 if there were none), or cut the panel there"
        )
    raise DataError(
        f"the weeks are irregular: {axis[t]} and {axis[t + 1]} are {step}{unit} apart, most others {usual}{unit}: "
        "give one row for every week, dated by the same weekday"
    )


def _refuse_duplicates(names: Sequence[str], axis: Weeks, at_geo: Indices, at_week: Indices) -> None:
    pairs = at_geo * len(axis) + at_week
    order = np.argsort(pairs, kind="stable")
    again = np.flatnonzero(pairs[order][1:] == pairs[order][:-1])
    if not len(again):
        return
    first, second = order[again[0]], order[again[0] + 1]
    geo = names[at_geo[first]]
    week = axis[at_week[first]]
    where = f"the week {week}" if geo == NATIONAL else f"the week {week} of the geo {geo!r}"
    hint = ", or name the column of regions with geo=" if geo == NATIONAL else ""
    raise DataError(f"{where} stands twice, in rows {first} and {second}: keep one of them or add them up{hint}")


def _refuse_gaps(names: Sequence[str], axis: Weeks, rows: Indices) -> None:
    gaps = np.argwhere(rows < 0)
    if len(gaps):
        g, t = gaps[0].tolist()
        raise DataError(
            f"the geo {names[g]!r} has no row for the week {axis[t]} ({len(gaps)} such gap(s) in all): add the row "
            "(with media 0 if there were none), or leave out the geo or the week"
        )


def _week(cell: object, row: int, column: str) -> date | int:
    where = f"row {row} of the column {column!r}"
    if cell is None:
        raise DataError(f"{where} has no week: fill it in, or leave the row out")
    if isinstance(cell, str):
        return _from_text(cell.strip(), where)
    if isinstance(cell, datetime):
        return _whole_day(cell, where)
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and float(cell).is_integer():
        return _number(int(cell), where)
    raise DataError(f"{where} is {cell!r}, not a week: give dates (such as 2024-01-29) or whole numbers")


def _from_text(text: str, where: str) -> date | int:
    if _WHOLE.fullmatch(text) and text.isascii():
        return _number(int(text), where)
    try:
        if _DATE.fullmatch(text):
            return _whole_day(datetime.fromisoformat(text), where)
    except ValueError as error:
        raise DataError(f"{where} is {text[:40]!r}, not a date: {error}") from error
    raise DataError(
        f"{where} is {text[:40]!r}, not a week: write dates as 2024-01-29 (year-month-day), or whole numbers"
    )


def _number(value: int, where: str) -> int:
    if abs(value) >= _COMPACT_DATE:
        raise DataError(f"{where} is {value}, too large for the number of a week: write dates as 2024-01-29")
    return value


def _whole_day(moment: datetime, where: str) -> date:
    if moment.time() != moment.time().min:
        raise DataError(f"{where} is {moment}, which has a time of day: give the date only")
    return moment.date()


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorts "geo2" before "geo10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part[0] in "0123456789" else (-1, part) for part in parts], name
