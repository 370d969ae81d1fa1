"""What a fit by least squares of moments knows beside its estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from semnan.errors import Unavailable
from semnan.estimation.correction import Correction
from semnan.estimation.thresholds import Scale, Threshold


@final
@dataclass(frozen=True)
class LeastSquares:
    """What a fit by least squares knows beside its estimates.

    Attributes
    ----------
    chi_square : float or None
        Browne's test of residuals (1984, eq. 2.20) for normal data, if it takes the place of the discrepancy.
    chi_square_baseline : float
    df_baseline : int
    traces, traces_baseline : tuple of float
        tr(U Γ) and tr[(U Γ)²] of the model and of the baseline model (see `robust`).
    free_margins : int
        Thresholds and means, each estimated by itself as no part of the model, less the variances that are one.
    thresholds : tuple of Threshold
    adjusted : tuple of pairs of names
        Ordered variables of two categories whose table had an empty cell.
    correction : Correction, Unavailable or None
        Of ordered variables, for robust indices.
    scales : tuple of Scale
        Of latent responses whose thresholds groups share.
    freedom : (int, int) or None
        The numbers of moments and of parameters, where thresholds are among these.

    """

    chi_square: float | None
    chi_square_baseline: float
    df_baseline: int
    traces: tuple[float, float]
    traces_baseline: tuple[float, float]
    free_margins: int
    thresholds: tuple[Threshold, ...] = ()
    adjusted: tuple[tuple[str, str], ...] = ()
    correction: Correction | Unavailable | None = None
    scales: tuple[Scale, ...] = ()
    freedom: tuple[int, int] | None = None
