"""Latents that a fixed variance scales: everything about them is known up to their sign at best.

With a loading fixed in the place of the variance (Bollen, *Structural Equations with Latent Variables*, Wiley 1989,
ch. 7: the two ways to set a scale) the model is the same and f becomes s f, where s² is the ratio of the new variance
of f (that of its error, if it has parents) to the fixed one. So an effect of f is s times, one on f 1 / s times that of
the other model. Its square has a formula, and as a change of sign of f changes nothing else, it has two values.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from semnan.identification.analysis import Analysis
from semnan.identification.expression import ONE, Expression, lift
from semnan.identification.measurement import Measurement, Pair
from semnan.identification.two_step import measured_latents
from semnan.model import Kind, Parameter, PathModel

NAME = "up to sign"


def with_markers(model: PathModel) -> tuple[PathModel, dict[str, float]] | None:
    """The model with a loading fixed in the place of each fixed variance, and these; None if nothing changes."""
    if model.constraints:
        return None
    names = Counter(row.name for row in model.parameters)
    rows, scales = list(model.parameters), dict[str, float]()
    for latent in measured_latents(model):
        mine = [i for i, row in enumerate(rows) if latent in (row.source, row.target)]
        own = next((i for i in mine if rows[i].is_variance), None)
        base = next((i for i in mine if rows[i].kind is Kind.PATH and rows[i].source == latent), None)
        if own is None or base is None or not rows[own].fixed:
            continue
        if all(_is_free(model.parameters[i], names) for i in mine if i != own):
            scales[latent] = float(rows[own].fixed or 0.0)
            rows[own] = replace(rows[own], fixed=None)
            rows[base] = replace(rows[base], fixed=1.0, label=None, start=None)
    return (replace(model, parameters=tuple(rows), defined=()), scales) if scales else None


def _is_free(row: Parameter, names: Counter[str]) -> bool:
    """Whether a row is free and in no tie."""
    return row.fixed is None and names[row.name] == 1


def error_variance(
    analysis: Analysis, measured: Measurement, paths: dict[Pair, tuple[Expression, str]], latent: str
) -> Expression | None:
    """The variance of a latent, less what its parents explain; None if something of that is not solved."""
    f = analysis.structure.place[latent]
    parents = analysis.part.paths.first[analysis.part.paths.second == f].tolist()
    if not all((p, f) in paths for p in parents):
        return None
    shares: dict[int, Expression] = {f: ONE, **{p: lift(-paths[p, f][0]) for p in parents}}
    if not all((a, b) in measured.entries for a in shares for b in shares):
        return None
    terms = [c * d * measured.entries[a, b] for a, c in shares.items() for b, d in shares.items()]
    return lift(sum(terms[1:], start=terms[0]))
