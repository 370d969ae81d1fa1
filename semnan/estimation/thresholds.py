"""Thresholds of ordered variables as a fit has them.

They are not part of the path model: each is free. Full weights, which connect them with the other moments, move them
with the misfit of these: with A = Γ_τs Γ_ss⁻¹ the estimates are τ − A (s − σ), and their covariance is

    Γ_ττ − A (Γ_ss − J V Jᵀ) Aᵀ,

V that of the parameters; otherwise they are those of the margins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.estimation.moment_spread import weighted
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.problem import Part
from semnan.network import Propagation
from semnan.network.arrays import Array


@final
@dataclass(frozen=True)
class Threshold:
    """Where the latent response of a variable goes from one category to the next.

    Attributes
    ----------
    name : str
    group : str or None
    level : int
        1 is between the first and the second category.
    estimate, standard_error : float
        In standard deviations of the latent response.

    """

    name: str
    group: str | None
    level: int
    estimate: float
    standard_error: float


@final
@dataclass(frozen=True)
class Scale:
    """One over the standard deviation of a latent response, in a group that shares its thresholds with the first.

    Attributes
    ----------
    name, group : str
    estimate, standard_error : float

    """

    name: str
    group: str
    estimate: float
    standard_error: float


def group_thresholds(
    part: Part, at: Propagation[Array], vector: MomentVector, group: str | None, inverse: Array
) -> list[Threshold]:
    """The thresholds of one group; `inverse` is n times the covariance of the parameters, shape (q, q)."""
    if not vector.ordered:
        return []
    estimates = np.concatenate(vector.thresholds)
    spread = vector.to_thresholds * np.sqrt(vector.n / (vector.n - 1))
    variances = np.square(spread).mean(0)
    loss = weighted(part)
    if loss.weight.ndim == 2:
        # The loss holds its contributions and weight with n − 1 in the place of n.
        moved = spread.T @ loss.weigh(loss.influence) / vector.n
        apart = loss.target - loss.moments(at.sigma)[0]
        slopes = loss.jacobian(part.layout, at).moments[0]
        inside = loss.influence.T @ loss.influence / vector.n - slopes @ inverse @ slopes.T * part.share[0]
        estimates = estimates - moved @ apart
        variances = variances - np.einsum("ti,ij,tj->t", moved, inside, moved)
    names = [(name, k) for name, part in zip(vector.ordered, vector.thresholds, strict=True) for k in range(len(part))]
    errors = np.sqrt(variances / vector.n)
    return [
        Threshold(name, group, k + 1, float(estimate), float(error))
        for (name, k), estimate, error in zip(names, estimates, errors, strict=True)
    ]
