"""Factor scores of the rows of a fit, or of new rows in a data frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final, get_args

import numpy as np
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.data.frames import Backend, Frame, make_frame
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import Labels, group_column, members, new_rows, own_rows
from semnan.estimation.ordered_scores import categories_of, ordered_scores
from semnan.estimation.scores import Method, scores, unscored

Array = NDArray[np.float64]


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
    column = group_column(fit, sample, group)
    names = fit.model.visibles
    labels, rows = own_rows(sample, names) if data is None else new_rows(fit, data, names, column)
    levels = categories_of(fit, sample) if fit.model.ordered else unscored(fit)
    if isinstance(levels, Unavailable):
        return levels
    values = np.full((len(rows), len(fit.model.latents)), np.nan)
    reasons: dict[str, Unavailable] = {}
    for g, label in enumerate(fit.labels):
        at = members(labels, label)
        found = scores(fit, g, rows[at], method) if levels is None else ordered_scores(fit, g, rows[at], method, levels)
        if isinstance(found, Unavailable):
            return found
        values[at] = found.values
        reasons |= found.reasons
    return FactorScores(fit.model.latents, values, labels, column or "group", reasons)
