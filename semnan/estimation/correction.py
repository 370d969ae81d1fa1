"""What robust indices of fit are made of where they are not made of χ² and its own scaling factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Correction:
    """The misfit of a better likelihood than that of the fit, of a model and of the baseline.

    With missing values this is the likelihood of complete data (`incomplete`), of ordered variables that of latent
    responses (`ordered_misfit`).

    Attributes
    ----------
    chi_square, baseline : float
        n F.
    trace, baseline_trace : float
        k: what it is on average if the model holds.

    """

    chi_square: float
    trace: float
    baseline: float
    baseline_trace: float
