"""`Layout`: a path model compiled to index arrays, so that parameters become matrices without a loop.

The variables stand in topological order with the *sinks* last: visibles without children. A total effect on a
sink is a sum over its parents and no variable is reached through it, so triangular solves are needed for the others,
the *inner* variables, only. In a model with means the first inner variable is the constant 1, which counts
as a visible, and intercepts are paths from it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from itertools import accumulate
from types import EllipsisType
from typing import Generic, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from semnan.model import CONSTANT, Kind, Parameter, PathModel, variables
from semnan.network.arrays import A, Array, add_at, put, take
from semnan.network.places import Places, as_numpy


class Blocks(NamedTuple, Generic[A]):
    """W and Ω by inner variables and sinks: W among and from inner variables, Ω among both and (if any) between."""

    among: A
    onto: A
    inner: A
    sinks: A
    between: A


@final
@dataclass(frozen=True)
class Layout:
    """Where every free row of the parameter table stands in W or Ω.

    Attributes
    ----------
    names : tuple of str
        All n variables: the constant if there are means, the others in topological order, the sinks last.
    visible : Tensor of int, shape (p,)
        Places of the visibles (and the constant) among the names, ascending.
    inner : int
        The number of variables that are no sinks.
    base_weights, base_omega : Tensor, shape (*batch, n, n)
        The fixed entries. The variance of the constant is not among them: Ω is about covariances.
    is_path : Tensor of bool, shape (e,)
        For every free row of the table, whether it is an entry of W (otherwise of Ω).
    rows, columns : Tensor of int, shape (e,)
        Its place in that matrix.
    parameter : Tensor of int, shape (e,)
        The free parameter it belongs to; tied rows share one.
    size : int
        The number q of free parameters of the model (of all its groups).
    within, across : bool
        Whether a path joins two inner variables; whether a covariance joins one and a sink.

    """

    names: tuple[str, ...]
    visible: Tensor
    inner: int
    base_weights: Tensor
    base_omega: Tensor
    is_path: Tensor
    rows: Tensor
    columns: Tensor
    parameter: Tensor
    size: int
    within: bool
    across: bool

    @classmethod
    def of(cls, model: PathModel, group: str | None = None) -> Layout:
        """Compile a path model, or one group of it (float64, on the CPU); the same value for the same model."""
        return _compiled(model, group)

    @classmethod
    def _compile(cls, model: PathModel, group: str | None) -> Layout:
        names, inner = _ordered(model)
        place = {name: i for i, name in enumerate(names)}
        owner = {row: k for k, free in enumerate(model.free) for row in free.rows}
        free = [i for i in sorted(owner) if model.parameters[i].group == group]
        at = torch.tensor([_entry(model.parameters[i], place) for i in free], dtype=torch.long).reshape(-1, 2)
        weights, omega = _fixed([row for row in model.parameters if row.group == group], place)
        shown = {*model.visibles, CONSTANT}
        kinds = torch.tensor([model.parameters[i].kind is not Kind.COVARIANCE for i in free], dtype=torch.bool)
        within, across = _joined(model, group, place, inner)
        return cls(
            names=names,
            visible=torch.tensor([i for i, name in enumerate(names) if name in shown]),
            inner=inner,
            base_weights=weights,
            base_omega=omega,
            is_path=kinds,
            rows=at[:, 0].contiguous(),
            columns=at[:, 1].contiguous(),
            parameter=torch.tensor([owner[i] for i in free], dtype=torch.long),
            size=len(model.free),
            within=within,
            across=across,
        )

    @cached_property
    def constant(self) -> bool:
        """Whether the first variable is the constant."""
        return self.names[:1] == (CONSTANT,)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The visibles (without the constant) in the order of implied moments."""
        return tuple(self.names[i] for i in self.shown.tolist())

    @cached_property
    def shown(self) -> Tensor:
        """Places of the visibles without the constant."""
        return self.visible[1:] if self.constant else self.visible

    def matrices(self, theta: Float[Tensor, "*batch q"]) -> tuple[Tensor, Tensor]:
        """W and Ω at the free parameters, each of shape (*batch, n, n)."""
        shape = (*theta.shape[:-1], *self.base_weights.shape[-2:])
        weights, omega = self.base_weights.expand(shape).clone(), self.base_omega.expand(shape).clone()
        values, paths, arcs = theta.index_select(-1, self.parameter), self.is_path, ~self.is_path
        weights[..., self.rows[paths], self.columns[paths]] = values[..., paths]
        omega[..., self.rows[arcs], self.columns[arcs]] = values[..., arcs]
        omega[..., self.columns[arcs], self.rows[arcs]] = values[..., arcs]
        return weights, omega

    def blocks(self, theta: A) -> Blocks[A]:
        """The parts of W and Ω that are not zero by the order of the variables, contiguous, from one scatter."""
        at, batch = self.places(theta), theta.shape[:-1]
        flat = put(self._base if isinstance(theta, Tensor) else self._base_array, at.scatter, take(theta, at.source))
        return Blocks(*[flat[where].reshape(batch + shape) for where, shape in self._cuts])

    def places(self, like: A) -> Places[A]:
        """Index arrays of the same kind as an array."""
        return self._tensors if isinstance(like, Tensor) else self._arrays

    @cached_property
    def _tensors(self) -> Places[Tensor]:
        left, right, weight = self.factors
        place, source = self._scatter
        return Places(
            scatter=place,
            source=source,
            own=self.visible[self.visible < self.inner],
            left=left,
            right=right,
            weight=weight,
            rows=self.rows,
            parameter=self.parameter,
            paths=self.is_path.nonzero()[:, 0],
            halved=torch.where(self.is_path, 0.5, 1.0).double(),
            eye=torch.eye(self.inner, dtype=torch.float64),
            unit=torch.eye(len(self.visible), dtype=torch.float64),
        )

    @cached_property
    def _arrays(self) -> Places[Array]:
        return as_numpy(self._tensors)

    @cached_property
    def _base(self) -> Tensor:
        """The fixed entries as a row of blocks."""
        s, w, o = self.inner, self.base_weights, self.base_omega
        pieces = (w[..., :s, :s], w[..., :s, s:], o[..., :s, :s], o[..., s:, s:], o[..., : s * self.across, s:])
        return torch.cat([piece.flatten(-2) for piece in pieces], dim=-1)

    @cached_property
    def _base_array(self) -> Array:
        return self._base.numpy()

    @cached_property
    def _shapes(self) -> tuple[tuple[int, int], ...]:
        s, k = self.inner, len(self.names) - self.inner
        return (s, s), (s, k), (s, s), (k, k), (s, k) if self.across else (0, k)

    @cached_property
    def _ends(self) -> list[int]:
        return [0, *accumulate(rows * columns for rows, columns in self._shapes)]

    @cached_property
    def _cuts(self) -> list[tuple[tuple[EllipsisType, slice], tuple[int, int]]]:
        """Where each block stands in the row, and its shape."""
        ends = zip(self._ends[:-1], self._ends[1:], self._shapes, strict=True)
        return [((..., slice(start, end)), shape) for start, end, shape in ends]

    @cached_property
    def _scatter(self) -> tuple[Tensor, Tensor]:
        """Places of all entries (arcs with their mirrors) in the row of blocks, and their parameters."""
        s, arcs = self.inner, (~self.is_path).nonzero()[:, 0]
        crossing = (self.rows < s) != (self.columns < s)
        rows = torch.where(self.is_path | ~crossing, self.rows, torch.minimum(self.rows, self.columns))
        columns = torch.where(self.is_path | ~crossing, self.columns, torch.maximum(self.rows, self.columns))
        mirrored = arcs[~crossing[arcs]]
        place = torch.cat([self._place(rows, columns), self._place(columns, rows)[mirrored]])
        return place, torch.cat([self.parameter, self.parameter[mirrored]])

    def _place(self, rows: Tensor, columns: Tensor) -> Tensor:
        s, k = self.inner, len(self.names) - self.inner
        first = self._ends
        sink_row, sink = rows >= s, columns >= s
        among = torch.where(self.is_path, first[0], first[2]) + rows * s + columns
        onto = torch.where(self.is_path, first[1], first[4]) + rows * k + (columns - s)
        below = first[3] + (rows - s) * k + (columns - s)
        return torch.where(sink_row, below, torch.where(sink, onto, among))

    @cached_property
    def reach(self) -> Tensor:
        """For every variable b the row of Z = [I; U; Y] that holds U[b], its total effects on the visibles.

        That of a sink is a unit vector. U and Y have one row for each inner variable.
        """
        p, s = len(self.visible), self.inner
        sinks = torch.arange(len(self.names)) - s + (p - (len(self.names) - s))
        return torch.where(torch.arange(len(self.names)) < s, p + torch.arange(len(self.names)), sinks)

    @cached_property
    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The factors of ∂Σ = w (l rᵀ + r lᵀ) of every free row: rows of Z = [I; U; Y] that hold l and r, and w.

        A path a -> b has l = Y[a], r = U[b], w = 1; an entry (a, b) of Ω has l = U[a], r = U[b] and w = 1, or ½ on
        the diagonal.
        """
        covariances = len(self.visible) + self.inner + self.rows
        left = torch.where(self.is_path, covariances, self.reach[self.rows])
        diagonal = ~self.is_path & (self.rows == self.columns)
        return left, self.reach[self.columns], torch.where(diagonal, 0.5, 1.0).double()

    @cached_property
    def tied(self) -> bool:
        """Whether some parameter has more than one row or none, or they are not in the order of the rows."""
        return not torch.equal(self.parameter, torch.arange(self.size))

    def condition(self, names: Collection[str], covariance: Tensor, mean: Tensor | None) -> Layout:
        """Give covariates without parents these moments, of shape (*batch, k, k) and (*batch, k)."""
        at = torch.tensor([self.names.index(name) for name in names], dtype=torch.long)
        batch = covariance.shape[:-2]
        omega = self.base_omega.expand(*batch, *self.base_omega.shape[-2:]).clone()
        omega[..., at[:, None], at] = covariance
        if mean is None or not self.constant:
            return self._rebased(self.base_weights.expand_as(omega).clone(), omega)
        weights = self.base_weights.expand_as(omega).clone()
        weights[..., 0, at] = mean
        return self._rebased(weights, omega)

    def take(self, index: Tensor | Array) -> Layout:
        """The layout of some fits of a batch, or of one without batch dimension."""
        if self.base_omega.ndim == 2:
            return self
        return self._rebased(self.base_weights[index], self.base_omega[index])

    def _rebased(self, weights: Tensor, omega: Tensor) -> Layout:
        """With other fixed values; what is known of the structure stays known."""
        found = replace(self, base_weights=weights, base_omega=omega)
        known = vars(self).keys() - {field.name for field in fields(self)} - {"_base", "_base_array"}
        vars(found).update({name: vars(self)[name] for name in known})
        return found

    def intervene(self, names: Collection[str]) -> Layout:
        """The layout after do(names): no paths into them and no exogenous part. θ keeps its size and meaning."""
        held = torch.tensor([name in names for name in self.names])
        keep = torch.where(self.is_path, ~held[self.columns], ~(held[self.rows] | held[self.columns]))
        return replace(
            self,
            base_weights=self.base_weights.masked_fill(held, 0.0),
            base_omega=self.base_omega.masked_fill(held | held[:, None], 0.0),
            is_path=self.is_path[keep],
            rows=self.rows[keep],
            columns=self.columns[keep],
            parameter=self.parameter[keep],
        )

    def collect(self, values: A) -> A:
        """Sum the derivatives of tied rows: from one value a row, shape (*batch, e), to one a parameter."""
        if not self.tied:
            return values
        return add_at(self.size, self.places(values).parameter, values)


@lru_cache(maxsize=32)
def _compiled(model: PathModel, group: str | None) -> Layout:
    return Layout._compile(model, group)


def _ordered(model: PathModel) -> tuple[tuple[str, ...], int]:
    """The constant, inner variables and sinks, and how many are no sinks."""
    parents = {a for a, _ in model.diagram.edges}
    sorted_names = tuple(variables(model))
    sinks = [name for name in sorted_names if name not in parents and name not in set(model.latents)]
    gone = set(sinks)
    first = (CONSTANT,) if model.has_means else ()
    inner = (*first, *(name for name in sorted_names if name not in gone))
    return (*inner, *sinks), len(inner)


def _entry(row: Parameter, place: dict[str, int]) -> tuple[int, int]:
    return place[CONSTANT if row.kind is Kind.INTERCEPT else row.source], place[row.target]


def _fixed(rows: list[Parameter], place: dict[str, int]) -> tuple[Tensor, Tensor]:
    n = len(place)
    weights, omega = torch.zeros(n, n, dtype=torch.float64), torch.zeros(n, n, dtype=torch.float64)
    for row in rows:
        if row.fixed is None:
            continue
        i, j = _entry(row, place)
        if row.kind is Kind.COVARIANCE:
            omega[i, j] = omega[j, i] = row.fixed
        else:
            weights[i, j] = row.fixed
    return weights, omega


def _joined(model: PathModel, group: str | None, place: dict[str, int], inner: int) -> tuple[bool, bool]:
    """Whether some path joins two inner variables, and some covariance one and a sink.

    The means of given covariates are paths from the constant, and they have covariances.
    """
    rows = [row for row in model.parameters if row.group == group and row.fixed != 0]
    ends = [(row.kind is Kind.COVARIANCE, *_entry(row, place)) for row in rows]
    within = any(not arc and i < inner and j < inner for arc, i, j in ends)
    across = any(arc and (i < inner) != (j < inner) for arc, i, j in ends)
    given = [place[name] < inner for name in model.exogenous]
    return within or (model.has_means and any(given)), across or len(set(given)) > 1
