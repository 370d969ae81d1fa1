"""Models that several tests fit."""

import numpy as np
import torch
from numpy.typing import NDArray

from semnan import AMASEM, Moments, PathModel, covariance, path
from semnan.model import Kind, as_model
from semnan.network import Layout, implied_moments

#: The eight graphs of the paper's experiments and its health graph, in our own words; and the effects of visible
#: edges that the covariance determines (exact algebra: ../shared/truth/identification, where it is at hand).
GRAPHS = {
    "back-door": ("latent U; Z -> X, Y; U -> X; X -> Y", ("Z -> X", "Z -> Y", "X -> Y")),
    "confounded twice": ("latent U; U -> Z, X; Z -> X; Z -> Y; X -> Y", ("Z -> Y", "X -> Y")),
    "front-door": ("latent U; U -> X, Y; X -> M -> Y", ("X -> M", "M -> Y")),
    "M": ("latent U1, U2; visible X, Y, Z; U1 -> X, Z; U2 -> Y, Z; X -> Y", ("X -> Y",)),
    "napkin": ("latent U1, U2; U1 -> A, X; U2 -> A, Y; A -> B -> X -> Y", ("A -> B", "B -> X", "X -> Y")),
    "bow": ("latent U; U -> X, Y; X -> Y", ()),
    "extended bow": ("latent U; U -> X, M; X -> M -> Y", ("M -> Y",)),
    "instrument": ("latent U; U -> X, Y; Z -> X -> Y", ("Z -> X", "X -> Y")),
    "bad M": ("latent U1, U2; U1 -> Z, Y; U2 -> Z, X; Z -> X; X -> Y", ()),
    "health": ("latent U1, U2; U1 -> X, BP, BMI; U2 -> BP, Y; X -> BP, BMI, Y; BP -> BMI; BMI -> Y", ()),
}


def graph(name: str) -> AMASEM:
    """One of `GRAPHS`."""
    return AMASEM.parse(GRAPHS[name][0])


def political_democracy() -> PathModel:
    """Bollen's model of industrialisation and democracy (lavaan's `example(sem)`)."""
    measures = {"ind60": ("x1", "x2", "x3"), "dem60": ("y1", "y2", "y3", "y4"), "dem65": ("y5", "y6", "y7", "y8")}
    rows = [path(f, x, fixed=1.0 if x == xs[0] else None) for f, xs in measures.items() for x in xs]
    rows += [path("ind60", "dem60"), path("ind60", "dem65"), path("dem60", "dem65")]
    pairs = ("y1 y5", "y2 y4", "y2 y6", "y3 y7", "y4 y8", "y6 y8")
    rows += [covariance(*pair.split()) for pair in pairs]
    visibles = tuple(x for xs in measures.values() for x in xs)
    rows += [covariance(v) for v in (*visibles, *measures)]
    return PathModel(visibles, tuple(measures), tuple(rows))


def truth(model: AMASEM | PathModel, seed: int) -> tuple[torch.Tensor, NDArray[np.float64]]:
    """Random parameters of a model and the covariance that they imply."""
    compiled = as_model(model)
    layout = Layout.of(compiled)
    generator = torch.Generator().manual_seed(seed)
    theta = torch.randn(layout.size, generator=generator, dtype=torch.float64)
    variance = torch.tensor([all(compiled.parameters[i].is_variance for i in free.rows) for free in compiled.free])
    path = torch.tensor([compiled.parameters[free.rows[0]].kind is Kind.PATH for free in compiled.free])
    theta = torch.where(variance, theta.square() + 0.1, torch.where(path, theta, 0.02 * theta))
    place = torch.tensor([layout.names.index(name) for name in compiled.visibles])
    return theta, implied_moments(layout, theta)[1][place[:, None], place].numpy()


def sample(model: AMASEM | PathModel, seed: int, n: int) -> Moments:
    """Moments of n draws from random parameters of a model."""
    compiled = as_model(model)
    _, sigma = truth(compiled, seed)
    rows = np.random.default_rng(seed).multivariate_normal(np.zeros(len(sigma)), sigma, size=n, method="cholesky")
    return Moments.from_array(rows, compiled.visibles)
