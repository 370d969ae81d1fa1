"""`Fits`: many fits of one model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.data import Sample
from semnan.effects.batch import EffectArrays, effect_arrays
from semnan.effects.effect import Kind
from semnan.estimation.estimate import Estimates
from semnan.fitted.fit import Fit, sample_of

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Fits:
    """Many fits of one model. ``fits[i]`` is a `Fit`; the arrays hold all of them.

    Attributes
    ----------
    batch : Estimates
        The numbers underneath.
    samples : tuple of Sample, or None
        The data, where they were not given as a stack of moments.

    """

    batch: Estimates
    samples: tuple[Sample, ...] | None = None

    def __len__(self) -> int:
        return len(self.batch)

    def __getitem__(self, at: int) -> Fit:
        found = self.batch[at]
        return Fit(found, sample_of(found) if self.samples is None else self.samples[at])

    def __iter__(self) -> Iterator[Fit]:
        return (self[b] for b in range(len(self)))

    @property
    def names(self) -> tuple[str, ...]:
        """The free parameters."""
        return tuple(free.name for free in self.batch.model.free)

    @property
    def estimates(self) -> Array:
        """Shape (B, q)."""
        return self.batch.theta.numpy().copy()

    @property
    def discrepancy(self) -> Array:
        """Shape (B,)."""
        return self.batch.value.numpy().copy()

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Shape (B,)."""
        return np.array([outcome.ok for outcome in self.batch.outcomes])

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
    ) -> EffectArrays:
        """One effect in every fit, as arrays; the arguments are those of `Fit.effect`."""
        return effect_arrays(
            self.batch,
            source,
            target,
            kind=kind,
            avoiding=avoiding,
            standardised=standardised,
            group=group,
            level=level,
        )

    def __repr__(self) -> str:
        return f"<{len(self)} fits, {int(torch.tensor(self.converged).sum())} converged>"
