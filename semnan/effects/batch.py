"""One effect in many fits at once, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.effects.delta import Gradient
from semnan.effects.effect import Kind, check_effect, effect_gradients
from semnan.errors import FitError, Unavailable
from semnan.estimation.distributions import normal_reach
from semnan.estimation.estimate import Estimates
from semnan.estimation.generic import Generic
from semnan.estimation.inference import Inference

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class EffectArrays:
    """An effect in every fit of a batch, each array of shape (B,).

    Where `identified` or `converged` is False the other arrays hold NaN: there is no number to report. Where only the
    standard error and the ends of the interval are NaN the information is singular at the estimates.
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
    standardised: bool = False,
    group: str | None = None,
    level: float = 0.95,
) -> EffectArrays:
    """The effect of `source` on `target` in every fit, with delta-method intervals."""
    avoid = (avoiding,) if isinstance(avoiding, str) else tuple(avoiding)
    check_effect(fits.model, source, target, avoid, kind, level)
    for part in (fits.inference, fits.generic):
        if isinstance(part, Unavailable):
            raise FitError(f"there are no standard errors for these fits: {part.reason}")
    assert isinstance(fits.inference, Inference)
    assert isinstance(fits.generic, Generic)
    layout = fits.layout(group)

    def functions(theta: Tensor) -> Gradient:
        pair = [(source, target)]
        return effect_gradients(layout, theta, pair, kind=kind, avoiding=avoid, standardised=standardised)

    found, at = functions(fits.theta), functions(fits.generic.theta)
    identified = fits.generic.identified(at.slope).expand(len(fits))
    converged = torch.tensor([outcome.ok for outcome in fits.outcomes])
    usable = identified & converged
    value = torch.where(usable, found.value[:, 0], torch.nan)
    certain = usable & fits.inference.estimable(found.slope)[:, 0]
    variance = fits.inference.unit_variance(found.slope)[:, 0] / torch.tensor(fits.n)
    error = torch.where(certain, variance.sqrt(), torch.nan)
    reach = normal_reach(level) * error
    arrays = (x.numpy() for x in (value, error, value - reach, value + reach, identified, converged))
    return EffectArrays(*arrays)
