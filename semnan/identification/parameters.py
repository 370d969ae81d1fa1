"""Which parameters of a model are locally identified, all at once and exactly: what estimation asks before a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.graph import AMASEM
from semnan.identification.local import Draw, draws
from semnan.identification.modular import Residues, product
from semnan.identification.structure import Part, Structure
from semnan.model import PathModel


@final
@dataclass(frozen=True, eq=False)
class LocalIdentification:
    """The exact local verdict for parameters and functions of a path model, generic over its parameters.

    Attributes
    ----------
    structure : Structure
    points : tuple of Draw
        Two random points, each modulo a prime of its own. What does not change along `Draw.direction`, a random
        direction of the fibre, is identified.

    """

    structure: Structure
    points: tuple[Draw, ...]

    @classmethod
    def of(cls, graph: AMASEM | PathModel) -> LocalIdentification:
        structure = Structure.of(graph)
        return cls(structure, draws(structure))

    @property
    def rank(self) -> int:
        """Rank of the Jacobian of the moments, with the linear equalities of the model as further rows."""
        return self.points[0].rank

    @cached_property
    def parameters(self) -> NDArray[np.bool_]:
        """Which of `model.free` are identified."""
        return _all([point.direction == 0 for point in self.points])

    @property
    def unidentified(self) -> tuple[str, ...]:
        """Names of the free parameters that are not identified."""
        pairs = zip(self.structure.model.free, self.parameters.tolist(), strict=True)
        return tuple(free.name for free, known in pairs if not known)

    def functions(self, gradient: Callable[[Draw], Residues]) -> NDArray[np.bool_]:
        """Which functions of the parameters are identified.

        Parameters
        ----------
        gradient : callable
            Derivatives of the functions by the free parameters at a point, modulo `Draw.prime`; shape (f, q).

        """
        still = [product(gradient(p), p.direction[:, None], p.prime)[:, 0] == 0 for p in self.points]
        return _all(still)

    def direct(self, group: str | None = None) -> NDArray[np.bool_]:
        """Which weights W[a, b] are identified, in the order of `structure.names`; shape (n, n)."""
        part = self.structure.part(group)
        return _all([point.change(part) == 0 for point in self.points])

    def total(self, group: str | None = None) -> NDArray[np.bool_]:
        """Which total effects are identified, in the order of `structure.names`; shape (n, n)."""
        part = self.structure.part(group)
        return _all([_moved(point, part) == 0 for point in self.points])


def _all(found: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """What holds at every point."""
    together: NDArray[np.bool_] = np.logical_and.reduce(found)
    return together


def _moved(point: Draw, part: Part) -> Residues:
    """The derivative of (I − W)⁻¹ along the fibre."""
    total = point.states[point.structure.parts.index(part)].total
    return product(product(total, point.change(part), point.prime), total, point.prime)
