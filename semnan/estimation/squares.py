"""What a fit by least squares of moments knows beside its estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from semnan.estimation.thresholds import Threshold


@final
@dataclass(frozen=True)
class LeastSquares:
    """What a fit by least squares knows beside its estimates.

    Attributes
    ----------
    chi_square_baseline : float
    df_baseline : int
    traces, traces_baseline : tuple of float
        tr(U Γ) and tr[(U Γ)²] of the model and of the baseline model (see `robust`).
    free_margins : int
        Thresholds and means, each estimated by itself as no part of the model, less the variances that are one.
    thresholds : tuple of Threshold

    """

    chi_square_baseline: float
    df_baseline: int
    traces: tuple[float, float]
    traces_baseline: tuple[float, float]
    free_margins: int
    thresholds: tuple[Threshold, ...] = ()
