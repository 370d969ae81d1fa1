"""`bootstrap`: the model fitted to many samples drawn from the rows, or from the model itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import final, get_args

import numpy as np
from numpy.typing import NDArray

from semnan.effects.delta import check_level
from semnan.effects.effect import Kind as EffectKind
from semnan.errors import FitError, ResamplingWarning, Unavailable
from semnan.estimation.estimate import discrepancy_of
from semnan.fitted import Fit
from semnan.report import Listing
from semnan.resampling.draw import Draw
from semnan.resampling.interval import Method, Resampled, check_method, interval
from semnan.resampling.jackknifing import Jackknife, jackknife
from semnan.resampling.quantity import EffectValue, Quantity, quantities, quantity
from semnan.resampling.replicates import Replicates, joined
from semnan.resampling.sample import check_fit, groups_of
from semnan.resampling.source import Kind
from semnan.resampling.work import carry_out, portion

Array = NDArray[np.float64]
NOT_UNDER_MODEL = Unavailable(
    "replicates of the rows say nothing of how well the model fits: use kind='bollen.stine' or 'parametric'"
)
NO_ACCELERATION = Unavailable("BCa intervals need the jackknife, which is of complete rows: use another method")


@final
@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Fits to replicates of a sample. A value: `resume` and `extend` make a new one.

    Attributes
    ----------
    fit : Fit
        Of the sample itself.
    kind : "ordinary", "parametric" or "bollen.stine"
    asked : int
        How many replicates were asked for.
    seed : int
    replicates : Replicates
        Those that were made, with and without estimates.

    """

    fit: Fit
    kind: Kind
    asked: int
    seed: int
    replicates: Replicates
    _task: Draw = field(repr=False)

    # -- how it went

    @property
    def done(self) -> int:
        """How many replicates were made."""
        return len(self.replicates)

    @property
    def interrupted(self) -> bool:
        """Whether there are less than were asked for: `resume` makes the others."""
        return self.done < self.asked

    @property
    def converged(self) -> int:
        """How many of them have estimates."""
        return int(self.replicates.converged.sum())

    @property
    def failures(self) -> dict[str, int]:
        """Why the others have none, and how many."""
        return dict(self.replicates.failures)

    def resume(self, *, n_jobs: int | None = None, progress: bool | None = None) -> Bootstrap:
        """With the replicates that an interruption left out: the same as if there had been none."""
        return _run(self, self.asked, n_jobs, progress)

    def extend(self, replicates: int, *, n_jobs: int | None = None, progress: bool | None = None) -> Bootstrap:
        """With so many more replicates."""
        _check_count(replicates)
        return _run(self, self.asked + replicates, n_jobs, progress)

    # -- the numbers

    @cached_property
    def _usable(self) -> Replicates:
        return self.replicates.take(self.replicates.converged)

    @property
    def names(self) -> tuple[str, ...]:
        """The free parameters."""
        return tuple(free.name for free in self.fit.model.free)

    @property
    def estimates(self) -> Array:
        """Of the replicates that converged, shape (R, q)."""
        return self._usable.theta.copy()

    @property
    def chi_square(self) -> Array | Unavailable:
        """Of the replicates that converged, shape (R,)."""
        if any(group.design.clusters is not None for group in self.fit.sample.groups):
            return Unavailable("replicates of clusters differ in their number of rows, and their χ² with it")
        factor = discrepancy_of(self.fit.estimate).chi_square_factor
        if factor is None:
            return Unavailable(f"{self.fit.estimate.discrepancy} has no χ² distribution")
        return factor * self.fit.estimate.n * np.maximum(self._usable.value, 0.0)

    @property
    def p_value(self) -> float | Unavailable:
        """The share of replicates under the model that fit it as badly as the sample does (Bollen & Stine 1992)."""
        values, own = self.chi_square, self.fit.chi_square
        if self.kind == "ordinary":
            return NOT_UNDER_MODEL
        if isinstance(values, Unavailable) or isinstance(own, Unavailable):
            return values if isinstance(values, Unavailable) else Unavailable(str(own))
        return float((values >= own).mean()) if len(values) else Unavailable("no replicate converged")

    def __getitem__(self, name: str) -> Resampled:
        """A parameter or defined parameter by its name, with its percentile interval of level .95."""
        return self.interval(name)

    def interval(self, name: str, *, level: float = 0.95, method: Method = "percentile") -> Resampled:
        """A parameter or defined parameter with an interval.

        Parameters
        ----------
        name : str
            As in `Fit.estimates`, or that of a defined parameter.
        level : float
        method : "percentile", "basic", "bca" or "normal"
            BCa corrects for bias and skewness, which takes a jackknife.

        """
        return self._resampled(quantity(self.fit.model, name), level, method)

    def parameters(self, *, level: float = 0.95, method: Method = "percentile") -> Listing[Resampled]:
        """All free and defined parameters with intervals."""
        rows = tuple(self._resampled(item, level, method) for item in quantities(self.fit.model))
        return Listing(Resampled, rows)

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: EffectKind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
        method: Method = "percentile",
    ) -> Resampled:
        """An effect with an interval; the arguments are those of `Fit.effect`."""
        item = EffectValue.of(source, target, kind, avoiding, standardised, group)
        return self._resampled(item, level, method)

    @cached_property
    def jackknife(self) -> Jackknife | Unavailable:
        """The jackknife of the same fit, from which BCa intervals take their acceleration."""
        return NO_ACCELERATION if self.fit.sample.missing else jackknife(self.fit)

    def _resampled(self, item: Quantity, level: float, method: Method) -> Resampled:
        check_level(level)
        check_method(method)
        estimate = item.of_sample(self.fit.estimate)
        if isinstance(estimate, Unavailable):
            return Resampled(item.name, estimate, estimate, estimate, estimate, level, method)
        values = item.of_replicates(self.fit.model, self._usable)
        values = values[np.isfinite(values)]
        if len(values) < 2:
            none = Unavailable("less than two replicates have a value")
            return Resampled(item.name, estimate, none, none, none, level, method)
        error, bias = float(values.std(ddof=1)), float(values.mean()) - estimate
        ends = self._interval(item, estimate, values, level, method)
        return Resampled(item.name, estimate, error, bias, ends, level, method)

    def _interval(
        self, item: Quantity, estimate: float, values: Array, level: float, method: Method
    ) -> tuple[float, float] | Unavailable:
        if method != "bca":
            return interval(estimate, values, level, method)
        found = self.jackknife
        if isinstance(found, Unavailable):
            return found
        return interval(estimate, values, level, method, found.acceleration(item))

    def __repr__(self) -> str:
        made = f"{self.done} replicates" if not self.interrupted else f"{self.done} of {self.asked} replicates"
        told = [f"{count}: {why}" for why, count in self.failures.items()]
        end = "; interrupted, resume() goes on" if self.interrupted else ""
        return f"<Bootstrap ({self.kind}) of {made}, {self.converged} converged{'; '.join(['', *told])}{end}>"


def bootstrap(
    fit: Fit,
    replicates: int = 1000,
    *,
    kind: Kind = "ordinary",
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Bootstrap:
    """Fit the model to replicates of the sample.

    Parameters
    ----------
    fit : Fit
        By maximum likelihood, of a data frame. Groups are drawn from one by one, clusters as a whole.
    replicates : int
        How many.
    kind : "ordinary", "parametric" or "bollen.stine"
        Rows drawn with replacement; normal samples of the moments that the model implies; or rows drawn after they were
        moved to have these moments, so that the model holds of them (Bollen & Stine 1992), which tests its fit.
    seed : int
        The numbers depend on it alone, not on `n_jobs` or the backend.
    n_jobs : int, optional
        How many work at once, by joblib: processes here, or what ``joblib.parallel_config`` says (threads, Dask, …).
    progress : bool, optional
        Whether to show progress; by default on a terminal, once it takes longer than a second.

    Returns
    -------
    Bootstrap
        Replicates without estimates are counted and told. If you interrupt it, with the replicates so far;
        `Bootstrap.resume` goes on.

    Raises
    ------
    FitError
        If the fit cannot be resampled, or an argument makes no sense.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.political_democracy().to_frame()
    >>> found = sn.bootstrap(sn.sem("y1 ~ x1", frame), 200)
    >>> found
    <Bootstrap (ordinary) of 200 replicates, 200 converged>
    >>> low, high = found.interval("x1 -> y1", method="bca").interval

    """
    check_fit(fit)
    _check_count(replicates)
    if kind not in get_args(Kind):
        raise FitError(f"kind is {kind!r}: give one of {', '.join(get_args(Kind))}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise FitError(f"seed is {seed!r}: give an integer that is not negative")
    task = Draw.of(fit, kind, seed)
    empty = Bootstrap(fit, kind, 0, seed, task.refit.none(), task)
    return _run(empty, replicates, n_jobs, progress)


def _check_count(count: object) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise FitError(f"the number of replicates is {count!r}: give a whole number of at least 1")


def _run(found: Bootstrap, asked: int, n_jobs: int | None, progress: bool | None) -> Bootstrap:
    """Make what is missing to `asked` replicates."""
    numbers = range(found.done, asked)
    if not len(numbers):
        return found
    rows = 1 if found.kind == "parametric" else max(len(part.rows) for part in groups_of(found.fit))
    work = carry_out(found._task, numbers, portion(rows), n_jobs, progress)
    parts = [part for part in (found.replicates, work.replicates) if part is not None]
    made = replace(found, asked=asked, replicates=joined(parts))
    _warn(made)
    return made


def _warn(found: Bootstrap) -> None:
    if found.interrupted:
        said = f"interrupted after {found.done} of {found.asked} replicates: resume() makes the others"
        warnings.warn(said, ResamplingWarning, stacklevel=4)
    lost = found.done - found.converged
    if lost:
        why = ", ".join(f"{reason} ({count})" for reason, count in found.failures.items())
        said = f"{lost} of {found.done} replicates have no estimates and take no part: {why}"
        warnings.warn(said, ResamplingWarning, stacklevel=4)
