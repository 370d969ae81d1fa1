"""From the rows of groups to what least squares is fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semnan.errors import DataError
from semnan.estimation.latent_response import latent_responses
from semnan.estimation.moment_vector import MomentVector
from semnan.model import PathModel
from semnan.network.arrays import Array


def moment_vectors(model: PathModel, tables: Sequence[Array], *, likeliest: bool = False) -> list[MomentVector]:
    """The moments of every group, from rows in the order of the model's visibles.

    Covariances have the divisor n − 1, or n if they are to be those of greatest likelihood.

    Raises
    ------
    DataError
        For an ordered variable whose categories are not as many as the model says, or do not occur in a group.

    """
    if not model.ordered:
        found = [MomentVector.of_rows(model.visibles, table, model.exogenous) for table in tables]
        return [one.likeliest() for one in found] if likeliest else found
    levels = {}
    for ordered in model.ordered:
        at = model.visibles.index(ordered.name)
        levels[ordered.name] = np.unique(np.concatenate([table[:, at] for table in tables]))
        if len(levels[ordered.name]) != ordered.thresholds + 1:
            raise DataError(
                f"the ordered variable {ordered.name!r} has {len(levels[ordered.name])} categories in the data, but "
                f"{ordered.thresholds} threshold(s) in the model: they are one fewer than categories"
            )
    return [latent_responses(model.visibles, table, levels) for table in tables]
