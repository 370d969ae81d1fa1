"""Factor scores of the rows of a fit, or of new rows in a data frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final, get_args

import numpy as np
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.data.checks import refuse_entries
from semnan.data.frames import Backend, Frame, make_frame, read_frame, read_groups
from semnan.errors import DataError, FitError, Unavailable
from semnan.estimation.discrepancy import factorise
from semnan.estimation.estimate import Estimate
from semnan.estimation.generic import Generic
from semnan.estimation.residual_variance import INDEFINITE
from semnan.estimation.scores import Method, scores

Array = NDArray[np.float64]
Labels = tuple[str | None, ...]


@final
@dataclass(frozen=True, eq=False)
class FactorScores:
    """Values of the latents, row by row.

    Attributes
    ----------
    names : tuple of str
        The latents.
    values : ndarray, shape (n, m)
        NaN where a row has no score; `reasons` says why.
    groups : tuple of str or None
        The group of every row, of a model with several groups.
    column : str
        What `to_frame` calls the groups.
    reasons : mapping of str to Unavailable
        The latents that have no score in some rows.

    """

    names: tuple[str, ...]
    values: Array = field(repr=False)
    groups: Labels = field(repr=False)
    column: str
    reasons: Mapping[str, Unavailable]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> Array:
        """The scores of one latent, shape (n,)."""
        if name not in self.names:
            raise FitError(f"there is no latent {name!r}; there are {', '.join(self.names)}")
        return self.values[:, self.names.index(name)]

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """A data frame of an installed library with a column for each latent, and the groups if there are several."""
        columns: dict[str, Any] = {name: self[name].tolist() for name in self.names}
        if any(label is not None for label in self.groups):
            columns = {self.column: list(self.groups), **columns}
        return make_frame(columns, backend)


def factor_scores(
    fit: Estimate, sample: Sample, data: Frame | None, method: Method, group: str | None
) -> FactorScores | Unavailable:
    """Score rows; see `Fit.factor_scores`."""
    if method not in get_args(Method):
        raise FitError(f"method is {method!r}: give one of {', '.join(get_args(Method))}")
    if not fit.model.latents:
        raise FitError("the model has no latents: there is nothing to score")
    column = group or sample.column
    labels, rows = _own_rows(sample) if data is None else _new_rows(fit, data, column)
    reason = _reason(fit)
    if reason is not None:
        return reason
    values = np.full((len(rows), len(fit.model.latents)), np.nan)
    reasons: dict[str, Unavailable] = {}
    for g, label in enumerate(fit.labels):
        at = np.flatnonzero([other == label for other in labels])
        found = scores(fit, g, rows[at], method)
        values[at] = found.values
        reasons |= found.reasons
    return FactorScores(fit.model.latents, values, labels, column or "group", reasons)


def _reason(fit: Estimate) -> Unavailable | None:
    """Why nothing can be scored."""
    if fit.model.ordered:
        return Unavailable("scores from ordered variables need an integral over the latents: they are not there")
    if not all(bool(factorise(implied.sigma).definite) for implied in fit.implied):
        return INDEFINITE
    loose = [int(k) for part in fit.generic.groups() for k in part] if isinstance(fit.generic, Generic) else []
    if loose:
        named = ", ".join(fit.model.free[k].name for k in loose)
        return Unavailable(f"the data do not determine {named}: other solutions have other scores")
    return None


def _own_rows(sample: Sample) -> tuple[Labels, Array]:
    """The rows of the fit, group by group."""
    labels: list[str | None] = []
    parts = []
    for group in sample.groups:
        if group.rows is None:
            raise FitError("the fit has moments, but no rows: give a data frame to score")
        labels += [group.label] * len(group.rows)
        parts.append(group.rows)
    return tuple(labels), np.concatenate(parts)


def _new_rows(fit: Estimate, data: Frame, column: str | None) -> tuple[Labels, Array]:
    """All rows of a data frame, in its order."""
    names, rows = read_frame(data, fit.model.visibles, booleans=True)
    refuse_entries(np.isinf(rows), names, "infinite", "correct these values, or make them missing")
    if not fit.model.groups:
        return (None,) * len(rows), rows
    if column is None:
        raise FitError("the model has several groups: name the column that says the group of a row, as group=")
    labels = read_groups(data, column)
    for row, label in enumerate(labels):
        if label not in fit.model.groups:
            known = ", ".join(fit.model.groups)
            raise DataError(f"row {row} has the group {label!r} in the column {column!r}; the model has {known}")
    return tuple(labels), rows
