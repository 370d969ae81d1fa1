"""Start values of intercepts: those that bring the implied means nearest to the sample's, given all paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.model import PathModel
from semnan.network import Layout, propagate
from semnan.network.arrays import Array, add_at, diagonal, spread


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
    found = theta.numpy().copy()
    found[:, free] = 0.0
    slopes, missing = zip(*(_system(group, found, free) for group in groups), strict=True)
    system, wanted = (torch.from_numpy(np.concatenate(parts, axis=1)) for parts in (slopes, missing))
    found[:, free] = torch.linalg.lstsq(system, wanted[..., None], driver="gelsy").solution[..., 0].numpy()
    return torch.from_numpy(found)


def _intercepts(groups: Sequence[Group], told: set[int]) -> Array:
    """The free parameters that are intercepts, ascending."""
    layouts = [group.layout for group in groups if group.layout.constant]
    found = {k for layout in layouts for k in layout.parameter.numpy()[_rows(layout)].tolist()}
    return np.array(sorted(found - told), dtype=np.int64)


def _rows(layout: Layout) -> Array:
    """The rows of the table that are intercepts."""
    return np.flatnonzero(layout.is_path.numpy() & (layout.rows.numpy() == 0))


def _system(group: Group, theta: Array, free: Array) -> tuple[Array, Array]:
    """∂mean/∂intercepts, shape (B, p, k), and the means that are missing, in standard deviations."""
    layout = group.layout
    assert group.mean is not None
    at, parameter = layout.places(theta), layout.parameter.numpy()
    is_free = np.zeros(layout.size, dtype=bool)
    is_free[free] = True
    effects = propagate(layout, theta).factors[:, : layout.inner, 1:]
    rows = _rows(layout)
    rows = rows[is_free[parameter[rows]]]
    scale = np.sqrt(diagonal(group.covariance.numpy()))
    missing = (group.mean.numpy() - effects[:, 0]) / scale
    if not len(rows):  # All intercepts of this group are fixed.
        return np.zeros((*missing.shape, len(free))), missing
    units = spread(at.unit[:, 1:], (len(theta), *at.unit[:, 1:].shape))
    slopes = np.concatenate([units, effects], axis=1).take(at.right[rows], axis=1).mT
    slopes = add_at(len(free), np.searchsorted(free, parameter[rows]), slopes)
    return slopes / scale[..., None], missing
