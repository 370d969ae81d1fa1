"""Drawing a fitted model: estimates on edges, what is not identified marked, one panel a group."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from semnan.errors import FileError, SemnanError
from semnan.estimation.estimate import Estimate, place_of
from semnan.model import PathModel
from semnan.report.edges import Arrow, Edge, arrows, control, edges, extent
from semnan.report.figure import new_figure
from semnan.report.layout import LETTER, Place, Places, indicators, places
from semnan.report.rows import is_covariate, parameter_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KNOWN, UNKNOWN = "#1f3b57", "#b3402a"
#: Half the height of a box and its margin, in points.
HALF_HEIGHT, MARGIN = 6, 5
#: Inches around a drawing, beside its names, and the least width of one: room for the legend.
BORDER, EDGE, NARROW = 0.9, 0.2, 5.2
#: With more variables than this indicators are left out, and if there are still more nothing is drawn; most panels.
MOST_WITH_INDICATORS, MOST, MOST_PANELS = 80, 150, 6
#: More covariances than this hide everything else, and are left out.
MOST_ARCS = 60
LEGEND = "boxes are visible, ellipses latent; dashed: not identified; dotted: covariance"
LEFT_OUT, NO_ARCS = "; indicators are left out", "; covariances are left out: there are too many"


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
        """Save the drawing; the ending (.png, .svg, .pdf) says in which format.

        Raises
        ------
        SemnanError
            For a format that matplotlib does not have.
        FileError
            If the file cannot be written.

        """
        try:
            self.figure.savefig(path, dpi=160)
        except ValueError as error:
            raise SemnanError(f"cannot save a drawing as {path}: {error}") from error
        except OSError as error:
            raise FileError(f"cannot write the drawing {path}: {error.strerror or error}") from error

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def draw(fit: Estimate, group: str | None = None, *, standardised: bool = False) -> Drawing:
    """Draw a fit; see `semnan.Fit.draw`."""
    at, left_out = drawn_places(fit.model)
    panels = _panels(fit, _groups(fit, group), at, standardised=standardised)
    return figure(fit.model, panels, at, LEGEND + left_out)


def figure(model: PathModel, panels: dict[str | None, list[Arrow]], at: Places, legend: str) -> Drawing:
    """Panels of arrows with a title each, side by side or below each other."""
    if max(sum(arrow.arc for arrow in drawn) for drawn in panels.values()) > MOST_ARCS:
        panels = {label: [arrow for arrow in drawn if not arrow.arc] for label, drawn in panels.items()}
        legend += NO_ARCS
    placed = {label: edges(drawn, at) for label, drawn in panels.items()}
    points = np.concatenate([extent(drawn, at) for drawn in placed.values()])
    low, high = points.min(axis=0) - BORDER, points.max(axis=0) + BORDER
    reach = {name: LETTER * len(name) / 2 + EDGE for name in at}
    low[0] = min(low[0], *(x - reach[name] for name, (x, _) in at.items()))
    high[0] = max(high[0], *(x + reach[name] for name, (x, _) in at.items()))
    spare = max(NARROW - (high[0] - low[0]), 0.0) / 2
    low[0], high[0] = low[0] - spare, high[0] + spare
    width, height = (high - low).tolist()
    rows, columns = (len(placed), 1) if width > height else (1, len(placed))
    whole = new_figure(width * columns, height * rows)
    for i, (label, drawn) in enumerate(placed.items()):
        box = (i % columns / columns, 1 - (i // columns + 1) / rows, 1 / columns, 1 / rows)
        axes = whole.add_axes(box, label=f"panel {i}", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        axes.axis("off")
        axes.text(low[0] + 0.1, low[1] + 0.1, legend, fontsize=7, color="#666666")
        if label is not None:
            axes.text(low[0] + 0.1, high[1] - 0.3, _plain(label), fontsize=11, color=KNOWN)
        _nodes(axes, model, at)
        for edge in drawn:
            _edge(axes, edge, at, model)
    return Drawing(whole)


def _groups(fit: Estimate, group: str | None) -> tuple[str | None, ...]:
    if group is not None:
        return (fit.labels[place_of(fit.model, group)],)
    if len(fit.labels) > MOST_PANELS:
        raise SemnanError(f"the model has {len(fit.labels)} groups: draw one of them with group=")
    return fit.labels


def drawn_places(model: PathModel) -> tuple[Places, str]:
    """The places of the variables that are drawn, and what to add to the legend."""
    count = len(model.visibles) + len(model.latents)
    if count <= MOST_WITH_INDICATORS:
        return places(model), ""
    inside = {v for mine in indicators(model).values() for v in mine} - {a for a, _ in model.diagram.edges}
    if count - len(inside) > MOST or count == len(inside):
        raise SemnanError(f"the model has {count} variables, too many for a drawing: draw a part of it")
    reduced = replace(
        model,  # Without indicators latents are laid out as visibles are: by layer.
        visibles=(*(v for v in model.visibles if v not in inside), *model.latents),
        latents=(),
        parameters=tuple(row for row in model.parameters if not {row.source, row.target} & inside),
        defined=(),
        constraints=(),
    )
    return places(reduced), LEFT_OUT


def _panels(
    fit: Estimate, groups: tuple[str | None, ...], at: Places, *, standardised: bool
) -> dict[str | None, list[Arrow]]:
    """The arrows of each group."""
    rows = [
        row
        for row in parameter_rows(fit, 0.95, with_standardised=standardised)
        if row.op != ":=" and not is_covariate(row, fit.model)
    ]
    return {
        group: arrows((row for row in rows if row.group == group), at, standardised=standardised) for group in groups
    }


def _nodes(axes: Axes, model: PathModel, at: Places) -> None:
    for name, place in at.items():
        latent = name in model.latents
        style = "ellipse,pad=0.3" if latent else "square,pad=0.35"
        box = {"boxstyle": style, "fc": "#fdf3e7" if latent else "#eef3f8", "ec": KNOWN}
        axes.text(*place, _plain(name), ha="center", va="center", fontsize=10, zorder=3, bbox=box)


def _edge(axes: Axes, edge: Edge, at: Places, model: PathModel) -> None:
    start, end = at[edge.source], at[edge.target]
    towards = control(start, end, edge.bend)
    color = KNOWN if edge.known else UNKNOWN
    arrow = {
        "arrowstyle": "<->" if edge.arc else "->",
        "ls": ":" if edge.arc else "-" if edge.known else "--",
        "color": color,
        "shrinkA": _reach(edge.source, start, towards, latent=edge.source in model.latents),
        "shrinkB": _reach(edge.target, end, towards, latent=edge.target in model.latents),
        "connectionstyle": f"arc3,rad={edge.bend}",
    }
    axes.annotate("", end, start, zorder=1, arrowprops=arrow)
    box = {"fc": "white", "ec": "none", "pad": 0.8} if edge.text else None
    axes.text(*edge.label, edge.text, fontsize=8, color=color, ha="center", va="center", zorder=2, bbox=box)


def _reach(name: str, center: Place, towards: Place, *, latent: bool) -> float:
    """Points from the middle of a box or an ellipse to its border, in the direction of an edge."""
    across, up = abs(towards[0] - center[0]), abs(towards[1] - center[1])
    length = math.hypot(across, up) or 1.0
    stretch = math.sqrt(2) if latent else 1.0
    wide, tall = stretch * (LETTER * 36 * len(name) + MARGIN), stretch * (HALF_HEIGHT + MARGIN)
    if latent:
        return length / (math.hypot(across / wide, up / tall) or 1.0) + 2
    return min(wide * length / across if across else math.inf, tall * length / up if up else math.inf) + 2


def _plain(name: str) -> str:
    """A name in which matplotlib sees no formula."""
    return name.replace("$", r"\$")
