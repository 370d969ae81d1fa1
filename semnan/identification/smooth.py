"""Functions of the weights that are no polynomials: quotients, exponentials and the like.

Where all the weights used are identified, so is the function. Otherwise its derivative along the fibre is taken at a
random real point, by differences: the fibre has its exact dimension, but this last step is in floating point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import final

import numpy as np

from semnan.errors import ModelError
from semnan.graph.diagram import Edge
from semnan.identification.analysis import Analysis
from semnan.identification.query import Query
from semnan.identification.real import RealModel
from semnan.identification.witness import real_effect

_STEP, _LEAST = 1e-5, 1e-6


@final
class _Used(Mapping[Edge, float]):
    """Weights that remember which of them were asked for."""

    def __init__(self, weights: dict[Edge, float]) -> None:
        self.weights, self.used = weights, dict[Edge, None]()

    def __getitem__(self, edge: Edge) -> float:
        self.used[edge] = None
        return self.weights[edge]

    def __iter__(self) -> Iterator[Edge]:
        return iter(self.weights)

    def __len__(self) -> int:
        return len(self.weights)


def is_polynomial(analysis: Analysis, query: Query) -> bool:
    """Whether a function can be evaluated on polynomials.

    Raises
    ------
    ModelError
        If the function asks for an edge that the model does not have.

    """
    try:
        analysis.polynomial(query, analysis.symbols(analysis.points[0]))
    except TypeError:
        return False
    except KeyError as error:
        raise ModelError(f"the function asks for the weight {error}: give (parent, child) of an edge") from None
    return True


def used_edges(analysis: Analysis, query: Query) -> tuple[Edge, ...]:
    """The edges whose weights a function asks for."""
    paths, names = analysis.part.paths, analysis.structure.names
    edges = [(names[a], names[b]) for a, b in zip(paths.first.tolist(), paths.second.tolist(), strict=True)]
    weights = _Used(dict(zip(edges, np.random.default_rng(0).uniform(0.4, 0.9, len(edges)).tolist(), strict=True)))
    assert query.function is not None
    query.function(weights)
    return tuple(weights.used)


def changes(analysis: Analysis, query: Query) -> bool:
    """Whether a smooth function changes along the fibre at a random real point."""
    rng = np.random.default_rng(0)
    model = RealModel.of(analysis.structure, rng)
    theta = model.random(rng)
    for direction in model.null_space(theta, analysis.points[0].draw.rank):
        ends = [real_effect(analysis, query, theta + sign * _STEP * direction) for sign in (-1, 1)]
        if abs(ends[1] - ends[0]) > 2 * _STEP * _LEAST:
            return True
    return False
