"""Pictures: the learned graph, its confusion with a true one, and the path of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.discovery.result import Discovery
from semnan.discovery.stability import Stability
from semnan.discovery.task import Trace
from semnan.errors import DataError, Unavailable
from semnan.report.diagram import Drawing
from semnan.report.figure import new_figure
from semnan.report.layout import places

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

KNOWN, OPEN, ARC = "#1f3b57", "#8a8f98", "#b3402a"
#: True negatives, true positives, false positives and false negatives.
CONFUSION = (("TN", "#f2f2f2"), ("TP", "#2e7d4f"), ("FP", "#c8452f"), ("FN", "#e3a92d"))


def draw_graph(found: Discovery, stability: Stability | None = None) -> Drawing:
    """The learned graph with weights and, if given, how often each edge was found in bootstrap samples.

    Grey edges have a direction that the data's independences do not determine; dotted red ones are correlated errors.
    """
    at = places(found.model)
    xs, ys = [x for x, _ in at.values()], [y for _, y in at.values()]
    width, height = max(xs) - min(xs) + 2.4, max(ys) - min(ys) + 2.0
    figure = new_figure(max(width, 4.0), max(height, 3.0))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(min(xs) - 1.2, max(xs) + 1.2), ylim=(min(ys) - 1.0, max(ys) + 1.0))
    axes.axis("off")
    for name, place in at.items():
        box = {"boxstyle": "round,pad=0.35", "fc": "#eef3f8", "ec": KNOWN}
        axes.text(*place, name, ha="center", va="center", fontsize=10, zorder=3, bbox=box)
    told, index = found.cpdag, {name: i for i, name in enumerate(found.names)}
    for (a, b), weight in found.edges.items():
        open_ = not isinstance(told, Unavailable) and bool(told[index[b], index[a]])
        label = f"{weight:.2f}" + (f" ({stability.directed[index[a], index[b]]:.0%})" if stability else "")
        _arrow(axes, at[a], at[b], label, OPEN if open_ else KNOWN, "->", "-")
    for (a, b), value in found.confounded.items():
        _arrow(axes, at[a], at[b], f"{value:.2f}", ARC, "<->", ":")
    return Drawing(figure)


def draw_confusion(truth: ArrayLike, estimate: ArrayLike, names: tuple[str, ...] | None = None) -> Drawing:
    """True weights, estimated weights, and true and false positives and negatives, side by side."""
    true, found = np.asarray(truth, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    if true.shape != found.shape:
        raise DataError(f"graphs to compare are of one size, got shapes {true.shape} and {found.shape}")
    figure = new_figure(12, 4.4)
    from matplotlib.colors import ListedColormap  # After the check that there is matplotlib.
    from matplotlib.patches import Patch

    figure.set_layout_engine("constrained")
    axes = figure.subplots(1, 3)
    top = max(float(np.abs(true).max(initial=0)), float(np.abs(found).max(initial=0)), 1e-9)
    for place, matrix, title in zip(axes[:2], (true, found), ("true weights", "estimated weights"), strict=True):
        image = place.imshow(matrix, cmap="RdBu_r", vmin=-top, vmax=top)
        place.set_title(title)
    figure.colorbar(image, ax=axes[:2], location="bottom", shrink=0.5, label="weight")
    code = np.array([[0, 2], [3, 1]])[(true != 0).astype(int), (found != 0).astype(int)]  # Places in `CONFUSION`.
    axes[2].imshow(code, cmap=ListedColormap([color for _, color in CONFUSION]), vmin=-0.5, vmax=3.5)
    axes[2].set_title("edges")
    pairs = code[~np.eye(len(code), dtype=bool)]
    patches = [
        Patch(fc=color, ec="#999999", label=f"{name} {(pairs == k).sum()}") for k, (name, color) in enumerate(CONFUSION)
    ]
    axes[2].legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=4, frameon=False)
    for place in axes:
        place.set(xlabel="child", ylabel="parent")
        if names is not None and len(names) <= 20:
            place.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
            place.set_yticks(range(len(names)), names, fontsize=7)
    return Drawing(figure)


def draw_trace(trace: Trace) -> Drawing:
    """The loss and, where there are, the cycle term and its penalty, step by step."""
    if not trace.loss:
        raise DataError("this method leaves no trace: it finds its answer in one go")
    cyclic = [value for value in trace.cycles if np.isfinite(value)]
    figure = new_figure(9, 3.6)
    axes = figure.subplots(1, 2 if cyclic else 1, squeeze=False)[0]
    axes[0].plot(trace.loss, color=KNOWN, marker=".")
    axes[0].set(title="loss", xlabel="step")
    if cyclic:
        axes[1].semilogy(np.maximum(trace.cycles, 1e-16), color=ARC, marker=".", label="cycles, h(W)")
        if trace.penalty:
            axes[1].semilogy(trace.penalty, color=OPEN, ls="--", label="its penalty, ρ")
        axes[1].set(title="cycles", xlabel="step")
        axes[1].legend()
    figure.tight_layout()
    return Drawing(figure)


def _arrow(axes: Axes, start: Any, end: Any, label: str, color: str, style: str, line: str) -> None:
    arrow = {
        "arrowstyle": style,
        "ls": line,
        "color": color,
        "shrinkA": 16,
        "shrinkB": 16,
        "connectionstyle": "arc3,rad=0.12",
    }
    axes.annotate("", end, start, zorder=1, arrowprops=arrow)
    middle = 0.45 * start[0] + 0.55 * end[0], 0.45 * start[1] + 0.55 * end[1]
    box = {"fc": "white", "ec": "none", "pad": 0.6}
    axes.text(*middle, label, fontsize=7, color=color, ha="center", va="center", zorder=2, bbox=box)
