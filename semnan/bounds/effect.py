"""`effect_bounds`: the values of an effect that a covariance and declared limits leave possible."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import ArrayLike

from semnan.bounds.fibre import FARTHEST, End, Fibre
from semnan.bounds.likelihood import Profile, unit_of
from semnan.bounds.limits import Limit, restricted
from semnan.bounds.pair import confounded_pair
from semnan.bounds.profile import Side
from semnan.bounds.target import Target
from semnan.data import Moments, MomentsStack
from semnan.effects.effect import Kind
from semnan.errors import FitError
from semnan.estimation.assembly import Assembly, assemble
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.start import random_starts, start_values
from semnan.fit import fit
from semnan.graph import AMASEM
from semnan.identification import Verdict, identify
from semnan.identification.analysis import Analysis
from semnan.identification.real import RealModel
from semnan.model import PathModel, as_model
from semnan.network.arrays import Array

#: A covariance is reproduced by the model up to this KL divergence.
REPRODUCED = 1e-9
#: A refit within the bounds of parameters reaches it up to this one.
REACHED = 1e-10
#: The size of a sample whose sampling error does not count: a KL divergence of 1e-9 makes a deviance of one.
ENDLESS = 5 * 10**8
CLOSED = "closed form of two confounded variables"
NUMERICAL = "found numerically from {count} starts: the set is at least this wide"
NO_END = "no end within {times:g} standard deviations"


@final
@dataclass(frozen=True, eq=False)
class EffectBounds:
    """The values that an effect can have.

    Attributes
    ----------
    name : str
    lower, upper : float
        Infinite if no end is found within an effect of about 30 standard deviations by one.
    limits : tuple of Limit
        What was assumed besides the graph.
    proven : bool
        Whether the ends come from a closed form; otherwise they were found by searching, and values outside are not
        excluded.
    how : str
        The closed form, or how the search went.
    reproduced : bool
        Whether the model reproduces the covariance; otherwise the bounds are for the covariance that its maximum
        likelihood fit implies.
    lower_parameters, upper_parameters : dict of str to float
        Parameters with that covariance at which a search ended; empty of a closed form.

    """

    name: str
    lower: float
    upper: float
    limits: tuple[Limit, ...]
    proven: bool
    how: str
    reproduced: bool
    lower_parameters: dict[str, float]
    upper_parameters: dict[str, float]

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    def __contains__(self, value: float) -> bool:
        return self.lower <= value <= self.upper

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.lower:.4g} to {self.upper:.4g}"]
        lines += [f"  if {limit}" for limit in self.limits]
        lines.append(f"  {'proven: ' if self.proven else ''}{self.how}")
        if not self.reproduced:
            lines.append("  the model does not reproduce the covariance: bounds are for the closest one that it does")
        return "\n".join(lines)


def effect_bounds(
    graph: AMASEM | PathModel,
    covariance: Moments | ArrayLike,
    effect: str | tuple[str, str],
    limits: Iterable[Limit] = (),
    *,
    kind: Kind = "total",
    avoiding: Iterable[str] | str = (),
    starts: int = 8,
    seed: int = 0,
) -> EffectBounds:
    """The values of an effect that are compatible with a covariance, under declared limits.

    Sampling error is not part of it: see `profile_interval` for that. Variances are never negative.

    Parameters
    ----------
    graph : AMASEM or PathModel
        Of one population, without means, exogenous covariates and constraints.
    covariance : Moments or array, shape (p, p)
        An array is in the order of the visibles.
    effect : str or (str, str)
        ``"X -> Y"``, or what `profile_interval` takes.
    limits : iterable of Between, PartialR2, ErrorCorrelation
    kind : "total", "direct" or "indirect"
    avoiding : str or iterable of str
    starts : int
        Searches for each end. The first starts at the fit to the covariance, the others at fits from random starts.
    seed : int

    Returns
    -------
    EffectBounds
        Its `proven` says whether the ends come from a closed form (two confounded variables, with covariates) or were
        found numerically.

    Raises
    ------
    FitError
        If no parameters satisfy the limits, or for a question that has no meaning.

    Examples
    --------
    >>> from semnan import AMASEM
    >>> from semnan.bounds import PartialR2
    >>> bow = AMASEM.parse("latent U; U -> X, Y; X -> Y")
    >>> limits = [PartialR2("U", "X", 0.1), PartialR2("U", "Y", 0.1)]
    >>> print(effect_bounds(bow, [[1.0, 0.5], [0.5, 1.0]], "X -> Y", limits))
    total effect X -> Y: 0.4087 to 0.5913
      if partial R² of U with X <= 0.1
      if partial R² of U with Y <= 0.1
      proven: closed form of two confounded variables

    """
    declared, plain = tuple(limits), as_model(graph)
    _check(plain, starts, seed)
    for limit in declared:
        if not isinstance(limit, Limit):
            raise FitError(f"{limit!r} is no limit: give Between, PartialR2 or ErrorCorrelation")
    target = Target.of(plain, effect, kind=kind, avoiding=avoiding)
    sigma = _sigma(plain, covariance)
    closest, reproduced = _closest(restricted(plain, ()), sigma, starts, seed)
    ends, how = confounded_pair(plain, target, closest, declared), CLOSED
    if ends is None and not declared and kind != "indirect" and target.edge is not None:
        ends, how = _formula(identify(plain, target.edge, kind=kind, avoiding=avoiding), closest)
    if ends is None:
        return _searched(plain, target, closest, declared, reproduced, starts, seed)
    return EffectBounds(target.name, *ends, declared, True, how, reproduced, {}, {})


def _formula(verdict: Verdict, sigma: Array) -> tuple[tuple[float, float] | None, str]:
    """The single value of an identified effect, and by which criterion it is."""
    if verdict.formula is None or not verdict.identified:
        return None, ""
    value = float(verdict.formula(sigma))
    return (value, value), f"identified ({verdict.method})"


def _check(model: PathModel, starts: int, seed: int) -> None:
    if model.groups or model.exogenous or model.has_means or model.constraints:
        raise FitError("bounds are for covariances of one population: leave out groups, means, covariates, constraints")
    for name, number, least in (("starts", starts, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise FitError(f"{name} is {number!r}: give an integer, at least {least}")


def _sigma(model: PathModel, covariance: Moments | ArrayLike) -> Array:
    if isinstance(covariance, Moments):
        return covariance.select(model.visibles).covariance
    return Moments.from_covariance(covariance, model.visibles, 1000).covariance


def _searched(
    plain: PathModel,
    target: Target,
    sigma: Array,
    limits: tuple[Limit, ...],
    reproduced: bool,
    starts: int,
    seed: int,
) -> EffectBounds:
    model = restricted(plain, limits)
    problem, ends = _refits(model, sigma, starts, seed)
    reached = ends.theta[ends.value <= REACHED]
    fibre = _fibre(plain, model, target, sigma, limits, problem, ends.theta[:1], seed)
    if fibre.curved:
        low, high = ([fibre.search(start, sign) for start in reached] for sign in (1.0, -1.0))
    else:
        low, high = _profiled(fibre, reached)
    feasible = [end for end in (*low, *high) if end.feasible]
    if not feasible:
        raise FitError(
            "no parameters were found that imply the covariance within the limits: loosen them, or raise starts"
        )
    least, most = min(feasible, key=lambda end: end.value), max(feasible, key=lambda end: end.value)
    names = [free.name for free in model.free]
    first, last = (dict(zip(names, end.theta.tolist(), strict=True)) for end in (least, most))
    how = NUMERICAL.format(count=len(reached))
    if math.isinf(least.value) or math.isinf(most.value):
        how = f"{how}; {NO_END.format(times=FARTHEST)}"
    return EffectBounds(target.name, least.value, most.value, limits, False, how, reproduced, first, last)


def _profiled(fibre: Fibre, reached: Array) -> tuple[list[End], list[End]]:
    """The profiles of a sample without sampling error, around every end that the earlier ones leave out."""
    low, high = list[End](), list[End]()
    if not len(reached):
        return low, high
    found = fit(fibre.model, Moments.from_covariance(fibre.sigma, fibre.model.visibles, ENDLESS)).estimate
    for theta in reached:
        value = float(fibre.target.value(theta[None])[0])
        if any(a.value <= value <= b.value for a, b in zip(low, high, strict=True)):
            continue
        profile = Profile(replace(found, theta=torch.tensor(theta)), fibre.target)
        low.append(_end(fibre, profile, -1.0))
        high.append(_end(fibre, profile, 1.0))
    return low, high


def _end(fibre: Fibre, profile: Profile, sign: float) -> End:
    value = Side(profile, 1.0, sign).hull(FARTHEST)
    if math.isinf(value):
        return End(value, profile.parameters(profile.center + sign * FARTHEST * profile.unit), True)
    return fibre.polish(profile.parameters(value), -sign)


def _fibre(
    plain: PathModel,
    model: PathModel,
    target: Target,
    sigma: Array,
    limits: tuple[Limit, ...],
    problem: Problem,
    theta: Array,
    seed: int,
) -> Fibre:
    analysis = Analysis(plain)
    with torch.no_grad():
        unit = unit_of(problem, target, theta)
        spread = problem.hessian_diagonal(problem.at(theta))[0]
    scale = 1 / np.sqrt(np.where(spread > 0, spread, 1.0))
    real = RealModel.of(analysis.structure, np.random.default_rng(seed))
    target = replace(target, model=replace(target.model, parameters=model.parameters))
    return Fibre(model, real, sigma, analysis.points[0].draw.rank, target, limits, scale, unit)


def _closest(model: PathModel, sigma: Array, starts: int, seed: int) -> tuple[Array, bool]:
    """The covariance itself, or the closest that the model implies."""
    problem, ends = _refits(model, sigma, starts, seed)
    if ends.value.min() <= REPRODUCED:
        return sigma, True
    best = ends.theta[int(ends.value.argmin())]
    order = problem.parts[0].layout.order
    place = [order.index(name) for name in model.visibles]
    implied = problem.at(best[None]).implied[0].sigma[0]
    return np.asarray(implied[np.ix_(place, place)]), False


def _refits(model: PathModel, sigma: Array, starts: int, seed: int) -> tuple[Problem, Solution]:
    """Fits of a covariance, the first from the data and the others from random neighbours."""
    made = assemble(model, [MomentsStack(model.visibles, sigma[None], np.array([1000]))], KullbackLeibler)
    limits = Constraints.of(model)
    single = Problem(made.parts, limits.lower, limits.upper)
    with torch.no_grad(), np.errstate(all="ignore"):
        many = single.take(np.zeros(starts, dtype=np.int64))
        return single, FisherScoring().minimise(many, _starts(made, starts, seed), Progress(shown=False))


def _starts(made: Assembly, starts: int, seed: int) -> Array:
    first, scales = start_values(made.groups)
    generator = torch.Generator().manual_seed(seed)
    return np.concatenate([first, *(random_starts(made.groups, first, scales, generator) for _ in range(starts - 1))])
