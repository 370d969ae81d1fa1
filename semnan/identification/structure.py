"""`Structure`: a path model by numbers, ready to be evaluated in any arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from semnan.errors import ModelError
from semnan.graph import AMASEM
from semnan.identification.equality import Equality, equalities
from semnan.model import Kind, PathModel, as_model, covariance, path, variables

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a parameter table of one kind: entry (first, second) is free parameter `slot`, or fixed if that is −1."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    slot: NDArray[np.intp]
    fixed: tuple[float, ...]

    def values(self, theta: Array, number: Callable[[float], Any]) -> Array:
        """The value of every row at a parameter vector."""
        out = np.array([number(x) if x else 0 for x in self.fixed], dtype=theta.dtype)
        free = self.slot >= 0
        out[free] = theta[self.slot[free]]
        return out

    def collect(self, columns: Array, size: int) -> Array:
        """Columns by row as columns by free parameter: those of tied rows are added."""
        free = self.slot >= 0
        out = np.zeros((size, len(columns)), dtype=columns.dtype)
        slots, rows = self.slot[free], columns.T[free]
        if len(np.unique(slots)) == len(slots):
            out[slots] = rows
        else:
            np.add.at(out, slots.tolist(), rows)
        return out.T


@final
@dataclass(frozen=True, eq=False)
class Part:
    """The tables of one group: weights, covariances (each pair once) and intercepts."""

    paths: Rows
    arcs: Rows
    intercepts: Rows


@final
@dataclass(frozen=True, eq=False)
class Structure:
    """A path model whose variables are numbered parents first.

    Attributes
    ----------
    model : PathModel
    names : tuple of str
        All variables, parents first.
    visible : array of int
        Places of the visibles in `names`, in the order of the model.
    parts : tuple of Part
        One for each group.
    equalities : tuple of Equality
        Linear constraints. Inequalities take no dimension away, so they play no part.

    """

    model: PathModel
    names: tuple[str, ...]
    visible: NDArray[np.intp]
    parts: tuple[Part, ...]
    equalities: tuple[Equality, ...]

    @classmethod
    def of(cls, graph: AMASEM | PathModel) -> Structure:
        """Number a model.

        Raises
        ------
        ModelError
            If an equality between parameters is not linear.

        """
        model = as_model(graph)
        names = tuple(variables(model))
        place = {name: i for i, name in enumerate(names)}
        slot = {row: k for k, free in enumerate(model.free) for row in free.rows}
        groups: Sequence[str | None] = model.groups or (None,)
        parts = tuple(_part(model, group, place, slot) for group in groups)
        visible = np.array([place[v] for v in model.visibles], dtype=np.intp)
        return cls(model, names, visible, parts, equalities(model))

    @property
    def size(self) -> int:
        """The number of free parameters."""
        return len(self.model.free)

    @cached_property
    def place(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def part(self, group: str | None) -> Part:
        """The tables of a group.

        Raises
        ------
        ModelError
            If the model has groups and none of them is named.

        """
        groups = self.model.groups
        if not groups and group is None:
            return self.parts[0]
        if group not in groups:
            raise ModelError(f"the model has the groups {', '.join(groups) or 'none'}, not {group!r}: name one of them")
        return self.parts[groups.index(group)]

    def weights(self, part: Part, theta: Array, number: Callable[[float], Any]) -> Array:
        """W[parent, child] at a parameter vector."""
        out = np.zeros((len(self.names),) * 2, dtype=theta.dtype)
        out[part.paths.first, part.paths.second] = part.paths.values(theta, number)
        return out

    def omega(self, part: Part, theta: Array, number: Callable[[float], Any]) -> Array:
        """Ω at a parameter vector."""
        out = np.zeros((len(self.names),) * 2, dtype=theta.dtype)
        values = part.arcs.values(theta, number)
        out[part.arcs.first, part.arcs.second] = values
        out[part.arcs.second, part.arcs.first] = values
        return out

    @cached_property
    def simple(self) -> bool:
        """Whether every parameter has a row of its own, in a single group, without means or covariates."""
        plain = len(self.parts) == 1 and not self.model.has_means and not self.model.exogenous
        return plain and all(len(free.rows) == 1 for free in self.model.free)


def _part(model: PathModel, group: str | None, place: dict[str, int], slot: dict[int, int]) -> Part:
    found: dict[Kind, list[tuple[int, int, int, float]]] = {kind: [] for kind in Kind}
    for i, row in enumerate(model.parameters):
        if row.group == group:
            entry = (place[row.source], place[row.target], slot.get(i, -1), row.fixed or 0.0)
            found[row.kind].append(entry)
    return Part(*(_rows(found[kind]) for kind in (Kind.PATH, Kind.COVARIANCE, Kind.INTERCEPT)))


def _rows(entries: list[tuple[int, int, int, float]]) -> Rows:
    first, second, slot = (np.array([e[i] for e in entries], dtype=np.intp) for i in range(3))
    return Rows(first, second, slot, tuple(e[3] for e in entries))


def mixed_graph(
    directed: Sequence[tuple[str, str]], bidirected: Sequence[tuple[str, str]], *, visibles: Sequence[str] = ()
) -> PathModel:
    """A mixed graph (ADMG) as a path model: free edges, variances, and a free error covariance for every arc.

    Unlike `AMASEM.from_mixed`, arcs stay covariances here.

    Parameters
    ----------
    directed : sequence of (parent, child)
    bidirected : sequence of (str, str)
    visibles : sequence of str, optional
        Fixes the order, and names variables without edges.

    """
    names = tuple(dict.fromkeys([*visibles, *(name for edge in (*directed, *bidirected) for name in edge)]))
    rows = [path(a, b) for a, b in directed] + [covariance(a, b) for a, b in bidirected]
    return PathModel(names, (), (*rows, *(covariance(v) for v in names)))
