"""`ProxiMAS` and `OptiMAS`: penalised least squares drawn towards its own nearest acyclic matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import eigsh

from semnan.discovery.adam import Adam
from semnan.discovery.subgraph import acyclic_mask
from semnan.discovery.task import Learned, SearchOutcome, Task, Trace
from semnan.errors import FitError

Array = NDArray[np.float64]

#: Share of weights that are not zero below which a product with C is taken sparse.
SPARSE = 0.05
#: Steps between entries of the trace.
TRACED = 10


@final
@dataclass(frozen=True, kw_only=True)
class ProxiMAS:
    """Accelerated proximal gradient steps towards the maximum acyclic subgraph.

    Minimises ‖X − XW‖²/2n + λ‖W‖₁ + ρ/2 ‖W − A‖², A being the acyclic matrix nearest the last W (Gillot & Parviainen,
    arXiv 2107.00571). The last term is off for the first `free` share of the steps. Works with the correlation
    matrix, where the problem is better conditioned; the objective without ρ is the one in the units of the data, the
    pull ρ is in standard units.

    Parameters
    ----------
    penalty, pull : float
        λ and ρ.
    steps : int
    free : float
        Share of the steps before the pull.

    """

    penalty: float = 0.1
    pull: float = 10.0
    steps: int = 1000
    free: float = 0.5

    def __post_init__(self) -> None:
        _check(self.penalty, self.pull, self.steps, self.free)

    @property
    def threshold(self) -> float:
        return 0.3

    def learn(self, task: Task) -> Learned:
        return _run(task, self, _Fista(_Scaled(task, self.penalty)))


@final
@dataclass(frozen=True, kw_only=True)
class OptiMAS:
    """The same objective as `ProxiMAS` by Adam steps, the gradient written out.

    Parameters
    ----------
    penalty, pull : float
        λ and ρ.
    steps : int
    free : float
        Share of the steps before the pull.
    rate : float
        Adam's step size.

    """

    penalty: float = 0.1
    pull: float = 10.0
    steps: int = 2000
    free: float = 0.5
    rate: float = 3e-3

    def __post_init__(self) -> None:
        _check(self.penalty, self.pull, self.steps, self.free)
        if self.rate <= 0:
            raise FitError(f"rate={self.rate}: give a positive step size")

    @property
    def threshold(self) -> float:
        return 0.3

    def learn(self, task: Task) -> Learned:
        return _run(task, self, _Descent(_Scaled(task, self.penalty), self.rate))


class _Options(Protocol):
    @property
    def pull(self) -> float: ...
    @property
    def steps(self) -> int: ...
    @property
    def free(self) -> float: ...


class _Stepper(Protocol):
    scaled: _Scaled
    weights: Array

    def restart(self) -> None: ...
    def step(self, towards: Array, pull: float) -> None: ...


@final
class _Scaled:
    """The problem on the correlation scale, W' = W sd_i/sd_j: column j of ½ tr((I−W)ᵀC(I−W)) + λ‖W‖₁ is divided by
    sd_j², so that the weight w'_ij costs λ/(sd_i sd_j).
    """

    def __init__(self, task: Task, penalty: float) -> None:
        self.deviations = task.deviations
        self.correlation = task.correlation
        self.allowed = task.knowledge.allowed
        self.before = task.knowledge.before if task.knowledge.before.any() else None
        self.costs = np.where(task.knowledge.required, 0.0, penalty / np.outer(self.deviations, self.deviations))

    def gradient(self, weights: Array) -> Array:
        """R(W − I)."""
        if np.count_nonzero(weights) < SPARSE * weights.size:
            product = (csr_array(weights.T) @ self.correlation).T  # R is symmetric.
        else:
            product = self.correlation @ weights
        return np.asarray(product - self.correlation)

    def loss(self, weights: Array) -> float:
        """In the units of the data."""
        gradient = self.gradient(weights)
        per_column = -np.diagonal(gradient) + np.einsum("ij,ij->j", weights, gradient)
        per_column = 0.5 * per_column + np.einsum("ij,ij->j", self.costs, np.abs(weights))
        return float(per_column @ self.deviations**2)

    def in_units(self, weights: Array) -> Array:
        return np.asarray(weights / self.deviations[:, None] * self.deviations)

    def acyclic(self, weights: Array) -> Array:
        """The acyclic matrix nearest to the weights in the units of the data, on this scale."""
        return np.where(acyclic_mask(self.in_units(weights) ** 2, self.before), weights, 0.0)

    def curvature(self) -> float:
        """The largest eigenvalue of R."""
        d = len(self.correlation)
        if d < 200:
            return float(np.linalg.eigvalsh(self.correlation)[-1])
        start = np.ones(d)
        return float(eigsh(self.correlation, k=1, v0=start, tol=1e-3, return_eigenvectors=False)[0]) * 1.01


@final
class _Fista:
    def __init__(self, scaled: _Scaled) -> None:
        self.scaled = scaled
        self.weights = np.zeros_like(scaled.correlation)
        self._curvature = scaled.curvature()
        self.restart()

    def restart(self) -> None:
        self._ahead, self._t = self.weights, 1.0

    def step(self, towards: Array, pull: float) -> None:
        """V = Y − ∇/L, W = soft(V, λ/L), t⁺ = (1 + √(1+4t²))/2, Y = W⁺ + (t−1)/t⁺ (W⁺ − W)."""
        gradient = self.scaled.gradient(self._ahead)
        if pull:
            gradient += pull * (self._ahead - towards)
        rate = 1.0 / (self._curvature + pull)
        moved = self._ahead - rate * gradient
        new = np.sign(moved) * np.maximum(np.abs(moved) - rate * self.scaled.costs, 0.0)
        new[~self.scaled.allowed] = 0.0
        t = (1 + np.sqrt(1 + 4 * self._t**2)) / 2
        self._ahead = new + (self._t - 1) / t * (new - self.weights)
        self.weights, self._t = new, float(t)


@final
class _Descent:
    def __init__(self, scaled: _Scaled, rate: float) -> None:
        self.scaled = scaled
        self.weights = np.zeros_like(scaled.correlation)
        self._rate = rate
        self.restart()

    def restart(self) -> None:
        self._adam = Adam(self.weights, self._rate)

    def step(self, towards: Array, pull: float) -> None:
        gradient = self.scaled.gradient(self.weights) + self.scaled.costs * np.sign(self.weights)
        if pull:
            gradient += pull * (self.weights - towards)
        self.weights = self._adam.step(np.where(self.scaled.allowed, gradient, 0.0))


def _run(task: Task, options: _Options, stepper: _Stepper) -> Learned:
    scaled = stepper.scaled
    loss: list[float] = []
    distance: list[float] = []
    outcome, warm = SearchOutcome.FINISHED, round(options.free * options.steps)
    acyclic = np.zeros_like(stepper.weights)
    with task.watch() as watch:
        watch.begin(options.steps)
        try:
            for step in range(options.steps):
                pulled = step >= warm
                if step == warm:
                    stepper.restart()
                if pulled:
                    acyclic = scaled.acyclic(stepper.weights)
                stepper.step(acyclic, options.pull if pulled else 0.0)
                if step % TRACED == 0:
                    loss.append(scaled.loss(stepper.weights))
                    distance.append(float(np.linalg.norm(stepper.weights - acyclic)) if pulled else np.nan)
                    watch.advance(step, loss[-1], 1)
        except KeyboardInterrupt:
            outcome = SearchOutcome.INTERRUPTED
    weights = scaled.in_units(scaled.acyclic(stepper.weights))
    return Learned(weights, outcome, Trace(tuple(loss), tuple(distance)))


def _check(penalty: float, pull: float, steps: int, free: float) -> None:
    if penalty < 0 or pull < 0 or steps < 1 or not 0 <= free <= 1:
        raise FitError(
            f"penalty={penalty}, pull={pull}, steps={steps}, free={free}: give no negative numbers, at least one step, "
            "and free between 0 and 1"
        )
