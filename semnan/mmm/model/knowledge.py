"""What is known beforehand, as terms of the likelihood: results of experiments, and normal priors on parameters.

Each says that a function g of (θ, τ) was found to be m with the standard error s, and adds ½ ((g − m) / s)².
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from semnan.errors import ModelError
from semnan.mmm.model.design import Design
from semnan.mmm.model.mechanism import Mechanism
from semnan.network.arrays import Array


class Known(ABC):
    """A function of the parameters that is known up to an error.

    Attributes
    ----------
    value, standard_error : float

    """

    value: float
    standard_error: float

    @abstractmethod
    def predict(self, mechanism: Mechanism, theta: Array, tau: Array) -> float:
        """What the model says at (θ, τ)."""

    @abstractmethod
    def touched(self, mechanism: Mechanism) -> list[int]:
        """The entries of (θ, τ) that the function may depend on."""

    @abstractmethod
    def with_value(self, value: float) -> Known:
        """The same with another result."""


@final
@dataclass(frozen=True, kw_only=True)
class LiftTest(Known):
    """The result of an experiment on a channel: its total effect on the KPI in some geos and weeks.

    Attributes
    ----------
    channel : str
    value : float
        The KPI with the change less the KPI without it, summed over geos and weeks.
    standard_error : float
    change : float
        The change of the channel's media as a share of what they were: −1 if it went dark, .5 for half more.
    geos : tuple of str or None
        None: all.
    weeks : tuple of int or None
        Positions of the weeks, from zero; None: all.

    """

    channel: str
    value: float
    standard_error: float
    change: float = -1.0
    geos: tuple[str, ...] | None = None
    weeks: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        _check(f"the lift test of {self.channel!r}", self.value, self.standard_error)
        if not math.isfinite(self.change) or self.change < -1 or self.change == 0:
            raise ModelError(
                f"the lift test of {self.channel!r} has the change {self.change}: give a share from -1 (dark) up, not 0"
            )

    def predict(self, mechanism: Mechanism, theta: Array, tau: Array) -> float:
        design = mechanism.design
        where = self._where(design)
        given = self.change * design.columns[self.channel] * where
        steady = self.weeks is None
        moved = mechanism.respond(theta, tau, {self.channel: given}, steady=steady).get(design.kpi)
        return 0.0 if moved is None else float((moved * where * design.heads[:, None]).sum())

    def touched(self, mechanism: Mechanism) -> list[int]:
        q = len(mechanism.design.model.free)
        return [*mechanism.coefficients, *range(q, q + len(mechanism.design.names))]

    def with_value(self, value: float) -> LiftTest:
        return replace(self, value=value)

    def _where(self, design: Design) -> Array:
        """One in the geos and weeks of the experiment, zero elsewhere, shape (G, T)."""
        if self.channel not in design.columns or self.channel == design.kpi:
            raise ModelError(f"a lift test is about {self.channel!r}, which is no channel of the model")
        geos, weeks = design.columns[design.kpi].shape
        found = np.ones((geos, weeks))
        if self.geos is not None:
            if not self.geos:
                raise ModelError(f"the lift test of {self.channel!r} names no geo: leave out geos= for all")
            unknown = [geo for geo in self.geos if geo not in design.geos]
            if unknown:
                raise ModelError(f"the lift test of {self.channel!r} names the geo {unknown[0]!r}, which has no data")
            found *= np.isin(design.geos, self.geos)[:, None]
        if self.weeks is not None:
            if not self.weeks or not set(self.weeks) <= set(range(weeks)):
                raise ModelError(f"the lift test of {self.channel!r} names weeks outside 0 … {weeks - 1}, or none")
            found[:, [t for t in range(weeks) if t not in self.weeks]] = 0.0
        return found


@final
@dataclass(frozen=True, kw_only=True)
class Prior(Known):
    """A normal prior on a coefficient (``tv -> sales``) or a parameter of a transform (``tv: decay``).

    Attributes
    ----------
    parameter : str
    value, standard_error : float
        Its mean and standard deviation.

    """

    parameter: str
    value: float
    standard_error: float

    def __post_init__(self) -> None:
        _check(f"the prior of {self.parameter!r}", self.value, self.standard_error)

    def predict(self, mechanism: Mechanism, theta: Array, tau: Array) -> float:
        return float(np.concatenate([theta, tau])[self._at(mechanism.design)])

    def touched(self, mechanism: Mechanism) -> list[int]:
        return [self._at(mechanism.design)]

    def with_value(self, value: float) -> Prior:
        return replace(self, value=value)

    def _at(self, design: Design) -> int:
        names = [*(free.name for free in design.model.free), *design.names]
        if self.parameter not in names:
            raise ModelError(f"there is a prior on {self.parameter!r}; the parameters are {', '.join(names)}")
        return names.index(self.parameter)


def _check(what: str, value: float, error: float) -> None:
    if not math.isfinite(value):
        raise ModelError(f"{what} has the value {value}: give a finite number")
    if not (math.isfinite(error) and error > 0):
        raise ModelError(f"{what} has the standard error {error}: give a positive number")


@final
@dataclass(frozen=True, eq=False)
class Knowledge:
    """All that is known beforehand about a model."""

    mechanism: Mechanism
    items: Sequence[Known]

    def drawn(self, generator: np.random.Generator) -> Knowledge:
        """As if everything had been measured again, with its standard errors."""
        again = tuple(one.with_value(generator.normal(one.value, one.standard_error)) for one in self.items)
        return replace(self, items=again)

    def penalty(self, tau: Array) -> Penalties | None:
        """The terms at τ, per row, as the optimiser takes them; None if nothing is known."""
        return Penalties(self, tau) if self.items else None

    def misses(self, theta: Array, tau: Array) -> Array:
        """(g − m) / s of every item, shape (m,)."""
        found = [(item.predict(self.mechanism, theta, tau) - item.value) / item.standard_error for item in self.items]
        return np.array(found)

    def slopes(self, theta: Array, tau: Array) -> Array:
        """Slopes of the misses in (θ, τ), shape (m, q + k), by central differences."""
        whole = np.concatenate([theta, tau])
        found = np.zeros((len(self.items), len(whole)))
        for i, item in enumerate(self.items):
            for k in item.touched(self.mechanism):
                step = 1e-6 * max(abs(whole[k]), 1e-3)
                ends = [np.array(whole), np.array(whole)]
                ends[0][k] -= step
                ends[1][k] += step
                low, high = (item.predict(self.mechanism, end[: len(theta)], end[len(theta) :]) for end in ends)
                found[i, k] = (high - low) / (2 * step * item.standard_error)
        return found

    def tau_slope(self, theta: Array, tau: Array) -> Array:
        """∂/∂τ of the terms, per row, shape (k,)."""
        if not self.items:
            return np.zeros(len(tau))
        slopes = self.slopes(theta, tau)[:, len(theta) :]
        return np.asarray(self.misses(theta, tau) @ slopes / self.mechanism.design.rows)


@final
@dataclass(frozen=True, eq=False)
class Penalties:
    """The terms as functions of θ at some τ, per row; see `semnan.estimation.space.Term`."""

    knowledge: Knowledge
    tau: Array

    def take(self, index: Array) -> Penalties:  # noqa: ARG002 - of the protocol
        """They are the same for every fit of a batch."""
        return self

    def value(self, theta: Array) -> Array:
        return np.array([(self.knowledge.misses(one, self.tau) ** 2).sum() for one in theta]) / (2 * self._rows)

    def gradient(self, theta: Array) -> Array:
        q = theta.shape[-1]
        found = [self.knowledge.misses(one, self.tau) @ self.knowledge.slopes(one, self.tau)[:, :q] for one in theta]
        return np.stack(found) / self._rows

    def gauss_newton(self, theta: Array) -> Array:
        slopes = np.stack([self.knowledge.slopes(one, self.tau)[:, : theta.shape[-1]] for one in theta])
        return np.asarray(slopes.mT @ slopes / self._rows)

    def hessian(self, theta: Array) -> Array:
        """Without the bends of g, which the misses of a model that agrees with its experiments make small."""
        return self.gauss_newton(theta)

    @property
    def _rows(self) -> int:
        return self.knowledge.mechanism.design.rows
