"""Where the entries of a layout stand in the arrays of its formulas, all in numpy or all in torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Generic, final

from torch import Tensor

from semnan.network.arrays import A, Array


@final
@dataclass(frozen=True)
class Gathers(Generic[A]):
    """Flat places in K = Z M Zᵀ of (l, l), (r, r) and (l, r) for all pairs of rows, and w wᵀ."""

    both_left: A
    both_right: A
    cross: A
    weights: A


@final
@dataclass(frozen=True, kw_only=True)
class Places(Generic[A]):
    """Index arrays and constants of a layout.

    Attributes
    ----------
    scatter, source : array of int
        Places of free entries (arcs with their mirrors) in the row of `Blocks`, and their parameters.
    own : array of int, shape (k,)
        The visibles among the inner variables.
    left, right, weight : array, shape (e,)
        `Layout.factors`.
    rows, parameter, paths, halved : array
        Parents of paths; parameters of rows; the rows that are paths; one half for these, one for others.
    eye, unit : array
        Identities on the inner variables and on the visibles.

    """

    scatter: A
    source: A
    own: A
    left: A
    right: A
    weight: A
    rows: A
    parameter: A
    paths: A
    halved: A
    eye: A
    unit: A

    @cached_property
    def gathers(self) -> Gathers[A]:
        """For all pairs of rows; only for small tables."""
        row, column = self.left[:, None] * self.width, self.right[:, None] * self.width
        places = [(row + self.left), (column + self.right), (row + self.right)]
        left, right, cross = (place.reshape(-1) for place in places)
        return Gathers(left, right, cross, self.weight[:, None] * self.weight)

    @cached_property
    def pair(self) -> A:
        """Flat places of (l, r) in K = Z M Zᵀ, shape (e,)."""
        return self.left * self.width + self.right

    @cached_property
    def twice(self) -> A:
        """2 w."""
        return 2 * self.weight

    @property
    def width(self) -> int:
        """Rows of Z."""
        return len(self.unit) + 2 * len(self.eye)


def as_numpy(places: Places[Tensor]) -> Places[Array]:
    """The same memory as numpy arrays."""
    return Places(**{field.name: getattr(places, field.name).numpy() for field in fields(Places)})
