"""The contour plot of a sensitivity analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semnan.errors import FitError
from semnan.report.figure import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from semnan.bounds.confounding import Adjusted, Sensitivity

#: The plot reaches this far at least, and a bit beyond the farthest benchmark.
LEAST, ROOM, MOST = 0.1, 1.25, 0.95
#: Labels closer than these shares of the width and the height cover each other.
CROWDED = 0.12, 0.07


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
    axes = new_figure(6, 5, layout="constrained").add_subplot() if axes is None else axes
    first, second, estimates = found.contours(wide, high)
    lines = axes.contour(first, second, estimates, levels=9, colors="0.55", linewidths=0.8, linestyles="solid")
    axes.clabel(lines, fmt="%.3g", fontsize=8)
    if estimates.min() < 0 < estimates.max():
        axes.contour(first, second, estimates, levels=[0.0], colors="C3", linestyles="dashed", linewidths=1.4)
    axes.plot(0, 0, "k^", clip_on=False)
    _label(axes, (0.0, 0.0), f"unadjusted\n({found.estimate:.3g})")
    _mark(axes, points, wide, high)
    axes.set_xlabel(f"partial R² of the confounder with {found.treatment}")
    axes.set_ylabel(f"partial R² of the confounder with {found.outcome}")
    axes.set_title(f"{found.treatment} → {found.outcome}, adjusted; robustness value {value:.1%}", fontsize=10)
    return axes


def _mark(axes: Axes, points: list[Adjusted], wide: float, high: float) -> None:
    """Points with labels; where labels would cover each other, they are listed in the corner."""
    labelled, crowded = [(0.0, 0.0)], []
    for point in points:
        x, y = point.r2_treatment, point.r2_outcome
        axes.plot(x, y, "C0D", markersize=5, clip_on=False)
        text = f"{point.label} ({point.estimate:.3g})"
        if any(abs(x - a) < CROWDED[0] * wide and abs(y - b) < CROWDED[1] * high for a, b in labelled):
            crowded.append(text)
        else:
            labelled.append((x, y))
            _label(axes, (x, y), text.replace(" (", "\n("))
    if crowded:
        box = {"facecolor": "white", "edgecolor": "0.8", "alpha": 0.9}
        text = "\n".join(["without room for a label:", *crowded])
        axes.text(0.98, 0.97, text, transform=axes.transAxes, fontsize=8, va="top", ha="right", bbox=box)


def _label(axes: Axes, where: tuple[float, float], text: str) -> None:
    axes.annotate(text, where, (6, 4), textcoords="offset points", fontsize=8)


def _benchmark(found: Sensitivity, name: str, times: float) -> Adjusted | None:
    """None where no confounder can be that strong."""
    try:
        return found.benchmark(name, times)
    except FitError:
        return None
