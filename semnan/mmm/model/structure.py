"""The path model of a channel graph: transformed media and what is given beforehand are exogenous covariates.

The residual form of a recursive system, log|Ω| + tr(Ω⁻¹ S_u) with every equation's own raw variable on its left, is as
a function of the coefficients and of Ω the likelihood of the path model in which transformed copies of the media are
covariates that it is given: the Jacobian is one, and the covariates' own part does not depend on the parameters.
"""

from __future__ import annotations

from collections.abc import Collection

from semnan.errors import GraphError
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.model import Parameter, PathModel, covariance, path


def transformed_name(channel: str) -> str:
    """The covariate that a channel's transformed media are."""
    return f"{channel}*"


def coefficient(source: str, target: str) -> str:
    """The name of the parameter of an edge."""
    return f"{source} -> {target}"


def loadings(model: PathModel) -> dict[str, list[int]]:
    """Of every confounder the free parameters that are its paths, in the order of the model."""
    rows = [model.parameters[free.rows[0]] for free in model.free]
    return {u: [k for k, row in enumerate(rows) if row.kind == "path" and row.source == u] for u in model.latents}


def path_model(graph: ChannelGraph, transformed: Collection[str]) -> PathModel:
    """Compile a channel graph.

    Parameters
    ----------
    graph : ChannelGraph
    transformed : collection of str
        The channels whose media are transformed before they enter the equation of the KPI.

    Raises
    ------
    GraphError
        If the KPI acts on something in the same week, which only a lag of it may.

    """
    edges = [_edge(graph, a, b, transformed) for a, b in graph.edges]
    latent = [path(u, v) for u, children in graph.confounders.items() for v in children]
    latent += [path(u, v) for u, measured in graph.proxies.items() for v in measured]
    caused = {row.target for row in (*edges, *latent)}
    names = [row.source for row in edges] + [row.target for row in (*edges, *latent)]
    visible = tuple(dict.fromkeys(name for name in names if name not in graph.confounders))
    endogenous = tuple(name for name in visible if name in caused)
    rows: list[Parameter] = [*edges, *latent]
    rows += [covariance(name, lower=0.0) for name in endogenous]
    rows += [covariance(u, fixed=1.0) for u in graph.confounders]
    exogenous = tuple(name for name in visible if name not in caused)
    return PathModel((*endogenous, *exogenous), tuple(graph.confounders), tuple(rows), exogenous=exogenous)


def _edge(graph: ChannelGraph, source: str, target: str, transformed: Collection[str]) -> Parameter:
    if source == graph.kpi:
        raise GraphError(
            f"the KPI {source!r} acts on {target!r} in the same week: take its lag, ({source}@1, {target})"
        )
    if target == graph.kpi and source in transformed:
        return path(transformed_name(source), target, label=coefficient(source, target))
    return path(source, target, label=coefficient(source, target))
