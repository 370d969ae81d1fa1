"""`Study`: a model that is fitted to its population, from which everything about samples of any size follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, final

from semnan.data import Moments, Sample
from semnan.data.checks import is_number
from semnan.effects.defined import defined_parameters
from semnan.effects.delta import Wald, own_walds
from semnan.effects.effect import Kind, effect
from semnan.errors import FitError, Unavailable
from semnan.estimation.fit_options import Options
from semnan.estimation.hypotheses import wald_test
from semnan.estimation.statistics import Statistics
from semnan.fit import fit_sample
from semnan.fitted import Fit
from semnan.graph import AMASEM
from semnan.model import PathModel, as_model
from semnan.model.constraint_text import read_constraints
from semnan.planning.populations import ROWS, Population, Source, as_population

Model = str | PathModel | AMASEM
Pair = tuple[str, str]


@final
@dataclass(frozen=True)
class Question:
    """What is tested: a parameter, an effect, a hypothesis, or, with none of these, the fit of the model.

    Attributes
    ----------
    parameter : str or None
        A free or defined parameter by its name.
    effect : (str, str) or None
        Source and target.
    kind : "total", "direct" or "indirect"
    standardised : bool
    group : str or None
        Of the effect.
    hypothesis : str or None
        Equalities of labels and defined parameters.

    """

    parameter: str | None = None
    effect: Pair | None = None
    kind: Kind = "total"
    standardised: bool = False
    group: str | None = None
    hypothesis: str | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.parameter, self.effect, self.hypothesis)) > 1:
            raise FitError("give one of parameter=, effect= and hypothesis=, or none to test the fit of the model")
        if self.effect is not None and (isinstance(self.effect, str) or len(self.effect) != 2):
            raise FitError(f"the effect is {self.effect!r}: give its source and target, as effect=('X', 'Y')")

    @property
    def name(self) -> str:
        """In words."""
        if self.effect is not None:
            scale = "standardised " if self.standardised else ""
            return f"{scale}{self.kind} effect of {self.effect[0]} on {self.effect[1]}"
        return self.parameter or self.hypothesis or "fit of the model"


class Size(NamedTuple):
    """What one row adds to a noncentrality, and the df of the test."""

    noncentrality: float
    df: int


@final
@dataclass(frozen=True, eq=False)
class Study:
    """A model at the moments of a population.

    Attributes
    ----------
    fit : Fit
        Of the model to the population.
    shares : tuple of float
        Of every group in the rows.

    """

    fit: Fit
    shares: tuple[float, ...]

    @classmethod
    def of(
        cls, model: Model, source: Source, groups: Sequence[str] = (), shares: Mapping[str, float] | None = None
    ) -> Study:
        """Fit a model to a population.

        Raises
        ------
        FitError
            If it does not fit with it, or the fit does not converge.

        """
        known = as_population(source, groups)
        compiled = _model(model, known)
        parts = _shares(known, shares)
        sample = Sample.from_moments(_sized(known, parts)).select(compiled.visibles)
        fit = fit_sample(compiled, sample, Options(progress=False))
        if not fit.converged:
            raise FitError(f"the model cannot be fitted to the population: {fit.outcome.value}")
        return cls(fit, parts)

    @property
    def n(self) -> int:
        """Rows that stand for the population."""
        return self.fit.estimate.n

    @property
    def least(self) -> int:
        """Rows with which every group has more of them than visibles, so that its covariance is regular."""
        return math.ceil((len(self.fit.model.visibles) + 1) / min(self.shares))

    def sizes(self, n: int) -> list[int]:
        """How n rows divide among the groups.

        Raises
        ------
        FitError
            If a group has too few for a regular covariance.

        """
        ends = [round(n * sum(self.shares[: g + 1])) for g in range(len(self.shares))]
        found = [end - start for start, end in pairwise((0, *ends))]
        p = len(self.fit.model.visibles)
        if min(found) <= p:
            raise FitError(
                f"a group would have {min(found)} rows for {p} variables, so that its covariance is singular: "
                f"take n of at least {self.least}"
            )
        return found

    def value(self, question: Question) -> Wald:
        """A parameter or effect in the population, with its standard error in samples of as many rows as `n`."""
        if question.effect is not None:
            how = {"kind": question.kind, "standardised": question.standardised, "group": question.group}
            found = effect(self.fit.estimate, *question.effect, **how)  # type: ignore[arg-type]
            return Wald(found.estimate, found.standard_error, found.interval, found.p_value)
        names = [free.name for free in self.fit.model.free]
        if question.parameter in names:
            return own_walds(self.fit.estimate, 0.95)[names.index(question.parameter)]
        for row in defined_parameters(self.fit.estimate):
            if row.name == question.parameter:
                return Wald(row.estimate, row.standard_error, row.interval, row.p_value)
        known = [*names, *(item.name for item in self.fit.model.defined)]
        raise FitError(f"the model has no free or defined parameter {question.parameter!r}; it has {', '.join(known)}")

    def wald(self, question: Question) -> Size | Unavailable:
        """Of the Wald test of zero, or of a hypothesis (Satorra 1989)."""
        if question.hypothesis is not None:
            found = wald_test(self.fit.estimate, read_constraints(self.fit.model, question.hypothesis))
            return found if isinstance(found, Unavailable) else Size(found.chi_square / self.n, found.df)
        value, error, _, _ = self.value(question)
        for part in (value, error):
            if isinstance(part, Unavailable):
                return part
        if float(error) == 0:
            return Unavailable("it does not vary from sample to sample: there is nothing to test")
        return Size((float(value) / float(error)) ** 2 / self.n, 1)

    def misfit(self) -> Size | Unavailable:
        """Of the χ² test of the model."""
        return _misfit(self.fit)

    def restricted(self, hypothesis: str) -> Size | Unavailable:
        """Of the likelihood-ratio test of a hypothesis (Satorra & Saris 1985)."""
        constraints = read_constraints(self.fit.model, hypothesis)
        if not constraints or any(constraint.operator != "==" for constraint in constraints):
            raise FitError(f"a hypothesis is of equalities, as 'a == b', not {hypothesis!r}")
        model = replace(self.fit.model, constraints=(*self.fit.model.constraints, *constraints))
        fit = fit_sample(model, self.fit.sample, Options(progress=False))
        if not fit.converged:
            return Unavailable(f"the model under the hypothesis cannot be fitted: {fit.outcome.value}")
        less, more = _misfit(self.fit), _misfit(fit)
        if isinstance(less, Unavailable) or isinstance(more, Unavailable):
            return less if isinstance(less, Unavailable) else more
        return Size(max(more.noncentrality - less.noncentrality, 0.0), more.df - less.df)


def _misfit(fit: Fit) -> Size | Unavailable:
    test = Statistics(fit.estimate)
    for part in (test.chi_square, test.df):
        if isinstance(part, Unavailable):
            return part
    assert not isinstance(test.df, Unavailable)
    return Size(float(test.chi_square) / fit.estimate.n, test.df)


def _model(model: Model, known: Population) -> PathModel:
    if isinstance(model, str):
        compiled = PathModel.from_lavaan(model, function="sem", groups=known.labels)
    else:
        compiled = as_model(model)
    if compiled.ordered:
        raise FitError("plans are for maximum likelihood of numbers: leave out ordered variables")
    if compiled.groups != known.labels:
        raise FitError(f"the model has the groups {compiled.groups}, the population {known.labels}: give both the same")
    return compiled


def _shares(known: Population, shares: Mapping[str, float] | None) -> tuple[float, ...]:
    if shares is None:
        return (1 / len(known.groups),) * len(known.groups)
    if not known.labels:
        raise FitError("the population has no groups: leave out shares=")
    if set(shares) != set(known.labels) or not all(is_number(part) and part > 0 for part in shares.values()):
        raise FitError(f"shares= gives every group a positive number: the groups are {', '.join(known.labels)}")
    return tuple(shares[label] / sum(shares.values()) for label in known.labels)


def _sized(known: Population, shares: tuple[float, ...]) -> Moments | dict[str, Moments]:
    """The moments of every group with its share of the rows."""
    found = {}
    for (label, part), share in zip(known.groups.items(), shares, strict=True):
        n = max(round(ROWS * share), 2)
        found[label or ""] = Moments.from_covariance(part.covariance, part.names, n, part.mean)
    return found if known.labels else found[""]
