"""`identify`: a verdict for every effect of a graph, before any data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, final

import numpy as np

from semnan.graph import AMASEM
from semnan.graph.diagram import Edge, listed
from semnan.identification.analysis import Analysis
from semnan.identification.query import Function, Query, read_query
from semnan.identification.search import Search
from semnan.identification.two_step import indicators, measured_latents, outcomes
from semnan.identification.verdict import Verdict, decide, glance
from semnan.model import PathModel


def identify(
    graph: AMASEM | PathModel,
    effect: str | Edge | Function,
    *,
    kind: Literal["direct", "total"] = "total",
    avoiding: Iterable[str] | str = (),
    group: str | None = None,
) -> Verdict:
    """Whether the covariance of the visibles determines an effect, and by which formula.

    Parameters
    ----------
    graph : AMASEM or PathModel
        A mixed graph is a path model with error covariances; see `mixed_graph`.
    effect : str, (str, str) or callable
        ``"X -> Y"``, or a smooth function of the weights such as ``lambda w: w["X", "M"] * w["M", "Y"]``; polynomials
        are decided exactly, with a formula.
    kind : "direct" or "total"
    avoiding : str or iterable of str
        Variables that the paths counted do not pass through.
    group : str, optional
        Of a model with several groups.

    Returns
    -------
    Verdict

    Raises
    ------
    GraphError, ModelError
        For a question that has no meaning, or a model that is not understood.

    Examples
    --------
    >>> from semnan import AMASEM
    >>> print(identify(AMASEM.parse("latent U; U -> X, Y; X -> M -> Y"), "M -> Y"))
    total effect M -> Y: identified (adjustment)
      cov(M, Y | X) / var(M | X)

    """
    return Identification(graph, group).verdict(effect, kind=kind, avoiding=avoiding)


def identify_joint(
    graph: AMASEM | PathModel, sources: Iterable[str], target: str, *, group: str | None = None
) -> tuple[Verdict, ...]:
    """Verdicts for a joint intervention: for each of the sources, its effect while all of them are set.

    That is its total effect along paths that avoid the other sources. The effect of the intervention is identified if
    all of these are.
    """
    together, known = listed(sources), Identification(graph, group)
    return tuple(
        known.verdict((source, target), avoiding=[other for other in together if other != source])
        for source in together
    )


def identify_all(graph: AMASEM | PathModel, group: str | None = None) -> tuple[Verdict, ...]:
    """Verdicts for every edge between visibles, and for the total effect along every directed path between them.

    Latents that are measured (of which some path is a loading, as after lavaan's ``=~``) or have parents count too;
    what leads on to their indicators is measurement, so that of these only the loadings are listed. Latents that only
    confound, as those of an `AMASEM`, are left out: ask for their effects one by one.
    """
    return Identification(graph, group).all()


@final
class Identification:
    """The verdicts of one graph: what they have in common is computed once.

    Parameters
    ----------
    graph : AMASEM or PathModel
    group : str, optional

    """

    def __init__(self, graph: AMASEM | PathModel, group: str | None = None) -> None:
        self.analysis = Analysis(graph, group)
        self._search = Search(self.analysis)

    def verdict(
        self,
        effect: str | Edge | Function,
        *,
        kind: Literal["direct", "total"] = "total",
        avoiding: Iterable[str] | str = (),
    ) -> Verdict:
        """See `identify`."""
        return self.decide(read_query(effect, kind, avoiding, self.analysis.structure.names))

    def all(self) -> tuple[Verdict, ...]:
        """See `identify_all`."""
        return tuple(self.decide(query) for query in self.queries())

    def queries(self) -> list[Query]:
        """All edges, and all pairs with a directed path, as `identify_all` lists them, in the order of the model."""
        model, structure = self.analysis.structure.model, self.analysis.structure
        latents = measured_latents(model)
        names, leaves = (*model.visibles, *latents), indicators(model, {*latents}) - outcomes(model)
        edges, places = {*model.diagram.edges}, [structure.place[name] for name in names]
        total = self.analysis.points[0].total[np.ix_(places, places)]
        pairs = [(a, b) for i, a in enumerate(names) for j, b in enumerate(names) if total[i, j] and a != b]
        direct = [Query(a, b, "direct") for a, b in pairs if (a, b) in edges]
        return [*direct, *(Query(a, b, "total") for a, b in pairs if b not in leaves)]

    def decide(self, query: Query) -> Verdict:
        """The verdict on a query."""
        return decide(self._search, query)

    def glance(self, query: Query, work: int) -> Verdict:
        """The verdict as far as `work` term operations of elimination give one, and without a formula from it."""
        return glance(self._search, query, work)
