"""Implied covariances by their definition, in plain numpy, and the number of dimensions they fill."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from semnan import AMASEM
from semnan.graph import Diagram, Edge

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
STEP = 1e-30


def implied(graph: AMASEM, weights: Mapping[Edge, float]) -> Array:
    """Σ = AᵀA with A = W_L (I − W_V)⁻¹, in the order of `graph.visibles`."""
    return _covariance(graph.weight_matrix(weights).astype(complex), len(graph.latents)).real


def _covariance(structure: Complex, m: int) -> Complex:
    total = structure[:m] @ np.linalg.inv(np.eye(structure.shape[1]) - structure[m:])
    return np.asarray(total.T @ total)


def implied_by_diagram(diagram: Diagram, weights: Mapping[Edge, float], noisy: bool = False) -> Array:
    """Σ of the visibles from the dense (I − W)⁻¹; unit noise of the latents (and of the visibles, if `noisy`)."""
    return _dense(diagram, weights, noisy)(None).real


def _dense(diagram: Diagram, weights: Mapping[Edge, float], noisy: bool) -> Callable[[Edge | None], Complex]:
    place = {name: i for i, name in enumerate((*diagram.latents, *diagram.visibles))}
    omega = np.diag([1.0] * len(diagram.latents) + [float(noisy)] * len(diagram.visibles))

    def sigma(nudged: Edge | None) -> Complex:
        matrix = np.zeros((len(place), len(place)), dtype=complex)
        for (a, b), w in weights.items():
            matrix[place[a], place[b]] = w + (STEP * 1j if (a, b) == nudged else 0)
        total = np.linalg.inv(np.eye(len(place)) - matrix)[:, len(diagram.latents) :]
        return np.asarray(total.T @ omega @ total)

    return sigma


def diagram_rank(diagram: Diagram, weights: Mapping[Edge, float], variances: bool = True) -> int:
    """Dimensions of the covariances of a DAG whose visibles have free error variances."""
    sigma = _dense(diagram, weights, noisy=True)
    rows = [_derivative(sigma(edge)) for edge in diagram.edges]
    direct = _total_to_visibles(diagram, weights)
    rows += [np.outer(row, row).ravel() for row in direct] if variances else []
    return _rank(rows)


def _total_to_visibles(diagram: Diagram, weights: Mapping[Edge, float]) -> Array:
    """Total effects among visibles: the derivative of Σ in an error variance is an outer product of a row."""
    place = {name: i for i, name in enumerate((*diagram.latents, *diagram.visibles))}
    matrix = np.zeros((len(place), len(place)))
    for (a, b), w in weights.items():
        matrix[place[a], place[b]] = w
    m = len(diagram.latents)
    return np.asarray(np.linalg.inv(np.eye(len(place)) - matrix)[m:, m:])


def rank(graph: AMASEM, weights: Mapping[Edge, float], kept: tuple[str, ...] | None = None) -> int:
    """Dimensions of the implied covariances of `kept` (by default all visibles): the rank of the Jacobian."""
    matrix, m = graph.weight_matrix(weights).astype(complex), len(graph.latents)
    columns = [graph.visibles.index(v) for v in kept or graph.visibles]
    rows = []
    for i, j in np.argwhere(matrix):
        nudged = matrix.copy()
        nudged[i, j] += STEP * 1j
        rows.append(_derivative(_covariance(nudged, m)[np.ix_(columns, columns)]))
    return _rank(rows)


def _derivative(nudged: Complex) -> Array:
    return np.asarray(nudged.imag / STEP).ravel()


def _rank(rows: list[Array]) -> int:
    return int(np.linalg.matrix_rank(np.array(rows), rtol=1e-9)) if rows else 0


def close(first: Array, second: Array, tolerance: float = 1e-10) -> bool:
    """Equal up to a tolerance relative to the largest entry."""
    size = max(float(np.abs(first).max(initial=0.0)), float(np.abs(second).max(initial=0.0)), 1e-6)
    return bool(np.abs(first - second).max(initial=0.0) <= tolerance * size)
