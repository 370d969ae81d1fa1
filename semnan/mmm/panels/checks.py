"""What the numbers of a panel must satisfy, and the errors that say where they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from semnan.data.checks import Array, Flags
from semnan.errors import DataError
from semnan.mmm.panels.weeks import NATIONAL, Weeks

#: Where a cell (geo, week) is, in words.
Where = Callable[[int, int], str]


def locator(geos: tuple[str, ...], weeks: Weeks, rows: np.ndarray[tuple[int, int], np.dtype[np.int64]] | None) -> Where:
    """How to say where a cell is: its geo unless there is one only, its week, and its row if there are rows."""

    def where(g: int, t: int) -> str:
        geo = f"geo {geos[g]!r}, " if geos != (NATIONAL,) else ""
        return f"{geo}week {weeks[t]}" + ("" if rows is None else f" (row {rows[g, t]})")

    return where


def check_finite(values: Array, names: Sequence[str], where: Where) -> None:
    """Refuse a value that is missing or infinite; `values` has shape (geos, weeks, names)."""
    _refuse(np.isnan(values), names, where, "has no value", "fill it in: nothing is filled in silently")
    _refuse(np.isinf(values), names, where, "is infinite", "correct it")


def check_media(media: Array, names: Sequence[str], where: Where, *, allow_negative: bool) -> None:
    """Refuse negative media, and channels without any variation."""
    if not allow_negative:
        _refuse(
            media < 0,
            names,
            where,
            "is negative",
            "correct it, or keep it with allow_negative=True (credits, an index)",
        )
    for j in np.flatnonzero((media == 0).all(axis=(0, 1))).tolist():
        raise DataError(f"the channel {names[j]!r} is zero in every row: leave it out")
    check_varying(media, names, "channel")


def check_spend(spend: Array, names: Sequence[str], where: Where, *, allow_negative: bool) -> None:
    """Refuse negative spend, and channels that cost nothing."""
    if not allow_negative:
        _refuse(
            spend < 0, names, where, "is negative", "correct it, or keep it with allow_negative=True", "the spend of "
        )
    for j in np.flatnonzero((spend == 0).all(axis=(0, 1))).tolist():
        raise DataError(
            f"the spend of {names[j]!r} is zero in every row: pass spend=None if it is not known, "
            "or say None for that channel in spend={…} if it costs nothing"
        )


def check_varying(values: Array, names: Sequence[str], what: str = "variable") -> None:
    """Refuse a variable that has one value throughout."""
    low, high = values.min(axis=(0, 1)), values.max(axis=(0, 1))
    for j in np.flatnonzero(low == high).tolist():
        raise DataError(f"the {what} {names[j]!r} is constant ({low[j]:g} in every row): leave it out")


def check_positive(values: Array, what: str, where: Where) -> None:
    """Refuse values (geos × weeks) that are not positive."""
    _refuse(values[..., None] <= 0, (what,), where, "is not positive", "correct it")


def check_population(values: Array, geos: Sequence[str], where: Where) -> Array:
    """The population of each geo from that of each row (geos × weeks), which must be the same in all weeks."""
    check_positive(values, "population", where)
    for g, t in np.argwhere(values != values[:, :1]).tolist():
        raise DataError(
            f"the population of the geo {geos[g]!r} changes: {values[g, 0]:g} at {where(g, 0)}, {values[g, t]:g} at "
            f"{where(g, t)}: give one number for each geo"
        )
    return np.array(values[:, 0])


def _refuse(bad: Flags, names: Sequence[str], where: Where, what: str, advice: str, of: str = "") -> None:
    """Name the first variable with a bad entry, in how many rows and where first."""
    for j in np.flatnonzero(bad.any(axis=(0, 1))).tolist():
        cells = np.argwhere(bad[..., j])
        g, t = cells[0].tolist()
        count = f", and in {len(cells) - 1} more row(s)" if len(cells) > 1 else ""
        raise DataError(f"{of}{names[j]!r} {what} at {where(g, t)}{count}: {advice}")
