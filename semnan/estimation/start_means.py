"""Start values of intercepts: those that bring the implied means nearest to the sample's, given all paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from semnan.model import PathModel
from semnan.network import Layout, total_effects


@final
@dataclass(frozen=True)
class Group:
    """What start values look at in one group.

    Attributes
    ----------
    model : PathModel
    label : str or None
        The group's.
    layout : Layout
    covariance : Tensor, shape (B, p, p)
        Of the sample, in the order of the layout.
    mean : Tensor, shape (B, p), or None
        If the model has means.

    """

    model: PathModel
    label: str | None
    layout: Layout
    covariance: Tensor
    mean: Tensor | None


def start_means(groups: Sequence[Group], theta: Tensor, told: set[int]) -> Tensor:
    """θ of shape (B, q) with its intercepts replaced, except those that the user gave a start."""
    free = _intercepts(groups, told)
    if not len(free):
        return theta
    theta = theta.clone()
    theta[:, free] = 0.0
    slopes, missing = zip(*(_system(group, theta, free) for group in groups), strict=True)
    solved = torch.linalg.lstsq(torch.cat(slopes, dim=1), torch.cat(missing, dim=1)[..., None], driver="gelsy")
    theta[:, free] = solved.solution[..., 0]
    return theta


def _intercepts(groups: Sequence[Group], told: set[int]) -> Tensor:
    """The free parameters that are intercepts."""
    rows = [group.layout.parameter[group.layout.is_path & (group.layout.rows == 0)] for group in groups]
    found = torch.unique(torch.cat(rows)) if groups[0].layout.constant else torch.zeros(0, dtype=torch.long)
    return torch.tensor([k for k in found.tolist() if k not in told], dtype=torch.long)


def _system(group: Group, theta: Tensor, free: Tensor) -> tuple[Tensor, Tensor]:
    """∂mean/∂intercepts, shape (B, p, k), and the means that are missing, in standard deviations."""
    layout = group.layout
    assert group.mean is not None
    weights, _ = layout.matrices(theta)
    total = total_effects(weights)[..., layout.shown]
    slopes = theta.new_zeros(len(theta), total.shape[-1], layout.size)
    rows = (layout.is_path & (layout.rows == 0)).nonzero()[:, 0]
    slopes.index_add_(-1, layout.parameter[rows], total.index_select(-2, layout.columns[rows]).mT)
    scale = group.covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    return slopes.index_select(-1, free) / scale[..., None], (group.mean - total[..., 0, :]) / scale
