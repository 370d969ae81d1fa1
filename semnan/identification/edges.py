"""All edges that can be solved by formulas, each by the plainest criterion that reaches it."""

from __future__ import annotations

from semnan.identification import decomposition, edgewise, latent_half_trek, trek_separation
from semnan.identification.analysis import Analysis
from semnan.identification.edgewise import Solved, direct
from semnan.identification.expression import lift
from semnan.identification.instruments import instrument

#: In this order; after each success all start again, since every edge solved can make further equations.
CRITERIA = (
    edgewise.solve_node,
    latent_half_trek.solve_node,
    trek_separation.solve_node,
    decomposition.solve_node,
)


def solve_edges(analysis: Analysis) -> Solved:
    """The edges between visibles that formulas reach, until nothing changes."""
    solved = Solved.none(analysis)
    fixed = _fixed(analysis)
    for edge in analysis.edges:
        query = direct(analysis, edge)
        if edge in fixed:
            solved.add(edge, lift(fixed[edge]), "fixed")
        elif not analysis.changes(query) and (found := instrument(analysis, query)) and analysis.holds(query, found[0]):
            solved.add(edge, *found)
    extend(analysis, solved)
    return solved


def extend(analysis: Analysis, solved: Solved) -> None:
    """Solve more edges with what is solved already, until nothing changes."""
    while _once(analysis, solved):
        pass


def _once(analysis: Analysis, solved: Solved) -> bool:
    """Apply the first criterion that solves something."""
    waiting = [e for e in analysis.edges if e not in solved.expressions and not analysis.changes(direct(analysis, e))]
    targets = sorted({b for _, b in waiting})
    for criterion in CRITERIA:
        found = [criterion(analysis, solved, v, [e for e in waiting if e[1] == v]) for v in targets]
        if any(found):
            return True
    return False


def _fixed(analysis: Analysis) -> dict[tuple[int, int], float]:
    rows = analysis.part.paths
    entries = zip(rows.first.tolist(), rows.second.tolist(), rows.slot.tolist(), rows.fixed, strict=True)
    shown = analysis.shown
    return {(shown[a], shown[b]): x for a, b, k, x in entries if k < 0 and a in shown and b in shown}
