"""Sensitivity of a regression to an omitted confounder (Cinelli & Hazlett 2020, JRSS B 82, 39–67).

Of a regression of Y on a treatment D and covariates X, an omitted Z is described by two partial R²: of Z with D given
X, and of Z with Y given X and D. They determine the bias of the estimate and the standard error that Z would bring:

    |bias| = se √df √(R²_{Y~Z|D,X} R²_{D~Z|X} / (1 − R²_{D~Z|X}))
    se'    = se √((1 − R²_{Y~Z|D,X}) / (1 − R²_{D~Z|X}) · df / (df − 1))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from semnan.data import Moments
from semnan.data.checks import is_number
from semnan.effects.delta import check_level
from semnan.errors import FitError
from semnan.fitted import Fit
from semnan.model import Kind, PathModel
from semnan.network.arrays import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: An estimate farther than this from that of the regression, in standard errors, is not the regression's.
SAME = 1e-3


@final
@dataclass(frozen=True)
class Adjusted:
    """What an estimate would be if a confounder of these strengths were adjusted for.

    Attributes
    ----------
    label : str
    r2_treatment, r2_outcome : float
        Partial R² of the confounder with the treatment given the covariates, and with the outcome given treatment and
        covariates.
    estimate, standard_error : float
    interval : (float, float)

    """

    label: str
    r2_treatment: float
    r2_outcome: float
    estimate: float
    standard_error: float
    interval: tuple[float, float]

    @property
    def t(self) -> float:
        """The t statistic."""
        return self.estimate / self.standard_error


@final
@dataclass(frozen=True, eq=False)
class Sensitivity:
    """A regression coefficient, and what omitted confounders could do to it.

    Attributes
    ----------
    treatment, outcome : str
    estimate, standard_error : float
        Of ordinary least squares.
    df : int
        Residual degrees of freedom.
    strengths : dict of str to (float, float)
        For every covariate its partial R² with the treatment given the other covariates, and with the outcome given
        these and the treatment.

    """

    treatment: str
    outcome: str
    estimate: float
    standard_error: float
    df: int
    strengths: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (is_number(self.estimate) and is_number(self.standard_error) and self.standard_error > 0):
            raise FitError("the estimate and its standard error must be numbers, the latter positive")
        if self.df < 2:
            raise FitError(f"there are {self.df} residual degrees of freedom: sensitivity needs at least two")

    @property
    def t(self) -> float:
        """The t statistic of the estimate."""
        return self.estimate / self.standard_error

    @property
    def partial_r2(self) -> float:
        """Partial R² of the treatment with the outcome: the share that an extreme confounder would have to take."""
        return self.t**2 / (self.t**2 + self.df)

    def bias(self, r2_treatment: ArrayLike, r2_outcome: ArrayLike) -> Array:
        """Size of the bias for partial R² of a confounder, which broadcast (eq. 8)."""
        first, second = _shares(r2_treatment, r2_outcome)
        return np.asarray(self.standard_error * np.sqrt(self.df * second * first / (1 - first)))

    def adjusted_estimate(self, r2_treatment: ArrayLike, r2_outcome: ArrayLike, *, towards_zero: bool = True) -> Array:
        """The estimate less the bias (or plus it, away from zero)."""
        sign = np.sign(self.estimate) * (1 if towards_zero else -1)
        return np.asarray(self.estimate - sign * self.bias(r2_treatment, r2_outcome))

    def adjusted_error(self, r2_treatment: ArrayLike, r2_outcome: ArrayLike) -> Array:
        """The standard error with the confounder in the regression."""
        first, second = _shares(r2_treatment, r2_outcome)
        return np.asarray(self.standard_error * np.sqrt((1 - second) / (1 - first) * self.df / (self.df - 1)))

    def adjusted(
        self,
        r2_treatment: float,
        r2_outcome: float,
        *,
        towards_zero: bool = True,
        level: float = 0.95,
        label: str = "",
    ) -> Adjusted:
        """Estimate, standard error and interval if this confounder were adjusted for."""
        check_level(level)
        estimate = float(self.adjusted_estimate(r2_treatment, r2_outcome, towards_zero=towards_zero))
        error = float(self.adjusted_error(r2_treatment, r2_outcome))
        reach = float(stdtrit(self.df - 1, 0.5 + level / 2)) * error
        return Adjusted(label, r2_treatment, r2_outcome, estimate, error, (estimate - reach, estimate + reach))

    def robustness_value(self, q: float = 1.0, alpha: float | None = None) -> float:
        """The strength, as partial R² with treatment and outcome alike, that would take away the finding.

        Parameters
        ----------
        q : float
            The share of the estimate that has to go: 1 for all of it.
        alpha : float, optional
            With it, how strong a confounder makes what is left not significant at this level (§4.3.2, with the
            correction of the case in which it needs not explain the outcome as well as the treatment).

        """
        if not (is_number(q) and q > 0):
            raise FitError(f"q is {q!r}: give a positive share of the estimate, such as 1")
        f = q * abs(self.t) / np.sqrt(self.df)
        if alpha is None:
            return _robustness(f)
        check_level(alpha)
        limit = abs(float(stdtrit(self.df - 1, alpha / 2))) / np.sqrt(self.df - 1)
        if f <= limit:
            return 0.0
        if f > 1 / limit:
            return float((f**2 - limit**2) / (1 + f**2))
        return _robustness(f - limit)

    def benchmark(
        self,
        covariate: str,
        times: float = 1.0,
        times_outcome: float | None = None,
        *,
        towards_zero: bool = True,
        level: float = 0.95,
    ) -> Adjusted:
        """A confounder so many times as strong as a covariate (§4.4, bounds on relative strength).

        Parameters
        ----------
        covariate : str
        times, times_outcome : float
            How strong with the treatment, and with the outcome (by default the same).

        Raises
        ------
        FitError
            If there is no such covariate, or no confounder can be that strong.

        """
        if covariate not in self.strengths:
            raise FitError(
                f"{covariate!r} is no covariate of the regression; it has {', '.join(self.strengths) or 'none'}"
            )
        outcome_times = times if times_outcome is None else times_outcome
        first, second = _as_strong(*self.strengths[covariate], times, outcome_times, covariate)
        label = f"{times:g}x {covariate}"
        return self.adjusted(first, second, towards_zero=towards_zero, level=level, label=label)

    def contours(
        self, most_treatment: float = 0.4, most_outcome: float = 0.4, points: int = 101
    ) -> tuple[Array, Array, Array]:
        """Adjusted estimates over a grid.

        Returns
        -------
        arrays, shapes (k,), (k,) and (k, k)
            Partial R² with the treatment, with the outcome, and the estimates, with a row for each of the latter.

        """
        first, second = np.linspace(0, most_treatment, points), np.linspace(0, most_outcome, points)
        return first, second, self.adjusted_estimate(first[None, :], second[:, None])

    def plot(self, *, times: tuple[float, ...] = (1.0,), axes: Axes | None = None) -> Axes:
        """Contours of the adjusted estimate, with covariates as benchmarks; needs matplotlib (the extra ``plot``)."""
        from semnan.bounds.contour import draw_contours  # Only a plot needs matplotlib.

        return draw_contours(self, times, axes)

    def __str__(self) -> str:
        value, tested = self.robustness_value(), self.robustness_value(alpha=0.05)
        return "\n".join(
            [
                f"{self.treatment} -> {self.outcome}: {self.estimate:.4g} (SE {self.standard_error:.3g}, df {self.df})",
                f"  partial R² of {self.treatment} with {self.outcome}: {self.partial_r2:.2%}",
                f"  robustness value: {value:.2%} (not significant at 5%: {tested:.2%})",
            ]
        )


def sensitivity(fit: Fit, treatment: str, outcome: str) -> Sensitivity:
    """Omitted-confounder sensitivity of the direct effect of one variable on another in a fit.

    The effect has to be a regression coefficient: the estimate of ordinary least squares of the outcome on its parents,
    all of which are visible. Standard errors are those of least squares, from the sample moments.

    Parameters
    ----------
    fit : Fit
        Of one population, complete rows.
    treatment, outcome : str

    Raises
    ------
    FitError
        If the fit does not estimate the effect by a regression.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.holzinger_swineford_1939().to_frame()
    >>> print(sensitivity(sn.sem("x1 ~ x2 + x3", frame), "x3", "x1"))
    x3 -> x1: 0.3963 (SE 0.0562, df 298)
      partial R² of x3 with x1: 14.30%
      robustness value: 33.35% (not significant at 5%: 25.42%)

    """
    model = fit.model
    if model.groups or fit.estimate.incomplete:
        raise FitError("sensitivity is for fits of one population with complete rows")
    parents = _parents(model, treatment, outcome)
    coefficients, errors, df = _least_squares(fit.moments, outcome, parents)
    found = fit.effect(treatment, outcome, kind="direct").estimate
    estimate, error = coefficients[parents.index(treatment)], errors[parents.index(treatment)]
    if not is_number(found) or abs(found - estimate) > SAME * error:
        raise FitError(
            f"the fit has {found} for {treatment} -> {outcome}, and the regression of {outcome} on its parents "
            f"{estimate:.4g}: sensitivity is for effects that are estimated by that regression"
        )
    others = [name for name in parents if name != treatment]
    strengths = {name: _strength(fit.moments, name, treatment, outcome, others) for name in others}
    return Sensitivity(treatment, outcome, float(estimate), float(error), df, strengths)


def _parents(model: PathModel, treatment: str, outcome: str) -> list[str]:
    if outcome not in model.visibles:
        raise FitError(f"{outcome!r} is no visible variable of the model")
    parents = [row.source for row in model.parameters if row.kind is Kind.PATH and row.target == outcome]
    hidden = [name for name in parents if name in model.latents]
    if treatment not in parents or hidden:
        why = f"{outcome} has the latent parent {hidden[0]}" if hidden else f"there is no edge {treatment} -> {outcome}"
        raise FitError(f"{why}: sensitivity is for the regression of a variable on its visible parents")
    return parents


def _least_squares(moments: Moments, outcome: str, parents: list[str]) -> tuple[Array, Array, int]:
    """Coefficients, classical standard errors and residual degrees of freedom, of a regression with intercept."""
    at, to = [moments.names.index(name) for name in parents], moments.names.index(outcome)
    inside, across = moments.covariance[np.ix_(at, at)], moments.covariance[at, to]
    inverse = np.linalg.inv(inside)
    coefficients, df = inverse @ across, moments.n - len(parents) - 1
    if df < 2:
        raise FitError(f"there are {df} residual degrees of freedom: sensitivity needs at least two")
    residual = moments.covariance[to, to] - across @ coefficients
    return coefficients, np.sqrt(np.diag(inverse) * residual / df), df


def _strength(moments: Moments, name: str, treatment: str, outcome: str, others: list[str]) -> tuple[float, float]:
    """Partial R² of a covariate with the treatment, and with the outcome."""
    rest = [other for other in others if other != name]
    return _partial_r2(moments, treatment, name, rest), _partial_r2(moments, outcome, name, [treatment, *rest])


def _partial_r2(moments: Moments, first: str, second: str, given: list[str]) -> float:
    """Squared partial correlation."""
    at = [moments.names.index(name) for name in (first, second)]
    by = [moments.names.index(name) for name in given]
    s = moments.covariance
    left = s[np.ix_(at, at)] - s[np.ix_(at, by)] @ np.linalg.solve(s[np.ix_(by, by)], s[np.ix_(by, at)])
    return float(left[0, 1] ** 2 / (left[0, 0] * left[1, 1]))


def _robustness(f: float) -> float:
    """RV for a Cohen's f (eq. 12)."""
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def _shares(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    treatment, outcome = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not ((treatment >= 0) & (treatment < 1)).all() or not ((outcome >= 0) & (outcome <= 1)).all():
        raise FitError("partial R² are shares: with the treatment from 0 to below 1, with the outcome from 0 to 1")
    return treatment, outcome


def _as_strong(
    r2_treatment: float, r2_outcome: float, times: float, times_outcome: float, name: str
) -> tuple[float, float]:
    """Partial R² of a confounder that is so many times as strong as a covariate (appendix B.1 and B.3)."""
    first = times * r2_treatment / (1 - r2_treatment)
    if first >= 1 or times * r2_treatment >= 1:
        raise FitError(f"no confounder is {times:g} times as strong with the treatment as {name!r}: choose less")
    between = times * r2_treatment**2 / ((1 - times * r2_treatment) * (1 - r2_treatment))
    second = ((np.sqrt(times_outcome) + np.sqrt(between)) / np.sqrt(1 - between)) ** 2 * r2_outcome / (1 - r2_outcome)
    # More than all of the outcome's variance cannot be explained.
    return float(first), float(min(second, 1.0))
