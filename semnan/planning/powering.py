"""`power` and `minimum_n` by noncentrality: of a parameter, an effect, a hypothesis, or the fit of a wrong model.

A test statistic of df degrees of freedom is about noncentral χ²(df, n λ) where the null hypothesis does not hold, λ
being what it is, per row, at the moments of the population (Satorra & Saris 1985, Psychometrika 50; Satorra 1989, ibid.
54).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final, get_args

from scipy.special import chndtr, chndtrinc

from semnan.data.checks import is_number
from semnan.effects.delta import check_level
from semnan.effects.effect import Kind
from semnan.errors import FitError, Unavailable
from semnan.estimation.distributions import chi_square_limit, normal_reach
from semnan.planning.checks import MOST, check_alpha, check_count
from semnan.planning.populations import Source
from semnan.planning.study import Model, Pair, Question, Size, Study

Method = Literal["wald", "likelihood ratio"]
#: Of a noncentrality this small, per row, nothing but rounding is left.
NOTHING = 1e-12
TOO_MANY = Unavailable(f"it takes more than {MOST:.0e} rows")
NO_EFFECT = Unavailable("what is tested is zero in the population: no number of rows gives power")
#: A larger RMSEA of the model at the population is no rounding.
MISSES = 1e-4


@final
@dataclass(frozen=True)
class Power:
    """The power of a test.

    Attributes
    ----------
    tested : str
    n : int
        Rows of all groups.
    power : float
    alpha : float
    noncentrality : float
    df : int
    value, standard_error : float or Unavailable
        What is tested in the population, if it is one number, and its standard error in samples of n rows.
    population_rmsea : float or Unavailable
        By which the model misses the population. Tests of parameters and effects are about what the model takes them
        for there.

    """

    tested: str
    n: int
    power: float
    alpha: float
    noncentrality: float
    df: int
    value: float | Unavailable
    standard_error: float | Unavailable
    population_rmsea: float | Unavailable

    def __str__(self) -> str:
        lines = [f"{self.tested}: power {self.power:.3f} with n = {self.n} at level {self.alpha:g}"]
        lines.append(f"  noncentrality {self.noncentrality:.3f}, df {self.df}")
        if not isinstance(self.value, Unavailable):
            lines.append(f"  in the population {self.value:.4g}, standard error {self.standard_error:.3g}")
        if isinstance(self.population_rmsea, float) and self.population_rmsea > MISSES:
            lines.append(f"  the model misses the population: RMSEA {self.population_rmsea:.3f}")
        return "\n".join(lines)


def power(
    model: Model,
    population: Source,
    n: int,
    *,
    parameter: str | None = None,
    effect: Pair | None = None,
    kind: Kind = "total",
    standardised: bool = False,
    group: str | None = None,
    hypothesis: str | None = None,
    method: Method = "wald",
    alpha: float = 0.05,
    groups: Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
) -> Power | Unavailable:
    """The power of a test in samples of n rows, by noncentrality.

    Parameters
    ----------
    model : str, PathModel or AMASEM
        What will be fitted: in lavaan's language, with the defaults of `sem`, or compiled.
    population : str, PathModel, Fit, Moments, mapping of group to Moments, or Population
        What is true: a model with values in lavaan's language (see `semnan.population`), a fit, whose implied moments
        are taken, or moments.
    n : int
        Rows of all groups.
    parameter : str, optional
        A free or defined parameter, by its name, that is tested against zero.
    effect : (str, str), optional
        An effect from source to target that is tested against zero.
    kind, standardised, group
        Of the effect, as in `Fit.effect`.
    hypothesis : str, optional
        Equalities of labels, tested together: ``"a == b; c == 0"``. Without any of these the fit of the model itself is
        tested, which is of interest where it is not true.
    method : "wald" or "likelihood ratio"
        The test of a hypothesis.
    alpha : float
        Level of the test.
    groups : sequence of str
        The groups of a population in lavaan's language.
    shares : mapping of str to float, optional
        How the rows divide among groups, by default equally.

    Returns
    -------
    Power or Unavailable
        If the model does not determine what is tested.

    Raises
    ------
    FitError
        If model and population do not fit together, or an argument makes no sense.
    ModelError
        For text that is wrong.

    Examples
    --------
    >>> import semnan as sn
    >>> truth = sn.population("y ~ 0.3*x", standardised=True)
    >>> round(sn.power("y ~ x", truth, 100, effect=("x", "y")).power, 2)
    0.88

    """
    n = check_count("n", n, least=2)
    question = Question(parameter, effect, kind, standardised, group, hypothesis)
    study = Study.of(model, population, groups, shares)
    study.sizes(n)
    size = _size(study, question, method, alpha)
    return size if isinstance(size, Unavailable) else _power(study, question, size, n, alpha)


def minimum_n(
    model: Model,
    population: Source,
    *,
    power: float | None = None,
    width: float | None = None,
    parameter: str | None = None,
    effect: Pair | None = None,
    kind: Kind = "total",
    standardised: bool = False,
    group: str | None = None,
    hypothesis: str | None = None,
    method: Method = "wald",
    alpha: float = 0.05,
    groups: Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
) -> int | Unavailable:
    """How many rows a test needs for a power, or an interval for a width, by noncentrality.

    At least as many as the model needs to be fitted at all, more in every group than there are visibles.

    Parameters
    ----------
    power : float, optional
        The power of the test; by default 0.8, unless a width is given.
    width : float, optional
        From end to end of the Wald interval, of level 1 less alpha, of a parameter or effect.
    model, population, parameter, effect, kind, standardised, group, hypothesis, method, alpha, groups, shares
        See `power`.

    Returns
    -------
    int or Unavailable
        If no number of rows is enough, or the model does not determine what is asked for.

    Examples
    --------
    >>> import semnan as sn
    >>> truth = sn.population("y ~ 0.3*x", standardised=True)
    >>> sn.minimum_n("y ~ x", truth, effect=("x", "y")), sn.minimum_n("y ~ x", truth, effect=("x", "y"), width=0.2)
    (80, 350)

    """
    question = Question(parameter, effect, kind, standardised, group, hypothesis)
    study = Study.of(model, population, groups, shares)
    if width is not None:
        if power is not None:
            raise FitError("give a power or a width, not both")
        return _for_width(study, question, width, alpha)
    wanted = 0.8 if power is None else power
    check_level(wanted, "the power", 0.8)
    size = _size(study, question, method, alpha)
    return size if isinstance(size, Unavailable) else _for_power(study, size, wanted, alpha)


def _size(study: Study, question: Question, method: Method, alpha: float) -> Size | Unavailable:
    check_alpha(alpha)
    if method not in get_args(Method):
        raise FitError(f"the method is {method!r}: give one of {', '.join(get_args(Method))}")
    if question.parameter is None and question.effect is None and question.hypothesis is None:
        size = study.misfit()
    elif method == "wald":
        size = study.wald(question)
    elif question.hypothesis is not None:
        size = study.restricted(question.hypothesis)
    else:
        raise FitError(
            "a likelihood-ratio test is of a hypothesis: label the parameter b, and give hypothesis='b == 0'"
        )
    if not isinstance(size, Unavailable) and size.df < 1:
        return Unavailable("the test has no degrees of freedom")
    return size


def _power(study: Study, question: Question, size: Size, n: int, alpha: float) -> Power:
    value: float | Unavailable = Unavailable("the test is not of one number")
    error = value
    if question.parameter is not None or question.effect is not None:
        found = study.value(question)
        value = found.estimate
        error = found.standard_error
        error = error if isinstance(error, Unavailable) else error * math.sqrt(study.n / n)
    noncentrality = size.noncentrality * n
    share = 1 - float(chndtr(chi_square_limit(alpha, size.df), size.df, noncentrality))
    rmsea = _rmsea(study)
    return Power(question.name, n, share, alpha, noncentrality, size.df, value, error, rmsea)


def _rmsea(study: Study) -> float | Unavailable:
    size = study.misfit()
    if isinstance(size, Unavailable):
        return size
    if size.df < 1:
        return Unavailable("the model is saturated: it has no degrees of freedom")
    return math.sqrt(max(size.noncentrality, 0.0) / size.df * len(study.shares))


def _for_power(study: Study, size: Size, wanted: float, alpha: float) -> int | Unavailable:
    if size.noncentrality < NOTHING:
        return NO_EFFECT
    if wanted <= alpha:
        return study.least
    needed = float(chndtrinc(chi_square_limit(alpha, size.df), size.df, 1 - wanted))
    return _whole(study, needed / size.noncentrality)


def _for_width(study: Study, question: Question, width: object, alpha: float) -> int | Unavailable:
    check_alpha(alpha)
    if not is_number(width) or float(width) <= 0:
        raise FitError(f"the width is {width!r}: give a positive number")
    if question.parameter is None and question.effect is None:
        raise FitError("a width is of the interval of a parameter or an effect: give parameter= or effect=")
    error = study.value(question).standard_error
    if isinstance(error, Unavailable):
        return error
    return _whole(study, (2 * normal_reach(1 - alpha) * error / float(width)) ** 2 * study.n)


def _whole(study: Study, rows: float) -> int | Unavailable:
    return TOO_MANY if rows > MOST else max(math.ceil(rows), study.least)
