"""In which units a standardised value is: the two variances that scale an entry of W or Ω (Bollen 1989, ch. 4 and 8).

    path a -> b            v √(Φ_aa / Φ_bb)      of implied variances; an intercept is a path from the constant
    variance of a          v / Φ_aa              the share of its variance that nothing explains
    covariance of a and b  v / √(Ω_aa Ω_bb)      of residual variances: the correlation of the residuals

A variance is one where its variable is not to be scaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

from semnan.estimation.relations import Relations
from semnan.model import CONSTANT, PathModel
from semnan.network import Layout

#: Which variables are scaled: the latents, all, or all but exogenous covariates.
Scale = Literal["std.lv", "std.all", "std.nox"]


def scaled_variables(model: PathModel, layout: Layout, scale: Scale) -> Tensor:
    """Whether each variable of a layout is scaled, shape (n,); the constant never is."""
    out = {CONSTANT, *model.visibles} if scale == "std.lv" else {CONSTANT}
    if scale == "std.nox":
        out |= {*model.exogenous}
    return torch.tensor([name not in out for name in layout.names])


@final
@dataclass(frozen=True, eq=False)
class Scaling:
    """Entries of W and Ω, shape (R,), and the variances that scale each.

    Attributes
    ----------
    is_path : Tensor of bool, shape (R,)
        Entries of W; the others are entries of Ω.
    row, column : Tensor of int, shape (R,)
    first, second : Tensor of int, shape (R,)
        Among the variances [diag Φ, diag Ω, 1].
    power : Tensor, shape (R,)
        Of the first variance, 1 or −1; that of the second is −1.

    """

    is_path: Tensor
    row: Tensor
    column: Tensor
    first: Tensor
    second: Tensor
    power: Tensor

    @classmethod
    def of(cls, is_path: Tensor, row: Tensor, column: Tensor, scaled: Tensor) -> Scaling:
        """How entries are scaled if the variables in the mask `scaled`, shape (n,), are."""
        n = len(scaled)
        crossing = ~is_path & (row != column)
        shift = torch.where(crossing, n, 0)
        first = torch.where(scaled[row], row + shift, 2 * n)
        second = torch.where(scaled[column], column + shift, 2 * n)
        return cls(is_path, row, column, first, second, torch.where(is_path, 1.0, -1.0).double())

    def values(self, relations: Relations) -> Tensor:
        """The entries, not standardised, shape (R,)."""
        weights, omega = relations.weights[self.row, self.column], relations.omega[self.row, self.column]
        return torch.where(self.is_path, weights, omega)

    def proper(self, relations: Relations) -> Tensor:
        """Which entries have positive variances to be divided by, shape (R,)."""
        positive = _variances(relations) > 0
        return positive[self.first] & positive[self.second]

    def ratios(self, relations: Relations) -> Tensor:
        """√|V₁^±¹ / V₂|, shape (R,); one stands in for a variance of zero."""
        variances = _nonzero(_variances(relations)).abs()
        return (variances[self.first] ** self.power / variances[self.second]).sqrt()

    def relative_slopes(self, relations: Relations) -> tuple[Tensor, Tensor]:
        """Half of ∂ log V^±¹ / ∂θ for the two variances, shape (R, q): their sum is the gradient of the log ratio."""
        slopes = torch.cat([relations.variance_slopes, relations.residual_slopes])
        slopes = torch.nn.functional.pad(slopes, (0, 0, 0, 1)) / _nonzero(_variances(relations))[:, None]
        return slopes[self.first] * (self.power / 2)[:, None], slopes[self.second] / -2


def _variances(relations: Relations) -> Tensor:
    """The variances [diag Φ, diag Ω, 1], shape (2n + 1,)."""
    own, residual = relations.covariance.diagonal(), relations.omega.diagonal()
    return torch.cat([own, residual, own.new_ones(1)])


def _nonzero(variances: Tensor) -> Tensor:
    return torch.where(variances != 0, variances, 1.0)
