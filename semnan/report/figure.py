"""An empty figure of matplotlib, which is an extra: who draws learns here that it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from semnan.errors import SemnanError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = None) -> Figure:
    """A figure of this size in inches that belongs to nobody's event loop.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SemnanError("drawing needs matplotlib: pip install 'semnan[plot]'") from error
    return Figure(figsize=(width, height), layout=layout)
