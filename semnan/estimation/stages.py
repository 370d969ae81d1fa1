"""What a fit in two stages knows beside its estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final, get_args

#: Whether rows are taken for normal (Savalei & Bentler 2009) or not (Savalei & Falk 2014), under lavaan's names.
Stages = Literal["two.stage", "robust.two.stage"]


def stages_of(missing: str) -> Stages | None:
    """The kind of two stages that missing values are asked to be treated by."""
    return next((kind for kind in get_args(Stages) if kind == missing), None)


@final
@dataclass(frozen=True)
class TwoStage:
    """Saturated moments of rows with missing values first, and the model of these as if rows were complete.

    Attributes
    ----------
    kind : "two.stage" or "robust.two.stage"
    traces, traces_baseline : tuple of float
        tr(U Γ) and tr[(U Γ)²] of the model and of the baseline model (see `robust`).

    """

    kind: Stages
    traces: tuple[float, float]
    traces_baseline: tuple[float, float]
