"""The verdict on every effect of a channel graph before any data, and what measurement would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal, final

import networkx as nx

from semnan.data.frames import Backend
from semnan.errors import GraphError
from semnan.identification import Query, Remedy, Status, Verdict
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.fixes import Fixes, fixes
from semnan.mmm.graphs.lags import ChannelAnalysis, confounded_lags
from semnan.mmm.panels.table import nearest
from semnan.report import Listing

Kind = Literal["direct", "total"]
#: Of an effect that no change considered identifies.
NO_FIX = "none of the measurements considered helps: bound the effect instead"


@final
@dataclass(frozen=True)
class ChannelVerdict:
    """What the covariance of a panel says about one effect.

    Attributes
    ----------
    effect : str
        ``"search -> sales"``.
    kind : "direct" or "total"
    verdict : str
        As of `semnan.Verdict.status`; of a finite one, how many values.
    by : str
        The criterion that decided.
    fix : str
        The cheapest measurement after which the effect is identified; empty if it is.

    """

    effect: str
    kind: str
    verdict: str
    by: str
    fix: str

    @property
    def identified(self) -> bool:
        return self.verdict == Status.IDENTIFIED.value


@final
@dataclass(frozen=True, eq=False, repr=False)
class IdentificationTable(Sequence[ChannelVerdict]):
    """The verdicts on a channel graph: on the KPI for every variable, then on every edge into another.

    ``table["tv", "total"]`` is the row of an effect on the KPI, ``table.verdict("tv", "total")`` the
    `semnan.Verdict` behind it, with formula and witness.

    Attributes
    ----------
    graph : ChannelGraph
    rows : Listing of ChannelVerdict
    verdicts : dict from (source, target, kind) to Verdict
    notes : tuple of str
        What the verdicts assume.

    """

    graph: ChannelGraph
    rows: Listing[ChannelVerdict]
    verdicts: dict[tuple[str, str, str], Verdict] = field(repr=False)
    notes: tuple[str, ...]
    carry_over: bool

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, int | slice):
            return self.rows[at]
        source, kind = at
        return self.row(source, kind)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ChannelVerdict]:
        return iter(self.rows)

    def row(self, source: str, kind: Kind = "total", target: str | None = None) -> ChannelVerdict:
        """The row of an effect, by default on the KPI; `GraphError` if the graph has none."""
        return self.rows[[*self.verdicts].index(self._key(source, kind, target))]

    def verdict(self, source: str, kind: Kind = "total", target: str | None = None) -> Verdict:
        """The verdict on an effect with its certificate, by default on the KPI."""
        return self.verdicts[self._key(source, kind, target)]

    def remedies(self, source: str, kind: Kind = "total", target: str | None = None) -> tuple[Remedy, ...]:
        """All measurements considered after which an effect is identified, cheapest first; none if it already is."""
        verdict = self.verdict(source, kind, target)
        return () if verdict.identified else tuple(fixes(self.graph, verdict.query, carry_over=self.carry_over))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        return self.rows.to_dicts()

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The rows as a data frame of an installed library."""
        return self.rows.to_frame(backend)

    def __str__(self) -> str:
        return "\n".join([str(self.rows), *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return self.rows._repr_html_() + notes

    def _key(self, source: str, kind: str, target: str | None) -> tuple[str, str, str]:
        key = (source, self.graph.kpi if target is None else target, kind)
        if key in self.verdicts:
            return key
        if kind not in ("direct", "total"):
            raise GraphError(f"the kind of effect is {kind!r}: give 'direct' or 'total'")
        for name in key[:2]:
            if name not in self.graph.nodes:
                raise GraphError(f"the graph has no variable {name!r}{nearest(name, self.graph.nodes)}")
        why = "no edge" if kind == "direct" else "no directed path"
        raise GraphError(f"there is no {kind} effect {key[0]} -> {key[1]} to ask about: the graph has {why} for it")


def identify_channels(graph: ChannelGraph, *, carry_over: bool) -> IdentificationTable:
    """The verdict on every effect of a channel graph; see `ChannelGraph.identify`."""
    known = ChannelAnalysis(graph, carry_over=carry_over)
    verdicts: dict[tuple[str, str, str], Verdict] = {}
    for query in _queries(graph):
        verdicts[query.source, query.target, query.kind] = known.decide(query)
    helpful = Fixes(graph, carry_over=carry_over)
    rows = tuple(_row(verdict, helpful) for verdict in verdicts.values())
    notes = tuple(_notes(graph, carry_over=carry_over))
    return IdentificationTable(graph, Listing(ChannelVerdict, rows), verdicts, notes, carry_over)


def _queries(graph: ChannelGraph) -> Iterator[Query]:
    """The effects on the KPI of every variable but proxies that cause nothing, then the edges that end elsewhere."""
    paths: nx.DiGraph[str] = nx.DiGraph(graph.edges)
    reached = nx.ancestors(paths, graph.kpi)
    for source in graph.nodes:
        if (source, graph.kpi) in graph.edges:
            yield Query(source, graph.kpi, "direct")
        if source in reached:
            yield Query(source, graph.kpi, "total")
    yield from (Query(a, b, "direct") for a, b in graph.edges if b != graph.kpi)


def _row(verdict: Verdict, helpful: Fixes) -> ChannelVerdict:
    query, said = verdict.query, verdict.status.value
    if verdict.status is Status.FINITE:
        said = f"one of {verdict.solutions} values"
    fix = ""
    if not verdict.identified:
        fix = next((found.change for found in helpful.find(query)), NO_FIX)
    return ChannelVerdict(str(query), query.kind, said, verdict.method, fix)


def _notes(graph: ChannelGraph, *, carry_over: bool) -> Iterator[str]:
    """What lags assume."""
    for node, latents in confounded_lags(graph).items():
        column, weeks = graph.lags[node]
        told = ", ".join(latents)
        if carry_over:
            yield f"— {told} may carry over from week to week, so that {node} is confounded as {column} is"
        else:
            yield f"— assumes that {told} does not carry over for {weeks} week(s): {node} counts as unconfounded"
    if graph.lags:
        yield "— a lag stands for its week only: the errors of a variable are taken as independent of its own past"
