"""`invariance`: do groups measure the same? A ladder of models with ever more equal across groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Unpack, final

from semnan.compare import compare
from semnan.errors import FitError, Unavailable
from semnan.estimation.comparison import ComparedFit
from semnan.estimation.statistics import Value
from semnan.fitted import Fit
from semnan.report.printed import Printed
from semnan.report.table import Table, number, probability
from semnan.text import Data, FitOptions, cfa

#: What each step holds equal, besides what the steps before do.
STEPS = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("loadings",),
    "scalar": ("intercepts",),
    "strict": ("residuals",),
    "means": ("means",),
}
LADDER = ("configural", "metric", "scalar", "strict")
#: Of ordered variables: with thresholds equal, intercepts are, and residual variances follow from the variance one of
#: their responses.
ORDERED_STEPS = ("configural", "thresholds", "metric", "means")


@final
@dataclass(frozen=True)
class Step:
    """One model of a ladder.

    Attributes
    ----------
    name : str
    fit : Fit
    test : ComparedFit
        Against the step before.
    chi_square, cfi, rmsea, srmr : float or Unavailable
        Corrected ones, if the estimator is robust: those that lavaan calls robust, or else scaled.
    cfi_change, rmsea_change : float or Unavailable
        From the step before; a CFI that falls by more than .01 speaks against a step (Cheung & Rensvold 2002).

    """

    name: str
    fit: Fit
    test: ComparedFit
    chi_square: Value
    cfi: Value
    rmsea: Value
    srmr: Value
    cfi_change: Value
    rmsea_change: Value


@final
@dataclass(frozen=True)
class Invariance(Printed):
    """A ladder of measurement invariance; ``print`` it, or let a notebook show it."""

    steps: tuple[Step, ...]

    def __getitem__(self, name: str) -> Fit:
        """The fit of a step."""
        found = {step.name: step.fit for step in self.steps}
        if name not in found:
            raise FitError(f"the ladder has no step {name!r}; it has {', '.join(found)}")
        return found[name]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def table(self) -> Table:
        columns = ("step", "df", "χ²", "CFI", "RMSEA", "SRMR", "χ² diff", "df diff", "p", "Δ CFI", "Δ RMSEA")
        cells = (cell for step in self.steps[1:] for cell in (step.test.p_value, step.cfi))
        notes = dict.fromkeys(cell.reason for cell in cells if isinstance(cell, Unavailable))
        return Table("Measurement invariance", columns, tuple(map(_cells, self.steps)), notes=tuple(notes))


def invariance(
    text: str,
    data: Data,
    *,
    group: str | None = None,
    steps: Sequence[str] | None = None,
    **options: Unpack[FitOptions],
) -> Invariance:
    """Fit a measurement model with more and more of it equal across groups, and test each step against the one before.

    Parameters
    ----------
    text : str
        The measurement model in lavaan's language.
    data : data frame, mapping of group to Moments, or Sample
    group : str, optional
        The column of the frame that says the group.
    steps : sequence of "configural", "metric", "scalar", "strict", "means", optional
        In this order: the same pattern of loadings; equal loadings; intercepts; residual variances; latent means. By
        default the first four. Of ordered variables "configural", "thresholds", "metric", "means", by default the first
        three: only with equal thresholds have latent responses the same units (Wu & Estabrook 2016).
    **options
        Those of `sem`; `group_partial` exempts parameters from all steps. With robust estimators differences are
        corrected (see `compare`).

    Returns
    -------
    Invariance
        The steps with their fits; its table prints.

    Raises
    ------
    FitError
        For less than two steps, an unknown one, or another order.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.holzinger_swineford_1939().to_frame()
    >>> found = sn.invariance("visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6", frame, group="school")
    >>> [step.fit.df for step in found]
    [16, 20, 24, 30]

    """
    chosen = list(_usual(options) if steps is None else steps)
    _check(chosen, options)
    fits: list[Fit] = []
    equal: list[str] = []
    for name in _known(options):
        equal += STEPS[name]
        if name in chosen:
            fits.append(_fit(text, data, group, equal, options))
    compared = {row.name: row for row in compare(*fits, names=chosen).rows}
    return Invariance(tuple(_stepped(chosen, fits, compared)))


def _usual(options: FitOptions) -> Sequence[str]:
    return ORDERED_STEPS[:3] if options.get("ordered") else LADDER


def _known(options: FitOptions) -> list[str]:
    """The steps that there are, in their order."""
    if options.get("ordered"):
        return list(ORDERED_STEPS)
    return [name for name in STEPS if name != "thresholds"]


def _check(steps: Sequence[str], options: FitOptions) -> None:
    known = _known(options)
    if list(steps) != [name for name in known if name in steps] or len(steps) < 2:
        raise FitError(f"the steps are {', '.join(map(str, steps))}: give two or more of {', '.join(known)}, in order")
    if "group_equal" in options:
        raise FitError("the steps say what is equal across groups: leave out group_equal")


def _fit(text: str, data: Data, group: str | None, equal: list[str], options: FitOptions) -> Fit:
    means: FitOptions = {} if options.get("ordered") else {"meanstructure": True}
    chosen: FitOptions = {**means, **options, "group_equal": tuple(equal)}
    fit = cfa(text, data, group=group, **chosen)
    if not fit.model.groups:
        raise FitError("there are no groups: name the column that says the group as group=")
    return fit


def _stepped(names: list[str], fits: list[Fit], compared: dict[str, ComparedFit]) -> Iterator[Step]:
    before: tuple[Value, Value] | None = None
    for name, fit in zip(names, fits, strict=True):
        cfi, rmsea = _best(fit, "cfi"), _best(fit, "rmsea")
        first = Unavailable("it is the first step")
        change = (first, first) if before is None else (_less(cfi, before[0]), _less(rmsea, before[1]))
        chi_square = fit.fit_measures.get("chisq.scaled", fit.fit_measures["chisq"])
        yield Step(name, fit, compared[name], chi_square, cfi, rmsea, fit.fit_measures["srmr"], *change)
        before = cfi, rmsea


def _best(fit: Fit, name: str) -> Value:
    """The robust index if there is one, else the scaled or the plain one."""
    found = [fit.fit_measures[key] for key in (f"{name}.robust", f"{name}.scaled") if key in fit.fit_measures]
    usable = [value for value in found if not isinstance(value, Unavailable)]
    return usable[0] if usable else (found[-1] if found else fit.fit_measures[name])


def _less(now: Value, before: Value) -> Value:
    for value in (now, before):
        if isinstance(value, Unavailable):
            return value
    return float(now) - float(before)


def _cells(step: Step) -> tuple[str, ...]:
    numbers = (step.chi_square, step.cfi, step.rmsea, step.srmr, step.test.chi_square_difference)
    changes = (number(step.cfi_change), number(step.rmsea_change))
    tested = (number(step.test.df_difference), probability(step.test.p_value))
    return step.name, str(step.test.df), *map(number, numbers), *tested, *changes
