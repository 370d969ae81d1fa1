"""What the columns of a channel model must have for its likelihood to exist, told by the names of its variables."""

from __future__ import annotations

import numpy as np

from semnan.errors import DataError
from semnan.mmm.model.design import Design
from semnan.mmm.model.structure import transformed_name
from semnan.network.arrays import Array

#: Of what was there before, the share of variance below which nothing is left of a column.
NOTHING = 1e-10
#: A column has a part in a dependence if its weight, in standard deviations, is at least this share of the largest.
PART = 1e-3
#: What is taken away from every column.
TAKEN = "levels, season, trend, events and week effects"


def check_columns(design: Design) -> None:
    """Refuse panels with too few rows, and columns of which nothing is left."""
    left, needed = design.rows - design.nuisance.rank, len(design.model.visibles)
    if left < needed:
        raise DataError(
            f"{design.rows} rows (geos times weeks) are too few: {TAKEN} take {design.nuisance.rank} of them, and the "
            f"model has {needed} columns: give more weeks, or a simpler model, such as season=0"
        )
    moving = {transformed_name(part.channel) for part in design.transforms}
    for name in design.model.visibles:
        if name not in moving:
            _check_left(design, name)


def _check_left(design: Design, name: str) -> None:
    series = design.series(name)
    if design.nuisance.residuals(series).var() <= NOTHING * series.var():
        raise DataError(
            f"nothing is left of {name!r} once {TAKEN} are taken away: leave it out, or leave out what explains it"
        )


def singular(design: Design, table: Array) -> DataError:
    """What to say of columns that depend linearly on each other, shape (N, p)."""
    names = _dependent(design, table)
    if len(names) == 1:
        return DataError(
            f"where its media are, the curve of {names[0]!r} is a straight line: they have two values, or hardly vary. "
            f"Leave {names[0]!r} out of adstock= and saturation=, given as mappings"
        )
    return DataError(
        f"{', '.join(names)} depend linearly on each other once {TAKEN} are taken away: leave one of them out"
    )


def _dependent(design: Design, table: Array) -> tuple[str, ...]:
    """The variables of the combination of columns that varies least; transformed media are called as their channel."""
    scale = np.sqrt((table**2).mean(0))
    scaled = table / np.where(scale > 0, scale, 1.0)
    weights = np.abs(np.linalg.eigh(scaled.T @ scaled)[1][:, 0])
    own = {transformed_name(part.channel): part.channel for part in design.transforms}
    found = [name for name, w in zip(design.model.visibles, weights, strict=True) if w >= PART * weights.max()]
    return tuple(dict.fromkeys(own.get(name, name) for name in found))
