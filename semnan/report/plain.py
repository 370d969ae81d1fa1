"""The results of a fit as plain values, which is what its JSON holds: lavaan's names, nulls, and reasons in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from semnan.data import Sample
from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.finding import Finding
from semnan.estimation.robust_indices import all_measures
from semnan.report.parameters import ParameterTable
from semnan.report.rows import FIXED, ParameterRow, parameter_rows

#: So many names are listed in one warning.
NAMED = 8


def to_dict(fit: Estimate, sample: Sample, found: tuple[Finding, ...], level: float) -> dict[str, Any]:
    """The results under the names of lavaan.

    Numbers that do not exist are None, with the reason among the warnings; z and p of a fixed parameter, which has
    the standard error zero, are None too. Groups are numbered from 1 as lavaan does, and 0 for defined parameters;
    without groups the number is None. A row without a label has an empty one.
    """
    rows = parameter_rows(fit, level, with_standardised=True)
    measures = all_measures(fit, sample)
    numbers: dict[str | None, int] = {label: g for g, label in enumerate(fit.model.groups, 1)}
    if numbers:
        numbers[None] = 0
    return {
        "outcome": fit.outcome.value,
        "converged": fit.outcome.ok,
        "npar": _plain(measures["npar"]),
        "n": fit.n,
        "groups": list(fit.model.groups),
        "fit": {name: _plain(value) for name, value in measures.items()},
        "estimates": [
            {**row, "group": numbers.get(row["group"]), "label": row["label"] or ""}
            for row in ParameterTable(tuple(rows)).to_dicts()
        ],
        "warnings": [*map(str, found), *sample.notes, *_reasons({**measures, **_of_rows(rows)})],
    }


def _plain(value: float | Unavailable) -> float | None:
    return None if isinstance(value, Unavailable) or not math.isfinite(value) else value


def _of_rows(rows: list[ParameterRow]) -> dict[str, float | Unavailable]:
    """What a row lacks: its estimate, or else its standard error, or else a standardised value."""
    found: dict[str, float | Unavailable] = {}
    for row in rows:
        values = (row.estimate, row.standard_error, row.p_value, row.std_lv, row.std_all)
        missing = [value for value in values if isinstance(value, Unavailable) and value != FIXED]
        if missing:
            found[row.name] = missing[0]
    return found


def _reasons(values: dict[str, float | Unavailable]) -> Iterator[str]:
    """One warning for each reason, with the names of what lacks a number for it."""
    lacking: dict[str, list[str]] = {}
    for name, value in values.items():
        if isinstance(value, Unavailable):
            lacking.setdefault(value.reason, []).append(name)
    for reason, names in lacking.items():
        rest = len(names) - NAMED
        yield f"no number for {', '.join(names[:NAMED])}{f' and {rest} more' if rest > 0 else ''}: {reason}"
