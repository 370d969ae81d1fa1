"""Equivalence tests of fit: is the misfit, at most, of a tolerable size? (Yuan, Chan, Marcoulides & Bentler 2016,
Structural Equation Modeling 23; Marcoulides & Yuan 2017, ibid. 24; of several groups and differences Yuan & Chan 2016,
Psychological Methods 21.)

A χ² test that does not reject is no evidence for a model. With T of df degrees of freedom, and δ_p the noncentrality
for which P(χ²(df, δ_p) ≤ T) = p, the hypothesis of more misfit than the T-size

    RMSEA_t = √(G δ_α / (n df)),   CFI_t = 1 − δ_{α/2} / max(δ_{α/2}, δ⁰_{1 − α/2}),

is rejected at level α; δ⁰ belongs to the baseline. Since a T-size is larger than the estimate, cutoffs that correspond
to the conventional ones are larger too: they are exp(polynomials) that the papers fitted to simulated quantiles, in
log df and log n, n = N − G.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from scipy.special import chndtr, chndtrinc

from semnan.data.checks import is_number
from semnan.errors import FitError, Unavailable
from semnan.estimation.comparison import compare_estimates
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import recipe

Value = float | Unavailable
#: What fit between two cutoffs is called, from the best.
VERDICTS = ("excellent", "close", "fair", "mediocre", "poor")
#: Coefficients of log RMSEA_e, by the number of groups and the conventional cutoff: of 1, log df, (log df)², log n,
#: (log n)², √n, n, n^⅕ and log df log n (Yuan et al. 2016; Yuan & Chan 2016, table 11).
RMSEA_CUTOFFS: dict[int, dict[float, tuple[float, ...]]] = {
    1: {
        0.01: (1.34863, -0.51999, 0.01925, -0.59811, 0, 0.00902, 0, 0, 0.01796),
        0.05: (2.06034, -0.62974, 0.02512, -0.98388, 0.05442, 0, -0.00005188, 0, 0.05260),
        0.08: (2.84129, -0.54809, 0.02296, -0.76005, 0.10229, 0, 0, -1.11167, 0.04845),
        0.10: (2.36352, -0.49440, 0.02131, -0.64445, 0.09043, 0, 0, -1.01634, 0.04422),
    },
    2: {
        0.01: (1.51409, -0.48929, 0.01781, -0.53903, 0, 0, 0.00005602, 0, 0.01188),
        0.05: (2.61777, -0.67451, 0.02596, -0.99310, 0.04739, 0, 0, 0, 0.05331),
        0.08: (3.73383, -0.61834, 0.02487, -0.93229, 0.11073, 0, 0, -1.09715, 0.05296),
        0.10: (3.34834, -0.56888, 0.02354, -0.81593, 0.10506, 0, 0, -1.10591, 0.04962),
    },
    3: {
        0.01: (1.66291, -0.46885, 0.01699, -0.52870, 0, 0, 0.00004074, 0, 0.00846),
        0.05: (2.98724, -0.67419, 0.02566, -1.03326, 0.04855, 0, 0, 0, 0.05022),
        0.08: (2.91386, -0.65125, 0.02563, -1.09019, 0.06789, -0.00948, 0, 0, 0.05430),
        0.10: (3.90933, -0.61431, 0.02476, -0.92236, 0.11054, 0, 0, -1.10284, 0.05273),
    },
    4: {
        0.01: (1.77502, -0.45735, 0.01652, -0.52262, 0, 0, 0.00003201, 0, 0.00656),
        0.05: (1.98287, -0.66535, 0.02518, -0.95007, 0, 0, 0, 0.71711, 0.04695),
        0.08: (3.04581, -0.66589, 0.02588, -1.05019, 0.05572, 0, -0.00003864, 0, 0.05406),
        0.10: (2.96570, -0.63962, 0.02537, -1.07005, 0.06814, -0.01029, 0, 0, 0.05396),
    },
    5: {
        0.01: (1.86574, -0.44997, 0.01622, -0.51862, 0, 0, 0.00002636, 0, 0.00534),
        0.05: (2.12615, -0.65419, 0.02468, -0.94634, 0, 0, 0, 0.69787, 0.04390),
        0.08: (3.21990, -0.67182, 0.02591, -1.05668, 0.05430, 0, -0.00002718, 0, 0.05314),
        0.10: (3.18941, -0.65440, 0.02568, -1.09231, 0.06714, -0.00894, 0, 0, 0.05424),
    },
}
#: Coefficients of log(1 − CFI_e) of one group, d the degrees of freedom of the baseline: of 1, log df, (log df)², df^⅕,
#: d^⅕, (log d)², log n, (log n)², √n, n^⅕, log df log n and log d log n.
CFI_CUTOFFS: dict[float, tuple[float, ...]] = {
    0.99: (4.67603, -0.50827, 0, 0.87087, -0.59613, 0, -1.89602, 0.10190, 0, 0, 0.03729, 0),
    0.95: (4.12132, -0.46285, 0, 0.52478, -0.31832, 0, -1.74422, 0.13042, -0.02360, 0, 0.04215, 0),
    0.92: (6.31234, -0.41762, 0.01554, 0, 0, -0.00563, -1.30229, 0.19999, 0, -2.17429, 0.05342, -0.01520),
    0.90: (5.96633, -0.40425, 0.01384, 0, 0, -0.00411, -1.20242, 0.18763, 0, -2.06704, 0.05245, -0.01533),
}
MANY_GROUPS = Unavailable("the papers have adjusted cutoffs for at most five groups")
#: The tests of the model and of its baseline, by lavaan's names.
TESTS = ("chisq", "df", "baseline.chisq", "baseline.df")
ROBUST = Unavailable("differences of robust fits are scaled, and the papers have no cutoffs for these: see compare()")
OF_DIFFERENCE = Unavailable("a difference of models has no CFI")
ONE_GROUP = Unavailable("the papers have adjusted cutoffs of CFI for one group")


@final
@dataclass(frozen=True)
class Equivalence:
    """How large misfit is, at most.

    Attributes
    ----------
    chi_square, df : float
        Corrected ones if the estimator is robust.
    n, groups : int
        Rows of all groups, and how many groups there are.
    alpha : float
        At which larger misfit than a T-size is rejected.
    rmsea, cfi : float or Unavailable
        The T-sizes.
    rmsea_cutoffs, cfi_cutoffs : dict of float to float, or Unavailable
        What corresponds to the conventional cutoffs, for this n and df.

    """

    chi_square: float
    df: float
    n: int
    groups: int
    alpha: float
    rmsea: float
    cfi: Value
    rmsea_cutoffs: dict[float, float] | Unavailable
    cfi_cutoffs: dict[float, float] | Unavailable

    @property
    def rmsea_verdict(self) -> str | Unavailable:
        """What fit is at least by RMSEA: excellent, close, fair, mediocre or poor."""
        if isinstance(self.rmsea_cutoffs, Unavailable):
            return self.rmsea_cutoffs
        return VERDICTS[sum(self.rmsea > cutoff for cutoff in self.rmsea_cutoffs.values())]

    @property
    def cfi_verdict(self) -> str | Unavailable:
        """What fit is at least by CFI."""
        if isinstance(self.cfi_cutoffs, Unavailable):
            return self.cfi_cutoffs
        if isinstance(self.cfi, Unavailable):
            return self.cfi
        return VERDICTS[sum(self.cfi < cutoff for cutoff in self.cfi_cutoffs.values())]

    def p_value(self, rmsea: float) -> float:
        """Of the hypothesis that RMSEA is at least this (MacCallum, Browne & Sugawara 1996: not close fit).

        One less this is the p value of the hypothesis that it is at most this (close fit).
        """
        if not is_number(rmsea) or rmsea < 0:
            raise FitError(f"rmsea is {rmsea!r}: give a number that is not negative, such as 0.08")
        return float(chndtr(self.chi_square, self.df, self.n * self.df * rmsea**2 / self.groups))

    def __str__(self) -> str:
        lines = [f"χ² = {self.chi_square:.3f}, df = {self.df:g}; with {100 * (1 - self.alpha):g}% confidence"]
        for name, size, sign, cutoffs, verdict in (
            ("RMSEA", self.rmsea, "at most", self.rmsea_cutoffs, self.rmsea_verdict),
            ("CFI", self.cfi, "at least", self.cfi_cutoffs, self.cfi_verdict),
        ):
            if isinstance(size, Unavailable):
                lines.append(f"  {name} {size}")
            elif isinstance(cutoffs, Unavailable):
                lines.append(f"  {name} is {sign} {size:.3f}; no adjusted cutoffs {cutoffs}")
            else:
                told = ", ".join(f"{word} {end:.3f}" for word, end in zip(VERDICTS, cutoffs.values(), strict=False))
                lines.append(f"  {name} is {sign} {size:.3f}: {verdict} (cutoffs: {told})")
        return "\n".join(lines)


def equivalence(fit: Estimate, measures: Mapping[str, Value], alpha: float) -> Equivalence | Unavailable:
    """Test that a fit misses by more; see `Fit.equivalence_test`.

    Parameters
    ----------
    fit : Estimate
    measures : mapping of str to float or Unavailable
        Its fit measures by lavaan's names: corrected tests are taken where there are some.
    alpha : float

    """
    _check(fit)
    numbers = [measures.get(f"{name}.scaled", measures[name]) for name in TESTS]
    for reason in (*numbers[:2], measures["pvalue"]):
        if isinstance(reason, Unavailable):
            return reason
    chi_square, df = float(numbers[0]), float(numbers[1])
    base = next((part for part in numbers[2:] if isinstance(part, Unavailable)), None)
    simple = (0.0, 0.0) if base is not None else (float(numbers[2]), float(numbers[3]))
    groups = len(fit.labels)
    cutoffs = ONE_GROUP if groups > 1 else base
    return Equivalence(
        chi_square,
        df,
        fit.n,
        groups,
        alpha,
        t_size_rmsea(chi_square, df, fit.n, groups, alpha),
        _t_size_cfi(chi_square, df, simple, alpha) if base is None else base,
        rmsea_cutoffs(df, fit.n, groups),
        cfi_cutoffs(df, simple[1], fit.n) if cutoffs is None else cutoffs,
    )


def _check(fit: Estimate) -> None:
    if fit.discrepancy != KullbackLeibler.__name__:
        raise FitError(f"{fit.discrepancy} is not maximum likelihood, which equivalence tests are for")


def equivalence_of_restrictions(fit: Estimate, free: Estimate, alpha: float) -> Equivalence | Unavailable:
    """The same of the restrictions of a model, from its test against a fit without these.

    Raises
    ------
    FitError
        If the fits cannot be compared, or the second restricts more.

    """
    if any(recipe(part.estimator).test != "standard" for part in (fit, free)):
        return ROBUST
    first, test = compare_estimates([free, fit], ["the other fit", "this fit"])
    if first.name == "this fit":
        raise FitError("the other fit has more degrees of freedom: give the one that restricts less")
    n, groups = fit.n, len(fit.labels)
    chi_square, df = test.chi_square_difference, test.df_difference
    if isinstance(chi_square, Unavailable):
        return chi_square
    if isinstance(df, Unavailable):
        return df
    size = t_size_rmsea(chi_square, df, n, groups, alpha)
    return Equivalence(
        chi_square, df, n, groups, alpha, size, OF_DIFFERENCE, rmsea_cutoffs(df, n, groups), OF_DIFFERENCE
    )


def noncentrality(chi_square: float, df: float, probability: float) -> float:
    """The noncentrality for which χ² is at most what it is with this probability; zero if it is so with less."""
    if float(chndtr(chi_square, df, 0.0)) <= probability:
        return 0.0
    return float(chndtrinc(chi_square, df, probability))


def t_size_rmsea(chi_square: float, df: float, n: int, groups: int, alpha: float) -> float:
    """RMSEA_t."""
    return math.sqrt(groups * noncentrality(chi_square, df, alpha) / (n * df))


def _t_size_cfi(chi_square: float, df: float, base: tuple[float, float], alpha: float) -> float:
    """CFI_t, from χ² and df of the baseline."""
    own, least = noncentrality(chi_square, df, alpha / 2), noncentrality(*base, 1 - alpha / 2)
    return 1 - own / max(own, least) if own > 0 else 1.0


def rmsea_cutoffs(df: float, n: int, groups: int = 1) -> dict[float, float] | Unavailable:
    """What corresponds to RMSEA = .01, .05, .08 and .10 for the T-size."""
    if groups not in RMSEA_CUTOFFS:
        return MANY_GROUPS
    less, d = n - groups, math.log(df)
    size = math.log(less)
    terms = (1.0, d, d * d, size, size**2, math.sqrt(less), less, less**0.2, d * size)
    return {cutoff: math.exp(_polynomial(parts, terms)) for cutoff, parts in RMSEA_CUTOFFS[groups].items()}


def cfi_cutoffs(df: float, base: float, n: int) -> dict[float, float]:
    """What corresponds to CFI = .99, .95, .92 and .90 for the T-size, `base` being the df of the baseline."""
    less, d, b = n - 1, math.log(df), math.log(base)
    size = math.log(less)
    terms = (1.0, d, d * d, df**0.2, base**0.2, b * b, size, size**2, math.sqrt(less), less**0.2, d * size, b * size)
    return {cutoff: 1 - math.exp(_polynomial(parts, terms)) for cutoff, parts in CFI_CUTOFFS.items()}


def _polynomial(coefficients: tuple[float, ...], terms: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(coefficients, terms, strict=True))
