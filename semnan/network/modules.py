"""The networks as torch modules: train them with any optimiser and any loss.

``loss = KullbackLeibler(S)(net())`` is the paper's recipe. All three compute the same implied covariance
and its gradient; they differ in time and space.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn

from semnan.errors import GraphError
from semnan.graph import AMASEM, Edge
from semnan.graph.margin import checked_weights
from semnan.network.accumulation import accumulated_covariance
from semnan.network.layered import Layer, layered_covariance, plan_layers
from semnan.network.mu import Levels, mu_covariance, plan_levels


class Network(nn.Module):
    """The weights of an AMASEM; the subclasses say how the covariance is propagated.

    Parameters
    ----------
    graph : AMASEM
    batch : tuple of int
        Leading dimensions: this many independent weight vectors.
    dtype, device
        As torch's.
    seed : int
        Of the standard normal starting weights.

    Attributes
    ----------
    weights : nn.Parameter, shape (*batch, q)
        One weight for each edge, private latents too, in the order of `edges`.
    edges : tuple of (parent, child)

    """

    def __init__(
        self,
        graph: AMASEM,
        *,
        batch: tuple[int, ...] = (),
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not isinstance(graph, AMASEM):
            raise GraphError(f"a network is made from an AMASEM, got {type(graph).__name__}: AMASEM.parse reads text")
        self.graph = graph
        self.edges: tuple[Edge, ...] = graph.ordered_edges
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(*batch, len(self.edges), generator=generator, dtype=torch.float64)
        self.weights = nn.Parameter(start.to(dtype=dtype, device=device))
        rows = {name: i for i, name in enumerate((*graph.latents, *graph.visibles))}
        places = [(rows[a], rows[b] - len(graph.latents)) for a, b in self.edges]
        index = torch.tensor(places, dtype=torch.long, device=device)
        self.register_buffer("_rows", index.reshape(-1, 2)[:, 0].contiguous(), persistent=False)
        self.register_buffer("_columns", index.reshape(-1, 2)[:, 1].contiguous(), persistent=False)
        self._rows: Tensor
        self._columns: Tensor

    def structure(self) -> Tensor:
        """The weights as a matrix W[parent, child], shape (*batch, m + p, p), latent rows on top."""
        p = len(self.graph.visibles)
        matrix = self.weights.new_zeros(*self.weights.shape[:-1], p + len(self.graph.latents), p)
        matrix[..., self._rows, self._columns] = self.weights
        return matrix

    def forward(self) -> Tensor:
        """The implied covariance of the visibles, shape (*batch, p, p), in the order of the graph."""
        return self._propagate(self.structure())

    def _propagate(self, weights: Tensor) -> Tensor:
        raise NotImplementedError

    @torch.no_grad()
    def set_weights(self, weights: Mapping[Edge, float]) -> None:
        """Set every weight from a mapping of (parent, child) to a number."""
        if self.weights.ndim != 1:
            raise GraphError("set_weights is for a network without batch dimensions: assign to `weights` instead")
        values = checked_weights(self.edges, weights)
        self.weights.copy_(torch.tensor([values[edge] for edge in self.edges], dtype=self.weights.dtype))


@final
class SEMNAN(Network):
    """The layered network of the paper; it keeps the covariance of every layer."""

    def _propagate(self, weights: Tensor) -> Tensor:
        return layered_covariance(weights, self._layers)

    @cached_property
    def _layers(self) -> tuple[Layer, ...]:
        return plan_layers(self.graph)


@final
class MuSEMNAN(Network):
    """The same in space that does not grow with depth: one covariance array, filled level by level."""

    def _propagate(self, weights: Tensor) -> Tensor:
        return mu_covariance(weights, self._levels)

    @cached_property
    def _levels(self) -> Levels:
        return plan_levels(self.graph)


@final
class Accumulation(Network):
    """The same by two triangular solves: the fast road on dense graphs. Private latents become variances."""

    def _propagate(self, weights: Tensor) -> Tensor:
        private, others = self._split
        shared = len(others) - len(self.graph.visibles)
        omega = torch.zeros(*weights.shape[:-2], len(others), len(others), dtype=weights.dtype, device=weights.device)
        diagonal = omega.diagonal(dim1=-2, dim2=-1)
        diagonal[..., :shared] = 1
        diagonal[..., shared:] = weights[..., private, :].square().sum(-2)
        paths = nn.functional.pad(weights[..., others, :], (shared, 0))
        visible = torch.arange(shared, len(others), device=weights.device)
        return accumulated_covariance(paths, omega, visible)

    @cached_property
    def _split(self) -> tuple[list[int], list[int]]:
        """Rows of private latents, and of all other variables."""
        confounders = set(self.graph.confounders)
        private = [i for i, u in enumerate(self.graph.latents) if u not in confounders]
        total = len(self.graph.latents) + len(self.graph.visibles)
        alone = set(private)
        return private, [i for i in range(total) if i not in alone]
