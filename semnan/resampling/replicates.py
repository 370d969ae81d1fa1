"""Many fits of one model to replicates, and what is kept of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.data import MomentsStack, Patterns
from semnan.data.checks import SINGULAR, trusted
from semnan.errors import DataError
from semnan.estimation.discrepancy import Discrepancy
from semnan.estimation.estimate import Estimate, Estimates, discrepancy_of
from semnan.estimation.fit_options import Options
from semnan.estimation.minimise import estimate
from semnan.estimation.outcome import Outcome
from semnan.estimation.scoring import FisherScoring
from semnan.model import PathModel
from semnan.network import Layout

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Replicates are fitted to so many standard errors of one observation: far below what they differ by.
TOLERANCE = 1e-6
SINGULAR_SAMPLE = "singular covariance of the replicate"


@final
@dataclass(frozen=True, eq=False)
class Replicates:
    """Fits of R replicates, in their order.

    Attributes
    ----------
    theta : ndarray, shape (R, q)
        NaN where there is no fit.
    value : ndarray, shape (R,)
        The discrepancy.
    endings : tuple of str
        How each fit ended; empty if it converged.
    covariates : tuple of (ndarray, ndarray)
        Of every group the covariances and means of exogenous covariates, shapes (R, k, k) and (R, k).

    """

    theta: Array
    value: Array
    endings: tuple[str, ...]
    covariates: tuple[tuple[Array, Array], ...]

    def __len__(self) -> int:
        return len(self.theta)

    @property
    def converged(self) -> Flags:
        return np.array([not ending for ending in self.endings], dtype=np.bool_)

    @property
    def failures(self) -> Counter[str]:
        """Why replicates have no estimates, and how many."""
        return Counter(ending for ending in self.endings if ending)

    def take(self, index: Flags | slice) -> Replicates:
        """Some of the replicates."""
        chosen = np.arange(len(self))[index]
        endings = tuple(self.endings[i] for i in chosen.tolist())
        moments = tuple((second[chosen], first[chosen]) for second, first in self.covariates)
        return Replicates(self.theta[chosen], self.value[chosen], endings, moments)

    def layout(self, model: PathModel, g: int) -> Layout:
        """The layout of a group with the covariates of every replicate."""
        found = Layout.of(model, (model.groups or (None,))[g])
        if not model.exogenous:
            return found
        second, first = self.covariates[g]
        return found.condition(model.exogenous, torch.tensor(second), torch.tensor(first))


def joined(parts: list[Replicates]) -> Replicates:
    """One after the other."""
    groups = zip(*(part.covariates for part in parts), strict=True)
    return Replicates(
        np.concatenate([part.theta for part in parts]),
        np.concatenate([part.value for part in parts]),
        tuple(ending for part in parts for ending in part.endings),
        tuple(
            (np.concatenate([second for second, _ in group]), np.concatenate([first for _, first in group]))
            for group in groups
        ),
    )


def started(model: PathModel, theta: Array) -> PathModel:
    """The model that starts at these parameters."""
    rows, values = list(model.parameters), theta.tolist()
    for free, value in zip(model.free, values, strict=True):
        inside = min(max(value, free.lower), free.upper)
        for i in free.rows:
            rows[i] = replace(rows[i], start=inside)
    return replace(model, parameters=tuple(rows))


@final
@dataclass(frozen=True, eq=False)
class Refit:
    """How replicates are fitted.

    Attributes
    ----------
    model : PathModel
    near : PathModel
        The same, starting at the estimates of the sample, from which most replicates are not far; a replicate that does
        not converge from there starts anew from its own data.
    discrepancy : type of Discrepancy
    tolerance : float
        Of Fisher scoring.

    """

    model: PathModel
    near: PathModel
    discrepancy: type[Discrepancy]
    tolerance: float = TOLERANCE

    @classmethod
    def of(cls, fit: Estimate, tolerance: float = TOLERANCE) -> Refit:
        return cls(fit.model, started(fit.model, fit.theta.numpy()), discrepancy_of(fit), tolerance)

    def stacks(self, data: list[MomentsStack]) -> Replicates:
        """Fit replicates, one stack for each group, in one batch; without those that have a singular covariance."""
        regular = np.logical_and.reduce([_regular(stack.covariance) for stack in data])
        if not regular.any():
            return _failed(self.model, data, SINGULAR_SAMPLE)
        theta, value = np.full((len(regular), len(self.model.free)), np.nan), np.full(len(regular), np.nan)
        endings = np.full(len(regular), SINGULAR_SAMPLE, dtype=object)
        for model in (self.near, self.model):
            again = regular & (endings != "")
            if again.any():
                found = estimate(model, [_take(stack, again) for stack in data], self._options)
                theta[again], value[again], endings[again] = found.theta.numpy(), found.value.numpy(), endings_of(found)
        return Replicates(theta, value, tuple(endings.tolist()), _covariates(self.model, data))

    def patterns(self, data: list[Patterns]) -> Replicates:
        """Fit one replicate of rows with gaps."""
        try:
            found = estimate(self.near, data, self._options)
            found = found if found.outcomes[0].ok else estimate(self.model, data, self._options)
        except DataError as error:
            return _failed(self.model, [], str(error))
        covariates = _covariates(self.model, found.samples)
        return Replicates(found.theta.numpy(), found.value.numpy(), endings_of(found), covariates)

    def failed(self, why: str) -> Replicates:
        """One replicate without estimates."""
        return _failed(self.model, [], why)

    def none(self) -> Replicates:
        """No replicates."""
        return self.failed("").take(slice(0))

    @property
    def _options(self) -> Options:
        return Options(discrepancy=self.discrepancy, optimiser=FisherScoring(tolerance=self.tolerance), progress=False)


def endings_of(found: Estimates) -> tuple[str, ...]:
    """How fits ended; a user who interrupts one interrupts all."""
    if Outcome.INTERRUPTED in found.outcomes:
        raise KeyboardInterrupt
    return tuple("" if outcome.ok else outcome.value for outcome in found.outcomes)


def _failed(model: PathModel, data: list[MomentsStack], why: str) -> Replicates:
    count, k = len(data[0]) if data else 1, len(model.exogenous)
    empty = np.full((count, k, k), np.nan), np.full((count, k), np.nan)
    theta = np.full((count, len(model.free)), np.nan)
    return Replicates(theta, np.full(count, np.nan), (why,) * count, (empty,) * len(model.groups or (None,)))


def _covariates(
    model: PathModel, data: list[MomentsStack] | tuple[MomentsStack, ...]
) -> tuple[tuple[Array, Array], ...]:
    some = [stack.select(model.exogenous) for stack in data] if model.exogenous else []
    if not some:
        return tuple((np.empty((len(stack), 0, 0)), np.empty((len(stack), 0))) for stack in data)
    return tuple((stack.covariance, np.zeros(0) if stack.means is None else stack.means) for stack in some)


def _take(stack: MomentsStack, chosen: Flags) -> MomentsStack:
    if chosen.all():
        return stack
    means = None if stack.means is None else stack.means[chosen]
    parts = {"names": stack.names, "covariance": stack.covariance[chosen], "n": stack.n[chosen], "means": means}
    return trusted(MomentsStack, **parts)


def _regular(covariance: Array) -> Flags:
    """Whether every variable has variance of its own, as far as floating point can tell."""
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    correlation = covariance / scale[:, :, None] / scale[:, None, :]
    varying = np.asarray((variance > 0).all(-1))
    safe = np.where(varying[:, None, None], correlation, 0.0)
    least = np.linalg.eigvalsh(safe)[:, 0]
    return np.asarray(least > 100 * SINGULAR * covariance.shape[-1])
