"""The implied covariance of an AMASEM by its definition, and random graphs to try it on."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from semnan import AMASEM
from semnan.network import Network, dense_covariance


@st.composite
def graphs(draw: st.DrawFn, largest: int = 7) -> AMASEM:
    """Random AMASEMs, from one lonely visible to dense ones with several confounders."""
    p = draw(st.integers(1, largest))
    confounders = draw(st.integers(0, 3)) if p > 1 else 0
    return AMASEM.random(
        p,
        parents=draw(st.integers(0, 4)),
        confounders=confounders,
        children=draw(st.integers(2, p)) if p > 1 else 1,
        seed=draw(st.integers(0, 10_000)),
    )


def dense(network: Network) -> Tensor:
    """(I − W)⁻¹ over all latents and visibles, unit variances on the latents."""
    structure = network.structure()
    m, p = len(network.graph.latents), len(network.graph.visibles)
    weights = torch.cat([structure.new_zeros(*structure.shape[:-1], m), structure], dim=-1)
    omega = torch.diag(torch.cat([torch.ones(m), torch.zeros(p)])).to(structure)
    return dense_covariance(weights, omega, torch.arange(m, m + p))
