"""`Finding`: one fact about a fit that its reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

#: So many names are listed in a message.
SHOWN = 8


@final
@dataclass(frozen=True)
class Finding:
    """A fact about a fit that its reader must know.

    Attributes
    ----------
    kind : str
        A short name: "not identified", "Heywood case", …
    names : tuple of str
        The parameters or variables concerned.
    message : str
        One or two sentences, with what to do.
    directions : tuple of tuples of (str, float)
        Of what is not identified: independent ways in which parameters can move together without any change of the
        implied moments, each with the parameters that move and by how much.

    """

    kind: str
    names: tuple[str, ...]
    message: str
    directions: tuple[tuple[tuple[str, float], ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """Names in a row, the first of them if there are many."""
    rest = len(names) - SHOWN
    return separator.join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def in_group(name: str, group: str | None) -> str:
    """The name of a variable with that of the group, if there are groups."""
    return name if group is None else f"{name} [{group}]"
