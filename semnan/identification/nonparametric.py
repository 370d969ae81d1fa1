"""Total effects from the causal graph alone: the ID algorithm.

With Y* the ancestors of y when x is set, the law of y under do(x) is a product of the laws Q[D] of the components D of
Y*; each is sought by taking components and ancestral sets in turn, from all variables down to D (Tian & Pearl, AAAI
2002; Shpitser & Pearl, AAAI 2006; Huang & Valtorta, AAAI 2006). It is complete without parametric assumptions and
sufficient in linear models. Of the Gaussian laws only regressions are needed: chained over the members of all D,
they make the effect.
"""

from __future__ import annotations

from semnan.identification.analysis import Analysis
from semnan.identification.components import Confounding, Law, Nodes
from semnan.identification.expression import ONE, ZERO, Expression
from semnan.identification.query import Query

NAME = "nonparametric identification"


def nonparametric(analysis: Analysis, query: Query) -> tuple[Expression, str] | None:
    """A formula for the total effect of a visible on another, if the graph alone gives one."""
    ends = analysis.visible_ends(query)
    if ends is None or query.kind != "total" or query.avoiding:
        return None
    x, y = ends
    graph = Confounding.of(analysis)
    everything = frozenset(graph.order)
    needed = graph.ancestors([y], everything - {x})
    slopes: dict[int, dict[int, Expression]] = {}
    for component in graph.components(needed):
        law = _law(graph, component)
        if law is None:
            return None
        slopes |= law.slopes
    effects: dict[int, Expression] = {x: ONE}
    for v in (v for v in graph.order if v in needed):
        effects[v] = sum((b * effects.get(r, ZERO) for r, b in slopes[v].items()), start=ZERO)
    return effects[y], NAME


def _law(graph: Confounding, component: Nodes) -> Law | None:
    """Q[D] from Σ, or None if a hedge is in the way."""
    law = Law.whole(graph)
    while law.members != component:
        smaller = law.part(graph.component(component, law.members))
        smaller = smaller.ancestral(graph.ancestors(component, smaller.members))
        if smaller.members == law.members:
            return None
        law = smaller
    return law
