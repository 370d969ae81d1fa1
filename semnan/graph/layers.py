"""The minimal layered network (SEMNAN) of an AMASEM: which neuron stands in which layer.

Source: Saremi, JMLR 27(17), 2026. Layer 0 holds latents only; a visible stands one layer above its deepest
visible parent, which gives the least number of layers. A variable that is needed above its own layer is
carried by alias neurons of weight one. A latent enters in the layer before its first child, not in layer 0,
so that no alias lives longer than it must; an entering latent adds its unit variance to the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Neuron:
    """A place in a layer: a variable, either its original or an alias that carries it upwards."""

    name: str
    alias: bool


@final
@dataclass(frozen=True)
class Layering:
    """The layers of the minimal SEMNAN, bottom (latents) to top (all visibles).

    Attributes
    ----------
    layers : tuple of tuple of Neuron
        In every layer the visibles come first, in the order of the graph, then the latents.

    """

    layers: tuple[tuple[Neuron, ...], ...]

    @property
    def depth(self) -> int:
        """The number of weight matrices, H₀ in the paper."""
        return len(self.layers) - 1

    @property
    def aliases(self) -> int:
        """The number of alias neurons in all layers."""
        return sum(neuron.alias for layer in self.layers for neuron in layer)

    def __str__(self) -> str:
        rows = (" ".join(f"({n.name})" if n.alias else n.name for n in layer) for layer in self.layers)
        return "\n".join(f"{i:>3}: {row}" for i, row in enumerate(rows))


def levels(visibles: tuple[str, ...], parents: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The layer of every visible; `visibles` in topological order."""
    level: dict[str, int] = {}
    for v in visibles:
        level[v] = 1 + max((level[a] for a in parents[v] if a in level), default=0)
    return level


def layering(
    visibles: tuple[str, ...],
    latents: tuple[str, ...],
    parents: Mapping[str, tuple[str, ...]],
    children: Mapping[str, tuple[str, ...]],
) -> Layering:
    """Place every variable of an AMASEM and its aliases."""
    level = levels(visibles, parents)
    enters = {u: min(level[c] for c in children[u]) - 1 for u in latents}
    leaves = {u: max(level[c] for c in children[u]) - 1 for u in latents}
    rows = []
    for depth in range(max(level.values()) + 1):
        row = [Neuron(v, alias=level[v] < depth) for v in visibles if level[v] <= depth]
        row += [Neuron(u, alias=enters[u] < depth) for u in latents if enters[u] <= depth <= leaves[u]]
        rows.append(tuple(row))
    return Layering(tuple(rows))
