"""AMASEM graphs compiled to path models, and back."""

from __future__ import annotations

from collections import Counter

from semnan.errors import GraphError, ModelError
from semnan.graph import AMASEM
from semnan.model.parameter import Kind, Parameter, covariance, path
from semnan.model.path_model import PathModel


def compile_amasem(graph: AMASEM) -> PathModel:
    """See `PathModel.from_amasem`."""
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
    return PathModel(graph.visibles, confounders, tuple(rows))


def recover_amasem(model: PathModel) -> AMASEM:
    """See `PathModel.to_amasem`."""
    variance = {row.source: row for row in model.parameters if row.is_variance}
    repeated = Counter(row.name for row in model.parameters)
    reasons = [_not_amasem(model, row, repeated) for row in model.parameters]
    if model.groups or model.exogenous or model.constraints:
        reasons.append("it has groups, exogenous covariates or constraints")
    reasons += [f"the latent {u!r} has no variance; fix it to 1" for u in model.latents if u not in variance]
    for reason in reasons:
        if reason:
            raise ModelError(f"this model is no AMASEM: {reason}")
    noiseless = [v for v in model.visibles if v not in variance]
    try:
        return AMASEM.from_edges(model.diagram.edges, model.latents, visibles=model.visibles, noiseless=noiseless)
    except GraphError as error:
        raise ModelError(f"this model is no AMASEM: {error}") from None


def _not_amasem(model: PathModel, row: Parameter, repeated: Counter[str]) -> str | None:
    if row.kind is Kind.INTERCEPT:
        return f"{row.target!r} has an intercept"
    if row.kind is Kind.PATH:
        if row.target in model.latents:
            return f"the latent {row.target!r} has the parent {row.source!r}"
        plain = row.fixed is None and repeated[row.name] == 1 and row.lower == -row.upper == float("-inf")
        return None if plain else f"{row.edge} is fixed, tied or bounded"
    if not row.is_variance:
        return f"{row.edge} is a covariance; draw a confounder instead, if that is what you mean"
    if row.source in model.latents:
        return None if row.fixed == 1.0 else f"the variance of the latent {row.source!r} is not fixed to 1"
    free = row.fixed is None and repeated[row.name] == 1 and row.upper == float("inf") and row.lower <= 0
    return None if free else f"the variance of {row.source!r} is fixed, tied or bounded away from zero"


def as_model(model: PathModel | AMASEM) -> PathModel:
    """`model` itself, or the compiled graph."""
    if isinstance(model, AMASEM):
        return compile_amasem(model)
    if not isinstance(model, PathModel):
        raise ModelError(f"expected an AMASEM or a PathModel, got {type(model).__name__}")
    return model
