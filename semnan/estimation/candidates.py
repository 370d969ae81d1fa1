"""Rows that a model does not have or has fixed: what modification indices are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final, get_args

import torch
from torch import Tensor

from semnan.errors import FitError
from semnan.model import CONSTANT, Kind, Parameter, PathModel
from semnan.network import Layout

#: Loadings of latents on observed indicators, regressions, covariances, and rows of the table that are fixed.
Sort = Literal["loading", "regression", "covariance", "fixed"]
SORTS: tuple[Sort, ...] = get_args(Sort)
#: lavaan's operators.
OPERATORS = ("=~", "~", "~~", "~1")
_LOADING, _REGRESSION, _COVARIANCE, _INTERCEPT = range(4)


@final
@dataclass(frozen=True, eq=False)
class Candidates:
    """Entries of W and Ω of one group, shape (C,).

    Attributes
    ----------
    sort : Tensor of int
        Which of `SORTS` each belongs to.
    operator : Tensor of int
        Which of `OPERATORS` it is written with; a covariance is an entry of Ω, all others of W.
    row, column : Tensor of int
        Where the entry stands in the matrices of the layout.

    """

    sort: Tensor
    operator: Tensor
    row: Tensor
    column: Tensor

    def __len__(self) -> int:
        return len(self.row)

    @property
    def is_path(self) -> Tensor:
        """Entries of W, intercepts among them."""
        return self.operator != _COVARIANCE

    def take(self, index: Tensor | slice) -> Candidates:
        return Candidates(self.sort[index], self.operator[index], self.row[index], self.column[index])


def candidates(model: PathModel, layout: Layout, group: str | None, sorts: Iterable[str] = SORTS) -> Candidates:
    """What lavaan lists, but for paths into exogenous covariates, since the model is given these.

    Loadings of every latent on every observed indicator; covariances among the visibles that have parents, and among
    the latents; if there are regressions, those among all variables that take part in one; and what is fixed: rows of
    the table, and with means the intercepts that it lacks.
    """
    wanted = (sorts,) if isinstance(sorts, str) else tuple(sorts)
    for name in wanted:
        if name not in SORTS:
            raise FitError(f"there is no sort {name!r} of parameters: give some of {', '.join(SORTS)}")
    listed = _Listed(model, layout, [row for row in model.parameters if row.group == group])
    parts = [getattr(listed, sort) for sort in SORTS if sort in wanted]
    empty = torch.zeros(4, 0, dtype=torch.long)
    return Candidates(*torch.cat([empty, *parts], 1))


@final
@dataclass(frozen=True, eq=False)
class _Listed:
    """The candidates of every sort as columns (sort, operator, row, column), shape (4, C)."""

    model: PathModel
    layout: Layout
    rows: Sequence[Parameter]

    @cached_property
    def place(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.layout.names)}

    @property
    def loading(self) -> Tensor:
        mask = self._loadings & ~self._taken[0] & ~torch.eye(len(self.place), dtype=torch.bool)
        return _entries(mask, "loading", _LOADING)

    @property
    def regression(self) -> Tensor:
        paths = [row for row in self.rows if row.kind is Kind.PATH and not self._measures(row)]
        names = {name for row in paths for name in (row.source, row.target)}
        mask = self._block(names, names - set(self.model.exogenous)) & ~self._loadings & ~self._taken[0]
        return _entries(mask & ~torch.eye(len(self.place), dtype=torch.bool), "regression", _REGRESSION)

    @property
    def covariance(self) -> Tensor:
        dependent = {row.target for row in self.rows if row.kind is Kind.PATH} - set(self.model.latents)
        mask = self._block(dependent, dependent) | self._block(self.model.latents, self.model.latents)
        return _entries((mask & ~self._taken[1]).triu(1), "covariance", _COVARIANCE)

    @property
    def fixed(self) -> Tensor:
        held = [(self._operator(row), self._source(row), row.target) for row in self.rows if row.fixed is not None]
        listed = [
            (operator, self.place[source], self.place[target]) for operator, source, target in held + self._absent
        ]
        entries = torch.tensor(listed, dtype=torch.long).reshape(-1, 3).mT
        return torch.cat([torch.full_like(entries[:1], SORTS.index("fixed")), entries])

    @property
    def _absent(self) -> list[tuple[int, str, str]]:
        """Intercepts that a model with means does not have."""
        if not self.model.has_means:
            return []
        have = {row.target for row in self.rows if row.kind is Kind.INTERCEPT} | {CONSTANT, *self.model.exogenous}
        return [(_INTERCEPT, CONSTANT, name) for name in self.layout.names if name not in have]

    def _operator(self, row: Parameter) -> int:
        if row.kind is Kind.PATH:
            return _LOADING if self._measures(row) else _REGRESSION
        return _COVARIANCE if row.kind is Kind.COVARIANCE else _INTERCEPT

    def _source(self, row: Parameter) -> str:
        return CONSTANT if row.kind is Kind.INTERCEPT else row.source

    def _measures(self, row: Parameter) -> bool:
        """Whether a path is a loading; if none of a latent's paths is marked as one, all are."""
        return row.loading or row.source in self._unmarked

    @cached_property
    def _unmarked(self) -> frozenset[str]:
        return frozenset(self.model.latents) - {row.source for row in self.rows if row.loading}

    @cached_property
    def _loadings(self) -> Tensor:
        """Latents on observed indicators."""
        measured = {row.target for row in self.rows if row.kind is Kind.PATH and self._measures(row)}
        return self._block(self.model.latents, measured - set(self.model.latents))

    @cached_property
    def _taken(self) -> Tensor:
        """Which entries of W and of Ω the table has, shape (2, n, n)."""
        found = torch.zeros(2, len(self.place), len(self.place), dtype=torch.bool)
        for row in self.rows:
            i, j = self.place[row.source], self.place[row.target]
            if row.kind is Kind.PATH:
                found[0, i, j] = True
            elif row.kind is Kind.COVARIANCE:
                found[1, i, j] = found[1, j, i] = True
        return found

    def _block(self, sources: Iterable[str], targets: Iterable[str]) -> Tensor:
        """A mask that is true for pairs of some sources and some targets."""
        first, second = torch.zeros(2, len(self.place), dtype=torch.bool)
        first[[self.place[name] for name in sources]] = True
        second[[self.place[name] for name in targets]] = True
        mask: Tensor = first[:, None] & second
        return mask


def _entries(mask: Tensor, sort: Sort, operator: int) -> Tensor:
    row, column = mask.nonzero(as_tuple=True)
    return torch.stack([torch.full_like(row, SORTS.index(sort)), torch.full_like(row, operator), row, column])
