"""How to fit: the options of `semnan.fit`, checked, and what an optimiser is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, final, get_args, runtime_checkable

from semnan.data.checks import is_whole
from semnan.errors import FitError
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy, KullbackLeibler
from semnan.estimation.estimators import Estimator, Information, is_least_squares, recipe
from semnan.estimation.moment_weights import Mixture, Source, Weight
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.stages import Stages
from semnan.network.arrays import Array


@runtime_checkable
class Optimiser(Protocol):
    """Anything that minimises a batched problem: `FisherScoring`, `LBFGS`, `TorchOptimiser`."""

    def minimise(self, problem: Problem, start: Array, progress: Progress) -> Solution: ...


@final
@dataclass(frozen=True, kw_only=True)
class Options:
    """How to fit; see `semnan.fit`."""

    discrepancy: type[Discrepancy] = KullbackLeibler
    optimiser: Optimiser | None = None
    estimator: Estimator = "ML"
    information: Information | None = None
    dls_a: float = 1.0
    dls_gamma_nt: Source = "model"
    stages: Stages | None = None
    starts: int = 1
    seed: int = 0
    progress: bool | None = None

    @property
    def weight(self) -> Weight | None:
        """That of least squares; None of maximum likelihood."""
        return Mixture(self.dls_a, self.dls_gamma_nt) if self.estimator == "DLS" else recipe(self.estimator).weight

    def __post_init__(self) -> None:
        if self.discrepancy not in DISCREPANCIES.values():
            names = ", ".join(DISCREPANCIES)
            raise FitError(f"{self.discrepancy!r} is no discrepancy: pass one of the classes {names} (not an instance)")
        if self.optimiser is not None and (
            isinstance(self.optimiser, type) or not isinstance(self.optimiser, Optimiser)
        ):
            raise FitError(f"{self.optimiser!r} is no optimiser: pass FisherScoring(), LBFGS() or TorchOptimiser()")
        if not is_whole(self.starts) or self.starts < 1:
            raise FitError(f"starts is {self.starts!r}: give the number of starts, at least 1")
        if not is_whole(self.seed) or not 0 <= self.seed < 2**63:
            raise FitError(f"seed is {self.seed!r}: give an integer from 0 to 2^63 - 1")
        if self.information is not None and self.information not in get_args(Information):
            raise FitError(f"information is {self.information!r}: give one of {', '.join(get_args(Information))}")
        recipe(self.estimator)
        if self.information == "first.order" and is_least_squares(self.estimator):
            raise FitError(f"{self.estimator} has no likelihood: there is no first-order information")
        if self.estimator != "ML" and self.discrepancy is not KullbackLeibler:
            raise FitError(f"{self.estimator} says itself what to minimise: leave out {self.discrepancy.__name__}")
        self._check_dls()
        if self.stages is not None and (self.estimator != "ML" or self.information is not None):
            raise FitError(
                f"missing={self.stages!r} has errors and a test of its own: leave out estimator= and information="
            )

    def _check_dls(self) -> None:
        if isinstance(self.dls_a, bool) or not isinstance(self.dls_a, int | float) or not 0 <= self.dls_a <= 1:
            raise FitError(f"dls_a is {self.dls_a!r}: give a number from 0 to 1")
        if self.dls_gamma_nt not in get_args(Source):
            raise FitError(f"dls_gamma_nt is {self.dls_gamma_nt!r}: give one of {', '.join(get_args(Source))}")
        if self.estimator != "DLS" and (self.dls_a, self.dls_gamma_nt) != (1.0, "model"):
            raise FitError(f"dls_a and dls_gamma_nt are for estimator='DLS', not {self.estimator}")
