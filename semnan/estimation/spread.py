"""How the moments of rows spread about what normal theory expects: the traces that correct χ².

A row (or a cluster, the sum of its rows) deviates from the sample's moments by h. With P = W Δ (Δᵀ W Δ)⁻¹ Δᵀ W the
weight that a model's parameters take up, U = W − P, and Γ = Σ h hᵀ / n,

    tr(U Γ) = tr(W Γ) − tr[(Δᵀ W Δ)⁻¹ Δᵀ W Γ W Δ],

where neither W nor Δ is ever formed: hᵀ W h = ½ tr(Σ⁻¹ D Σ⁻¹ D) + δᵀ Σ⁻¹ δ for the deviations D of second and δ of
first moments, which in whitened variables z is the squared length of z zᵀ less its mean, and Δᵀ W h is a moment score.
The second power of the trace needs all pairs of rows, or of moments, whichever are fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from semnan.estimation.casewise import GroupRows, predictions
from semnan.estimation.panel import Panel


@final
@dataclass(frozen=True, eq=False)
class Deviations:
    """The deviations of one group's rows in whitened variables.

    Attributes
    ----------
    whitened : Tensor, shape (n, p)
        z: the rows about their mean, times a root of Σ⁻¹.
    predicted : Tensor, shape (n, p), or None
        What exogenous covariates, which do not vary, predict of them.
    mean : Tensor, shape (p, p)
        Of z zᵀ, less that of the predictions.
    rows : GroupRows
    means : bool
        Whether the model is about means too.

    """

    whitened: Tensor
    predicted: Tensor | None
    mean: Tensor
    rows: GroupRows
    means: bool

    @classmethod
    def of(cls, rows: GroupRows, names: tuple[str, ...], covariance: Tensor, *, means: bool) -> Deviations:
        """From rows without gaps and the covariance Σ of the variables `names`."""
        values, covariates = rows.select(names), [names.index(name) for name in rows.covariates]
        weights = torch.ones(len(rows)).double() if rows.weights is None else rows.weights
        center = weights @ values / weights.sum()
        predicted = predictions(values, covariates, rows.weights)
        root = torch.linalg.cholesky(covariance)
        whitened = torch.linalg.solve_triangular(root, (values - center).mT, upper=False).mT
        mean = (whitened * weights[:, None]).mT @ whitened / weights.sum()
        if predicted is None:
            return cls(whitened, None, mean, rows, means)
        given = torch.linalg.solve_triangular(root, (predicted - center).mT, upper=False).mT
        return cls(whitened, given, mean - (given * weights[:, None]).mT @ given / weights.sum(), rows, means)

    def total(self) -> float:
        """tr(W Γ): the mean square length of what rows contribute, or clusters."""
        panel = self.rows.panel
        if panel is not None:
            return self._of_panel(panel)
        return self._of_rows() if self.rows.clusters is None else self._of_clusters(self.rows.clusters)

    def _of_rows(self) -> float:
        """|z zᵀ − ẑ ẑᵀ − M|²/2 + |z − ẑ|², from lengths and products alone."""
        z, given, mean = self.whitened, self.predicted, self.mean
        square = z.square().sum(-1).square() - 2 * ((z @ mean) * z).sum(-1) + mean.square().sum()
        first = z
        if given is not None:
            square = square - 2 * (z * given).sum(-1).square() + given.square().sum(-1).square()
            square, first = square + 2 * ((given @ mean) * given).sum(-1), z - given
        each = square / 2 + (first.square().sum(-1) if self.means else 0.0)
        weights = self.rows.weights
        return float((each if weights is None else each * weights.square()).sum()) / len(z)

    def _of_clusters(self, clusters: Tensor) -> float:
        """The same of the sums over the rows of each cluster."""
        count, p = int(clusters.max()) + 1, self.whitened.shape[1]
        second, first = self.whitened.new_zeros(count, p * p), self.whitened.new_zeros(count, p)
        for where in self.rows.slices(p * p):
            outer, linear = self._contributions(where)
            second.index_add_(0, clusters[where], self.rows.weighted(outer.flatten(1), where))
            first.index_add_(0, clusters[where], self.rows.weighted(linear, where))
        each = second.square().sum(-1) / 2 + (first.square().sum(-1) if self.means else 0.0)
        return float(each.sum()) / len(self.whitened) * self.rows.correction

    def _of_panel(self, panel: Panel) -> float:
        """The same of all pairs of rows that depend on each other, one variable with all others at a time."""
        every = slice(None)
        linear = self.whitened if self.predicted is None else self.whitened - self.predicted
        first = self.rows.weighted(linear, every).numpy()
        total = float((first * panel.weigh(first)).sum()) if self.means else 0.0
        for k in range(self.whitened.shape[1]):
            part = self.whitened[:, k, None] * self.whitened - self.mean[k]
            if self.predicted is not None:
                part = part - self.predicted[:, k, None] * self.predicted
            second = self.rows.weighted(part, every).numpy()
            total += float((second * panel.weigh(second)).sum()) / 2
        return total / len(self.whitened)

    def _contributions(self, where: slice) -> tuple[Tensor, Tensor]:
        """Z zᵀ − ẑ ẑᵀ less its mean, and z − ẑ."""
        z = self.whitened[where]
        outer, linear = z[:, :, None] * z[:, None, :] - self.mean, z
        if self.predicted is not None:
            given = self.predicted[where]
            outer, linear = outer - given[:, :, None] * given[:, None, :], z - given
        return outer, linear

    def squared(self, scores: Tensor) -> tuple[float, Tensor]:
        """tr(W Γ W Γ), and Δᵀ W Γ W Γ W Δ from the moment scores, shape (n, q)."""
        p = self.whitened.shape[1]
        moments = p * (p + 1) // 2 + (p if self.means else 0)
        return self._by_moments(scores, moments) if moments <= len(scores) else self._by_rows(scores)

    def _by_moments(self, scores: Tensor, moments: int) -> tuple[float, Tensor]:
        gamma, crossed = scores.new_zeros(moments, moments), scores.new_zeros(moments, scores.shape[1])
        for where in self.rows.slices(moments):
            part = self._vectors(where)
            gamma += part.mT @ part / len(scores)
            crossed += part.mT @ scores[where] / len(scores)
        return float(gamma.square().sum()), crossed.mT @ crossed

    def _vectors(self, where: slice) -> Tensor:
        """Contributions as vectors whose square length is that in the metric W."""
        outer, linear = self._contributions(where)
        at = torch.tril_indices(outer.shape[1], outer.shape[1])
        entries = outer[:, at[0], at[1]] * torch.where(at[0] == at[1], 0.5, 1.0).double().sqrt()
        return torch.cat([entries, linear], dim=-1) if self.means else entries

    def _by_rows(self, scores: Tensor) -> tuple[float, Tensor]:
        z, given = self.whitened, self.predicted
        gram, linear = (z @ z.mT).square(), z
        if given is not None:
            across = (z @ given.mT).square()
            gram, linear = gram - across - across.mT + (given @ given.mT).square(), z - given
        gram = gram / 2
        gram = gram - gram.mean(0) - gram.mean(1)[:, None] + gram.mean()
        gram = (gram + linear @ linear.mT if self.means else gram) / len(z)
        return float(gram.square().sum()), scores.mT @ gram @ scores / len(z)
