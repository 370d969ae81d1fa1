"""Fits whose groups share thresholds: solved with these written out, told as fits of the path model.

Sample moments of such a fit are those of latent responses in the units of the model, in which their variances may
differ between groups: correlations over the scales, and means that are those of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from semnan.data import Moments
from semnan.data.checks import trusted
from semnan.errors import FitError, Unavailable
from semnan.estimation.augmented import minimise_within
from semnan.estimation.baseline import covariates
from semnan.estimation.estimate import Estimate, Implied
from semnan.estimation.estimators import recipe
from semnan.estimation.fit_options import Options
from semnan.estimation.generic import Generic
from semnan.estimation.inference import Inference
from semnan.estimation.least_squares import baseline_of_weight, weighted_traces
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Weight, weighted_moments
from semnan.estimation.orientation import orient
from semnan.estimation.problem import Solution
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.shared_thresholds import Whole
from semnan.estimation.squares import LeastSquares
from semnan.estimation.threads import blas_threads
from semnan.estimation.thresholds import Scale, Threshold
from semnan.estimation.variance import variances
from semnan.model import Kind, PathModel
from semnan.network import Layout
from semnan.network.arrays import Array

NO_CORRECTION = Unavailable("there are no robust indices of thresholds that groups share: see the scaled ones")


def fit_shared(model: PathModel, vectors: Sequence[MomentVector], options: Options) -> Estimate:
    """Fit a path model whose groups share thresholds; see `semnan.fit` for the options.

    Raises
    ------
    FitError, DataError
        As `estimate` does, and for several starts.

    """
    if options.starts > 1:
        raise FitError("with thresholds that groups share there is one start: leave out starts=")
    weight = options.weight
    assert weight is not None
    with (
        torch.no_grad(),
        np.errstate(all="ignore"),
        blas_threads(len(model.free)),
        Progress(options.progress) as shown,
    ):
        whole = Whole.of(model, vectors, weight)
        solution, pushing = minimise_whole(whole, whole.start(vectors), options, shown)
        full = orient(whole.written, torch.from_numpy(whole.problem.expand(solution.theta)))
        return _told(whole, full.numpy(), solution, pushing, vectors, options, weight)


def minimise_whole(whole: Whole, start: Array, options: Options, shown: Progress) -> tuple[Solution, Array | None]:
    """The solution, and which of the constraints that are no linear equalities push."""
    space = whole.problem.space
    begin = start if space is None else space.nearest(start)
    return minimise_within(whole.problem, whole.limits, begin, options.optimiser or FisherScoring(), shown)


def _told(
    whole: Whole,
    theta: Array,
    solution: Solution,
    pushing: Array | None,
    vectors: Sequence[MomentVector],
    options: Options,
    weight: Weight,
) -> Estimate:
    """The estimates of the path model, with what is known besides."""
    model, q = whole.model, len(whole.model.free)
    chosen = recipe(options.estimator)
    kind = options.information or chosen.information or "expected"
    inference = variances(whole.problem, whole.limits, theta, kind, chosen.errors, pushing, None)
    generic, value = whole.generic(), float(solution.value[0])
    squares = (
        inference if isinstance(inference, Unavailable) else _squares(whole, theta, inference, generic, vectors, weight)
    )
    return Estimate(
        model=model,
        samples=_samples(whole, theta, vectors),
        patterns=(None,) * len(vectors),
        discrepancy=options.estimator,
        estimator=options.estimator,
        information=kind,
        theta=torch.from_numpy(theta[0, :q].copy()),
        value=max(value, 0.0),
        gradient=float(solution.gradient[0]),
        steps=int(solution.steps[0]),
        outcome=solution.outcomes[0],
        start_values=(value,),
        inference=inference if isinstance(inference, Unavailable) else _first(inference, q),
        generic=Generic(generic.theta[:q], generic.scale[:q], generic.null[:q, :q], generic.lost),
        squares=squares,
    )


def _first(inference: Inference, q: int) -> Inference:
    """That of the first parameters alone, whatever the others are."""
    found = inference.take(0)
    return Inference(
        found.scale[:q],
        found.held[:q],
        found.sandwich[:q, :q],
        found.null[:q, :q],
        found.smallest,
        found.inverse[:q, :q],
    )


def _squares(
    whole: Whole,
    theta: Array,
    inference: Inference,
    generic: Generic,
    vectors: Sequence[MomentVector],
    weight: Weight,
) -> LeastSquares:
    plain, bare = whole.plain, _without_means(whole.model)
    traces = weighted_traces(plain, plain.at(theta), inference.inverse_information()[0].numpy())
    base = np.zeros(3)
    for label, vector in zip(whole.model.groups or (None,), vectors, strict=True):
        loss = weighted_moments(vector, Layout.of(bare, label), (), weight, means=False)
        base += baseline_of_weight(loss, vector, bare)
    p, k = len(whole.model.visibles), len(covariates(whole.model))
    pinned = sum(len(vector.ordered) for vector in vectors)
    errors = np.sqrt(inference.covariance()[0].numpy().diagonal() / sum(vector.n for vector in vectors))
    return LeastSquares(
        chi_square=None,
        chi_square_baseline=float(base[0]),
        df_baseline=len(vectors) * (p * (p - 1) // 2 - k * (k - 1) // 2),
        traces=traces,
        traces_baseline=(float(base[1]), float(base[2])),
        free_margins=len(theta[0]) - len(whole.model.free) - pinned,
        thresholds=_thresholds(whole, theta[0], errors),
        adjusted=tuple(dict.fromkeys(pair for vector in vectors for pair in vector.adjusted)),
        correction=NO_CORRECTION,
        scales=_scales(whole, theta[0], errors),
        freedom=(whole.moments - pinned, generic.rank - pinned),
    )


def _without_means(model: PathModel) -> PathModel:
    return replace(model, parameters=tuple(row for row in model.parameters if row.kind is not Kind.INTERCEPT))


def _thresholds(whole: Whole, theta: Array, errors: Array) -> tuple[Threshold, ...]:
    """Group by group, those that these share in each."""
    names, labels = [item.name for item in whole.model.ordered], whole.model.groups or (None,)
    found = {
        (g, place, level): Threshold(names[place], labels[g], level + 1, float(theta[k]), float(errors[k]))
        for k, rows in whole.thresholds.items()
        for g, place, level in rows
    }
    return tuple(found[key] for key in sorted(found))


def _scales(whole: Whole, theta: Array, errors: Array) -> tuple[Scale, ...]:
    return tuple(Scale(*key, float(theta[k]), float(errors[k])) for k, key in whole.scales.items())


def _samples(whole: Whole, theta: Array, vectors: Sequence[MomentVector]) -> tuple[Moments, ...]:
    """The moments of every group in the units of the model."""
    model, known = whole.model, {(name, group): theta[0, k] for k, (name, group) in whole.scales.items()}
    found = []
    for label, vector in zip(model.groups or (None,), vectors, strict=True):
        scale = np.array([known.get((name, label or ""), 1.0) for name in vector.names])
        ordered = np.array([name in vector.ordered for name in vector.names])
        implied = Implied.of(model, Layout.of(model, label), torch.from_numpy(theta[0, : len(model.free)].copy()))
        mean = np.where(ordered, implied.mu.numpy(), vector.mean)
        covariance = vector.covariance / np.outer(scale, scale)
        found.append(trusted(Moments, names=vector.names, covariance=covariance, n=vector.n, mean=mean))
    return tuple(found)
