"""One effect in many fits at once, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.effects.delta import wald_arrays
from semnan.effects.effect import Kind, check_effect, effect_gradients
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimates

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class EffectArrays:
    """An effect in every fit of a batch, each array of shape (B,).

    Where `identified` or `converged` is False the other arrays hold NaN: there is no number to report.
    """

    estimate: Array
    standard_error: Array
    lower: Array
    upper: Array
    identified: NDArray[np.bool_]
    converged: NDArray[np.bool_]


def effect_arrays(
    fits: Estimates,
    source: str,
    target: str,
    *,
    kind: Kind = "total",
    avoiding: Iterable[str] = (),
    level: float = 0.95,
) -> EffectArrays:
    """The effect of `source` on `target` in every fit, with delta-method intervals."""
    avoid = (avoiding,) if isinstance(avoiding, str) else tuple(avoiding)
    check_effect(fits.layout, source, target, avoid, kind, level)
    if isinstance(fits.inference, Unavailable):
        raise FitError(f"there are no standard errors for these fits: {fits.inference.reason}")
    found = effect_gradients(fits.layout, fits.theta, [(source, target)], kind=kind, avoiding=avoid)
    identified = fits.inference.identified(found.slope)[:, 0]
    converged = torch.tensor([outcome.ok for outcome in fits.outcomes])
    usable = identified & converged
    variance = fits.inference.unit_variance(found.slope)[:, 0]
    size = torch.tensor(fits.moments.n)
    error, lower, upper = wald_arrays(found.value[:, 0], usable, variance, size, level)
    value = torch.where(usable, found.value[:, 0], torch.nan)
    arrays = (x.numpy() for x in (value, error, lower, upper, identified, converged))
    return EffectArrays(*arrays)
