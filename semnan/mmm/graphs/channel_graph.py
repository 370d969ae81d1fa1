"""`ChannelGraph`: which channel acts on which, what acts on several unseen, and what measures that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

from semnan.errors import GraphError
from semnan.graph import AMASEM, Edge
from semnan.graph.diagram import listed
from semnan.mmm.graphs.checks import (
    check_confounders,
    check_diagram,
    check_feedback,
    check_proxies,
    check_tiers,
    find_kpi,
    read_edges,
    read_lists,
    split_lag,
)
from semnan.mmm.panels.panel import MediaPanel
from semnan.mmm.panels.table import nearest

if TYPE_CHECKING:
    from semnan.mmm.graphs.identification import IdentificationTable
    from semnan.report import Drawing


@final
@dataclass(frozen=True, init=False)
class ChannelGraph:
    """A causal graph of channels, other causes, and a KPI. A value: nothing changes it.

    Every variable has an error of its own. A node ``tv@1`` is ``tv`` one week before; it is given, not explained.

    Parameters
    ----------
    edges : iterable of (cause, effect)
    kpi : str, optional
        By default the only variable without effects that is no proxy.
    confounders : mapping from latent to names, optional
        What acts on two or more variables unseen, such as ``{"demand": ["search", "sales"]}``.
    proxies : mapping from latent to columns, optional
        Measurements of confounders: each is the confounder times a weight plus an error.
    tiers : sequence of lists of names, optional
        Variables of a later tier are no causes of those of an earlier one; edges are checked against it.

    Attributes
    ----------
    edges : tuple of (cause, effect)
    kpi : str
    confounders, proxies : dict from latent to tuple of str
    tiers : tuple of tuples of str

    Raises
    ------
    GraphError
        For cycles, feedback from the KPI (offering the lagged edge), edges against the tiers, confounders of fewer
        than two variables, and names that are not there.

    Examples
    --------
    >>> graph = ChannelGraph(
    ...     [("tv", "search"), ("tv", "sales"), ("search", "sales")],
    ...     confounders={"demand": ["search", "sales"]},
    ...     proxies={"demand": ["queries"]},
    ... )
    >>> graph.kpi, graph.identify()["tv", "total"].identified
    ('sales', True)

    """

    edges: tuple[Edge, ...]
    kpi: str
    confounders: dict[str, tuple[str, ...]]
    proxies: dict[str, tuple[str, ...]]
    tiers: tuple[tuple[str, ...], ...]

    def __init__(
        self,
        edges: Iterable[Edge],
        *,
        kpi: str | None = None,
        confounders: Mapping[str, Sequence[str]] | None = None,
        proxies: Mapping[str, Sequence[str]] | None = None,
        tiers: Iterable[Sequence[str]] | None = None,
    ) -> None:
        pairs, measured = read_edges(edges), read_lists(proxies, "proxies")
        found = {
            "edges": pairs,
            "kpi": find_kpi(pairs, kpi, measured),
            "confounders": read_lists(confounders, "confounders"),
            "proxies": measured,
            "tiers": _tiers(tiers),
        }
        vars(self).update(found)
        self._check()

    def _check(self) -> None:
        named = tuple(dict.fromkeys(name for edge in self.edges for name in edge))
        check_feedback(self.edges, self.kpi)
        check_proxies(self.proxies, self.confounders, self.kpi)
        check_confounders(self.confounders, named, self.measurements)
        check_diagram(self.nodes, tuple(self.confounders), self.edges)
        check_tiers(self.tiers, self.edges, self.nodes)

    # -- read

    @property
    def nodes(self) -> tuple[str, ...]:
        """The visible variables, lags and proxies too, in the order in which they were first named."""
        named = (name for edge in self.edges for name in edge)
        return tuple(dict.fromkeys([*named, *self.measurements]))

    @property
    def measurements(self) -> tuple[str, ...]:
        """The proxies of all confounders."""
        return tuple(column for columns in self.proxies.values() for column in columns)

    @property
    def lags(self) -> dict[str, tuple[str, int]]:
        """Of every lagged node its column and how many weeks before it is: ``{"tv@1": ("tv", 1)}``."""
        split = {node: split_lag(node) for node in self.nodes}
        return {node: found for node, found in split.items() if found[1]}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a panel that the graph needs."""
        return tuple(dict.fromkeys(split_lag(node)[0] for node in self.nodes))

    @property
    def latent_edges(self) -> tuple[Edge, ...]:
        """The edges of the confounders, into their children and then into their proxies."""
        children = [(u, v) for u, names in self.confounders.items() for v in names]
        return (*children, *((u, v) for u, names in self.proxies.items() for v in names))

    def check_panel(self, panel: MediaPanel) -> None:
        """Refuse a graph that needs columns which a panel does not have, or has another KPI."""
        for column in self.columns:
            if column not in panel.names:
                raise GraphError(
                    f"the graph has {column!r}, which the panel does not have{nearest(column, panel.names)}; "
                    f"it has {', '.join(panel.names)}"
                )
        if self.kpi != panel.kpi:
            raise GraphError(
                f"the KPI of the graph is {self.kpi!r}, that of the panel {panel.kpi!r}: name one with kpi="
            )
        for latent in self.confounders:
            if latent in panel.names:
                raise GraphError(f"the confounder {latent!r} is a column of the panel: rename it, or use the column")

    # -- made into others

    def amasem(self, controls: Iterable[str] = ()) -> AMASEM:
        """The graph over its nodes with explicit latents, `controls` without an edge having one into the KPI."""
        graph = self.with_controls(controls)
        return AMASEM.from_edges([*graph.edges, *graph.latent_edges], tuple(graph.confounders), visibles=graph.nodes)

    def with_controls(self, names: Iterable[str] | str) -> ChannelGraph:
        """With an edge into the KPI from every name that the graph does not have."""
        new = [(name, self.kpi) for name in listed(names) if name not in self.nodes]
        return self.with_edges((*self.edges, *new))

    def with_edges(self, edges: Iterable[Edge]) -> ChannelGraph:
        """With these edges instead."""
        return self._with(edges=edges)

    def with_proxy(self, latent: str, column: str) -> ChannelGraph:
        """With one more proxy of a confounder."""
        return self._with(proxies=self.proxies | {latent: (*self.proxies.get(latent, ()), column)})

    def without_confounders(self) -> ChannelGraph:
        """Without latents, and without proxies that cause nothing: what is assumed by who ignores confounding."""
        causes = {a for a, _ in self.edges}
        gone = {*self.measurements} - causes
        edges = tuple(edge for edge in self.edges if edge[1] not in gone)
        tiers = tuple(tuple(name for name in tier if name not in gone) for tier in self.tiers)
        return self._with(edges=edges, confounders={}, proxies={}, tiers=tiers)

    def _with(self, **changes: object) -> ChannelGraph:
        parts = {name: getattr(self, name) for name in ("edges", "kpi", "confounders", "proxies", "tiers")}
        return ChannelGraph(**(parts | changes))

    # -- asked

    def identify(self, controls: Iterable[str] = (), *, carry_over: bool = True) -> IdentificationTable:
        """Which effects the covariance determines, by what, and the cheapest measurement that would help.

        Parameters
        ----------
        controls : iterable of str
            As in `amasem`.
        carry_over : bool
            Whether confounders go on from week to week, so that a lag of what they act on is confounded too.

        """
        from semnan.mmm.graphs.identification import identify_channels

        return identify_channels(self.with_controls(controls), carry_over=carry_over)

    def draw(self, path: str | Path | None = None, *, carry_over: bool = True) -> Drawing:
        """Draw the graph: edges that are identified solid, the others dashed and marked; needs matplotlib.

        Parameters
        ----------
        path : str or Path, optional
            Where to save the drawing; the ending (.png, .svg, .pdf) says in which format.
        carry_over : bool
            As in `identify`.

        """
        from semnan.mmm.graphs.drawing import draw_channels

        return draw_channels(self, path, carry_over=carry_over)


def _tiers(tiers: Iterable[Sequence[str]] | None) -> tuple[tuple[str, ...], ...]:
    found = tuple(tiers or ())
    for i, tier in enumerate(found):
        if isinstance(tier, str):
            raise GraphError(f"tier {i} is a list of names, not the single string {tier!r}: write [{tier!r}]")
    return tuple(tuple(tier) for tier in found)
