"""Which rows of a table are used: those of the groups asked for, less those that lack what they must have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias, final

import numpy as np

from semnan.data.checks import Array, Flags, Indices, check_names, refuse_entries
from semnan.data.frames import group_label
from semnan.errors import DataError

#: What becomes of a row with a missing value.
Missing: TypeAlias = Literal["listwise", "fiml", "two.stage", "robust.two.stage", "error"]
#: So many variables are named in a note.
_NAMED = 8


@final
class Rows:
    """The rows of a table that are still used, and a note for every reason why others are not.

    Attributes
    ----------
    used : ndarray of bool
    notes : list of str

    """

    def __init__(self, count: int) -> None:
        self.used: Flags = np.ones(count, dtype=bool)
        self.notes: list[str] = []

    def leave_out(self, bad: Flags, fault: str, remedy: str = "") -> None:
        """Use the `bad` rows no longer and note it; `fault` goes on after "rows have"."""
        count, total = int((bad & self.used).sum()), int(self.used.sum())
        if count:
            have, are = ("has", "is") if count == 1 else ("have", "are")
            rows = "row" if total == 1 else "rows"
            self.notes.append(f"{count} of {total} {rows} {have} {fault} and {are} left out{remedy}")
            self.used &= ~bad


def use_groups(
    rows: Rows, groups: Sequence[str | None], column: str, labels: Sequence[str] | None
) -> tuple[tuple[str, ...], Indices]:
    """The labels of the groups used and the place of each row's among them, −1 for the rows that are left out."""
    found = tuple(dict.fromkeys(label for label in groups if label is not None))
    if not found:
        raise DataError(f"the group column {column!r} has no value in any row: leave out group=")
    wanted = found if labels is None else _wanted(labels, found, column)
    place = {label: k for k, label in enumerate(wanted)}
    codes = np.array([-1 if label is None else place.get(label, -1) for label in groups], dtype=np.int64)
    rows.leave_out(np.array([label is None for label in groups]), f"no value in the group column {column}")
    others = _list(tuple(label for label in found if label not in place), " or ")
    rows.leave_out(codes < 0, f"the group {others}", " (labels= does not name it)")
    return wanted, codes


def _wanted(labels: Sequence[str], found: tuple[str, ...], column: str) -> tuple[str, ...]:
    wanted = check_names(labels if isinstance(labels, str) else [group_label(label) for label in labels], "group")
    if not wanted:
        raise DataError("labels= is empty: name the groups to use, or leave it out")
    for label in wanted:
        if label not in found:
            raise DataError(f"the column {column!r} has no group {label!r}; it has {_list(found)}")
    return wanted


def use_known(rows: Rows, table: Array, names: tuple[str, ...], missing: Missing, complete: Collection[str]) -> bool:
    """Leave out the rows with missing values that `missing` does not keep; whether any value is still missing."""
    if not np.isnan(table).any():
        return False
    unknown = np.isnan(table) & rows.used[:, None]
    if missing == "error":
        advice = "fill or drop these rows, or pass missing='listwise' or missing='fiml'"
        refuse_entries(unknown, names, "missing", advice)
    elif missing == "listwise":
        fault = f"a missing value in {_list(_bad(unknown, names))}"
        rows.leave_out(np.asarray(unknown.any(axis=1)), fault, " (listwise); missing='fiml' keeps them")
    else:
        covariates = np.array([name in complete for name in names])
        bad = unknown & covariates
        fault = f"a missing value in the exogenous {_list(_bad(bad, names))}"
        rows.leave_out(np.asarray(bad.any(axis=1)), fault)
        rows.leave_out(np.asarray(np.isnan(table).all(axis=1)), "no value in any variable")
    return bool(np.isnan(table[rows.used]).any())


def _bad(unknown: Flags, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(names[j] for j in np.flatnonzero(unknown.any(axis=0)).tolist())


def _list(names: tuple[str, ...], separator: str = ", ") -> str:
    rest = len(names) - _NAMED
    return separator.join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
