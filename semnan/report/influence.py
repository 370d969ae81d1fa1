"""`Influence`: what every row does to a fit, as arrays, a table of the rows that do most, a frame and a picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.data.checks import is_whole
from semnan.data.frames import Backend, make_frame
from semnan.errors import FitError, Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_rows import frame_rows
from semnan.estimation.leave_out import LeftOut, leave_out
from semnan.estimation.left_out import Spread, displacement, spread
from semnan.report.diagram import KNOWN, UNKNOWN, Drawing
from semnan.report.figure import new_figure
from semnan.report.listing import Listing

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
NO_CHI_SQUARE = Unavailable("χ² without a row with missing values around needs a saturated model of its own")
NOT_DETERMINED = Unavailable("not identified, or at a bound: the row moves no parameter that can be told")
#: Rows named in a drawing.
NAMED = 5


@final
@dataclass(frozen=True)
class CaseInfluence:
    """What one row does to a fit.

    Attributes
    ----------
    row : int
        Which row of the data frame it is, counted from zero.
    group : str or None
    cook : float or Unavailable
        Generalised Cook's distance (θ̂ − θ₋)ᵀ V₋⁻¹ (θ̂ − θ₋), θ₋ and V₋ the estimates without the row and their
        covariance.
    likelihood_distance : float or Unavailable
        2 [ℓ(θ̂) − ℓ(θ₋)], ℓ the log-likelihood of all rows.
    chi_square : float or Unavailable
        By how much χ² is larger with the row than without.
    parameter : str
        The parameter that it moves most,
    change : float or Unavailable
        and by how many standard errors.

    """

    row: int
    group: str | None
    cook: float | Unavailable
    likelihood_distance: float | Unavailable
    chi_square: float | Unavailable
    parameter: str
    change: float | Unavailable


@final
@dataclass(frozen=True, eq=False, repr=False)
class Influence:
    """What every row does to a fit: all arrays are in the order of `rows`. See `CaseInfluence` for the measures.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Which row of the data frame each is, counted from zero; group by group.
    groups : tuple of str or None

    """

    rows: Indices
    groups: tuple[str | None, ...]
    _fit: Estimate = field(repr=False)
    _data: Rows = field(repr=False)
    _left: LeftOut = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The free parameters."""
        return tuple(free.name for free in self._fit.model.free)

    @property
    def estimates(self) -> Array:
        """The parameters without each row, shape (n, q); NaN where `failures` says why."""
        return self._left.theta.copy()

    @property
    def failures(self) -> dict[str, int]:
        """Why there is no fit without some rows, and how many."""
        return dict(Counter(ending for ending in self._left.endings if ending))

    @cached_property
    def _spread(self) -> Spread | Unavailable:
        return spread(self._fit, self._data, self._left)

    @property
    def changes(self) -> Array | Unavailable:
        """(θ̂ − θ₋) in standard errors of the fit without the row, shape (n, q) (DFTHETAS); NaN where there are none."""
        if isinstance(self._spread, Unavailable):
            return self._spread
        return np.asarray((self._fit.theta.numpy() - self._left.theta) / self._spread.errors)

    @property
    def cook(self) -> Array | Unavailable:
        """Generalised Cook's distance, shape (n,)."""
        return self._spread if isinstance(self._spread, Unavailable) else self._spread.cook.copy()

    @cached_property
    def _displacement(self) -> Array:
        return displacement(self._fit, self._left.theta)

    @property
    def likelihood_distance(self) -> Array:
        """2 [ℓ(θ̂) − ℓ(θ₋)], shape (n,); with missing values it takes a look at all rows for each."""
        return self._displacement.copy()

    @property
    def chi_square(self) -> Array | Unavailable:
        """By how much χ² is larger with each row than without, shape (n,)."""
        if self._left.chi_square is None:
            return NO_CHI_SQUARE
        return np.asarray(2 * self._fit.n * max(self._fit.value, 0.0) - self._left.chi_square)

    def most(self, count: int = 10) -> Listing[CaseInfluence]:
        """The rows that move the estimates most, by Cook's distance.

        Raises
        ------
        FitError
            If the count is not positive.

        """
        if not is_whole(count) or count < 1:
            raise FitError(f"count is {count!r}: give the number of rows to list")
        chosen = self._ranked[:count]
        distances = displacement(self._fit, self._left.theta[chosen])
        return Listing(CaseInfluence, tuple(map(self._case, chosen.tolist(), distances.tolist())))

    @cached_property
    def _ranked(self) -> Indices:
        size = self.likelihood_distance if isinstance(self.cook, Unavailable) else self.cook
        return np.argsort(-np.nan_to_num(size, nan=np.inf), kind="stable")

    def _case(self, i: int, distance: float) -> CaseInfluence:
        why = Unavailable(self._left.endings[i]) if self._left.endings[i] else NOT_DETERMINED
        row = NOT_DETERMINED if isinstance(self.changes, Unavailable) else self.changes[i]
        sizes = np.zeros(0) if isinstance(row, Unavailable) else np.nan_to_num(np.abs(row))
        largest = int(sizes.argmax()) if len(sizes) and sizes.max() > 0 else None
        return CaseInfluence(
            int(self.rows[i]),
            self.groups[i],
            _at(self.cook, i, why),
            distance if np.isfinite(distance) else why,
            _at(self.chi_square, i, why),
            "" if largest is None else self.names[largest],
            why if largest is None or isinstance(row, Unavailable) else float(row[largest]),
        )

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """A data frame of an installed library: the measures of every row and, under its name, every DFTHETAS."""
        measures = {"cook": self.cook, "likelihood_distance": self.likelihood_distance, "chi_square": self.chi_square}
        columns: dict[str, Any] = {"row": self.rows.tolist()}
        if any(label is not None for label in self.groups):
            columns["group"] = list(self.groups)
        columns |= {name: _column(found, len(self)) for name, found in measures.items()}
        for k, name in enumerate(self.names):
            one = self.changes if isinstance(self.changes, Unavailable) else self.changes[:, k]
            columns[name] = _column(one, len(self))
        return make_frame(columns, backend)

    def draw(self, path: str | Path | None = None) -> Drawing:
        """Cook's distance and change of χ² of all rows; needs matplotlib (the extra ``plot``).

        Parameters
        ----------
        path : str or Path, optional
            Where to save the drawing; the ending says in which format.

        Raises
        ------
        SemnanError
            If matplotlib is missing or cannot write that format.

        """
        shown = {"Cook's distance": self.cook, "change of χ²": self.chi_square}
        panels = {title: found for title, found in shown.items() if not isinstance(found, Unavailable)}
        panels = panels or {"likelihood distance": self.likelihood_distance}
        figure = new_figure(7, 2.2 * len(panels), layout="constrained")
        for k, (title, values) in enumerate(panels.items()):
            axes = figure.add_subplot(len(panels), 1, k + 1, ylabel=title, xlabel="row" if k == len(panels) - 1 else "")
            axes.margins(x=0.02, y=0.15)
            axes.vlines(self.rows, 0, values, color=KNOWN, linewidth=0.8)
            for i in np.argsort(-np.nan_to_num(np.abs(values)), kind="stable")[:NAMED].tolist():
                side = "bottom" if values[i] > 0 else "top"
                axes.annotate(
                    str(self.rows[i]), (self.rows[i], values[i]), color=UNKNOWN, fontsize=8, ha="center", va=side
                )
        drawing = Drawing(figure)
        if path is not None:
            drawing.save(path)
        return drawing

    def __repr__(self) -> str:
        failed = sum(self.failures.values())
        return f"<Influence of {len(self)} rows{f', {failed} without a fit' if failed else ''}>"

    def __str__(self) -> str:
        return str(self.most())

    def _repr_html_(self) -> str:
        return self.most()._repr_html_()


def influence(fit: Estimate, sample: Sample) -> Influence:
    """Leave out every row of a fit; see `Fit.influence`."""
    rows = Rows.of(sample, fit.model.exogenous)
    if rows is None:
        raise FitError("the fit has moments, but no rows: give a data frame")
    found = leave_out(fit, rows)
    labels = tuple(sample.groups[g].label for g in found.group.tolist())
    return Influence(frame_rows(sample), labels, fit, rows, found)


def _at(values: Array | Unavailable, i: int, why: Unavailable) -> float | Unavailable:
    if isinstance(values, Unavailable):
        return values
    return float(values[i]) if np.isfinite(values[i]) else why


def _column(values: Array | Unavailable, count: int) -> list[float | None]:
    if isinstance(values, Unavailable):
        return [None] * count
    return [value if np.isfinite(value) else None for value in values.tolist()]
