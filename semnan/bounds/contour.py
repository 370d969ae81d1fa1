"""The contour plot of a sensitivity analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semnan.errors import FitError, SemnanError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from semnan.bounds.sensitivity import Adjusted, Sensitivity

#: The plot reaches this far at least, and a bit beyond the farthest benchmark.
LEAST, ROOM, MOST = 0.1, 1.25, 0.95


def draw_contours(found: Sensitivity, times: tuple[float, ...], axes: Axes | None) -> Axes:
    """Contours of the adjusted estimate; the one at zero is dashed, benchmarks are points with their estimates.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    points = [point for name in found.strengths for k in times if (point := _benchmark(found, name, k)) is not None]
    value = found.robustness_value()
    wide = min(MOST, ROOM * max(LEAST, value, *(point.r2_treatment for point in points), 0.0))
    high = min(MOST, ROOM * max(LEAST, value, *(point.r2_outcome for point in points), 0.0))
    axes = _new_axes() if axes is None else axes
    first, second, estimates = found.contours(wide, high)
    lines = axes.contour(first, second, estimates, levels=9, colors="0.55", linewidths=0.8)
    axes.clabel(lines, fmt="%.3g", fontsize=8)
    if estimates.min() < 0 < estimates.max():
        axes.contour(first, second, estimates, levels=[0.0], colors="C3", linestyles="dashed", linewidths=1.4)
    axes.plot(0, 0, "k^", clip_on=False)
    axes.annotate(f"unadjusted\n({found.estimate:.3g})", (0, 0), (6, 4), textcoords="offset points", fontsize=8)
    for point in points:
        axes.plot(point.r2_treatment, point.r2_outcome, "C0D", markersize=5)
        where = (point.r2_treatment, point.r2_outcome)
        axes.annotate(f"{point.label}\n({point.estimate:.3g})", where, (6, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel(f"partial R² of the confounder with {found.treatment}")
    axes.set_ylabel(f"partial R² of the confounder with {found.outcome}")
    axes.set_title(f"{found.treatment} → {found.outcome}, adjusted; robustness value {value:.1%}", fontsize=10)
    return axes


def _benchmark(found: Sensitivity, name: str, times: float) -> Adjusted | None:
    """None where no confounder can be that strong."""
    try:
        return found.benchmark(name, times)
    except FitError:
        return None


def _new_axes() -> Axes:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SemnanError("plots need matplotlib: install semnan[plot]") from None
    return Figure(figsize=(6, 5), layout="constrained").add_subplot()
