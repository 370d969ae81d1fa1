"""`ProxiMAS` and `OptiMAS`: penalised least squares drawn towards its own nearest acyclic matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from semnan.discovery.projection_steps import Descent, Fista, Scaled, acyclic
from semnan.discovery.task import Learned, SearchOutcome, Task, Trace
from semnan.errors import FitError

#: Steps between entries of the trace.
TRACED = 10


@final
@dataclass(frozen=True, kw_only=True)
class ProxiMAS:
    """Accelerated proximal gradient steps towards the maximum acyclic subgraph.

    Minimises ‖X − XW‖²/2n + λ‖W‖₁ + ρ/2 ‖W − A‖², A being the acyclic matrix nearest the last W (Gillot & Parviainen,
    arXiv 2107.00571). The last term is off for the first `free` share of the steps. Works with the correlation
    matrix, where the problem is better conditioned; the pull ρ is in standard units, and so is the least that a
    weight costs; the rest of the objective is in the units of the data.

    Parameters
    ----------
    penalty, pull : float
        λ and ρ.
    noise : float
        Least cost of a standardised weight, in units of √(2 log d / n), about the largest correlation that noise
        alone makes; 0 for the objective of the paper, in which weights of noise fill W where variances are large.
    steps : int
    free : float
        Share of the steps before the pull.

    """

    penalty: float = 0.1
    pull: float = 10.0
    noise: float = 1.0
    steps: int = 1000
    free: float = 0.5

    def __post_init__(self) -> None:
        _check(self.penalty, self.pull, self.noise, self.steps, self.free)

    @property
    def threshold(self) -> float:
        return 0.3

    def learn(self, task: Task) -> Learned:
        return _run(task, self, Fista(Scaled(task, self.penalty, self.noise)))


@final
@dataclass(frozen=True, kw_only=True)
class OptiMAS:
    """The same objective as `ProxiMAS` by Adam steps, the gradient written out.

    Parameters
    ----------
    penalty, pull : float
        λ and ρ.
    noise : float
        Least cost of a standardised weight, in units of √(2 log d / n), about the largest correlation that noise
        alone makes; 0 for the objective of the paper, in which weights of noise fill W where variances are large.
    steps : int
    free : float
        Share of the steps before the pull.
    rate : float
        Adam's step size.

    """

    penalty: float = 0.1
    pull: float = 10.0
    noise: float = 1.0
    steps: int = 2000
    free: float = 0.5
    rate: float = 3e-3

    def __post_init__(self) -> None:
        _check(self.penalty, self.pull, self.noise, self.steps, self.free)
        if self.rate <= 0:
            raise FitError(f"rate={self.rate}: give a positive step size")

    @property
    def threshold(self) -> float:
        return 0.3

    def learn(self, task: Task) -> Learned:
        return _run(task, self, Descent(Scaled(task, self.penalty, self.noise), self.rate))


class _Options(Protocol):
    @property
    def pull(self) -> float: ...
    @property
    def steps(self) -> int: ...
    @property
    def free(self) -> float: ...


class _Stepper(Protocol):
    scaled: Scaled

    @property
    def weights(self) -> csr_array: ...
    def restart(self) -> None: ...
    def step(self, places: NDArray[np.int64] | None, pull: float) -> None: ...


def _run(task: Task, options: _Options, stepper: _Stepper) -> Learned:
    scaled = stepper.scaled
    loss: list[float] = []
    distance: list[float] = []
    outcome, warm = SearchOutcome.FINISHED, round(options.free * options.steps)
    with task.watch() as watch:
        watch.begin(options.steps)
        try:
            for step in range(options.steps):
                if step == warm:
                    stepper.restart()
                places = scaled.places(stepper.weights) if step >= warm else None
                stepper.step(places, options.pull if step >= warm else 0.0)
                if step % TRACED == 0:
                    loss.append(scaled.loss(stepper.weights))
                    distance.append(np.nan if places is None else _distance(stepper.weights, places))
                    watch.advance(step, loss[-1], 1)
        except KeyboardInterrupt:
            outcome = SearchOutcome.INTERRUPTED
    weights = scaled.in_units(acyclic(stepper.weights, scaled.places(stepper.weights)))
    return Learned(weights.toarray(), outcome, Trace(tuple(loss), tuple(distance)))


def _distance(weights: csr_array, places: NDArray[np.int64]) -> float:
    """From the acyclic matrix."""
    child, parent = weights.nonzero()
    return float(np.linalg.norm(weights.data[places[parent] > places[child]]))


def _check(penalty: float, pull: float, noise: float, steps: int, free: float) -> None:
    if min(penalty, pull, noise) < 0 or steps < 1 or not 0 <= free <= 1:
        raise FitError(
            f"penalty={penalty}, pull={pull}, noise={noise}, steps={steps}, free={free}: give no negative numbers, "
            "at least one step, and free between 0 and 1"
        )
