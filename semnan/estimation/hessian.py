"""The exact Hessian of a discrepancy in θ, from the same gathers as the expected information.

With G the slope of the discrepancy in Σ, and its second derivative a sum of terms a A Δ A (its `second`),

    H_kl = Σ a tr(∂_kΣ A ∂_lΣ A) + tr(G ∂²_klΣ).

The first part is the information in the metric A, times 2a. For the second, with T = (I − W)⁻¹ and Φ = Tᵀ Ω T (and
1 for the constant in Ω),

    ∂_cd U[b] = T[b, c] U[d],    ∂_cd Y[a] = T[d, a] Y[c] + Φ[a, c] U[d]    along a path c -> d,
    ∂_cd Y[a] = w (T[d, a] U[c] + T[c, a] U[d])                             along an entry (c, d) of Ω.
"""

from __future__ import annotations

import numpy as np

from semnan.estimation.information import BLOCK, tie
from semnan.network import Layout, Propagation
from semnan.network.arrays import Array


def bending(layout: Layout, theta: Array, at: Propagation[Array], dense: Array) -> Array:
    """½ tr(X ∂²Σ) = N + Nᵀ, shape (*batch, q, q), from K = Z X Zᵀ; row k of N is nonzero for paths only."""
    reach, size = _reach(layout, theta, at), len(layout.parameter)
    paths = layout.places(theta).paths
    half = np.zeros((*dense.shape[:-2], size, size))
    for start in range(0, len(paths), BLOCK):
        rows = paths[start : start + BLOCK]
        half[..., rows, :] = _half(layout, reach, dense, rows)
    return tie(layout, half + half.mT)


def _reach(layout: Layout, theta: Array, at: Propagation[Array]) -> Array:
    """For every inner variable c (a row), T[b, c] at the rows U[b] of Z = [I; U; Y] and Φ[a, c] at the rows Y[a]."""
    total, omega = at.inner, layout.blocks(theta).inner
    among = total.mT @ omega @ total if layout.within else omega
    if layout.constant:
        among = among + total[..., :1, :].mT * total[..., :1, :]
    sinks = np.zeros((*total.shape[:-1], at.sigma.shape[-1]))
    return np.concatenate([sinks, total.mT, among], -1)


def _half(layout: Layout, reach: Array, dense: Array, rows: Array) -> Array:
    places = layout.places(dense)
    left, right = places.left, places.right
    from_parent, from_child = reach.take(places.rows[rows], -2), dense.take(right[rows], -2)
    own, other = from_parent.take(right, -1), from_parent.take(left, -1)
    own *= from_child.take(left, -1)
    other *= from_child.take(right, -1)
    other *= places.halved
    own += other
    own *= places.weight
    return own
