"""Edges from a part of the graph: Tian's decomposition and its ancestral version.

An edge into v is identified if it is so in the component of v alone, with the law Q[C] for a covariance (Tian, UAI
2005), also after leaving out all but the ancestors of v (Drton & Weihs, Scandinavian J. Statistics 43, 2016). There
the equations of `edgewise` are tried again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from semnan.identification import edgewise
from semnan.identification.analysis import Analysis
from semnan.identification.arithmetic import Modular
from semnan.identification.components import Confounding, Law
from semnan.identification.edgewise import Edge, Solved, Table
from semnan.identification.expression import evaluate


def solve_node(analysis: Analysis, solved: Solved, v: int, wanted: list[Edge]) -> bool:
    """Solve what can be solved of the edges into v in smaller graphs, and say whether that was any."""
    for law in _laws(Confounding.of(analysis), v):
        inner = _inner(analysis, solved, law)
        if inner is not None and edgewise.solve_node(analysis, inner, v, wanted):
            for edge in wanted:
                if edge in inner.expressions:
                    solved.add(edge, inner.expressions[edge], f"decomposition, {inner.methods[edge]}")
            return True
    return False


def _laws(graph: Confounding, v: int) -> Iterator[Law]:
    """The component of v in the whole graph and among the ancestors of v, where that is smaller."""
    whole = Law.whole(graph)
    everything, ancestors = whole.members, graph.ancestors([v], whole.members)
    first = graph.component([v], everything)
    second = graph.component([v], ancestors)
    if first != everything:
        yield whole.part(first)
    if ancestors != everything and second != first:
        yield whole.ancestral(ancestors).part(second)


def _inner(analysis: Analysis, solved: Solved, law: Law) -> Solved | None:
    """What is solved, seen from a smaller graph: its covariance, and the edges into its members."""
    size = len(analysis.names)
    tables = []
    for table in solved.tables:
        at, memo = Modular(table.sigma, table.prime), {}  # type: ignore[var-annotated]
        sigma, direct = np.zeros((size, size), dtype=np.int64), np.zeros((size, size), dtype=np.int64)
        try:
            for (i, j), e in law.entries.items():
                sigma[i, j] = sigma[j, i] = evaluate(e, at, memo) % table.prime
        except ZeroDivisionError:
            return None
        members = sorted(law.members)
        direct[:, members] = table.direct[:, members]
        tables.append(Table(sigma, direct, table.prime))
    known = {edge: e for edge, e in solved.expressions.items() if edge[1] in law.members}
    methods = {edge: solved.methods[edge] for edge in known}
    return replace(solved, tables=tuple(tables), entry=law.entry, expressions=known, methods=methods)
