"""Effects of measured latents: the two-step rule.

First the measurement model: the covariances of the latents in entries of Σ (`measurement`). Then the structural model
as if the latents were observed: each criterion of `search` applies to it, and what it says of the covariances of
latents is put in terms of Σ. Indicators are left out, but for those of several latents whose loadings are still open;
latents that are not measured stay latent in the second step (Bollen, *Structural Equations with Latent Variables*,
Wiley 1989, ch. 8).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, final

from semnan.identification.analysis import Analysis
from semnan.identification.expression import Expression, divide, lift, solution
from semnan.identification.measurement import Measurement
from semnan.model import Kind, Parameter, PathModel

#: Measurement and structural model in the text of a method.
NAME = "two-step rule"


def structural_model(analysis: Analysis, measured: Measurement) -> PathModel | None:
    """The model with its measured latents observed and their indicators left out; None if no latent is measured."""
    names, model = analysis.structure.names, analysis.structure.model
    observed = _observed(analysis, measured)
    if not observed:
        return None
    seen = {names[f] for f in observed}
    gone = {v for v in indicators(model, seen) if _is_done(analysis, measured, observed, v)}
    visibles = (*(v for v in model.visibles if v not in gone), *(u for u in model.latents if u in seen))
    rows = (_unmarked(row, seen) for row in model.parameters if not {row.source, row.target} & gone)
    latents = tuple(u for u in model.latents if u not in seen)
    return PathModel(visibles, latents, tuple(rows))


def _observed(analysis: Analysis, measured: Measurement) -> list[int]:
    """Latents whose variances, and covariances with each other and with what is no indicator, are all solved."""
    names, model = analysis.structure.names, analysis.structure.model
    found = list(measured.scaled)
    while found:
        gone = indicators(model, {names[f] for f in found})
        others = [a for a in analysis.shown if names[a] not in gone]
        missing = {f: int((~measured.known[f, [*found, *others]]).sum()) for f in found}
        worst = max(found, key=missing.__getitem__)
        if not missing[worst]:
            break
        found.remove(worst)
    return found


def _is_done(analysis: Analysis, measured: Measurement, observed: list[int], name: str) -> bool:
    """Whether an indicator has no more to tell: its loadings are solved, or some of its covariances are not."""
    x = analysis.structure.place[name]
    solved = all((f, x) in measured.loadings for f in observed if analysis.points[0].weights[f, x])
    return solved or not measured.known[x, observed].all()


def measured_latents(model: PathModel) -> tuple[str, ...]:
    """Latents that have loadings or parents, and so are more than confounders."""
    marked = {row.source for row in model.parameters if row.loading}
    return tuple(u for u in model.latents if u in marked or model.diagram.digraph.in_degree(u))


def outcomes(model: PathModel) -> set[str]:
    """Visibles that a latent with loadings has effects on, rather than being measured by them."""
    marked = {row.source for row in model.parameters if row.loading}
    return {
        row.target for row in model.parameters if row.kind is Kind.PATH and row.source in marked and not row.loading
    }


def indicators(model: PathModel, latents: set[str]) -> set[str]:
    """Visibles without children whose parents are all among the latents."""
    graph = model.diagram.digraph
    leaves = [v for v in model.visibles if graph.in_degree(v) and not graph.out_degree(v)]
    return {v for v in leaves if {*graph.predecessors(v)} <= latents}


def _unmarked(row: Parameter, seen: set[str]) -> Parameter:
    """A row whose source is no latent any more is no loading."""
    return replace(row, loading=False) if row.source in seen and row.loading else row


@final
class Composed:
    """An arithmetic that puts solved covariances in the place of entries: formulas of the second step in entries of Σ.

    Parameters
    ----------
    measured : Measurement
    places : list of int
        The visibles of the second step by places among all variables.

    """

    def __init__(self, measured: Measurement, places: list[int]) -> None:
        self.measured, self.places = measured, places

    def entry(self, i: int, j: int) -> Expression:
        return self.measured.entries[self.places[i], self.places[j]]

    def constant(self, value: Fraction) -> Expression:
        return lift(value)

    def reduce(self, value: Any) -> Expression:
        return lift(value)

    def divide(self, a: Any, b: Any) -> Expression:
        return divide(a, b)

    def solve(self, matrix: list[list[Any]], right: list[Any]) -> list[Expression]:
        return solution(matrix, right)
