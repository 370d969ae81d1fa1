"""The observed information of unrestricted means and covariances in incomplete rows.

With P the inverse of the covariance of what a pattern observes (zero elsewhere), e its mean less µ, C its covariance
and A = P (C + e eᵀ) P, minus the log-likelihood of a row has the second derivatives

    in µ, µ:   P,        in σ_ij, µ:   ∂_ij P e,        in σ_ij, σ_kl:   ½ tr(∂_ij P ∂_kl (2 A − P)),

where ∂_ij Σ has ones at (i, j) and (j, i) (Savalei 2010, Psych. Methods 15). Sums over patterns of products of entries
are one product of matrices.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semnan.data import Patterns
from semnan.estimation.discrepancy import factorise

#: Bytes of working memory for the patterns that are treated at once.
WORK_BYTES = 128 * 2**20


def pattern_information(patterns: Patterns, mean: Tensor, covariance: Tensor) -> Tensor:
    """Observed information of one row, shape (p + p*, p + p*): of means, then covariances in the order of `lower`.

    Parameters
    ----------
    patterns : Patterns
    mean : Tensor, shape (p,)
    covariance : Tensor, shape (p, p)
        Of the patterns' variables.

    """
    p = len(mean)
    within, mixed, crossed = (
        covariance.new_zeros(p, p),
        covariance.new_zeros(p * p, p),
        covariance.new_zeros(p * p, p * p),
    )
    size = max(1, WORK_BYTES // (8 * 8 * p * p))
    for start in range(0, len(patterns.counts), size):
        weight, inverse, pulled, bent = pattern_terms(patterns, slice(start, start + size), mean, covariance)
        flat = (weight[:, None, None] * inverse).flatten(1)
        within += (weight[:, None, None] * inverse).sum(0)
        mixed += flat.mT @ pulled
        crossed += flat.mT @ (2 * bent - inverse).flatten(1)
    return _assembled(within, mixed.reshape(p, p, p), crossed.reshape(p, p, p, p))


def lower(p: int) -> tuple[Tensor, Tensor]:
    """Rows and columns of the lower triangle, row by row."""
    at = torch.tril_indices(p, p)
    return at[0], at[1]


def pattern_terms(
    patterns: Patterns, part: slice, mean: Tensor, covariance: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Shares, P, P e and A (see above) of some patterns."""
    seen = torch.tensor(patterns.observed[part], dtype=torch.float64)
    both = seen[:, :, None] * seen[:, None, :]
    inverse = factorise(both * covariance + torch.diag_embed(1 - seen)).inverse * both
    far = seen * (torch.tensor(patterns.means[part]) - mean)
    pulled = (inverse @ far[:, :, None])[:, :, 0]
    bent = inverse @ torch.tensor(patterns.covariances[part]) @ inverse + pulled[:, :, None] * pulled[:, None, :]
    return torch.tensor(patterns.counts[part], dtype=torch.float64) / patterns.n, inverse, pulled, bent


def _assembled(within: Tensor, mixed: Tensor, crossed: Tensor) -> Tensor:
    """From Σ P, Σ P_ab (P e)_c and Σ P_ab (2 A − P)_cd, with ½ on the diagonal of each pair."""
    i, j = lower(len(within))
    weight = torch.where(i == j, 0.5, 1.0).double()
    border = weight[:, None] * (mixed[:, i, j] + mixed[:, j, i]).mT
    terms = [crossed[b[:, None], c, d, a[:, None]] for a, b in ((i, j), (j, i)) for c, d in ((i, j), (j, i))]
    inner = torch.outer(weight, weight) * torch.stack(terms).sum(0) / 2
    inner = (inner + inner.mT) / 2
    return torch.cat([torch.cat([within, border.mT], 1), torch.cat([border, inner], 1)])
