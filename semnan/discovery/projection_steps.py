"""The steps of `ProxiMAS` and `OptiMAS`, on the correlation scale.

Weights are kept with a row for each child, so that a block of children is a block of memory, and, where a step makes
most of them zero, sparse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import eigsh

from semnan.discovery.adam import Adam
from semnan.discovery.subgraph import acyclic_order
from semnan.discovery.task import Task

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Share of weights that are not zero below which a product with R is taken sparse.
SPARSE = 0.05
#: Entries of a block of children: few enough to stay in cache; and the children of one where the product is dense.
BLOCK, DENSE_ROWS = 2**17, 512
#: Up to this many variables sparse arrays cost more than they save.
FEW = 256


@final
class Scaled:
    """The problem on the correlation scale, W' = W sd_i/sd_j: column j of ½ tr((I−W)ᵀC(I−W)) + λ‖W‖₁ is divided by
    sd_j², so that the weight w'_ij costs λ/(sd_i sd_j), and at least `noise` times √(2 log d / n), about the largest
    of d correlations of independent variables: where variances are large λ lets noise fill W.
    """

    def __init__(self, task: Task, penalty: float, noise: float) -> None:
        self.deviations = task.deviations
        self.correlation = task.correlation
        self.penalty = penalty
        self.least_cost = noise * float(np.sqrt(2 * np.log(task.size) / task.n))
        knowledge = task.knowledge
        self.allowed = np.ascontiguousarray(knowledge.allowed.T)
        self.required = np.ascontiguousarray(knowledge.required.T) if knowledge.required.any() else None
        self.before = knowledge.before if knowledge.before.any() else None

    @property
    def size(self) -> int:
        return len(self.deviations)

    def blocks(self, weights: csr_array) -> Iterator[slice]:
        """Children whose rows are worked on together."""
        sparse = weights.nnz < SPARSE * self.size**2
        rows = max(BLOCK // self.size, 1) if sparse else DENSE_ROWS
        return (slice(first, min(first + rows, self.size)) for first in range(0, self.size, rows))

    def costs(self, children: slice) -> Array:
        """What a weight of one costs, shape (children, parents)."""
        costs = np.multiply.outer(self.penalty / self.deviations[children], 1 / self.deviations)
        np.maximum(costs, self.least_cost, out=costs)
        if self.required is not None:
            costs[self.required[children]] = 0.0
        return np.asarray(costs)

    def product(self, weights: Array | csr_array) -> Array:
        """Rows of WᵀR."""
        if not isinstance(weights, csr_array):
            return np.asarray(weights @ self.correlation)
        if weights.nnz < SPARSE * weights.shape[0] * self.size:
            return np.asarray(weights @ self.correlation)
        return np.asarray(weights.toarray() @ self.correlation)

    def loss(self, weights: csr_array) -> float:
        """In the units of the data."""
        total = 0.0
        for children in self.blocks(weights):
            dense = weights[children].toarray()
            product = self.product(weights[children]) - 2 * self.correlation[children]
            own = 0.5 + 0.5 * np.einsum("ij,ij->i", dense, product)
            own += np.einsum("ij,ij->i", self.costs(children), np.abs(dense))
            total += float(own @ self.deviations[children] ** 2)
        return total

    def in_units(self, weights: csr_array) -> csr_array:
        """Weights in the units of the data, a row for each parent."""
        child, parent = weights.nonzero()
        values = weights.data * (self.deviations[child] / self.deviations[parent])
        return csr_array((values, (parent, child)), shape=weights.shape)

    def places(self, weights: csr_array) -> Indices:
        """The place of each variable in the order of the acyclic matrix that is nearest in the units of the data."""
        return np.argsort(acyclic_order(self.in_units(weights) ** 2, self.before))

    def curvature(self) -> float:
        """The largest eigenvalue of R."""
        if self.size < 200:
            return float(np.linalg.eigvalsh(self.correlation)[-1])
        start = np.ones(self.size)
        return float(eigsh(self.correlation, k=1, v0=start, tol=1e-3, return_eigenvectors=False)[0]) * 1.01


def acyclic(weights: csr_array, places: Indices) -> csr_array:
    """The weights that go along an order."""
    child, parent = weights.nonzero()
    kept = places[parent] < places[child]
    return csr_array((weights.data[kept], (child[kept], parent[kept])), shape=weights.shape)


@final
class Fista:
    """Accelerated proximal gradient. Sparse with more than a few variables: a step then passes over R once."""

    def __init__(self, scaled: Scaled) -> None:
        self.scaled = scaled
        size = (scaled.size, scaled.size)
        self._weights: Array | csr_array = np.zeros(size) if scaled.size <= FEW else csr_array(size, dtype=np.float64)
        self._curvature = scaled.curvature()
        self.restart()

    @property
    def weights(self) -> csr_array:
        return csr_array(self._weights)

    def restart(self) -> None:
        self._ahead, self._t = self._weights, 1.0

    def step(self, places: Indices | None, pull: float) -> None:
        """V = Y − ∇/L, W = soft(V, λ/L), t⁺ = (1 + √(1+4t²))/2, Y = W⁺ + (t−1)/t⁺ (W⁺ − W)."""
        rate = 1.0 / (self._curvature + pull)
        base: Array | csr_array = self._ahead
        if places is not None:
            towards = acyclic(self.weights, places) * (rate * pull)
            base = _plus(self._ahead * (1 - rate * pull), towards)
        new = self._sparse(base, rate) if isinstance(base, csr_array) else self._soft(base, slice(None), rate)
        t = (1 + np.sqrt(1 + 4 * self._t**2)) / 2
        again = (self._t - 1) / t
        self._ahead = _plus(new * (1 + again), self._weights * -again)
        self._weights, self._t = new, float(t)

    def _soft(self, base: Array, children: slice, rate: float) -> Array:
        moved, limits = self._moved(children, rate)
        moved += base
        return np.asarray(np.sign(moved) * np.maximum(np.abs(moved) - limits, 0.0) * self.scaled.allowed)

    def _sparse(self, base: csr_array, rate: float) -> csr_array:
        rows = [self._sparse_rows(base[children], children, rate) for children in self.scaled.blocks(base)]
        counts, parents, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return csr_array((values, parents, np.concatenate([[0], np.cumsum(counts)])), shape=base.shape)

    def _sparse_rows(self, base: csr_array, children: slice, rate: float) -> tuple[Indices, Indices, Array]:
        """The new rows of some children: their lengths, parents and weights."""
        moved, limits = self._moved(children, rate)
        moved[base.nonzero()] += base.data
        child, parent = np.nonzero((np.abs(moved) > limits) & self.scaled.allowed[children])
        values = moved[child, parent]
        values -= np.sign(values) * limits[child, parent]
        return np.bincount(child, minlength=len(moved)), parent, values

    def _moved(self, children: slice, rate: float) -> tuple[Array, Array]:
        """−rate times the gradient of the squares at Y, and what a proximal step takes off."""
        moved = self.scaled.product(self._ahead[children])
        moved -= self.scaled.correlation[children]
        moved *= -rate
        limits = self.scaled.costs(children)
        limits *= rate
        return moved, limits


def _plus(a: Array | csr_array, b: Array | csr_array) -> Array | csr_array:
    return csr_array(a + b) if isinstance(a, csr_array) else np.asarray(a + b)


@final
class Descent:
    """Adam on the weights, which are not sparse."""

    def __init__(self, scaled: Scaled, rate: float) -> None:
        self.scaled = scaled
        self._weights = np.zeros((scaled.size, scaled.size))
        self._rate = rate
        self.restart()

    @property
    def weights(self) -> csr_array:
        return csr_array(self._weights)

    def restart(self) -> None:
        self._adam = Adam(self._weights, self._rate)

    def step(self, places: Indices | None, pull: float) -> None:
        slope = self._weights @ self.scaled.correlation
        slope -= self.scaled.correlation
        for first in range(0, len(slope), rows := max(BLOCK // len(slope), 1)):
            children = slice(first, first + rows)
            weights = self._weights[children]
            slope[children] += self.scaled.costs(children) * np.sign(weights)
            if places is not None:
                slope[children] += pull * np.where(places < places[children, None], 0.0, weights)
            slope[children] *= self.scaled.allowed[children]
        self._weights = self._adam.step(slope)
