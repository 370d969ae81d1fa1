"""The moments that a fitted model implies, of visibles and latents, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import FitError
from semnan.estimation.estimate import Estimate, place_of

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class ImpliedMoments:
    """Implied moments of one group.

    Attributes
    ----------
    group : str or None
    names : tuple of str
        The visibles in the order of the model, then the latents.
    covariance : ndarray, shape (n, n)
    mean : ndarray, shape (n,), or None
        None if means are not modelled.

    """

    group: str | None
    names: tuple[str, ...]
    covariance: Array
    mean: Array | None

    def select(self, names: Sequence[str]) -> ImpliedMoments:
        """The moments of some variables, in this order."""
        for name in names:
            if name not in self.names:
                raise FitError(f"the model has no variable {name!r}; it has {', '.join(self.names)}")
        at = [self.names.index(name) for name in names]
        mean = None if self.mean is None else self.mean[at]
        return ImpliedMoments(self.group, tuple(names), self.covariance[np.ix_(at, at)], mean)


def implied_moments(fit: Estimate, group: str | None = None) -> ImpliedMoments:
    """The implied moments of a group."""
    found = fit.implied[place_of(fit.model, group)]
    mean = found.mean.numpy().copy() if fit.model.has_means else None
    everything = ImpliedMoments(group, found.names, found.covariance.numpy().copy(), mean)
    return everything.select((*fit.model.visibles, *fit.model.latents))
