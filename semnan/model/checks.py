"""What a path model refuses, by name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from semnan.errors import ModelError
from semnan.model.expression import names
from semnan.model.parameter import Kind, Parameter

if TYPE_CHECKING:
    from semnan.model.path_model import PathModel


def check_model(model: PathModel) -> None:
    """Raise `ModelError` for the first thing that is wrong with the rows, labels, groups or constraints."""
    _check_variables(model)
    _check_rows(model)
    _check_groups(model)
    _check_labels(model)
    _check_expressions(model)


def _check_variables(model: PathModel) -> None:
    names = [ordered.name for ordered in model.ordered]
    for name in names:
        if name not in model.visibles or names.count(name) > 1:
            raise ModelError(f"the ordered variable {name!r} is not a visible variable of the model, or named twice")
    for name in model.exogenous:
        if name not in model.visibles:
            raise ModelError(f"the exogenous covariate {name!r} is not a visible variable of the model")


def _check_rows(model: PathModel) -> None:
    variables = {*model.visibles, *model.latents}
    seen: set[tuple[str | None, Kind, object]] = set()
    for row in model.parameters:
        for name in (row.source, row.target):
            if name not in variables:
                raise ModelError(f"{row.edge} uses {name!r}, which is not a variable of the model")
        pair = (row.source, row.target) if row.kind is Kind.PATH else frozenset((row.source, row.target))
        if (row.group, row.kind, pair) in seen:
            what = "the covariance " if row.kind is Kind.COVARIANCE else ""
            raise ModelError(f"{what}{row.edge} is in the table twice: remove one of the two")
        seen.add((row.group, row.kind, pair))
        if row.loading and (row.kind is not Kind.PATH or row.source not in model.latents):
            raise ModelError(f"{row.edge} is marked as a loading, but {row.source!r} is not a latent that is measured")
        _check_exogenous(row, model.exogenous)


def _check_exogenous(row: Parameter, exogenous: tuple[str, ...]) -> None:
    covariates = {row.source, row.target} & set(exogenous) if row.kind is not Kind.PATH else {row.target} & {*exogenous}
    if covariates:
        raise ModelError(
            f"{row.edge} belongs to the exogenous covariate {min(covariates)!r}, whose moments are the sample's: "
            "remove the row, or take the variable out of `exogenous`"
        )


def _check_groups(model: PathModel) -> None:
    if len(set(model.groups)) != len(model.groups) or len(model.groups) == 1:
        raise ModelError("the groups of a model are two or more different names (or none at all)")
    for row in model.parameters:
        if model.groups and row.group not in model.groups:
            raise ModelError(f"{row.edge} is in the group {row.group!r}; the model has {', '.join(model.groups)}")
        if not model.groups and row.group is not None:
            raise ModelError(f"{row.edge} is in the group {row.group!r}, but the model has no groups")


def _check_labels(model: PathModel) -> None:
    fixed = {row.label for row in model.parameters if row.fixed is not None and row.label}
    edges = Counter((row.group, row.edge) for row in model.parameters)
    for (_, edge), count in edges.items():
        if count > 1:
            raise ModelError(f"{count} rows are written {edge!r}: rename the variable whose name holds an arrow")
    taken = {edge for _, edge in edges}
    for free in model.free:
        if free.name in fixed:
            raise ModelError(f"the label {free.name!r} ties a free row to a fixed one: fix both or neither")
        if free.name in taken and any(model.parameters[i].edge != free.name for i in free.rows):
            raise ModelError(f"the label {free.name!r} is the name of another row: choose another label")


def _check_expressions(model: PathModel) -> None:
    known = {free.name for free in model.free} | {row.label for row in model.parameters if row.label}
    for defined in model.defined:
        if defined.name in known:
            raise ModelError(f"{defined.name!r} is defined by := but is already a label or a defined parameter")
        for name in names(defined.expression):
            if name not in known:
                raise ModelError(f"{defined} uses {name!r}, which is no label and not defined before")
        known.add(defined.name)
    for constraint in model.constraints:
        for name in names(constraint.zero):
            if name not in known:
                raise ModelError(f"the constraint {constraint} uses {name!r}, which is neither a label nor defined")
