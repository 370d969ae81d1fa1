"""`PathModel`: a diagram and its parameter table, the one thing that estimation sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import final

from semnan.errors import GraphError, ModelError
from semnan.graph import AMASEM, Diagram
from semnan.model.parameter import Kind, Parameter, covariance, path


@final
@dataclass(frozen=True)
class FreeParameter:
    """A parameter to estimate: one row of the table, or several tied ones.

    Attributes
    ----------
    name : str
    rows : tuple of int
        Its rows in `PathModel.parameters`.
    lower, upper : float
    start : float or None

    """

    name: str
    rows: tuple[int, ...]
    lower: float
    upper: float
    start: float | None


@final
@dataclass(frozen=True)
class PathModel:
    """A linear model x = Wᵀx + e, Cov(e) = Ω, in the general form of McArdle & McDonald 1984 (RAM).

    Entries of W and Ω that no row of the table names are zero. Latents may have parents, variances and
    covariances; nothing is added or fixed by default.

    Parameters
    ----------
    visibles, latents : tuple of str
    parameters : tuple of Parameter

    Raises
    ------
    ModelError
        Naming the unknown or repeated variable, the cycle, the repeated row, or the tie that contradicts itself.

    Examples
    --------
    >>> from semnan import PathModel, path, covariance
    >>> model = PathModel(("X", "Y"), (), (path("X", "Y"), covariance("X"), covariance("Y")))
    >>> [free.name for free in model.free]
    ['X -> Y', 'X <-> X', 'Y <-> Y']

    """

    visibles: tuple[str, ...]
    latents: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    def __post_init__(self) -> None:
        for field in ("visibles", "latents", "parameters"):
            if isinstance(getattr(self, field), str):
                raise ModelError(f"give {field} as a tuple of names, not as one string")
            object.__setattr__(self, field, tuple(getattr(self, field)))
        for i, row in enumerate(self.parameters):
            if not isinstance(row, Parameter):
                raise ModelError(f"row {i} of the parameters is {row!r}: make it with `path` or `covariance`")
        if not self.visibles:
            raise ModelError("the model has no visible variable: name at least one")
        try:
            _ = self.diagram
        except GraphError as error:
            raise ModelError(str(error)) from None
        self._check_rows()
        self._check_names()

    @cached_property
    def diagram(self) -> Diagram:
        """The directed part of the model."""
        edges = tuple((row.source, row.target) for row in self.parameters if row.kind is Kind.PATH)
        return Diagram(self.visibles, self.latents, edges)

    @cached_property
    def free(self) -> tuple[FreeParameter, ...]:
        """The parameters to estimate, in the order of the table."""
        groups: dict[str, list[int]] = {}
        for i, row in enumerate(self.parameters):
            if row.fixed is None:
                groups.setdefault(row.name, []).append(i)
        return tuple(self._tie(name, rows) for name, rows in groups.items())

    def _tie(self, name: str, rows: list[int]) -> FreeParameter:
        tied = [self.parameters[i] for i in rows]
        starts = {row.start for row in tied if row.start is not None}
        if len({(row.lower, row.upper) for row in tied}) > 1 or len(starts) > 1:
            raise ModelError(f"the rows tied by the label {name!r} have different bounds or starts: give them the same")
        return FreeParameter(name, tuple(rows), tied[0].lower, tied[0].upper, next(iter(starts), None))

    def _check_rows(self) -> None:
        names = {*self.visibles, *self.latents}
        seen: set[frozenset[str]] = set()
        for row in self.parameters:
            if row.kind is not Kind.COVARIANCE:
                continue
            for name in (row.source, row.target):
                if name not in names:
                    raise ModelError(f"{row.edge} uses {name!r}, which is not a variable of the model")
            if frozenset((row.source, row.target)) in seen:
                raise ModelError(f"the covariance {row.edge} is in the table twice: remove one of the two")
            seen.add(frozenset((row.source, row.target)))

    def _check_names(self) -> None:
        fixed = {row.label for row in self.parameters if row.fixed is not None and row.label}
        edges = Counter(row.edge for row in self.parameters)
        for edge, count in edges.items():
            if count > 1:
                raise ModelError(f"{count} rows are written {edge!r}: rename the variable whose name holds an arrow")
        for free in self.free:
            if free.name in fixed:
                raise ModelError(f"the label {free.name!r} ties a free row to a fixed one: fix both or neither")
            if free.name in edges and any(self.parameters[i].edge != free.name for i in free.rows):
                raise ModelError(f"the label {free.name!r} is the name of another row: choose another label")

    @classmethod
    def from_amasem(cls, graph: AMASEM) -> PathModel:
        """Compile a graph: private latents become residual variances, confounders stay, with variance one.

        This removes a node and a sign for every visible. The variance of a visible is at least zero, since it
        is the square of a weight; several private latents of one visible are one variance.

        Raises
        ------
        ModelError
            If a visible is set by an intervention: it has no variance to fit.

        """
        if graph.intervened:
            name = sorted(graph.intervened)[0]
            raise ModelError(
                f"{name!r} is set by an intervention, so it has no covariance to fit: fit the graph before `do`"
            )
        confounders, private = graph.confounders, graph.private
        named = {*confounders, *graph.visibles}
        rows = [path(a, b) for a, b in graph.ordered_edges if a in named]
        rows += [covariance(v, lower=0.0) for v in graph.visibles if private[v]]
        rows += [covariance(u, fixed=1.0) for u in confounders]
        return cls(graph.visibles, confounders, tuple(rows))

    def to_amasem(self) -> AMASEM:
        """The graph that `from_amasem` compiles to this model (with default names for private latents).

        Raises
        ------
        ModelError
            Naming what an AMASEM does not have: fixed, tied or bounded paths, covariances, latents with parents or
            with a variance other than one.

        """
        variance = {row.source: row for row in self.parameters if row.is_variance}
        repeated = Counter(row.name for row in self.parameters)
        for row in self.parameters:
            reason = self._not_amasem(row, repeated)
            if reason:
                raise ModelError(f"this model is no AMASEM: {reason}")
        for latent in self.latents:
            if latent not in variance:
                raise ModelError(f"this model is no AMASEM: the latent {latent!r} has no variance; fix it to 1")
        noiseless = [v for v in self.visibles if v not in variance]
        try:
            return AMASEM.from_edges(self.diagram.edges, self.latents, visibles=self.visibles, noiseless=noiseless)
        except GraphError as error:
            raise ModelError(f"this model is no AMASEM: {error}") from None

    def _not_amasem(self, row: Parameter, repeated: Counter[str]) -> str | None:
        if row.kind is Kind.PATH:
            if row.target in self.latents:
                return f"the latent {row.target!r} has the parent {row.source!r}"
            plain = row.fixed is None and repeated[row.name] == 1 and row.lower == -row.upper == float("-inf")
            return None if plain else f"{row.edge} is fixed, tied or bounded"
        if not row.is_variance:
            return f"{row.edge} is a covariance; draw a confounder instead, if that is what you mean"
        if row.source in self.latents:
            return None if row.fixed == 1.0 else f"the variance of the latent {row.source!r} is not fixed to 1"
        free = row.fixed is None and repeated[row.name] == 1 and row.upper == float("inf") and row.lower <= 0
        return None if free else f"the variance of {row.source!r} is fixed, tied or bounded away from zero"


def as_model(model: PathModel | AMASEM) -> PathModel:
    """`model` itself, or the compiled graph."""
    if isinstance(model, AMASEM):
        return PathModel.from_amasem(model)
    if not isinstance(model, PathModel):
        raise ModelError(f"expected an AMASEM or a PathModel, got {type(model).__name__}")
    return model


def variables(model: PathModel) -> Iterable[str]:
    """All variables of a model, parents before children."""
    return model.diagram.topological((*model.latents, *model.visibles))
