"""`Relations`: the effects and covariances of all variables of a group, latents too, and how variances depend on θ.

`Propagation` has what a fit needs, about the visibles; what is asked after a fit (standardised values, residuals,
modification indices, scores) is about all variables, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from semnan.network import Layout, total_effects


@final
@dataclass(frozen=True, eq=False)
class Relations:
    """One group at one θ; the constant, if there is one, counts as a variable without variance.

    Attributes
    ----------
    layout : Layout
    weights, omega : Tensor, shape (n, n)
        W and Ω.
    total : Tensor, shape (n, n)
        T = (I − W)⁻¹.
    covariance : Tensor, shape (n, n)
        Φ = Tᵀ Ω T.

    """

    layout: Layout
    weights: Tensor
    omega: Tensor
    total: Tensor
    covariance: Tensor

    @classmethod
    def at(cls, layout: Layout, theta: Tensor) -> Relations:
        """From θ of shape (q,)."""
        weights, omega = layout.matrices(theta)
        total = total_effects(weights)
        return cls(layout, weights, omega, total, total.mT @ omega @ total)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where every variable stands."""
        return {name: i for i, name in enumerate(self.layout.names)}

    def places(self, names: tuple[str, ...]) -> Tensor:
        """Where these variables stand, shape (k,)."""
        return torch.tensor([self.place[name] for name in names], dtype=torch.long)

    @cached_property
    def mean(self) -> Tensor:
        """Implied means, shape (n,); zero without a constant."""
        return self.total[0] if self.layout.constant else torch.zeros_like(self.total[0])

    @cached_property
    def stacked(self) -> Tensor:
        """[T; Φ], shape (2 n, n)."""
        return torch.cat([self.total, self.covariance])

    @cached_property
    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The factors l and r, shape (e, n), and w of ∂Φ = w (l rᵀ + r lᵀ) for every free row, Φ of all variables.

        See math: second order; a path has the covariances of its parent and the effects of its child.
        """
        layout = self.layout
        total, covariance = self.total[layout.rows], self.covariance[layout.rows]
        left = torch.where(layout.is_path[:, None], covariance, total)
        same = ~layout.is_path & (layout.rows == layout.columns)
        return left, self.total[layout.columns], torch.where(same, 0.5, 1.0).to(total)

    @cached_property
    def variance_slopes(self) -> Tensor:
        """∂Φ_aa/∂θ for all variables, shape (n, q)."""
        left, right, weight = self.factors
        return self.layout.collect((left * right).mT * (2 * weight))

    @cached_property
    def residual_slopes(self) -> Tensor:
        """∂Ω_aa/∂θ for all variables, shape (n, q)."""
        layout = self.layout
        own = (~layout.is_path & (layout.rows == layout.columns)).nonzero()[:, 0]
        slopes = self.omega.new_zeros(len(layout.names), layout.size)
        slopes[layout.rows[own], layout.parameter[own]] = 1.0
        return slopes

    @cached_property
    def mean_slopes(self) -> Tensor:
        """∂mean/∂θ for all variables, shape (n, q): T[0, a] T[b, ·] for a path a -> b."""
        layout = self.layout
        parent = torch.where(layout.is_path, self.mean[layout.rows], 0.0)
        return layout.collect((parent[:, None] * self.total[layout.columns]).mT)
