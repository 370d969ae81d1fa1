"""`MediaChange`: what the KPI would have been with other media, disturbances being what they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from semnan.mmm.model.mechanism import Mechanism
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class MediaChange:
    """Media of some channels, changed by hand, and the paths to the KPI that count.

    Attributes
    ----------
    mechanism : Mechanism
    given : dict from channel to ndarray, shape (G, T)
        The change of media, per head.
    held : tuple of str
        What stays as it was.
    steady : bool
        Whether media before the first week are changed as in it.

    """

    mechanism: Mechanism
    given: Mapping[str, Array]
    held: tuple[str, ...] = ()
    steady: bool = True

    @cached_property
    def touched(self) -> list[int]:
        """The entries of (θ, τ) on which the change of the KPI depends."""
        return self.mechanism.touched(tuple(self.given), self.held)

    def kpi(self, theta: Array, tau: Array, share: float = 1.0, *, marginal: bool = False) -> Array:
        """The change of the KPI when so large a share of the change is made, shape (G, T), in the panel's units.

        With `marginal`, its slope in the share at none.
        """
        design = self.mechanism.design
        given = {name: share * change for name, change in self.given.items()}
        moved = self.mechanism.respond(theta, tau, given, self.held, marginal=marginal, steady=self.steady)
        zero = np.zeros(design.columns[design.kpi].shape)
        return moved.get(design.kpi, zero) * design.heads[:, None]


def of_channel(mechanism: Mechanism, channel: str, kind: str) -> MediaChange:
    """A channel's media twice as large: along its edges into the KPI, or with the other channels responding."""
    held = () if kind == "total" else mediators(mechanism, channel)
    return MediaChange(mechanism, {channel: mechanism.design.columns[channel]}, held)


def through(mechanism: Mechanism, channel: str, mediator: str) -> MediaChange:
    """A channel's media twice as large, along those of its paths whose first step is to a mediator."""
    edges = tuple((a, b) for a, b in mechanism.edges if mechanism.column(a) != channel or b == mediator)
    return of_channel(replace(mechanism, edges=edges), channel, "total")


def mediators(mechanism: Mechanism, channel: str) -> tuple[str, ...]:
    """What may respond to a channel, but the KPI."""
    return tuple(name for name in mechanism.order if name not in (channel, mechanism.design.kpi))


def first_steps(mechanism: Mechanism, channel: str) -> tuple[str, ...]:
    """The mediators that a channel acts on directly, in some week, and through which it gets to the KPI."""
    found = [b for a, b in mechanism.along([channel]) if mechanism.column(a) == channel]
    return tuple(dict.fromkeys(b for b in found if b != mechanism.design.kpi))


def kinds(mechanism: Mechanism, channel: str) -> Sequence[str]:
    """The kinds of effects on the KPI that a channel has."""
    found = []
    if mechanism.along([channel], mediators(mechanism, channel)):
        found.append("direct")
    return [*found, "total"] if mechanism.along([channel]) else found
