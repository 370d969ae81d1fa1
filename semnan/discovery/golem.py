"""`Golem`: the Gaussian likelihood with soft penalties on weights and cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from semnan.discovery.acyclicity import exponential
from semnan.discovery.adam import Adam
from semnan.discovery.losses import likelihood_different, likelihood_equal
from semnan.discovery.notears import Smooth, minimise_l1
from semnan.discovery.task import Learned, SearchOutcome, Task, Trace
from semnan.errors import FitError

Array = NDArray[np.float64]

#: λ₁ and λ₂ of the paper, by kind of variances.
PENALTIES = {"equal": (2e-2, 5.0), "different": (2e-3, 5.0)}
#: Steps between entries of the trace.
TRACED = 100


@final
@dataclass(frozen=True, kw_only=True)
class Golem:
    """Minimise the Gaussian negative log-likelihood + λ₁‖W‖₁ + λ₂ h(W) (Ng, Ghassami & Zhang, NeurIPS 2020).

    By Adam from W = 0, whose small steps find the order, and then by L-BFGS-B, which finds the minimum near by. With
    different variances the start is the answer with equal ones, as in the paper.

    Parameters
    ----------
    variances : "equal" or "different"
        Of the errors: GOLEM-EV or GOLEM-NV.
    sparsity, cycles : float, optional
        λ₁ and λ₂; the defaults are the paper's, (.02, 5) for equal variances and (.002, 5) for different ones.
    steps : int
        Of Adam.
    rate : float
        Adam's step size.

    """

    variances: Literal["equal", "different"] = "equal"
    sparsity: float | None = None
    cycles: float | None = None
    steps: int = 10_000
    rate: float = 1e-3

    def __post_init__(self) -> None:
        if self.variances not in PENALTIES:
            raise FitError(f"variances={self.variances!r}: give 'equal' or 'different'")
        if self.steps < 1 or self.rate <= 0 or min(self.penalties) < 0:
            raise FitError(f"{self}: give positive steps and rate, and no negative penalty")

    @property
    def threshold(self) -> float:
        return 0.3

    @property
    def penalties(self) -> tuple[float, float]:
        """λ₁ and λ₂."""
        sparsity, cycles = PENALTIES[self.variances]
        return sparsity if self.sparsity is None else self.sparsity, cycles if self.cycles is None else self.cycles

    def learn(self, task: Task) -> Learned:
        weights = np.zeros((task.size, task.size))
        if self.variances == "different":
            first = Golem(steps=self.steps, rate=self.rate).learn(task)
            weights = first.weights
            if first.outcome is SearchOutcome.INTERRUPTED:
                return first
        smooth, cost = self.objective(task), self.penalties[0]
        loss: list[float] = []
        outcome = SearchOutcome.FINISHED
        try:
            with task.watch() as watch:
                watch.begin(self.steps)
                adam = Adam(weights, self.rate)
                for step in range(self.steps):
                    value, gradient = smooth(weights)
                    slope = np.where(task.knowledge.required, 0.0, cost * np.sign(weights))
                    weights = adam.step(np.where(task.knowledge.allowed, gradient + slope, 0.0))
                    if step % TRACED == 0:
                        loss.append(value + cost * float(np.abs(weights).sum()))
                        watch.advance(step, loss[-1], 1)
            weights = minimise_l1(smooth, weights, cost, task)
            loss.append(smooth(weights)[0] + cost * float(np.abs(weights).sum()))
        except KeyboardInterrupt:
            outcome = SearchOutcome.INTERRUPTED
        return Learned(weights, outcome, Trace(tuple(loss), (exponential(weights)[0],)))

    def objective(self, task: Task) -> Smooth:
        """The likelihood and the penalty on cycles, with gradient."""
        likelihood = likelihood_equal if self.variances == "equal" else likelihood_different
        cycles = self.penalties[1]

        def smooth(weights: Array) -> tuple[float, Array]:
            value, gradient = likelihood(task.covariance, weights)
            h, slope = exponential(weights)
            return value + cycles * h, gradient + cycles * slope

        return smooth
