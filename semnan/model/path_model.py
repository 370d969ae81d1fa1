"""`PathModel`: a diagram and its parameter table, the one thing that estimation sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

from semnan.errors import GraphError, ModelError
from semnan.graph import AMASEM, Diagram
from semnan.model.checks import check_model
from semnan.model.expression import Constraint, Defined
from semnan.model.ordered import Ordered
from semnan.model.parameter import Kind, Parameter, intercept


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
    """A linear model x = α + Wᵀx + e, Cov(e) = Ω, in the general form of McArdle & McDonald 1984 (RAM).

    Entries of W, Ω and α that no row of the table names are zero. Latents may have parents, variances and
    covariances; nothing is added or fixed by default. Means are modelled if some row is an intercept.

    Parameters
    ----------
    visibles, latents : tuple of str
    parameters : tuple of Parameter
        With several groups, every row names its group.
    groups : tuple of str
        Names of the groups; empty for a model of one population.
    exogenous : tuple of str
        Covariates without parents whose means, variances and covariances are taken as those of the sample
        (lavaan's ``fixed.x``); no row of the table is about these.
    defined : tuple of Defined
        Functions of labelled parameters.
    constraints : tuple of Constraint
        On labelled and defined parameters.
    ordered : tuple of Ordered
        Visibles that are seen in categories only: a latent response of variance one, cut at thresholds.

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
    groups: tuple[str, ...] = ()
    exogenous: tuple[str, ...] = ()
    defined: tuple[Defined, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    ordered: tuple[Ordered, ...] = ()

    def __post_init__(self) -> None:
        for field in ("visibles", "latents", "parameters", "groups", "exogenous", "defined", "constraints", "ordered"):
            if isinstance(getattr(self, field), str):
                raise ModelError(f"give {field} as a tuple of names, not as one string")
            object.__setattr__(self, field, tuple(getattr(self, field)))
        for i, row in enumerate(self.parameters):
            if not isinstance(row, Parameter):
                raise ModelError(
                    f"row {i} of the parameters is {row!r}: make it with `path`, `covariance`, `intercept`"
                )
        if not self.visibles:
            raise ModelError("the model has no visible variable: name at least one")
        try:
            _ = self.diagram
        except GraphError as error:
            raise ModelError(str(error)) from None
        check_model(self)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        fields = (self.visibles, self.latents, self.parameters, self.groups, self.exogenous)
        return hash((*fields, self.defined, self.constraints, self.ordered))

    @cached_property
    def diagram(self) -> Diagram:
        """The directed part of the model (of all groups together)."""
        if not self.groups:
            edges = tuple((row.source, row.target) for row in self.parameters if row.kind is Kind.PATH)
        else:
            edges = tuple(dict.fromkeys((r.source, r.target) for r in self.parameters if r.kind is Kind.PATH))
        return Diagram(self.visibles, self.latents, edges)

    @cached_property
    def free(self) -> tuple[FreeParameter, ...]:
        """The parameters to estimate, in the order of the table."""
        groups: dict[str, list[int]] = {}
        for i, row in enumerate(self.parameters):
            if row.fixed is None:
                groups.setdefault(row.name, []).append(i)
        return tuple(self._tie(name, rows) for name, rows in groups.items())

    @cached_property
    def has_means(self) -> bool:
        """Whether the model is about means too: whether it has an intercept row."""
        return any(row.kind is Kind.INTERCEPT for row in self.parameters)

    def with_means(self) -> PathModel:
        """The model with a free intercept for every visible that is not an exogenous covariate, if it has none."""
        if self.has_means:
            return self
        rows = [
            intercept(name, group=group)
            for group in self.groups or (None,)
            for name in self.visibles
            if name not in self.exogenous
        ]
        return replace(self, parameters=(*self.parameters, *rows))

    def _tie(self, name: str, rows: list[int]) -> FreeParameter:
        tied = [self.parameters[i] for i in rows]
        starts = {row.start for row in tied if row.start is not None}
        if len({(row.lower, row.upper) for row in tied}) > 1:
            raise ModelError(f"the rows tied by the label {name!r} have different bounds: give them the same")
        if len(starts) > 1:
            raise ModelError(f"the rows tied by the label {name!r} have different starts: give them the same")
        return FreeParameter(name, tuple(rows), tied[0].lower, tied[0].upper, next(iter(starts), None))

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
        from semnan.model.amasem import compile_amasem  # The compiler makes PathModels, so it imports this module.

        return compile_amasem(graph)

    def to_amasem(self) -> AMASEM:
        """The graph that `from_amasem` compiles to this model (with default names for private latents).

        Raises
        ------
        ModelError
            Naming what an AMASEM does not have: fixed, tied or bounded paths, covariances, latents with parents or
            with a variance other than one.

        """
        from semnan.model.amasem import recover_amasem

        return recover_amasem(self)

    @classmethod
    def from_lavaan(cls, text: str, **options: Any) -> PathModel:
        """Compile a model written in lavaan's language; see `semnan.model.lavaan.compile_text` for the options."""
        from semnan.model.lavaan import compile_text

        return compile_text(text, **options)

    def to_text(self) -> str:
        """The model in lavaan's language, every row written out: ``from_lavaan(text, function="lavaan")`` is it again.

        `semnan.model.to_text.model_text` says what that language has no words for, and how it is written then.

        Raises
        ------
        ModelError
            If a name or label cannot be written in that language.

        """
        from semnan.model.to_text import model_text

        return model_text(self)


def variables(model: PathModel) -> Iterable[str]:
    """All variables of a model, parents before children."""
    return model.diagram.topological((*model.latents, *model.visibles))
