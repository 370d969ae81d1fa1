"""What a model can identify at all: the null space of its information at a random point of its parameter space.

Rank and null space are the same at almost every point, so a random well-conditioned one decides for the model,
before any data; an estimate may sit on an exceptional point (an arc of exactly zero, collinear data) and cannot.
Two points are tried and the one of larger rank counts: rank is only ever lost by accident. This is the local
verdict in floating point: it does not count several distant solutions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from semnan.errors import Unavailable
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import factorise
from semnan.estimation.functions import Functions
from semnan.estimation.inference import generalised_inverse, infer_constrained
from semnan.estimation.information import information
from semnan.model import Kind, PathModel
from semnan.network import Layout, propagate

#: Share of a scaled gradient outside the row space above which a function is not identified.
OUTSIDE = 1e-5
POINTS = 2
#: Above this number of free parameters the information is not formed.
LIMIT = 5_000
TOO_LARGE = Unavailable("standard errors and verdicts stop at 5000 free parameters: the information is not formed")


@final
@dataclass(frozen=True, eq=False)
class Generic:
    """The null space of a model at a generic point.

    Attributes
    ----------
    theta : Tensor, shape (q,)
        The point; gradients of functions are to be taken here.
    scale : Tensor, shape (q,)
        √I_kk there.
    null : Tensor, shape (q, q)
        Projector onto the null space of the information in units of `scale`, within the equality constraints.
    lost : int
        How many dimensions the equality constraints take away.

    """

    theta: Tensor
    scale: Tensor
    null: Tensor
    lost: int = 0

    @property
    def rank(self) -> int:
        """The number of dimensions of θ that a covariance determines."""
        return len(self.theta) - self.lost - round(float(self.null.diagonal().sum()))

    def identified(self, slopes: Tensor) -> Tensor:
        """Whether functions with these gradients at `theta`, shape (k, q), are identified; shape (k,)."""
        scaled = slopes / self.scale
        return torch.le((scaled @ self.null).norm(dim=-1), OUTSIDE * scaled.norm(dim=-1).clamp(min=1e-300))

    def own(self) -> Tensor:
        """Which parameters are identified, shape (q,)."""
        return torch.le(self.null.diagonal().clamp(min=0).sqrt(), OUTSIDE)

    def directions(self) -> Tensor:
        """Directions in θ that change no covariance at `theta`, shape (r, q)."""
        values, vectors = torch.linalg.eigh(self.null)
        directions: Tensor = vectors[:, values > 0.5].mT / self.scale
        return directions

    def groups(self) -> list[NDArray[np.int64]]:
        """Sets of parameters that a covariance only determines jointly."""
        null = self.null.numpy()
        loose = np.flatnonzero(~self.own().numpy())
        count, label = connected_components(np.abs(null[np.ix_(loose, loose)]) > OUTSIDE, directed=False)
        return [loose[label == g] for g in range(count)]


def analyse(model: PathModel) -> Generic | Unavailable:
    """The null space of a model at the better of two random points."""
    if len(model.free) > LIMIT:
        return TOO_LARGE
    return _analyse(model)


@lru_cache(maxsize=64)
def _analyse(model: PathModel) -> Generic | Unavailable:
    generator = torch.Generator().manual_seed(20_26)
    layouts = [_conditioned(model, Layout.of(model, label), generator) for label in model.groups or (None,)]
    equalities = Constraints.of(model).equalities
    found = [_at(layouts, equalities, random_point(model, generator)) for _ in range(POINTS)]
    usable = [generic for generic in found if generic is not None]
    if not usable:
        return Unavailable("fixed values leave no positive definite covariance at a random point of the model")
    return max(usable, key=lambda generic: generic.rank)


def _conditioned(model: PathModel, layout: Layout, generator: torch.Generator) -> Layout:
    """With random moments of the exogenous covariates."""
    k = len(model.exogenous)
    if not k:
        return layout
    rows = torch.randn(2 * k, k, generator=generator, dtype=torch.float64)
    mean = torch.randn(k, generator=generator, dtype=torch.float64)
    return layout.condition(model.exogenous, rows.mT @ rows / (2 * k) + torch.eye(k).double() / 2, mean)


def _at(layouts: list[Layout], equalities: Functions | None, theta: Tensor) -> Generic | None:
    dense = torch.zeros(len(theta), len(theta), dtype=torch.float64)
    for layout in layouts:
        at = propagate(layout, theta)
        factor = factorise(at.sigma)
        if not bool(factor.definite):
            return None
        dense += information(layout, at, factor.inverse)
    return of_information(dense, equalities, theta)


def of_information(dense: Tensor, equalities: Functions | None, theta: Tensor) -> Generic:
    """The null space of an information at a point."""
    none = torch.zeros(1, len(theta), dtype=torch.bool)
    if equalities is None:
        _, null, _, scale = generalised_inverse(dense[None], none)
        return Generic(theta, scale[0], null[0])
    rows = equalities.jacobian(theta)
    found = infer_constrained(dense[None], rows[None], none)
    return Generic(theta, found.scale[0], found.null[0], int(torch.linalg.matrix_rank(rows / found.scale)))


def random_point(model: PathModel, generator: torch.Generator) -> Tensor:
    """Paths of moderate size whatever the number of parents, variances near one, arcs that keep Ω dominant."""
    size_of = len(model.free)
    sign = torch.where(torch.rand(size_of, generator=generator, dtype=torch.float64) < 0.5, -1.0, 1.0)
    size = 0.4 + 0.6 * torch.rand(size_of, generator=generator, dtype=torch.float64)
    parents = Counter((row.group, row.target) for row in model.parameters if row.kind is Kind.PATH)
    arcs = Counter(
        (row.group, v) for row in model.parameters if row.kind is Kind.COVARIANCE for v in {row.source, row.target}
    )
    theta = torch.empty(size_of, dtype=torch.float64)
    for k, free in enumerate(model.free):
        row = model.parameters[free.rows[0]]
        if row.kind is Kind.INTERCEPT:
            theta[k] = sign[k] * size[k]
        elif row.kind is Kind.PATH:
            theta[k] = sign[k] * size[k] / parents[row.group, row.target] ** 0.5
        elif row.is_variance:
            theta[k] = 0.5 + size[k]
        else:
            theta[k] = 0.8 * sign[k] * size[k] / max(arcs[row.group, row.source], arcs[row.group, row.target])
    return theta
