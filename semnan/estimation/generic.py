"""What a model can identify at all: the null space of its information at a random point of its parameter space.

Rank and null space are the same at almost every point, so a random well-conditioned one decides for the model,
before any data; an estimate may sit on an exceptional point (an arc of exactly zero, collinear data) and cannot.
Two points are tried and the one of larger rank counts: rank is only ever lost by accident. This is the local
verdict in floating point: it does not count several distant solutions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from semnan.errors import Unavailable
from semnan.estimation.discrepancy import factorise
from semnan.estimation.inference import generalised_inverse
from semnan.estimation.information import information
from semnan.model import Kind, PathModel
from semnan.network import Layout, propagate

#: Share of a scaled gradient outside the row space above which a function is not identified.
OUTSIDE = 1e-5
POINTS = 2


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
        Projector onto the null space of the information in units of `scale`.

    """

    theta: Tensor
    scale: Tensor
    null: Tensor

    @property
    def rank(self) -> int:
        """The number of dimensions of θ that a covariance determines."""
        return len(self.theta) - round(float(self.null.diagonal().sum()))

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


def analyse(model: PathModel, layout: Layout) -> Generic | Unavailable:
    """The null space of a model at the better of two random points."""
    generator = torch.Generator().manual_seed(20_26)
    found = [_at(layout, _random_point(model, layout, generator)) for _ in range(POINTS)]
    usable = [generic for generic in found if generic is not None]
    if not usable:
        return Unavailable("fixed values leave no positive definite covariance at a random point of the model")
    return max(usable, key=lambda generic: generic.rank)


def _at(layout: Layout, theta: Tensor) -> Generic | None:
    at = propagate(*layout.matrices(theta), layout.visible)
    factor = factorise(at.sigma)
    if not bool(factor.definite):
        return None
    dense = information(layout, at, factor.inverse)[None]
    _, null, _, scale = generalised_inverse(dense, torch.zeros(1, layout.size, dtype=torch.bool))
    return Generic(theta, scale[0], null[0])


def _random_point(model: PathModel, layout: Layout, generator: torch.Generator) -> Tensor:
    """Paths of moderate size whatever the number of parents, variances near one, arcs that keep Ω dominant."""
    sign = torch.where(torch.rand(layout.size, generator=generator, dtype=torch.float64) < 0.5, -1.0, 1.0)
    size = 0.4 + 0.6 * torch.rand(layout.size, generator=generator, dtype=torch.float64)
    parents = Counter(row.target for row in model.parameters if row.kind is Kind.PATH)
    arcs = Counter(v for row in model.parameters if row.kind is Kind.COVARIANCE for v in {row.source, row.target})
    theta = torch.empty(layout.size, dtype=torch.float64)
    for k, free in enumerate(model.free):
        row = model.parameters[free.rows[0]]
        if row.kind is Kind.PATH:
            theta[k] = sign[k] * size[k] / parents[row.target] ** 0.5
        elif row.is_variance:
            theta[k] = 0.5 + size[k]
        else:
            theta[k] = 0.8 * sign[k] * size[k] / max(arcs[row.source], arcs[row.target])
    return theta
