"""How a bootstrap draws, and what it draws from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.data import MomentsStack, Patterns
from semnan.errors import DataError, FitError
from semnan.fitted import Fit
from semnan.resampling.replicates import Refit, Replicates, joined
from semnan.resampling.sample import groups_of
from semnan.resampling.source import Group, Kind, Normal, generator


@final
@dataclass(frozen=True, eq=False)
class Draw:
    """Makes fits to replicates of some numbers."""

    refit: Refit
    names: tuple[str, ...]
    sources: tuple[Group | Normal, ...]
    seed: int
    missing: bool

    @classmethod
    def of(cls, fit: Fit, kind: Kind, seed: int) -> Draw:
        """For the replicates of a fit."""
        return cls(Refit.of(fit.estimate), fit.sample.names, _sources(fit, kind), seed, fit.sample.missing)

    def __call__(self, replicates: range) -> Replicates:
        randoms = [generator(self.seed, number) for number in replicates]
        if self.missing:
            return joined([self._incomplete(random) for random in randoms])
        return self.refit.stacks([self._moments(source, randoms) for source in self.sources])

    def _moments(self, source: Group | Normal, randoms: list[np.random.Generator]) -> MomentsStack:
        if isinstance(source, Normal):
            return source.moments(self.names, randoms)
        return source.moments(self.names, np.stack([source.draw(random) for random in randoms]))

    def _incomplete(self, random: np.random.Generator) -> Replicates:
        try:
            return self.refit.patterns([self._patterns(source, random) for source in self.sources])
        except DataError as error:
            return self.refit.failed(str(error))

    def _patterns(self, source: Group | Normal, random: np.random.Generator) -> Patterns:
        if isinstance(source, Normal):
            return source.patterns(self.names, random)
        return source.patterns(self.names, source.draw(random))


def _sources(fit: Fit, kind: Kind) -> tuple[Group | Normal, ...]:
    """What to draw from, for every group."""
    groups = groups_of(fit)
    if kind == "ordinary":
        return groups
    if any(group.clusters is not None or group.weights is not None for group in groups):
        raise FitError(f"a {kind} bootstrap knows no clusters and weights: use kind='ordinary'")
    if kind == "bollen.stine" and fit.sample.missing:
        raise FitError("the Bollen–Stine bootstrap is of complete rows: use missing='listwise' or kind='parametric'")
    return tuple(_under_model(fit, kind, g, group) for g, group in enumerate(groups))


def _under_model(fit: Fit, kind: Kind, g: int, group: Group) -> Group | Normal:
    implied, sample = fit.estimate.implied[g], fit.estimate.samples[g]
    covariance = implied.sigma.numpy()
    mean = implied.mu.numpy() if fit.model.has_means or sample.mean is None else np.asarray(sample.mean)
    if kind == "parametric":
        return Normal(mean, np.linalg.cholesky(covariance), np.isnan(group.rows))
    return group.moved(sample.covariance, covariance, mean)
