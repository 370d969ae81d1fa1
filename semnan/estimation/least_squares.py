"""Estimation by least squares of moments: the parts of a problem, and what is known of fit when it is solved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from semnan.data import MomentsStack
from semnan.data.checks import trusted
from semnan.errors import DataError, FitError, Unavailable
from semnan.estimation.assembly import Assembly, center_of, group_of
from semnan.estimation.baseline import covariates
from semnan.estimation.constraints import Constraints
from semnan.estimation.moment_spread import moment_spread, weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Chosen, Mixture, Weight, weighted_moments
from semnan.estimation.ordered_misfit import ordered_misfit
from semnan.estimation.problem import Part, Point, Problem
from semnan.estimation.squares import LeastSquares
from semnan.estimation.thresholds import group_thresholds
from semnan.estimation.variance import unconstrained, variances
from semnan.estimation.weighted import WeightedMoments
from semnan.model import Kind, PathModel
from semnan.network.arrays import Array, cholesky, inverse_of_factor


def assemble_vectors(
    model: PathModel, vectors: Sequence[MomentVector], weight: Weight, *, normal: bool = False
) -> Assembly:
    """Bring a model and the moments of its groups together.

    Raises
    ------
    DataError, FitError
        If model, data and weight do not go together.

    """
    labels = model.groups or (None,)
    if len(vectors) != len(labels):
        raise DataError(f"the model has {len(labels)} group(s), the data have {len(vectors)}")
    check_ordered(model, vectors[0].ordered)
    samples = tuple(stack_of(vector) for vector in vectors)
    total = sum(vector.n for vector in vectors)
    groups = tuple(group_of(model, label, sample) for label, sample in zip(labels, samples, strict=True))
    parts = tuple(
        Part(
            group.layout,
            weighted_moments(vector, group.layout, model.exogenous, weight, means=model.has_means, normal=normal),
            center_of(group),
            np.array([vector.n / total]),
        )
        for group, vector in zip(groups, vectors, strict=True)
    )
    return Assembly(parts, groups, samples, (None,) * len(parts), torch.tensor([float(total)]).double())


def stack_of(vector: MomentVector) -> MomentsStack:
    """Correlations of pairs need not be positive definite together, which least squares does not mind."""
    return trusted(
        MomentsStack,
        names=vector.names,
        covariance=vector.covariance[None],
        n=np.array([vector.n]),
        means=vector.mean[None],
    )


def shares_thresholds(model: PathModel) -> bool:
    """Whether thresholds are parameters of all groups together."""
    return any(item.shared for item in model.ordered)


def check_ordered(model: PathModel, ordered: tuple[str, ...]) -> None:
    """Refuse what latent responses of variance one cannot be in a model.

    Raises
    ------
    FitError
        Naming the variable.

    """
    if not ordered:
        return
    if model.has_means and not shares_thresholds(model):
        raise FitError(
            "means of models with ordered variables are fitted if groups share thresholds: give "
            "group_equal=['thresholds', …], or leave out intercepts and meanstructure"
        )
    if model.exogenous:
        raise FitError(
            f"with ordered variables covariates vary too: give fixed_x=False, so that {model.exogenous[0]!r} is normal"
        )
    firsts = [(model.parameters[free.rows[0]], len(free.rows)) for free in model.free]
    own = {row.source: count for row, count in firsts if row.is_variance}
    paths = [row for row in model.parameters if row.kind is Kind.PATH]
    between = {row.source for row in paths} & {row.target for row in paths}
    for name in ordered:
        if own.get(name) != 1:
            raise FitError(
                f"the residual variance of the ordered variable {name!r} follows from the variance one of its latent "
                "response: leave it free, and not tied"
            )
        if name in between:
            raise FitError(f"the ordered variable {name!r} has parents and children: that is not supported")


def judge(
    model: PathModel,
    problem: Problem,
    limits: Constraints,
    theta: Array,
    vectors: Sequence[MomentVector],
    pushing: Array | None,
    weight: Weight,
    *,
    normal: bool,
) -> LeastSquares | Unavailable:
    """Traces and baseline of a fit at its estimates, shape (1, q); see `variances` for `pushing`."""
    inference = variances(problem, limits, theta, "expected", "standard", pushing, None)
    if isinstance(inference, Unavailable):
        return inference
    plain = unconstrained(problem, theta.shape[-1])
    point, inverse = plain.at(theta), inference.covariance()[0].numpy()
    residual = _residual_test(model, limits, theta, vectors, pushing) if normal else None
    own, base = weighted_traces(plain, point, inverse), [0.0, 0.0, 0.0]
    for part, vector in zip(problem.parts, vectors, strict=True):
        found = baseline_of_weight(_of_sample(model, part, vector, "normal" if normal else weight), vector, model)
        base = [a + b for a, b in zip(base, found, strict=True)]
    p, k = len(model.visibles), len(covariates(model))
    df = len(problem.parts) * (p * (p - 1) // 2 - k * (k - 1) // 2)
    labels = model.groups or (None,)
    parts = zip(plain.parts, point.implied, vectors, labels, strict=True)
    thresholds = [found for one in parts for found in group_thresholds(*one, inverse)]
    correction = ordered_misfit(plain, point, inverse, vectors) if model.ordered else None
    return LeastSquares(
        chi_square=residual,
        chi_square_baseline=base[0],
        df_baseline=df,
        traces=own,
        traces_baseline=(base[1], base[2]),
        free_margins=sum(map(_margins, vectors)),
        thresholds=tuple(thresholds),
        adjusted=tuple(dict.fromkeys(pair for vector in vectors for pair in vector.adjusted)),
        correction=correction,
    )


def _of_sample(model: PathModel, part: Part, vector: MomentVector, weight: Weight) -> WeightedMoments:
    """The loss with a weight that does not depend on the model; of ULS that of GLS."""
    if weight != "normal" and not isinstance(weight, Mixture):
        return weighted(part)
    return weighted_moments(vector, part.layout, model.exogenous, weight, means=model.has_means)


def _residual_test(
    model: PathModel, limits: Constraints, theta: Array, vectors: Sequence[MomentVector], pushing: Array | None
) -> float:
    """Browne's test: GLS at the estimates, less what a step of GLS would gain."""
    made = assemble_vectors(model, vectors, "normal")
    problem = Problem(made.parts, limits.lower, limits.upper, limits.space)
    inference = variances(problem, limits, theta, "expected", "standard", pushing, None)
    assert not isinstance(inference, Unavailable)
    plain = unconstrained(problem, theta.shape[-1])
    point = plain.at(theta)
    slope, n = plain.gradient(point)[0], float(made.n[0])
    gained = slope @ inference.covariance()[0].numpy() @ slope
    return float(n * (2 * point.value[0] - gained))


def _margins(vector: MomentVector) -> int:
    """Thresholds and means that are estimated by themselves, less the variances that are one."""
    if not vector.ordered:
        return 0
    return sum(map(len, vector.thresholds)) + len(vector.names) - 2 * len(vector.ordered)


def weighted_traces(problem: Problem, point: Point, inverse: Array) -> tuple[float, float]:
    """tr(U Γ) and tr[(U Γ)²] with U = W − W J (Jᵀ W J)⁻¹ Jᵀ W, of groups that share parameters."""
    taken = inverse @ moment_spread(problem, point)[0]
    first, second = -float(np.trace(taken)), float((taken * taken.T).sum())
    for part, at in zip(problem.parts, point.implied, strict=True):
        loss = weighted(part)
        spread = _apply(loss.influence, loss.root()) / np.sqrt(len(loss.influence))
        inner, scores = _gram(spread), loss.scores(loss.jacobian(part.layout, at))
        first += float((spread * spread).sum())
        crossed = _sandwiched(spread, scores) / len(scores)
        second += float((inner * inner).sum()) - 2 * float(part.share[0]) * float((inverse * crossed).sum())
    return first, second


def _apply(rows: Array, root: Array) -> Array:
    return np.asarray(rows * root if root.ndim == 1 else rows @ root)


def _gram(spread: Array) -> Array:
    """AᵀA or AAᵀ, whichever is smaller: both have the same squared length."""
    return np.asarray(spread.T @ spread if spread.shape[1] <= spread.shape[0] else spread @ spread.T)


def _sandwiched(spread: Array, scores: Array) -> Array:
    """Jᵀ W Γ W Γ W J times n: the scores are ψ W J."""
    if spread.shape[1] <= spread.shape[0]:
        half = spread.T @ scores
        return np.asarray(half.T @ half)
    return np.asarray(scores.T @ (spread @ (spread.T @ scores)))


def baseline_of_weight(loss: WeightedMoments, vector: MomentVector, model: PathModel) -> tuple[float, float, float]:
    """χ² and traces of the model in which only covariates covary; its variances and means are free."""
    chosen = Chosen.of(vector, model.exogenous, means=model.has_means)
    given = np.isin(vector.names, covariates(model))
    apart = (chosen.rows != chosen.columns) & ~(given[chosen.rows] & given[chosen.columns])
    apart = np.pad(apart, (loss.means, 0))
    if loss.weight.ndim == 1:
        root = np.sqrt(loss.weight[apart])
    else:
        inverse = inverse_of_factor(cholesky(loss.weight)[0])
        root = np.linalg.cholesky(np.linalg.inv(inverse[np.ix_(apart, apart)]))
    chi_square = vector.n * float(np.square(_apply(loss.target[None, apart], root)).sum())
    spread = _apply(loss.influence[:, apart], root) / np.sqrt(len(loss.influence))
    inner = _gram(spread)
    return chi_square, float((spread * spread).sum()), float((inner * inner).sum())
