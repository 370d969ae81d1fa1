"""Drawing a fitted model: variables placed by layer, estimates on edges, what is not identified marked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx

from semnan.errors import SemnanError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.model import PathModel
from semnan.report.rows import ParameterRow, parameter_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Place = tuple[float, float]
KNOWN, UNKNOWN = "#1f3b57", "#b3402a"
#: Bends of an edge in the order they are tried; how far it keeps from other variables; where its label may stand.
BENDS, CLEAR, LABELS = (0.0, -0.2, 0.2, -0.35, 0.35), 0.4, (0.3, 0.4, 0.5, 0.6, 0.7)


def draw(fit: Estimate, path: str | Path | None = None) -> Any:
    """Draw a fit and return the matplotlib figure; see `semnan.Fit.draw`."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SemnanError("drawing needs matplotlib: pip install 'semnan[plot]'") from error
    places = layout(fit.model)
    wide = 2.4 + 2.1 * (1 + max(x for x, _ in places.values()))
    tall = 1.6 + 1.5 * (1 + max(y for _, y in places.values()) - min(y for _, y in places.values()))
    figure = Figure(figsize=(wide, tall), layout="constrained")
    axes = figure.add_subplot()
    axes.axis("off")
    axes.set_aspect("equal")
    axes.margins(0.12)
    _nodes(axes, fit.model, places)
    labels: list[Place] = []
    for row in parameter_rows(fit, 0.95):
        if row.source != row.target:
            _edge(axes, row, places, labels)
    axes.set_title("solid: identified; dashed: not identified; dotted: covariance; squares are visible", fontsize=8)
    if path is not None:
        figure.savefig(path, dpi=160)
    return figure


def layout(model: PathModel) -> dict[str, Place]:
    """Columns by layer: a visible right of its visible parents; latents in rows above, over their children."""
    graph = model.diagram.digraph
    depth: dict[str, int] = {}
    for v in nx.topological_sort(graph.subgraph(model.visibles)):
        depth[v] = 1 + max((depth[a] for a in graph.predecessors(v) if a in depth), default=-1)
    places: dict[str, Place] = {}
    for d in range(1 + max(depth.values())):
        column = [v for v in model.visibles if depth[v] == d]
        for i, v in enumerate(column):
            # Neighbouring columns are shifted a little, so that an edge does not run through a variable between.
            places[v] = (1.6 * d, -1.5 * (i - (len(column) - 1) / 2) - 0.35 * (d % 2))
    top = max(y for _, y in places.values())
    latents = sorted(model.latents, key=lambda u: _middle(graph, u, places))
    for i, u in enumerate(latents):
        center = _middle(graph, u, places)
        taken = [x for x, _ in (places[w] for w in latents[:i])]
        places[u] = (max([center, *(x + 1.2 for x in taken)]), top + 1.5 + 0.4 * (i % 2))
    return places


def _middle(graph: nx.DiGraph[str], latent: str, places: dict[str, Place]) -> float:
    below = [places[v][0] for v in nx.descendants(graph, latent) if v in places]
    return sum(below) / len(below) if below else 0.0


def _nodes(axes: Axes, model: PathModel, places: dict[str, Place]) -> None:
    for name, (x, y) in places.items():
        shape = "circle" if name in model.latents else "square"
        axes.text(
            x, y, name, ha="center", va="center", fontsize=10, zorder=3,
            bbox={"boxstyle": f"{shape},pad=0.35", "fc": "#eef3f8" if shape == "square" else "#fdf3e7", "ec": KNOWN},
        )  # fmt: skip
    axes.scatter([x for x, _ in places.values()], [y for _, y in places.values()], s=0)


def _edge(axes: Axes, row: ParameterRow, places: dict[str, Place], labels: list[Place]) -> None:
    start, end = places[row.source], places[row.target]
    others = [place for name, place in places.items() if name not in (row.source, row.target)]
    unknown, two_headed = isinstance(row.estimate, Unavailable), row.kind == "covariance"
    bend = _clear_bend(start, end, others, BENDS[1:] if two_headed else BENDS)
    color = UNKNOWN if unknown else KNOWN
    axes.annotate(
        "", end, start, zorder=1,
        arrowprops={"arrowstyle": "<->" if two_headed else "->", "ls": ":" if two_headed else "--" if unknown else "-",
                    "color": color, "shrinkA": 18, "shrinkB": 18, "connectionstyle": f"arc3,rad={bend}"},
    )  # fmt: skip
    at = max(LABELS, key=lambda t: (min(_gap(_curve(start, end, bend, t), labels), 0.5), -abs(t - 0.5)))
    place = _curve(start, end, bend, at)
    labels.append(place)
    text = "?" if isinstance(row.estimate, Unavailable) else f"{row.estimate:.3g}"
    box = {"fc": "white", "ec": "none", "pad": 0.8}
    axes.text(*place, text, fontsize=8, color=color, ha="center", va="center", zorder=2, bbox=box)


def _clear_bend(start: Place, end: Place, others: list[Place], bends: tuple[float, ...]) -> float:
    """The first bend that keeps an edge away from other variables, or the one that keeps it farthest."""
    gaps = {
        bend: min((_gap(_curve(start, end, bend, t / 12), others) for t in range(1, 12)), default=1.0) for bend in bends
    }
    return next((bend for bend, gap in gaps.items() if gap > CLEAR), max(gaps, key=gaps.__getitem__))


def _curve(start: Place, end: Place, bend: float, t: float) -> Place:
    """A point of matplotlib's arc3 connection, a quadratic Bézier curve."""
    across, up = end[0] - start[0], end[1] - start[1]
    control = ((start[0] + end[0]) / 2 + bend * up, (start[1] + end[1]) / 2 - bend * across)
    first, middle, last = (1 - t) ** 2, 2 * t * (1 - t), t**2
    return (
        first * start[0] + middle * control[0] + last * end[0],
        first * start[1] + middle * control[1] + last * end[1],
    )


def _gap(point: Place, others: list[Place]) -> float:
    return min((math.dist(point, other) for other in others), default=math.inf)
