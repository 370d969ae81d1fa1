"""Casewise scores: the gradient of every row's log-likelihood, for first-order information and what builds on it.

With v = Σ⁻¹ (x − center), the constant among the variables, and ∂Σ = w (l rᵀ + r lᵀ),

    ∂ log f(x) = w [(l · v)(r · v) − lᵀ Σ⁻¹ r].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.estimation.discrepancy import factorise
from semnan.estimation.information import gram
from semnan.estimation.problem import Part, Point, Problem
from semnan.network import Layout, Propagation
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of every group, in the order of the model's visibles, NaN where missing.

    Attributes
    ----------
    names : tuple of str
    groups : tuple of Tensor, shape (n_g, p)

    """

    names: tuple[str, ...]
    groups: tuple[Tensor, ...]


def outer_products(problem: Problem, point: Point, rows: Rows) -> Array:
    """The mean over all rows of the outer product of their scores, shape (1, q, q). A single fit only."""
    total = sum(len(group) for group in rows.groups)
    size = point.full.shape[-1]
    found = np.zeros((1, size, size))
    for part, at, group in zip(problem.parts, point.implied, rows.groups, strict=True):
        scores = case_scores(part, at, group, rows.names)
        found += (scores.mT @ scores).numpy() / total
    return found


def case_scores(part: Part, at: Propagation[Array], rows: Tensor, names: tuple[str, ...]) -> Tensor:
    """Scores of rows of shape (n, p): shape (n, q)."""
    order = torch.tensor([names.index(name) for name in part.layout.order])
    values = rows[:, order]
    center = values.mean(0) if part.center is None else torch.tensor(part.center[0, 1:])
    deviation = values - center
    observed = ~torch.isnan(deviation)
    deviation = torch.nan_to_num(deviation)
    if part.layout.constant:
        deviation = torch.nn.functional.pad(deviation, (1, 0), value=1.0)
        observed = torch.nn.functional.pad(observed, (1, 0), value=True)
    patterns, which = torch.unique(observed, dim=0, return_inverse=True)
    tensors = Propagation(*(torch.from_numpy(moments) for moments in at))
    return _scores(part.layout, tensors, deviation, patterns.to(values.dtype), which)


def _scores(layout: Layout, at: Propagation[Tensor], deviation: Tensor, patterns: Tensor, which: Tensor) -> Tensor:
    left, right, weight = layout.factors
    scores = deviation.new_zeros(len(deviation), len(left))
    for k, mask in enumerate(patterns):
        both = mask[:, None] * mask
        inverse = factorise(at.sigma[0] * both + torch.diag(1 - mask)).inverse * both
        mine = which == k
        solved = deviation[mine] @ inverse
        lifted = torch.cat([solved, solved @ at.factors[0].mT], dim=-1)
        expected = gram(at, inverse[None])[0][left, right]
        scores[mine] = weight * (lifted[:, left] * lifted[:, right] - expected)
    return layout.collect(scores)
