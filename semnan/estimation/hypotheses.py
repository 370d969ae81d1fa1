"""Wald and score (Lagrange multiplier) tests of equalities.

A Wald test asks of a fit without the equalities r(θ) = 0 how far it is from them, with V the covariance of the
estimates, of whatever kind, and R the Jacobian of r:

    W = rᵀ (R V Rᵀ)⁻¹ r.

A score test asks of a fit with equalities how much it would gain without them: with g the slope of the discrepancy and
I the expected information where every entry of the table has a parameter of its own, and D the directions that break
one equality each while they keep the others, made orthogonal in I to those that keep all,

    T = n (g · D)ᵀ (Dᵀ I D)⁻¹ (g · D).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from scipy.linalg import null_space

from semnan.errors import FitError, Unavailable
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.distributions import chi_square_tail
from semnan.estimation.estimate import Estimate
from semnan.estimation.functions import Functions
from semnan.estimation.situation import evaluated
from semnan.model import Constraint, PathModel
from semnan.network.arrays import Array

#: Directions with less information than this share of the largest are not determined.
DETERMINED = 1e-10
NO_EQUALITY = Unavailable("the model has no equality constraint: there is nothing to release")
REDUNDANT = Unavailable("some equality constraints follow from others: remove these")
NOT_CONVERGED = Unavailable("the fit did not converge")
NOT_ML = Unavailable("score tests are there for maximum likelihood only")


@final
@dataclass(frozen=True)
class HypothesisTest:
    """A χ² test.

    Attributes
    ----------
    hypothesis : str
    chi_square : float
    df : int
        How many independent equalities are tested.
    p_value : float

    """

    hypothesis: str
    chi_square: float
    df: int
    p_value: float

    def __str__(self) -> str:
        shown = "p < .001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return f"{self.hypothesis}: χ² = {self.chi_square:.3f}, df = {self.df}, {shown}"


@final
@dataclass(frozen=True)
class ScoreTests:
    """What releasing equality constraints would gain.

    Attributes
    ----------
    total : HypothesisTest
        All together.
    single : tuple of HypothesisTest
        Each alone, while the others stay.

    """

    total: HypothesisTest
    single: tuple[HypothesisTest, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, (self.total, *self.single) if len(self.single) > 1 else self.single))


def wald_test(fit: Estimate, constraints: Sequence[Constraint]) -> HypothesisTest | Unavailable:
    """Test equalities that a fit does not impose.

    Raises
    ------
    FitError
        For no constraint, or one that is no equality.

    """
    told = "; ".join(map(str, constraints))
    if not constraints or any(constraint.operator != "==" for constraint in constraints):
        raise FitError(f"a Wald test is of equalities, as 'a == b', not of {told or 'nothing'!r}")
    if not fit.outcome.ok:
        return NOT_CONVERGED
    for part in (fit.inference, fit.generic):
        if isinstance(part, Unavailable):
            return part
    assert not isinstance(fit.inference, Unavailable)
    assert not isinstance(fit.generic, Unavailable)
    functions = Functions(fit.model, [constraint.zero for constraint in constraints])
    if not bool(fit.generic.identified(functions.jacobian(fit.generic.theta)).all()):
        return Unavailable("the data do not determine what is tested")
    distance, slopes = functions.value(fit.theta), functions.jacobian(fit.theta)
    covariance = (slopes @ fit.inference.covariance() @ slopes.mT / fit.n).numpy()
    return _test(told, distance.numpy(), covariance)


def _test(told: str, distance: Array, covariance: Array) -> HypothesisTest | Unavailable:
    """Dᵀ C⁻ d, with as many degrees of freedom as C has dimensions."""
    scale = np.sqrt(np.where(np.diag(covariance) > 0, np.diag(covariance), 1.0))
    values, vectors = np.linalg.eigh(covariance / scale[:, None] / scale)
    kept = values > DETERMINED * max(values.max(initial=0.0), 1e-300)
    if not kept.any():
        return Unavailable("nothing of what is tested can vary: parameters are fixed, or at bounds")
    along = vectors[:, kept].T @ (distance / scale)
    chi_square, df = float((along**2 / values[kept]).sum()), int(kept.sum())
    return HypothesisTest(told, chi_square, df, chi_square_tail(chi_square, df))


def score_tests(fit: Estimate) -> ScoreTests | Unavailable:
    """Test the equality constraints that a fit imposes: ties by labels or across groups, and ``==``."""
    if fit.discrepancy != KullbackLeibler.__name__:
        return NOT_ML
    if not fit.outcome.ok:
        return NOT_CONVERGED
    untied, theta, names, rows = _released(fit)
    if not len(rows):
        return NO_EQUALITY
    problem, point = evaluated(untied, fit.samples, fit.patterns, theta)
    slope, information = problem.gradient(point)[0], problem.information(point)[0]
    scale = np.sqrt(np.where(np.diag(information) > 0, np.diag(information), 1.0))
    slope, information, rows = slope / scale, information / scale[:, None] / scale, rows / scale
    if np.linalg.matrix_rank(rows) < len(rows):
        return REDUNDANT
    breaking = _breaking(rows, information)
    gained, spread = fit.n * breaking.T @ slope, fit.n * breaking.T @ information @ breaking
    single = tuple(_single(name, float(g), float(v)) for name, g, v in zip(names, gained, np.diag(spread), strict=True))
    total = _test(names[0] if len(names) == 1 else f"all {len(names)} equalities", gained, spread)
    return total if isinstance(total, Unavailable) else ScoreTests(total, single)


def _single(name: str, gained: float, spread: float) -> HypothesisTest:
    chi_square = gained**2 / spread if spread > 0 else 0.0
    return HypothesisTest(name, chi_square, 1, chi_square_tail(chi_square, 1))


def _breaking(rows: Array, information: Array) -> Array:
    """Directions that break one constraint each, shape (q, c), orthogonal in the information to what breaks none."""
    directions, within = np.linalg.pinv(rows), null_space(rows)
    along = np.linalg.pinv(within.T @ information @ within, hermitian=True)
    return np.asarray(directions - within @ (along @ (within.T @ information @ directions)))


def _released(fit: Estimate) -> tuple[PathModel, Array, list[str], Array]:
    """The model without equalities, its parameters, and the equalities by name and Jacobian, shape (c, q)."""
    untied = _untied(fit.model)
    place = {row: k for k, free in enumerate(untied.free) for row in free.rows}
    theta = np.zeros(len(untied.free))
    ties = [(free.rows[0], row) for free in fit.model.free for row in free.rows[1:]]
    for free, value in zip(fit.model.free, fit.theta.tolist(), strict=True):
        theta[[place[row] for row in free.rows]] = value
    rows, told = np.zeros((len(ties), len(theta))), [f"{_named(untied, a)} == {_named(untied, b)}" for a, b in ties]
    for i, (a, b) in enumerate(ties):
        rows[i, place[a]], rows[i, place[b]] = 1.0, -1.0
    equal = [constraint for constraint in fit.model.constraints if constraint.operator == "=="]
    if not equal:
        return untied, theta, told, rows
    functions = Functions(untied, [constraint.zero for constraint in equal])
    slopes = functions.jacobian(torch.tensor(theta)).numpy()
    return untied, theta, [*told, *map(str, equal)], np.concatenate([rows, slopes])


def _named(model: PathModel, row: int) -> str:
    """A row without its label, which may be one that lavaan's rules made."""
    return replace(model.parameters[row], label=None).name


def _untied(model: PathModel) -> PathModel:
    """The model with a parameter for every free row; the first of tied rows keeps the label."""
    parameters = list(model.parameters)
    for free in model.free:
        for i in free.rows[1:]:
            parameters[i] = replace(parameters[i], label=None)
    return replace(model, parameters=tuple(parameters), constraints=())
