"""E[y | x] of observed outcomes, with the interval of that mean and of y itself, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.data.frames import Backend, Frame, make_frame
from semnan.effects.delta import SINGULAR, check_level
from semnan.errors import FitError, Unavailable
from semnan.estimation.conditional import Regression, regression
from semnan.estimation.discrepancy import factorise
from semnan.estimation.distributions import normal_reach
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import Labels, group_column, members, new_rows, own_rows, patterns
from semnan.estimation.residual_variance import INDEFINITE

Array = NDArray[np.float64]
Names = str | Sequence[str]
ORDERED = Unavailable("predictions of a model with ordered variables need an integral over these: they are not there")


@final
@dataclass(frozen=True, eq=False)
class Prediction:
    """What a fit expects of outcomes in every row; arrays have shape (n, k), for n rows and k outcomes.

    Attributes
    ----------
    names : tuple of str
        The outcomes.
    given : tuple of str
        What they are predicted from.
    mean : ndarray
        E[y | x].
    standard_error : ndarray
        Of that mean, by the delta method; NaN if there is none, and `reasons` says why.
    deviation : ndarray
        The standard deviation of y given x at the estimates.
    observed : ndarray of int, shape (n,)
        How many of the given variables have a value in a row; with none, the mean is that of all rows.
    level : float
        Of the intervals.
    groups : tuple of str or None
        The group of every row, of a model with several groups.
    column : str
        What `to_frame` calls the groups.
    reasons : mapping of str to Unavailable
        Why there are no standard errors.

    """

    names: tuple[str, ...]
    given: tuple[str, ...]
    mean: Array = field(repr=False)
    standard_error: Array = field(repr=False)
    deviation: Array = field(repr=False)
    observed: NDArray[np.int64] = field(repr=False)
    level: float
    groups: Labels = field(repr=False)
    column: str
    reasons: Mapping[str, Unavailable]

    def __len__(self) -> int:
        return len(self.mean)

    def __getitem__(self, name: str) -> Array:
        """E[y | x] of one outcome, shape (n,)."""
        if name not in self.names:
            raise FitError(f"there is no outcome {name!r}; there are {', '.join(self.names)}")
        return self.mean[:, self.names.index(name)]

    @property
    def confidence_interval(self) -> tuple[Array, Array]:
        """The ends of the interval of E[y | x], the mean of all rows with this x."""
        reach = normal_reach(self.level) * self.standard_error
        return self.mean - reach, self.mean + reach

    @property
    def interval(self) -> tuple[Array, Array]:
        """The ends of the interval of y itself in a new row with this x: the prediction interval."""
        reach = normal_reach(self.level) * np.hypot(self.deviation, self.standard_error)
        return self.mean - reach, self.mean + reach

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """A data frame of an installed library: of every outcome ``y`` the columns ``y`` (its mean), ``y_se``,
        ``y_ci_lower`` and ``y_ci_upper`` (of the mean), ``y_lower`` and ``y_upper`` (of y itself).
        """
        parts = {
            "": self.mean,
            "_se": self.standard_error,
            "_ci_lower": self.confidence_interval[0],
            "_ci_upper": self.confidence_interval[1],
            "_lower": self.interval[0],
            "_upper": self.interval[1],
        }
        columns: dict[str, Any] = {}
        if any(label is not None for label in self.groups):
            columns[self.column] = list(self.groups)
        for k, name in enumerate(self.names):
            mine = {name + end: values[:, k].tolist() for end, values in parts.items()}
            for twice in columns.keys() & mine.keys():
                raise FitError(f"two columns would be called {twice!r}: predict these outcomes one by one")
            columns |= mine
        return make_frame(columns, backend)


def predict(
    fit: Estimate,
    sample: Sample,
    data: Frame | None,
    outcomes: Names,
    given: Names | None,
    group: str | None,
    level: float,
) -> Prediction | Unavailable:
    """Predict rows; see `Fit.predict`."""
    check_level(level)
    targets, sources = chosen_names(fit.model.visibles, outcomes, given)
    column = group_column(fit, sample, group)
    labels, rows = own_rows(sample, sources) if data is None else new_rows(fit, data, sources, column)
    if fit.model.ordered:
        return ORDERED
    if not all(bool(factorise(implied.sigma).definite) for implied in fit.implied):
        return INDEFINITE
    filled = _Filled.of(len(rows), len(targets))
    why = _without_errors(fit)
    for g, label in enumerate(fit.labels):
        at = members(labels, label)
        for part, seen in patterns(rows[at]):
            found = regression(fit, g, targets, sources, seen)
            why = why or _singular(fit, found)
            filled.put(fit, found, at[part], rows[at[part]][:, seen], known=why is None)
    reasons = {} if why is None else dict.fromkeys(targets, why)
    if why is not None:
        filled.error[:] = np.nan
    observed = (~np.isnan(rows)).sum(axis=1)
    arrays = (filled.mean, filled.error, filled.deviation, observed)
    return Prediction(targets, sources, *arrays, level, labels, column or "group", reasons)


@final
@dataclass(frozen=True, eq=False)
class _Filled:
    """The arrays of a prediction while they are filled, pattern by pattern."""

    mean: Array
    error: Array
    deviation: Array

    @classmethod
    def of(cls, n: int, k: int) -> _Filled:
        return cls(*(np.full((n, k), np.nan) for _ in range(3)))

    def put(self, fit: Estimate, found: Regression, at: NDArray[np.int64], rows: Array, *, known: bool) -> None:
        self.mean[at], self.deviation[at] = found.predict(rows), np.sqrt(found.variance)
        if known:
            assert not isinstance(fit.inference, Unavailable)
            self.error[at] = np.sqrt(found.uncertainty(rows, fit.inference.covariance() / fit.n))


def _without_errors(fit: Estimate) -> Unavailable | None:
    """Why there are no standard errors."""
    if isinstance(fit.inference, Unavailable):
        return fit.inference
    return None if fit.outcome.ok else Unavailable(f"the fit did not converge ({fit.outcome.value})")


def _singular(fit: Estimate, found: Regression) -> Unavailable | None:
    """Whether the information at the estimates says nothing about a prediction."""
    assert not isinstance(fit.inference, Unavailable)
    known = fit.inference.estimable(found.gradient.flatten(0, 1))
    return None if bool(torch.all(known)) else SINGULAR


def chosen_names(
    visibles: tuple[str, ...], outcomes: Names, given: Names | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of outcomes and of what they are predicted from, by default all other visibles."""
    targets = _checked(visibles, outcomes, "outcomes")
    others = [name for name in visibles if name not in targets]
    if given is None and not others:
        raise FitError("all visibles are outcomes: nothing is left to predict them from")
    sources = _checked(visibles, others if given is None else given, "given")
    for name in targets:
        if name in sources:
            raise FitError(f"{name!r} is both an outcome and given: leave it out of one of them")
    return targets, sources


def _checked(visibles: tuple[str, ...], names: Names, what: str) -> tuple[str, ...]:
    if not isinstance(names, Iterable):
        raise FitError(f"{what}= is {names!r}: give the name of a visible, or several")
    chosen = (names,) if isinstance(names, str) else tuple(names)
    if not chosen:
        raise FitError(f"{what}= names no variable: the visibles are {', '.join(visibles)}")
    for name in chosen:
        if name not in visibles:
            raise FitError(f"{what}= names {name!r}, which is no visible; there are {', '.join(visibles)}")
    if len(set(chosen)) < len(chosen):
        raise FitError(f"{what}= names a variable twice: {', '.join(chosen)}")
    return chosen
