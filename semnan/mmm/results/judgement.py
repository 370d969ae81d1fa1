"""Whether the data can say what a change of media does, by what, or the cheapest measurement after which they can.

Verdicts are about the channel graph, never about the model with its transformed media: there the curvature alone would
tell a confounded channel from its confounder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

from semnan.errors import Unavailable
from semnan.identification import Query, Status, Verdict
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.fixes import Fixes
from semnan.mmm.graphs.identification import NO_FIX
from semnan.mmm.graphs.lags import ChannelAnalysis
from semnan.mmm.model.knowledge import Known, LiftTest
from semnan.mmm.model.mechanism import Mechanism
from semnan.mmm.model.media_change import MediaChange


@final
@dataclass(frozen=True)
class Judgement:
    """A verdict on a change of media.

    Attributes
    ----------
    verdict : str
        "identified", "not identified", "one of 2 values", "undecided".
    by : str
        The criterion that decided.
    fix : str
        The cheapest measurement after which it is identified; empty if it is.
    effect : str
        What is not identified.

    """

    verdict: str
    by: str
    fix: str = ""
    effect: str = ""

    @property
    def identified(self) -> bool:
        return self.verdict == Status.IDENTIFIED.value

    @property
    def refusal(self) -> Unavailable | None:
        """Why there is no number; None if there is one."""
        if self.identified:
            return None
        cure = self.fix if self.fix == NO_FIX else f"{self.fix} would identify it"
        return Unavailable(f"{self.effect} is {self.verdict} ({self.by}); {cure}")


@final
@dataclass(frozen=True, eq=False)
class Judge:
    """Verdicts on changes of media in a channel graph.

    Attributes
    ----------
    graph : ChannelGraph
    mechanism : Mechanism
    known : tuple of Known
        A lift test tells the total effect of its channel.

    """

    graph: ChannelGraph
    mechanism: Mechanism
    known: tuple[Known, ...] = ()
    _found: dict[Query, Judgement] = field(default_factory=dict, repr=False)

    def change(self, change: MediaChange) -> Judgement:
        """The verdict on what a change of media does to the KPI."""
        (channel, *others) = change.given
        total = self.mechanism.along([channel])
        if not others and self._measured(channel) and change.mechanism.along([channel], change.held) == total:
            return Judgement(Status.IDENTIFIED.value, f"experiment on {channel}")
        return self._all(self._queries(change))

    def through(self, channel: str, mediator: str) -> Judgement:
        """The verdict on what a channel does through a mediator: its effect on it, and that on the KPI."""
        steps = [a for a, b in self.graph.edges if b == mediator and self.mechanism.column(a) == channel]
        onward = MediaChange(self.mechanism, {mediator: self.mechanism.design.columns[mediator]})
        return self._all([*(Query(a, mediator, "direct") for a in steps), *self._queries(onward)])

    def own_terms(self, channel: str) -> Judgement:
        """The verdict on a channel's own edges into the KPI."""
        own = (a for a, b in self.graph.edges if b == self.graph.kpi and self.mechanism.column(a) == channel)
        return self._all(Query(a, self.graph.kpi, "direct") for a in own)

    def _all(self, queries: Iterable[Query]) -> Judgement:
        """The first verdict that is not identified, or the first."""
        found = [self._decide(query) for query in queries]
        none = Judgement(Status.IDENTIFIED.value, "no path")
        return next((one for one in found if not one.identified), found[0] if found else none)

    def _queries(self, change: MediaChange) -> list[Query]:
        """Effects that are all identified only if that of the change is.

        Without lags these are the effects of the channels that do not pass through each other. Lags of what was changed
        count as causes of their own, lags of what responds only edge by edge.
        """
        own, kpi = self.mechanism, self.graph.kpi
        edges = change.mechanism.along(tuple(change.given), change.held)
        if any(a != own.column(a) and own.column(a) not in change.given for a, _ in edges):
            return [Query(a, b, "direct") for a, b in edges]
        fixed = {*change.given, *change.held} - {kpi}
        sources = dict.fromkeys(a for a, _ in edges if own.column(a) in change.given)
        found = []
        for source in sources:
            if (source, kpi) in edges and [b for a, b in edges if a == source] == [kpi]:
                found.append(Query(source, kpi, "direct"))
                continue
            avoiding = tuple(name for name in self.graph.nodes if name in fixed and name != source)
            found.append(Query(source, kpi, "total", avoiding))
        return found

    def _decide(self, query: Query) -> Judgement:
        if query not in self._found:
            self._found[query] = self._judge(query)
        return self._found[query]

    def _judge(self, query: Query) -> Judgement:
        verdict = self._plain.decide(query)
        if verdict.identified:
            return Judgement(verdict.status.value, verdict.method)
        if self._leaves:
            helped = self._with_experiments.decide(query)
            if helped.identified:
                told = ", ".join(self._leaves)
                return Judgement(helped.status.value, f"{helped.method}, by the experiment on {told}")
        cure = next((found.change for found in self._fixes.find(query)), NO_FIX)
        what = f"the {query.kind} effect {query}"
        return Judgement(_status(verdict), verdict.method, cure, what)

    @cached_property
    def _fixes(self) -> Fixes:
        return Fixes(self.graph, carry_over=True)

    @cached_property
    def _plain(self) -> ChannelAnalysis:
        return ChannelAnalysis(self.graph, carry_over=True)

    def _measured(self, channel: str) -> bool:
        """Whether an experiment tells what a channel does in all.

        What works in later weeks too is measured in full only if all weeks are counted.
        """
        lagged = any(a in self.graph.lags for a, _ in self.mechanism.along([channel]))
        tests = [item for item in self.known if isinstance(item, LiftTest) and item.channel == channel]
        return any(not lagged or (item.weeks is None and item.geos is None) for item in tests)

    @property
    def _tested(self) -> set[str]:
        return {item.channel for item in self.known if isinstance(item, LiftTest)}

    @cached_property
    def _leaves(self) -> tuple[str, ...]:
        """Tested channels that act on the KPI alone: an experiment tells what an exogenous shock would."""
        alone = [name for name in self.mechanism.design.columns if name in self._tested]
        return tuple(name for name in alone if self.mechanism.along([name]) == [(name, self.graph.kpi)])

    @cached_property
    def _with_experiments(self) -> ChannelAnalysis:
        shocks = {f"experiment on {name}": name for name in self._leaves}
        graph = self.graph.with_edges([*self.graph.edges, *shocks.items()])
        return ChannelAnalysis(graph, carry_over=True, drawn=tuple(shocks))


def _status(verdict: Verdict) -> str:
    return f"one of {verdict.solutions} values" if verdict.status is Status.FINITE else verdict.status.value
