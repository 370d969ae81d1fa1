"""Drawing a fitted model: estimates on edges, what is not identified marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, final

from semnan.errors import SemnanError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.model import PathModel
from semnan.report.layout import Place, places
from semnan.report.rows import ParameterRow, parameter_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KNOWN, UNKNOWN = "#1f3b57", "#b3402a"
#: Bends of paths and of covariances in the order they are tried; how far an edge keeps from other variables; where
#: along it its label may stand.
BENDS, ARCS, CLEAR, LABELS = (0.0, -0.2, 0.2, -0.35, 0.35), (0.3, 0.45, -0.3, -0.45), 0.33, (0.3, 0.4, 0.5, 0.6, 0.7)
#: Half the height of a box and half the width of a letter, in points.
HALF_HEIGHT, HALF_LETTER = 11, 3.3
LEGEND = "squares are visible, circles latent; dashed: not identified; dotted: covariance"


@final
@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing of a fit; a notebook shows it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        To go on with.

    """

    figure: Figure

    def save(self, path: str | Path) -> None:
        """Save the drawing; the ending (.png, .svg, .pdf) says in which format."""
        try:
            self.figure.savefig(path, dpi=160)
        except ValueError as error:
            raise SemnanError(f"cannot save a drawing as {path}: {error}") from error

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def draw(fit: Estimate) -> Drawing:
    """Draw a fit; see `semnan.Fit.draw`."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SemnanError("drawing needs matplotlib: pip install 'semnan[plot]'") from error
    at = places(fit.model)
    left, right = min(x for x, _ in at.values()) - 0.9, max(x for x, _ in at.values()) + 0.9
    low, high = min(y for _, y in at.values()) - 0.9, max(y for _, y in at.values()) + 0.7
    figure = Figure(figsize=(right - left, high - low))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left, right), ylim=(low, high))
    axes.axis("off")
    axes.text(left + 0.1, low + 0.1, LEGEND, fontsize=7, color="#666666")
    _nodes(axes, fit.model, at)
    labels: list[Place] = []
    for row in parameter_rows(fit, 0.95):
        if row.source != row.target:
            _edge(axes, row, at, labels)
    return Drawing(figure)


def _nodes(axes: Axes, model: PathModel, at: dict[str, Place]) -> None:
    for name, place in at.items():
        latent = name in model.latents
        box = {
            "boxstyle": f"{'circle' if latent else 'square'},pad=0.35",
            "fc": "#fdf3e7" if latent else "#eef3f8",
            "ec": KNOWN,
        }
        axes.text(*place, name, ha="center", va="center", fontsize=10, zorder=3, bbox=box)


def _edge(axes: Axes, row: ParameterRow, at: dict[str, Place], labels: list[Place]) -> None:
    start, end = at[row.source], at[row.target]
    others = [place for name, place in at.items() if name not in (row.source, row.target)]
    unknown, arc = isinstance(row.estimate, Unavailable), row.kind == "covariance"
    # An arc bends downwards first, whichever way it runs.
    bends = tuple(math.copysign(1, end[0] - start[0]) * bend for bend in ARCS) if arc else BENDS
    bend = _clear_bend(start, end, others, bends)
    color, control = UNKNOWN if unknown else KNOWN, _control(start, end, bend)
    arrow = {
        "arrowstyle": "<->" if arc else "->",
        "ls": ":" if arc else "--" if unknown else "-",
        "color": color,
        "shrinkA": _reach(row.source, start, control),
        "shrinkB": _reach(row.target, end, control),
        "connectionstyle": f"arc3,rad={bend}",
    }
    axes.annotate("", end, start, zorder=1, arrowprops=arrow)
    taken = [*labels, *others]
    t = max(LABELS, key=lambda t: (min(_gap(_curve(start, end, bend, t), taken), 0.45), -abs(t - 0.5)))
    place = _curve(start, end, bend, t)
    labels.append(place)
    text = "?" if isinstance(row.estimate, Unavailable) else f"{row.estimate:.2f}"
    box = {"fc": "white", "ec": "none", "pad": 0.8}
    axes.text(*place, text, fontsize=8, color=color, ha="center", va="center", zorder=2, bbox=box)


def _reach(name: str, center: Place, towards: Place) -> float:
    """Points from the middle of a box to its border, in the direction of an edge."""
    across, up = abs(towards[0] - center[0]), abs(towards[1] - center[1])
    length = math.hypot(across, up) or 1.0
    wide, tall = HALF_LETTER * len(name) + 7, max(HALF_HEIGHT, HALF_LETTER * len(name) + 4)
    return min(wide * length / across if across else math.inf, tall * length / up if up else math.inf) + 2


def _clear_bend(start: Place, end: Place, others: list[Place], bends: tuple[float, ...]) -> float:
    """The first bend that keeps an edge away from other variables, or the one that keeps it farthest."""
    gaps = {bend: min(_gap(_curve(start, end, bend, t / 12), others) for t in range(1, 12)) for bend in bends}
    return next((bend for bend, gap in gaps.items() if gap > CLEAR), max(gaps, key=gaps.__getitem__))


def _control(start: Place, end: Place, bend: float) -> Place:
    """The control point of matplotlib's arc3 connection, a quadratic Bézier curve."""
    across, up = end[0] - start[0], end[1] - start[1]
    return (start[0] + end[0]) / 2 + bend * up, (start[1] + end[1]) / 2 - bend * across


def _curve(start: Place, end: Place, bend: float, t: float) -> Place:
    control = _control(start, end, bend)
    parts = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
    x, y = (sum(w * p[i] for w, p in zip(parts, (start, control, end), strict=True)) for i in (0, 1))
    return x, y


def _gap(point: Place, others: list[Place]) -> float:
    return min((math.dist(point, other) for other in others), default=math.inf)
