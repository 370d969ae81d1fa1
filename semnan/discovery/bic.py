"""What a parent costs where parents are chosen by BIC, and the methods that have no other option."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf, log

from semnan.discovery.task import Learned, Task
from semnan.errors import FitError


def information_penalty(n: int, d: int, factor: float | None) -> float:
    """What a parent costs in units of n · log σ²: ``factor · log n``, by default log n + 2 log d.

    The default is the extended BIC with γ = ½ (Chen & Chen, Biometrika 2008; Foygel & Drton 2010), which keeps the
    number of false edges small however many pairs of variables there are.
    """
    return log(n) + 2 * log(d) if factor is None else factor * log(n)


def check_penalty(penalty: float | None) -> None:
    """Refuse a penalty that is none."""
    if penalty is not None and not 0 < penalty < inf:
        raise FitError(f"penalty={penalty!r}: give a positive number, in units of log n")


@dataclass(frozen=True, kw_only=True)
class OrderAndPrune(ABC):
    """A method that takes one order of the variables and chooses parents along it by BIC.

    Parameters
    ----------
    penalty : float, optional
        What a parent costs, in units of log n; the default is the extended BIC, log n + 2 log d.

    """

    penalty: float | None = None

    def __post_init__(self) -> None:
        check_penalty(self.penalty)

    @property
    def threshold(self) -> float:
        """Nothing is dropped after the BIC."""
        return 0.0

    @abstractmethod
    def learn(self, task: Task) -> Learned: ...
