"""A model at given parameters with the rows it is about: what corrections of χ² start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.data import Moments, MomentsStack, Patterns
from semnan.errors import Unavailable
from semnan.estimation.assembly import arrange
from semnan.estimation.baseline import covariates
from semnan.estimation.casewise import GroupRows, Rows
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.estimate import Estimate
from semnan.estimation.inference import generalised_inverse
from semnan.estimation.problem import Point, Problem
from semnan.estimation.saturated import independence
from semnan.model import Parameter, PathModel, covariance, intercept
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class Situation:
    """A model at its estimates.

    Attributes
    ----------
    model : PathModel
    problem : Problem
    point : Point
    inverse : Tensor, shape (q, q)
        Of the information of one observation, within constraints and bounds.
    rows : Rows

    """

    model: PathModel
    problem: Problem
    point: Point
    inverse: Tensor
    rows: Rows

    @classmethod
    def of(cls, fit: Estimate, rows: Rows) -> Situation | Unavailable:
        """Of a fit, or why there is none."""
        if isinstance(fit.inference, Unavailable):
            return fit.inference
        problem, point = evaluated(fit.model, fit.samples, fit.patterns, fit.theta.numpy())
        return cls(fit.model, problem, point, fit.inference.inverse_information(), rows)

    @classmethod
    def at(cls, fit: Estimate, theta: Array, rows: Rows) -> Situation | Unavailable:
        """Of the model of a fit at other parameters, within the constraints and bounds of its estimates."""
        if isinstance(fit.inference, Unavailable):
            return fit.inference
        problem, point = evaluated(fit.model, fit.samples, fit.patterns, theta)
        dense = problem.exact_hessian(point) if fit.information == "observed" else problem.information(point)
        inverse = inverse_within(fit.inference.inverse_information(), torch.from_numpy(dense[0]))
        return cls(fit.model, problem, point, inverse, rows)

    @classmethod
    def of_baseline(cls, fit: Estimate, rows: Rows) -> Situation:
        """Of the baseline model of the same data."""
        model = baseline_model(fit)
        problem, point = evaluated(model, fit.samples, fit.patterns, _baseline_parameters(fit, model))
        dense = problem.exact_hessian(point) if fit.information == "observed" else problem.information(point)
        inverse, _, _, scale = generalised_inverse(torch.from_numpy(dense), torch.zeros(dense.shape[:2]).bool())
        return cls(model, problem, point, (inverse / scale[:, :, None] / scale[:, None, :])[0], rows)

    @property
    def groups(self) -> list[GroupRows]:
        """The rows of every group."""
        return [self.rows.group(g) for g in range(len(self.problem.parts))]

    @property
    def shares(self) -> list[float]:
        """The share of every group in all rows."""
        return [float(part.share[0]) for part in self.problem.parts]

    def implied(self, g: int) -> Tensor:
        """The implied covariance of a group, in the order of its layout."""
        found = torch.from_numpy(self.point.implied[g].sigma[0])
        if not self.problem.parts[g].layout.constant:
            return found
        return found[1:, 1:] - torch.outer(found[0, 1:], found[0, 1:])


def evaluated(
    model: PathModel, samples: Sequence[Moments], patterns: Sequence[Patterns | None], theta: Array
) -> tuple[Problem, Point]:
    """The problem of a model without its constraints and bounds, at parameters of shape (q,)."""
    stacks = tuple(MomentsStack.from_moments([sample]) for sample in samples)
    parts = arrange(model, stacks, tuple(patterns), KullbackLeibler).parts
    infinite = np.full(len(theta), np.inf)
    problem = Problem(parts, -infinite, infinite)
    return problem, problem.at(theta[None])


def baseline_model(fit: Estimate) -> PathModel:
    """Variances and means alone; covariates have their covariances."""
    model, given = fit.model, covariates(fit.model)
    rows: list[Parameter] = []
    for group in model.groups or (None,):
        free = [name for name in model.visibles if name not in model.exogenous]
        rows += [covariance(name, group=group) for name in free]
        rows += [covariance(a, b, group=group) for i, a in enumerate(given) for b in given[:i] if not model.exogenous]
        rows += [intercept(name, group=group) for name in free if model.has_means]
    return PathModel(model.visibles, (), tuple(rows), groups=model.groups, exogenous=model.exogenous)


def _baseline_parameters(fit: Estimate, model: PathModel) -> Array:
    """The estimates of the baseline model: moments of the sample."""
    labels, found = model.groups or (None,), np.zeros(len(model.free))
    known = [_independent(fit, g) for g in range(len(labels))]
    place = {name: i for i, name in enumerate(model.visibles)}
    for k, free in enumerate(model.free):
        row = model.parameters[free.rows[0]]
        mean, second = known[labels.index(row.group)]
        i, j = place[row.source], place[row.target]
        found[k] = second[i, j] if row.kind == "covariance" else mean[i]
    return found


def _independent(fit: Estimate, g: int) -> tuple[Array, Array]:
    sample, patterns = fit.samples[g], fit.patterns[g]
    if patterns is None:
        return np.asarray(np.zeros(len(sample.names)) if sample.mean is None else sample.mean), sample.covariance
    found = independence(patterns, covariates(fit.model))
    return found.mean.numpy(), found.covariance.numpy()


def inverse_within(known: Tensor, dense: Tensor) -> Tensor:
    """The inverse of an information on the directions in which another inverse is not zero."""
    size = known.diagonal().clamp(min=0).sqrt()
    scale = torch.where(size > 0, size, 1.0)
    values, vectors = torch.linalg.eigh(known / torch.outer(scale, scale))
    free = scale[:, None] * vectors[:, values > 1e-13 * values.amax().clamp(min=1e-300)]
    inverse: Tensor = free @ torch.linalg.inv(free.mT @ dense @ free) @ free.mT
    return inverse
