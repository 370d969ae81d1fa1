"""One sign for every latent whose sign is arbitrary: flipping its loadings changes nothing else."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from semnan.model import Kind, PathModel


def orient(model: PathModel, theta: Tensor) -> Tensor:
    """Flip latents so that their first loading is positive; θ has shape (B, q).

    Only latents whose sign means nothing are touched: exogenous, without covariances, and with loadings that are
    all free, untied, unlabelled and unbounded.
    """
    theta = theta.clone()
    for places in _free_signs(model):
        index = torch.tensor(places)
        theta[:, index] *= torch.where(theta[:, index[:1]] < 0, -1.0, 1.0)
    return theta


@lru_cache(maxsize=32)
def _free_signs(model: PathModel) -> list[list[int]]:
    """For each latent of arbitrary sign in each group, its loadings as places in θ."""
    place = {row: k for k, free in enumerate(model.free) for row in free.rows if len(free.rows) == 1}
    loadings: dict[tuple[str | None, str], list[int]] = {
        (g, u): [] for g in model.groups or (None,) for u in model.latents
    }
    told: set[tuple[str | None, str]] = set()
    for i, row in enumerate(model.parameters):
        source, target = (row.group, row.source), (row.group, row.target)
        if row.kind is Kind.COVARIANCE:
            told.update(() if row.is_variance else (source, target))
            continue
        told.add(target)
        if i in place and row.label is None and row.lower == -row.upper == -torch.inf and row.start is None:
            loadings.get(source, []).append(place[i])
        else:
            told.add(source)
    return [places for key, places in loadings.items() if key not in told and places]
