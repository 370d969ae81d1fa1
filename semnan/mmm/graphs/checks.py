"""What a graph of channels must satisfy, and the errors that offer what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semnan.errors import GraphError
from semnan.graph import Diagram, Edge
from semnan.graph.diagram import check_names, listed
from semnan.mmm.panels.table import nearest

#: A variable some weeks before, such as "tv@1".
_LAG = re.compile(r"(.*)@([1-9][0-9]{0,3})")


def split_lag(node: str) -> tuple[str, int]:
    """The column of a node and how many weeks before it is, ("tv", 1) of "tv@1"; `GraphError` for another use of @."""
    column, marked, _ = node.partition("@")
    if not marked:
        return node, 0
    found = _LAG.fullmatch(node)
    if found is None or not column.strip() or "@" in found[1]:
        raise GraphError(
            f"{node!r} is not a variable or a lag of one: write tv@1 for tv one week before; "
            "a column with @ in its name must be called something else"
        )
    return found[1], int(found[2])


def read_edges(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """Pairs (cause, effect); their names are checked, and an effect is never in the past."""
    if isinstance(edges, str):
        raise GraphError(f"edges are pairs of names, not the text {edges!r}: write [('tv', 'search')]")
    pairs = []
    for edge in edges:
        if isinstance(edge, str) or len(tuple(edge)) != 2:
            raise GraphError(f"an edge is a pair (cause, effect), got {edge!r}")
        cause, effect = edge
        check_names(dict.fromkeys((cause, effect)))
        _check_time(cause, effect)
        pairs.append((cause, effect))
    if not pairs:
        raise GraphError("the graph has no edge: give at least one from a channel to the KPI")
    return tuple(pairs)


def read_lists(given: Mapping[str, Any] | None, what: str) -> dict[str, tuple[str, ...]]:
    """A mapping from latent to names, as tuples."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise GraphError(f"{what} are a mapping from a latent to a list of names, got {given!r}")
    check_names(given)
    found = {latent: listed(names) for latent, names in given.items()}
    for latent, names in found.items():
        check_names(names)
        if "@" in latent:
            raise GraphError(f"the confounder {latent!r} has the sign @ in its name, which marks lags: rename it")
    return found


def find_kpi(edges: Sequence[Edge], kpi: str | None, proxies: Mapping[str, tuple[str, ...]]) -> str:
    """The KPI: the one named, or the only variable that causes nothing and is no proxy."""
    nodes = dict.fromkeys(name for edge in edges for name in edge)
    if kpi is not None:
        if kpi not in nodes:
            raise GraphError(f"the KPI {kpi!r} is in no edge{nearest(kpi, [*nodes])}: give it an edge from a channel")
        return kpi
    causes, measured = {a for a, _ in edges}, {name for names in proxies.values() for name in names}
    ends = [name for name in nodes if name not in causes | measured]
    if len(ends) != 1:
        raise GraphError(f"the KPI is not clear ({', '.join(ends) or 'every variable has effects'}): name it with kpi=")
    return ends[0]


def check_feedback(edges: Iterable[Edge], kpi: str) -> None:
    """Refuse an effect of the KPI within the same week, and offer the lagged edge."""
    for cause, effect in edges:
        if cause == kpi:
            raise GraphError(
                f"the edge {kpi} -> {effect} is feedback within a week, a cycle in disguise: "
                f"use the lagged edge ({kpi + '@1'!r}, {effect!r})"
            )


def check_confounders(
    confounders: Mapping[str, tuple[str, ...]], nodes: Sequence[str], measured: Iterable[str]
) -> None:
    """Refuse confounders of fewer than two variables, of lags, of proxies and of what is not there."""
    proxies = {*measured}
    for node in nodes:
        if "@" in node and split_lag(node)[0] in confounders:
            raise GraphError(
                f"{node!r} is a lag of the confounder {split_lag(node)[0]!r}, which nobody measured: leave it out; "
                "what it carries over from week to week is considered in identify()"
            )
    for latent, children in confounders.items():
        if latent in nodes or latent in proxies:
            raise GraphError(f"{latent!r} is both a confounder and a variable of the graph: rename one of the two")
        for child in children:
            if "@" in child:
                raise GraphError(
                    f"the confounder {latent!r} names the lag {child!r}: name {split_lag(child)[0]!r}; what it carries "
                    "over from week to week is considered in identify()"
                )
            if child in proxies:
                raise GraphError(f"{child!r} is a child of the confounder {latent!r} and a proxy: give it one role")
            if child not in nodes:
                raise GraphError(
                    f"the confounder {latent!r} acts on {child!r}, which is in no edge{nearest(child, nodes)}"
                )
        if len(children) < 2:
            shown = f"only on {children[0]!r}" if children else "on nothing"
            raise GraphError(
                f"the confounder {latent!r} acts {shown}: a confounder needs two variables "
                "(what it measures goes to proxies=); leave it out otherwise"
            )


def check_proxies(proxies: Mapping[str, tuple[str, ...]], confounders: Mapping[str, tuple[str, ...]], kpi: str) -> None:
    """Refuse proxies of confounders that are not there, and columns that measure two."""
    owner: dict[str, str] = {}
    for latent, columns in proxies.items():
        if latent not in confounders:
            raise GraphError(
                f"there are proxies of {latent!r}, which is no confounder{nearest(latent, [*confounders])}: "
                "name what it acts on with confounders="
            )
        for column in columns:
            if column == kpi:
                raise GraphError(f"the KPI {kpi!r} cannot be a proxy of {latent!r}: it is what is to be explained")
            if "@" in column:
                raise GraphError(f"the proxy {column!r} is a lag: name {split_lag(column)[0]!r}")
            if column in owner:
                raise GraphError(f"{column!r} is a proxy of {owner[column]!r} and of {latent!r}: keep one of the two")
            owner[column] = latent


def check_tiers(tiers: Sequence[Sequence[str]], edges: Iterable[Edge], nodes: Sequence[str]) -> None:
    """Refuse edges from a later tier to an earlier one, and names that are not there or stand in two tiers."""
    level: dict[str, int] = {}
    for i, tier in enumerate(tiers):
        for name in tier:
            if name not in nodes:
                raise GraphError(f"tier {i} names {name!r}, which is no variable of the graph{nearest(name, nodes)}")
            if name in level:
                raise GraphError(f"{name!r} stands in the tiers {level[name]} and {i}: keep it in one")
            level[name] = i
    for cause, effect in edges:
        if level.get(cause, -1) > level.get(effect, len(level)):
            raise GraphError(
                f"the edge {cause} -> {effect} runs against the tiers: {cause!r} is in tier {level[cause]}, {effect!r} "
                f"in tier {level[effect]}: turn it round, drop it, or lag it ({cause + '@1'!r}, {effect!r})"
            )


def check_diagram(visibles: Sequence[str], latents: Sequence[str], edges: Sequence[Edge]) -> None:
    """Refuse repeated edges, edges of a variable to itself, and cycles."""
    Diagram(tuple(visibles), tuple(latents), tuple(edges))


def _check_time(cause: str, effect: str) -> None:
    column, lag = split_lag(effect)
    if lag:
        raise GraphError(
            f"the edge {cause} -> {effect} ends in the past: say what acts on {column!r} in its own week, "
            f"such as ({split_lag(cause)[0]!r}, {column!r})"
        )
    split_lag(cause)
