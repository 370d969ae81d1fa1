"""Ordered variables of a model text: those with thresholds in it (``x | t1 + t2``), and those that the data name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semnan.errors import ModelError
from semnan.model.ordered import Ordered
from semnan.model.reader import Row
from semnan.model.syntax import TextError

_THRESHOLD = re.compile(r"t([1-9][0-9]{0,2})")


def ordered_of(
    rows: Sequence[Row], visibles: Sequence[str], known: Sequence[tuple[str, int]], *, shared: bool = False
) -> tuple[Ordered, ...]:
    """The ordered variables in the order of the visibles, perhaps with thresholds that groups share.

    Raises
    ------
    TextError
        For thresholds that are not t1, t2, … or not as many as the data have, and for modifiers on them.
    ModelError
        For a known name that is no visible of the text.

    """
    written = _written(rows)
    counts = dict(known)
    for name in counts:
        if name not in visibles:
            raise ModelError(f"the ordered variable {name!r} is not a visible variable of the model")
    for name, (count, at) in written.items():
        if name not in visibles:
            raise TextError(at, f"{name!r} is a latent: thresholds are those of visible variables")
        if counts.setdefault(name, count) != count:
            told = f"{count} thresholds of {name!r} are written, but it has {counts[name]} in the data"
            raise TextError(at, f"{told}: write t1 to t{counts[name]}, or none")
    return tuple(Ordered(name, counts[name], shared) for name in visibles if name in counts)


def _written(rows: Sequence[Row]) -> dict[str, tuple[int, int]]:
    """How many thresholds of each variable, and where."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.op != "|":
            continue
        if row.modifiers:
            raise TextError(row.at, "modifiers on thresholds are not supported: each is estimated by itself")
        count, _ = found.get(row.lhs, (0, row.at))
        match = _THRESHOLD.fullmatch(row.rhs)
        if match is None or int(match.group(1)) != count + 1:
            raise TextError(row.at, f"expected the threshold t{count + 1} here: they are written t1 + t2 + …")
        found[row.lhs] = count + 1, row.at
    return found
