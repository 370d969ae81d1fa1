"""How the edges of a drawing run: curves that keep clear of other variables, and where their labels stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.effects.effect import Pair
from semnan.report.layout import Place, Places
from semnan.report.rows import ParameterRow
from semnan.report.table import number

Points = NDArray[np.float64]
#: Bends of paths and of covariances in the order they are tried; how far an edge keeps from other variables; where
#: along it its label may stand, and how far from others it need not stand farther.
BENDS, ARCS, CLEAR = (0.0, -0.2, 0.2, -0.35, 0.35), (0.3, 0.45, -0.3, -0.45), 0.33
LABELS, APART = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78), 0.42
_ALONG = np.linspace(0.08, 0.92, 15)


@final
@dataclass(frozen=True)
class Arrow:
    """What is drawn between two variables: `known` is whether it is identified, `text` stands on it."""

    source: str
    target: str
    arc: bool
    known: bool
    text: str


@final
@dataclass(frozen=True)
class Edge:
    """An arrow, or a double arrow, with its label.

    Attributes
    ----------
    source, target : str
    arc : bool
        Whether it is a covariance.
    known : bool
        Whether its value is identified.
    text : str
    bend : float
        Of matplotlib's arc3 connection.
    label : Place

    """

    source: str
    target: str
    arc: bool
    known: bool
    text: str
    bend: float
    label: Place


def arrows(rows: Iterable[ParameterRow], at: Places, *, standardised: bool) -> list[Arrow]:
    """The arrows of rows about two variables that have a place; covariances that are fixed are none."""
    found = []
    for row in rows:
        if _is_drawn(row, at):
            value = row.std_all if standardised else row.estimate
            known = isinstance(value, float)
            found.append(
                Arrow(*_ends(row), row.op == "~~", known, number(value, 2) if isinstance(value, float) else "?")
            )
    return found


def edges(drawn: Sequence[Arrow], at: Places) -> list[Edge]:
    """Arrows with a bend and a place for their text."""
    middle = np.mean(np.array(list(at.values())), axis=0)
    ends = [(arrow.source, arrow.target) for arrow in drawn]
    bends = [
        _bend(a, b, at, _outwards(at[a], at[b], middle) if arrow.arc else BENDS)
        for arrow, (a, b) in zip(drawn, ends, strict=True)
    ]
    lines = np.array([curve(at[a], at[b], bend, _ALONG) for (a, b), bend in zip(ends, bends, strict=True)])
    found: list[Edge] = []
    for i, (arrow, (a, b), bend) in enumerate(zip(drawn, ends, bends, strict=True)):
        crossing = np.delete(lines, i, axis=0).reshape(-1, 2)
        label = _label(a, b, at, bend, [edge.label for edge in found], crossing)
        found.append(Edge(a, b, arrow.arc, arrow.known, arrow.text, bend, label))
    return found


def _ends(row: ParameterRow) -> Pair:
    return (row.rhs, row.lhs) if row.op == "~" else (row.lhs, row.rhs)


def _is_drawn(row: ParameterRow, at: Places) -> bool:
    arc = row.op == "~~"
    return (
        row.op in ("=~", "~", "~~") and row.lhs != row.rhs and not (arc and row.fixed) and {row.lhs, row.rhs} <= {*at}
    )


def control(start: Place, end: Place, bend: float) -> Place:
    """The control point of matplotlib's arc3 connection, a quadratic Bézier curve."""
    across, up = end[0] - start[0], end[1] - start[1]
    return (start[0] + end[0]) / 2 + bend * up, (start[1] + end[1]) / 2 - bend * across


def curve(start: Place, end: Place, bend: float, along: Points) -> Points:
    """Points of an edge, shape (k, 2), at parameters in [0, 1]."""
    parts = np.array([(1 - along) ** 2, 2 * along * (1 - along), along**2])
    return np.asarray(parts.T @ np.array([start, control(start, end, bend), end]))


def extent(drawn: Iterable[Edge], at: Mapping[str, Place]) -> Points:
    """Points that a drawing has to show, shape (k, 2)."""
    curves = [curve(at[edge.source], at[edge.target], edge.bend, _ALONG) for edge in drawn]
    return np.concatenate([np.array(list(at.values())), *curves])


def _outwards(start: Place, end: Place, middle: Points) -> tuple[float, ...]:
    """Bends away from the middle of the drawing first; downwards if it is on the line."""
    across, up = end[0] - start[0], end[1] - start[1]
    away = np.array([(start[0] + end[0]) / 2, (start[1] + end[1]) / 2]) - middle
    side = float(up * away[0] - across * away[1])
    sign = math.copysign(1.0, side if abs(side) > 1e-6 else across)
    return tuple(sign * bend for bend in ARCS)


def _bend(source: str, target: str, at: Places, bends: tuple[float, ...]) -> float:
    """The first bend that keeps an edge away from other variables, or the one that keeps it farthest."""
    others = _others(source, target, at)
    gaps = {bend: float(_gaps(curve(at[source], at[target], bend, _ALONG), others).min()) for bend in bends}
    return next((bend for bend, gap in gaps.items() if gap > CLEAR), max(gaps, key=gaps.__getitem__))


def _label(source: str, target: str, at: Places, bend: float, labels: list[Place], crossing: Points) -> Place:
    """The place on an edge that is farthest from other labels, variables and edges, in the middle if many are far."""
    points = curve(at[source], at[target], bend, np.array(LABELS))
    taken = np.concatenate([_others(source, target, at), np.array(labels).reshape(-1, 2)])
    room = np.minimum(_gaps(points, taken), APART) + np.minimum(_gaps(points, crossing), APART / 2) / 2
    x, y = points[int(np.argmax(room))].tolist()
    return x, y


def _others(source: str, target: str, at: Places) -> Points:
    return np.array([place for name, place in at.items() if name not in (source, target)]).reshape(-1, 2)


def _gaps(points: Points, others: Points) -> Points:
    """How far each point is from the nearest other; labels and boxes are wider than high."""
    if not len(others):
        return np.full(len(points), np.inf)
    apart = (points[:, None] - others) * np.array([0.8, 1.25])
    return np.asarray(np.sqrt((apart**2).sum(-1)).min(-1))
