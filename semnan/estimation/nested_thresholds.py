"""Whether a model of ordered variables reproduces what another one implies, thresholds among it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from semnan.errors import DataError
from semnan.estimation.estimate import Estimate
from semnan.estimation.fit_options import Options
from semnan.estimation.moment_spread import weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.progress import Progress
from semnan.estimation.shared_fit import minimise_whole
from semnan.estimation.shared_thresholds import Whole
from semnan.estimation.squares import LeastSquares
from semnan.estimation.thresholds import Threshold
from semnan.network.arrays import Array


def threshold_misfit(less: Estimate, more: Estimate) -> float:
    """The least sum of squares of the moments that the second implies and those of the first model.

    Raises
    ------
    DataError
        If the models have their variables in different orders.

    """
    if less.model.visibles != more.model.visibles:
        raise DataError("the models have their variables in different orders: write them alike")
    vectors = _implied(more)
    whole = Whole.of(less.model, vectors, "identity")
    with torch.no_grad(), np.errstate(all="ignore"), Progress(False) as shown:
        solution, _ = minimise_whole(whole, whole.start(vectors), Options(progress=False), shown)
    return float(solution.value[0])


def _implied(fit: Estimate) -> list[MomentVector]:
    """The moments that a fit implies, without rows."""
    assert isinstance(fit.squares, LeastSquares)
    seen = [_seen(fit, g, fit.squares.thresholds) for g in range(len(fit.labels))]
    whole = Whole.of(fit.model, seen, "identity")
    theta = whole.known(fit.theta.numpy(), fit.squares.thresholds, fit.squares.scales, seen)
    plain = whole.plain
    implied = plain.at(theta).implied
    moved = [weighted(part).moments(at.sigma)[0] for part, at in zip(plain.parts, implied, strict=True)]
    return [_moved(vector, moments) for vector, moments in zip(seen, moved, strict=True)]


def _seen(fit: Estimate, g: int, thresholds: Sequence[Threshold]) -> MomentVector:
    """The sample of a group as far as it matters here: what means are taken from."""
    sample, names = fit.samples[g], tuple(item.name for item in fit.model.ordered)
    cuts = [
        [step.estimate for step in thresholds if (step.name, step.group) == (name, fit.labels[g])] for name in names
    ]
    p = len(sample.names)
    return MomentVector(
        names=sample.names,
        ordered=names,
        n=sample.n,
        covariance=sample.covariance,
        mean=np.zeros(p) if sample.mean is None else sample.mean,
        thresholds=tuple(np.array(part) for part in cuts),
        to_covariance=np.zeros((0, p * (p + 1) // 2)),
        to_mean=np.zeros((0, p)),
        to_thresholds=np.zeros((0, sum(map(len, cuts)))),
    )


def _moved(vector: MomentVector, moments: Array) -> MomentVector:
    """A vector with other moments: of thresholds and means by how much they differ."""
    count, p = sum(map(len, vector.thresholds)), len(vector.names)
    ends = np.cumsum([len(part) for part in vector.thresholds])[:-1]
    changes = np.split(moments[:count], ends)
    plain = np.array([name not in vector.ordered for name in vector.names])
    mean, covariance, at = vector.mean.copy(), np.zeros((p, p)), np.tril_indices(p)
    mean[plain] += moments[count : count + plain.sum()]
    covariance[at] = covariance.T[at] = moments[count + plain.sum() :]
    thresholds = tuple(part + change for part, change in zip(vector.thresholds, changes, strict=True))
    return MomentVector(
        names=vector.names,
        ordered=vector.ordered,
        n=vector.n,
        covariance=covariance,
        mean=mean,
        thresholds=thresholds,
        to_covariance=vector.to_covariance,
        to_mean=vector.to_mean,
        to_thresholds=vector.to_thresholds,
    )
