"""`PowerSimulation`: what samples from a population say of parameters and effects, as rows and a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import FitError, Unavailable
from semnan.report import Listing
from semnan.report.printed import Printed
from semnan.report.table import Table, number, probability

Array = NDArray[np.float64]


@final
@dataclass(frozen=True)
class SimulatedPower:
    """What samples say of one parameter or effect.

    Attributes
    ----------
    name : str
    value : float or Unavailable
        In the population.
    mean, bias, deviation : float or Unavailable
        Of the estimates: their mean, that less the value, and their standard deviation.
    standard_error : float or Unavailable
        The mean of the standard errors.
    coverage : float or Unavailable
        The share of intervals that hold the value.
    power : float or Unavailable
        The share of tests that reject zero.
    samples : int
        How many have an estimate with a standard error; the others take no part.

    """

    name: str
    value: float | Unavailable
    mean: float | Unavailable
    bias: float | Unavailable
    deviation: float | Unavailable
    standard_error: float | Unavailable
    coverage: float | Unavailable
    power: float | Unavailable
    samples: int


@final
@dataclass(frozen=True, eq=False, repr=False)
class PowerSimulation(Printed):
    """Samples from a population; ``print`` it, or let a notebook show it.

    Attributes
    ----------
    n : int
        Rows of every sample, of all groups.
    asked, done : int
        How many samples were asked for, and made: less if it was interrupted.
    converged : int
        How many fits of them converged.
    failures : dict of str to int
        Why the others did not, and how many.
    rejected : float or Unavailable
        The share of χ² tests of the model that reject.
    rows : Listing of SimulatedPower
        Free parameters, defined parameters, and the effects that were asked for.
    alpha : float
    seed : int
    chi_square : ndarray, shape (converged,)

    """

    width: ClassVar[int] = 120

    n: int
    asked: int
    done: int
    converged: int
    failures: dict[str, int]
    rejected: float | Unavailable
    rows: Listing[SimulatedPower]
    alpha: float
    seed: int
    chi_square: Array = field(repr=False)

    def __getitem__(self, name: str) -> SimulatedPower:
        """The row of a parameter or effect."""
        found = {row.name: row for row in self.rows}
        if name not in found:
            raise FitError(f"there is no {name!r}; there are {', '.join(found)}")
        return found[name]

    @property
    def table(self) -> Table:
        columns = ("", "value", "mean", "bias", "SD", "SE", "coverage", "power", "samples")
        body = []
        for row in self.rows:
            numbers = (row.value, row.mean, row.bias, row.deviation, row.standard_error, row.coverage, row.power)
            body.append((row.name, *map(number, numbers), number(row.samples)))
        notes = [f"{self.converged} of {self.done} samples converged"]
        notes += [f"{count}: {why}" for why, count in self.failures.items()]
        notes += [f"interrupted: {self.asked} were asked for"] * (self.done < self.asked)
        unknown = [part.reason for row in self.rows for part in (row.value, row.mean) if isinstance(part, Unavailable)]
        notes += [f"— {reason}" for reason in dict.fromkeys(unknown)]
        if not isinstance(self.rejected, Unavailable):
            notes.append(f"χ² rejects the model in a share of {probability(self.rejected)} at level {self.alpha:g}")
        return Table(f"Samples of n = {self.n}", columns, tuple(body), notes=tuple(notes))
