"""`Fitted`: what every part of a fit starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from semnan.data import Moments, Sample
from semnan.estimation.estimate import Estimate, place_of
from semnan.estimation.finding import Finding
from semnan.estimation.findings import findings
from semnan.estimation.outcome import Outcome
from semnan.model import PathModel


@dataclass(frozen=True, eq=False, repr=False)
class Fitted:
    """An estimate and the data behind it; see `semnan.Fit`.

    Attributes
    ----------
    estimate : Estimate
        The numbers underneath.
    sample : Sample
        The data: moments, and rows where they were given.

    """

    estimate: Estimate
    sample: Sample

    @property
    def model(self) -> PathModel:
        """The path model that was fitted."""
        return self.estimate.model

    @property
    def moments(self) -> Moments:
        """The moments of the data, in the order of the model's visibles (see `sample` if there are groups)."""
        return self.estimate.samples[place_of(self.model, None)]

    @property
    def outcome(self) -> Outcome:
        """How the optimisation ended; `Outcome.advice` says what to do."""
        return self.estimate.outcome

    @property
    def converged(self) -> bool:
        """Whether the estimates are a minimum."""
        return self.outcome.ok

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What must be told besides the numbers: not identified, Heywood cases, bounds, local minima, …"""
        return findings(self.estimate, self.sample)

    @property
    def not_identified(self) -> tuple[str, ...]:
        """The parameters that the data do not determine."""
        return tuple(name for found in self.findings if found.kind == "not identified" for name in found.names)

    @property
    def steps(self) -> int:
        """Steps of the optimiser."""
        return self.estimate.steps

    @property
    def discrepancy(self) -> float:
        """The minimum of the discrepancy; for maximum likelihood the KL divergence of sample from model."""
        return self.estimate.value
