"""Bootstrap stability: how often each edge is found again when rows are drawn anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data.checks import check_table
from semnan.data.frames import Frame, read_frame
from semnan.data.moments import moments_of_table
from semnan.discovery.discover import discover
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.task import Method
from semnan.errors import FitError, Unavailable
from semnan.graph import Edge

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Stability:
    """How often edges were found in bootstrap samples.

    Attributes
    ----------
    names : tuple of str
    directed : ndarray, shape (d, d)
        Share of the samples whose graph has the edge [parent, child].
    determined : ndarray, shape (d, d)
        Share of the samples whose CPDAG has it with this direction; nan for methods whose graphs have no CPDAG.
    samples : int

    """

    names: tuple[str, ...]
    directed: Array = field(repr=False)
    determined: Array = field(repr=False)
    samples: int

    @property
    def adjacent(self) -> Array:
        """Share of the samples with an edge between two variables, in either direction; symmetric."""
        return np.asarray(self.directed + self.directed.T)

    def frequent(self, least: float = 0.5) -> dict[Edge, float]:
        """Edges found in at least a share of the samples, the most frequent first."""
        pairs = np.argwhere((self.directed >= least) & (self.directed > 0)).tolist()
        found = {(self.names[i], self.names[j]): float(self.directed[i, j]) for i, j in pairs}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def edge_stability(
    frame: Frame,
    *,
    method: Method | None = None,
    samples: int = 100,
    seed: int = 0,
    standardise: bool = False,
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Sequence[str]] = (),
    threshold: float | None = None,
    refine: OrderSearch | None = None,
) -> Stability:
    """Learn a graph from each of many bootstrap samples of the rows; the options are those of `discover`.

    A sample is a vector of row counts, so that it costs one d × d product; the rows are never copied.
    """
    if samples < 1:
        raise FitError(f"samples={samples}: give at least one")
    names, rows = read_frame(frame)
    check_table(rows, names)
    must, not_, layers = list(required), list(forbidden), [list(tier) for tier in tiers]
    rng = np.random.default_rng(seed)
    directed, determined = np.zeros((2, len(names), len(names)))
    for _ in range(samples):
        counts = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)))
        found = discover(
            moments_of_table(rows, names, counts.astype(np.float64)),
            method=method,
            standardise=standardise,
            required=must,
            forbidden=not_,
            tiers=layers,
            threshold=threshold,
            refine=refine,
            progress=False,
        )
        told = found.cpdag
        directed += found.weights != 0
        determined += np.nan if isinstance(told, Unavailable) else told & ~told.T
    return Stability(names, directed / samples, determined / samples, samples)
