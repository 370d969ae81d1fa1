"""Two stages for rows with missing values: unrestricted moments, then the model of these (Savalei & Bentler 2009).

The first stage finds the saturated mean and covariance s of greatest likelihood and their asymptotic covariance

    Γ = A⁻¹,    or for rows that are not normal    Γ = A⁻¹ B A⁻¹

(Savalei & Falk 2014, Structural Equation Modeling 21), A the observed information of s and B the outer product of its
scores. The second is maximum likelihood as if s were the moments of complete rows. With W the normal information at s
and Δ the slopes of the moments, the covariance of √n times the estimates is

    (Δᵀ W Δ)⁻¹ Δᵀ W Γ W Δ (Δᵀ W Δ)⁻¹,

and χ² is corrected by tr(U Γ), U = W − W Δ (Δᵀ W Δ)⁻¹ Δᵀ W.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from semnan.data import MomentsStack, Patterns
from semnan.errors import FitError, Unavailable
from semnan.estimation.assembly import saturated_stack
from semnan.estimation.casewise import Rows
from semnan.estimation.constraints import Constraints
from semnan.estimation.incomplete import MOST, TOO_MANY, Unrestricted
from semnan.estimation.inference import Inference
from semnan.estimation.least_squares import assemble_vectors, baseline_of_weight, weighted_traces
from semnan.estimation.moment_spread import weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.pattern_information import pattern_information
from semnan.estimation.problem import Part, Problem
from semnan.estimation.stages import Stages, TwoStage
from semnan.estimation.variance import unconstrained, variances
from semnan.model import PathModel
from semnan.network.arrays import Array


def check_stages(model: PathModel, kind: Stages, *, designed: bool) -> None:
    """Refuse what two stages are not for.

    Raises
    ------
    FitError
        For ordered variables, covariates that do not vary, dependent or weighted rows, or too many moments.

    """
    if model.ordered:
        raise FitError(f"missing={kind!r} is for continuous variables: use missing='listwise' with ordered ones")
    if model.exogenous:
        raise FitError(f"missing={kind!r} is about all variables: give fixed_x=False, so that covariates vary too")
    if designed:
        raise FitError(f"missing={kind!r} takes rows for independent and alike: use missing='fiml'")
    p = len(model.visibles)
    if p * (p + 3) // 2 > MOST:
        raise FitError(TOO_MANY.reason)


def first_stage(model: PathModel, rows: Rows, kind: Stages) -> list[MomentVector]:
    """The saturated moments of every group with imagined rows whose contributions spread as Γ.

    Raises
    ------
    DataError
        If the saturated moments cannot be found.

    """
    return [_first(model.visibles, rows, g, kind) for g in range(len(rows.groups))]


def _first(names: tuple[str, ...], rows: Rows, g: int, kind: Stages) -> MomentVector:
    group = rows.group(g)
    patterns = Patterns.from_rows(group.select(names).numpy(), names)
    stack = saturated_stack(patterns)
    gamma = _normal(patterns, stack) if kind == "two.stage" else _sandwich(patterns, stack, rows, g)
    count, p = len(gamma), len(names)
    imagined = np.sqrt(count) * np.linalg.cholesky(gamma).T
    assert stack.means is not None
    return MomentVector(
        names=names,
        ordered=(),
        n=patterns.n,
        covariance=stack.covariance[0].copy(),
        mean=stack.means[0].copy(),
        thresholds=(),
        to_covariance=imagined[:, p:],
        to_mean=imagined[:, :p],
        to_thresholds=np.zeros((count, 0)),
    )


def _normal(patterns: Patterns, stack: MomentsStack) -> Array:
    """A⁻¹, of means and then of covariances."""
    assert stack.means is not None
    found = pattern_information(patterns, torch.tensor(stack.means[0]), torch.tensor(stack.covariance[0]))
    return np.asarray(torch.linalg.inv(found).numpy())


def _sandwich(patterns: Patterns, stack: MomentsStack, rows: Rows, g: int) -> Array:
    """A⁻¹ B A⁻¹ in the same order."""
    whole = Unrestricted.at(stack[0], patterns, ())
    inverse = torch.linalg.inv(whole.information)
    found = (inverse @ whole.outer_products(rows.group(g)) @ inverse).numpy()
    p = len(patterns.names)
    order = np.roll(np.arange(len(found)), p)
    return np.asarray(found[np.ix_(order, order)])


def second_stage(
    model: PathModel,
    limits: Constraints,
    theta: Array,
    vectors: Sequence[MomentVector],
    pushing: Array | None,
    kind: Stages,
) -> tuple[Inference | Unavailable, TwoStage | Unavailable]:
    """Variances and corrections at estimates of shape (1, q); see `variances` for `pushing`."""
    made = assemble_vectors(model, vectors, "normal")
    parts = tuple(_spread(part, vector) for part, vector in zip(made.parts, vectors, strict=True))
    problem = Problem(parts, limits.lower, limits.upper, limits.space)
    inference = variances(problem, limits, theta, "expected", "robust.sem", pushing, None)
    if isinstance(inference, Unavailable):
        return inference, inference
    plain = unconstrained(problem, theta.shape[-1])
    own = weighted_traces(plain, plain.at(theta), inference.inverse_information()[0].numpy())
    pairs = zip(parts, vectors, strict=True)
    simple = np.sum([baseline_of_weight(weighted(part), vector, model)[1:] for part, vector in pairs], axis=0)
    return inference, TwoStage(kind, own, (float(simple[0]), float(simple[1])))


def _spread(part: Part, vector: MomentVector) -> Part:
    """The loss with the contributions of the first stage, and n where least squares has n − 1."""
    loss, fewer = weighted(part), (vector.n - 1) / vector.n
    influence = np.concatenate([vector.to_mean, vector.to_covariance], axis=1)
    return replace(part, loss=replace(loss, weight=loss.weight / fewer, influence=influence))
