"""`Layout`: a path model compiled to index arrays, so that parameters become matrices without a loop."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from semnan.model import Kind, Parameter, PathModel, variables


@final
@dataclass(frozen=True)
class Layout:
    """Where every free row of the parameter table stands in W or Ω.

    Attributes
    ----------
    names : tuple of str
        All n variables in topological order.
    visible : Tensor of int, shape (p,)
        Places of `PathModel.visibles` among the names.
    base_weights, base_omega : Tensor, shape (n, n)
        The fixed entries.
    is_path : Tensor of bool, shape (e,)
        For every free row of the table, whether it is an entry of W (otherwise of Ω).
    rows, columns : Tensor of int, shape (e,)
        Its place in that matrix.
    parameter : Tensor of int, shape (e,)
        The free parameter it belongs to; tied rows share one.
    size : int
        The number q of free parameters.

    """

    names: tuple[str, ...]
    visible: Tensor
    base_weights: Tensor
    base_omega: Tensor
    is_path: Tensor
    rows: Tensor
    columns: Tensor
    parameter: Tensor
    size: int

    @classmethod
    def of(cls, model: PathModel) -> Layout:
        """Compile a path model (float64, on the CPU)."""
        names = tuple(variables(model))
        place = {name: i for i, name in enumerate(names)}
        owner = {row: k for k, free in enumerate(model.free) for row in free.rows}
        free = sorted(owner)
        at = torch.tensor([_entry(model.parameters[i], place) for i in free], dtype=torch.long).reshape(-1, 2)
        weights, omega = _fixed(model, place)
        return cls(
            names=names,
            visible=torch.tensor([place[v] for v in model.visibles]),
            base_weights=weights,
            base_omega=omega,
            is_path=torch.tensor([model.parameters[i].kind is Kind.PATH for i in free], dtype=torch.bool),
            rows=at[:, 0].contiguous(),
            columns=at[:, 1].contiguous(),
            parameter=torch.tensor([owner[i] for i in free], dtype=torch.long),
            size=len(model.free),
        )

    def matrices(self, theta: Float[Tensor, "*batch q"]) -> tuple[Tensor, Tensor]:
        """W and Ω at the free parameters, each of shape (*batch, n, n)."""
        shape = (*theta.shape[:-1], *self.base_weights.shape)
        weights, omega = self.base_weights.expand(shape).clone(), self.base_omega.expand(shape).clone()
        (at, parents, children), (arcs, first, second) = self._entries
        weights[..., parents, children] = theta[..., at]
        omega[..., first, second] = omega[..., second, first] = theta[..., arcs]
        return weights, omega

    @cached_property
    def _entries(self) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
        """Parameter, row and column of all entries of W, and of all of Ω."""
        paths, arcs = self.is_path, ~self.is_path
        return (
            (self.parameter[paths], self.rows[paths], self.columns[paths]),
            (self.parameter[arcs], self.rows[arcs], self.columns[arcs]),
        )

    @cached_property
    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The factors of ∂Σ = w (l rᵀ + r lᵀ) of every free row: rows of Z = [U; Y] that hold l and r, and w.

        A path a -> b has l = Y[a], r = U[b], w = 1; an entry (a, b) of Ω has l = U[a], r = U[b] and w = 1, or ½ on
        the diagonal.
        """
        left = self.rows + torch.where(self.is_path, len(self.names), 0)
        diagonal = ~self.is_path & (self.rows == self.columns)
        return left, self.columns, torch.where(diagonal, 0.5, 1.0).double()

    @cached_property
    def tied(self) -> bool:
        """Whether some parameter has more than one row, or none is in the order of the rows."""
        return not torch.equal(self.parameter, torch.arange(self.size))

    def intervene(self, names: Collection[str]) -> Layout:
        """The layout after do(names): no paths into them and no exogenous part. θ keeps its size and meaning."""
        held = torch.tensor([name in names for name in self.names])
        keep = torch.where(self.is_path, ~held[self.columns], ~(held[self.rows] | held[self.columns]))
        return Layout(
            names=self.names,
            visible=self.visible,
            base_weights=self.base_weights.masked_fill(held, 0.0),
            base_omega=self.base_omega.masked_fill(held | held[:, None], 0.0),
            is_path=self.is_path[keep],
            rows=self.rows[keep],
            columns=self.columns[keep],
            parameter=self.parameter[keep],
            size=self.size,
        )

    def collect(self, values: Float[Tensor, "*batch e"]) -> Float[Tensor, "*batch q"]:
        """Sum the derivatives of tied rows: from one value a row to one a parameter."""
        if not self.tied:
            return values
        return values.new_zeros(*values.shape[:-1], self.size).index_add_(-1, self.parameter, values)

    def gradient(self, by_weights: Tensor, by_omega: Tensor) -> Float[Tensor, "*batch q"]:
        """The gradient in the free parameters from the derivatives by all entries of W and of Ω.

        `by_omega` is the derivative with the two entries of a covariance taken as different numbers.
        """
        both = by_omega + by_omega.mT
        arcs = both[..., self.rows, self.columns] * self.factors[2]
        return self.collect(torch.where(self.is_path, by_weights[..., self.rows, self.columns], arcs))


def _entry(row: Parameter, place: dict[str, int]) -> tuple[int, int]:
    return place[row.source], place[row.target]


def _fixed(model: PathModel, place: dict[str, int]) -> tuple[Tensor, Tensor]:
    n = len(place)
    weights, omega = torch.zeros(n, n, dtype=torch.float64), torch.zeros(n, n, dtype=torch.float64)
    for row in model.parameters:
        if row.fixed is None:
            continue
        i, j = _entry(row, place)
        if row.kind is Kind.PATH:
            weights[i, j] = row.fixed
        else:
            omega[i, j] = omega[j, i] = row.fixed
    return weights, omega
