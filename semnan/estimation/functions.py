"""Expressions in labels as functions of θ, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from semnan.model import PathModel
from semnan.model.expression import Expression, evaluate, names

_FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "tanh": torch.tanh,
}


@final
class Functions:
    """Several expressions in the labels and defined parameters of a model.

    Parameters
    ----------
    model : PathModel
    expressions : iterable of Expression

    """

    def __init__(self, model: PathModel, expressions: Iterable[Expression]) -> None:
        self.expressions = tuple(expressions)
        self._place = {free.name: k for k, free in enumerate(model.free)}
        self._fixed = {row.label: row.fixed for row in model.parameters if row.label and row.fixed is not None}
        self._defined = {defined.name: defined.expression for defined in model.defined}
        self._size = len(model.free)

    def value(self, theta: Tensor) -> Tensor:
        """Values at θ of shape (*batch, q): shape (*batch, k)."""
        return self._stack(theta.index_select(-1, self._used))

    def jacobian(self, theta: Tensor) -> Tensor:
        """Gradients at θ, shape (*batch, k, q)."""
        inside = theta.index_select(-1, self._used).detach().requires_grad_()
        with torch.enable_grad():
            slopes = [_slope(value.sum(), inside) for value in self._stack(inside).unbind(-1)]
        return self._spread(torch.stack(slopes, dim=-2))

    def hessian(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Σ_j a_j ∂²c_j for weights of shape (*batch, k): shape (*batch, q, q)."""
        inside = theta.index_select(-1, self._used).detach().requires_grad_()
        with torch.enable_grad():
            slope = _slope((weights * self._stack(inside)).sum(), inside, graph=True)
            rows = [_slope(part.sum(), inside) for part in slope.unbind(-1)]
        small = self._spread(torch.stack(rows, dim=-2))
        return small.new_zeros(*theta.shape[:-1], self._size, self._size).index_copy_(-2, self._used, small)

    def _stack(self, inside: Tensor) -> Tensor:
        values: dict[str, Tensor] = dict(zip(self._names, inside.unbind(-1), strict=True))
        values |= {name: inside.new_tensor(number) for name, number in self._fixed.items()}
        for name in self._needed:
            values[name] = self._full(evaluate(self._defined[name], values, _FUNCTIONS), inside)
        found = [self._full(evaluate(part, values, _FUNCTIONS), inside) for part in self.expressions]
        return torch.stack(found, dim=-1)

    @staticmethod
    def _full(value: Tensor | float, inside: Tensor) -> Tensor:
        return torch.as_tensor(value, dtype=inside.dtype).expand(inside.shape[:-1])

    def _spread(self, small: Tensor) -> Tensor:
        """Columns of the parameters that are used, among all."""
        return small.new_zeros(*small.shape[:-1], self._size).index_copy_(-1, self._used, small)

    @cached_property
    def _needed(self) -> tuple[str, ...]:
        """The defined parameters that the expressions use, directly or not, in their order."""
        wanted = {name for part in self.expressions for name in names(part)}
        for name in reversed(self._defined):
            if name in wanted:
                wanted.update(names(self._defined[name]))
        return tuple(name for name in self._defined if name in wanted)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The free parameters that the expressions use."""
        parts = (*self.expressions, *(self._defined[name] for name in self._needed))
        return tuple(dict.fromkeys(name for part in parts for name in names(part) if name in self._place))

    @cached_property
    def _used(self) -> Tensor:
        return torch.tensor([self._place[name] for name in self._names], dtype=torch.long)


def _slope(value: Tensor, inside: Tensor, *, graph: bool = False) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(inside)
    (found,) = torch.autograd.grad(value, inside, create_graph=graph, retain_graph=True, materialize_grads=True)
    return found
