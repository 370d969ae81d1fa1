"""`ChannelLikelihood`: the penalised Gaussian likelihood of channels under the constraint that they have no cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.data.checks import Array
from semnan.discovery import Learned, SearchOutcome, Task, Trace
from semnan.discovery.acyclicity import exponential
from semnan.discovery.adam import Adam
from semnan.discovery.losses import likelihood_different

#: h below which there is no cycle, and most rounds of the augmented Lagrangian.
NO_CYCLE, ROUNDS = 1e-8, 200
#: The penalty grows when h has not fallen to this share.
FALL = 0.25


@final
@dataclass(frozen=True, kw_only=True)
class ChannelLikelihood:
    """Minimise the Gaussian negative log-likelihood + λ₁‖W‖₁ + λ_g Σ_j ‖W_·j‖₂ subject to h(W) = 0.

    Every channel has an error variance of its own (Ng, Ghassami & Zhang, NeurIPS 2020, GOLEM-NV), columns of W are
    groups, and the constraint is that of NOTEARS (Zheng et al., NeurIPS 2018) with the schedule of DeepCausalMMM:
    steps without any penalty, then a fixed number of steps of Adam between updates of the duals.

    Parameters
    ----------
    l1, group_l1 : float
        λ₁ and λ_g.
    warmup, inner : int
        Steps before the penalties start, and between updates of the duals.
    rho, alpha : float
        Weight of ½ h² and multiplier of h at the start.
    rho_max : float
        The search ends when ρ is there.
    factor : float
        By which ρ grows when h stalls.
    rate : float
        Adam's step size.

    """

    l1: float
    group_l1: float
    warmup: int
    inner: int
    rho: float
    alpha: float
    rho_max: float
    factor: float
    rate: float

    @property
    def threshold(self) -> float:
        """Adam's last steps leave weights that are zero at about their own size."""
        return 2 * self.rate

    def learn(self, task: Task) -> Learned:
        weights, adam = np.zeros((task.size, task.size)), Adam(np.zeros((task.size, task.size)), self.rate)
        rho, alpha, value = self.rho, self.alpha, np.inf
        loss, cycles, penalties = [], [], []
        outcome = SearchOutcome.ITERATION_LIMIT
        try:
            for _ in range(self.warmup):
                slope = likelihood_different(task.covariance, weights)[1]
                weights = adam.step(np.where(task.knowledge.allowed, slope, 0.0))
            for _ in range(ROUNDS):
                for _ in range(self.inner):
                    weights = adam.step(self._slope(task, weights, rho, alpha))
                found = exponential(weights)[0]
                loss.append(likelihood_different(task.covariance, weights)[0])
                cycles.append(found)
                penalties.append(rho)
                if found <= NO_CYCLE or rho >= self.rho_max:
                    outcome = SearchOutcome.FINISHED
                    break
                rho = min(rho * self.factor, self.rho_max) if found > FALL * value else rho
                alpha, value = alpha + rho * found, found
        except KeyboardInterrupt:
            outcome = SearchOutcome.INTERRUPTED
        return Learned(weights, outcome, Trace(tuple(loss), tuple(cycles), tuple(penalties)))

    def _slope(self, task: Task, weights: Array, rho: float, alpha: float) -> Array:
        """The gradient of the augmented Lagrangian, zero where there may be no edge."""
        cycles, cycle_slope = exponential(weights)
        norms = np.sqrt((weights**2).sum(axis=0) + 1e-12)
        slope = likelihood_different(task.covariance, weights)[1] + (rho * cycles + alpha) * cycle_slope
        slope += np.where(task.knowledge.required, 0.0, self.l1 * np.sign(weights) + self.group_l1 * weights / norms)
        return np.where(task.knowledge.allowed, slope, 0.0)
