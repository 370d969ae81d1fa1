"""The exact verdicts in a summary, where they cost next to nothing: on small graphs with confounding."""

from __future__ import annotations

from collections.abc import Iterator

from semnan.effects.effect import connected_pairs, question
from semnan.identification import Identification, Query, Status, Verdict
from semnan.identification.two_step import measured_latents
from semnan.model import Kind, PathModel
from semnan.report.table import Table

#: Larger graphs are left to `Fit.identify`: most visibles, and most term operations of an elimination.
MOST_VISIBLES, WORK = 5, 20_000


def verdict_table(model: PathModel) -> Iterator[Table]:
    """Every direct and total effect between visibles with its exact verdict."""
    asked = _asked(model) if _is_small(model) else []
    if not asked:
        return
    known = Identification(model)
    if known.analysis.covariance_only:
        verdicts = [known.glance(query, WORK) for query in asked]
        rows = tuple(_row(verdict) for verdict in verdicts)
        yield Table("Identification", ("", "", "verdict", "by"), rows, notes=tuple(_notes(verdicts)))


def _is_small(model: PathModel) -> bool:
    """Whether a model has few visibles, confounders or error covariances, and no latent that is measured."""
    if len(model.visibles) > MOST_VISIBLES or model.groups or model.ordered or measured_latents(model):
        return False
    caused = {b for _, b in model.diagram.edges}
    arcs = (row for row in model.parameters if row.kind is Kind.COVARIANCE and not row.is_variance)
    return bool(model.latents) or any({row.source, row.target} & caused for row in arcs)


def _asked(model: PathModel) -> list[Query]:
    """Pair by pair the direct effect, and the total one where that is another."""
    edges, mediated = {*model.diagram.edges}, {*connected_pairs(model, "indirect")}
    pairs = connected_pairs(model, "total")
    both = ((Query(a, b, "direct"), (a, b) in edges, Query(a, b, "total"), (a, b) in mediated) for a, b in pairs)
    return [query for direct, edge, total, way in both for query, there in ((direct, edge), (total, way)) if there]


def _row(verdict: Verdict) -> tuple[str, ...]:
    said = str(verdict.status)
    if verdict.status is Status.FINITE:
        said = f"finitely identified: {verdict.solutions} values"
    return f"  {verdict.query.source} ⇒ {verdict.query.target}", verdict.query.kind, said, verdict.method


def _notes(verdicts: list[Verdict]) -> Iterator[str]:
    """Where to go from here."""
    told = next((v for v in verdicts if not v.identified), verdicts[0])
    asked = question(told.query.source, told.query.target, told.query.kind)
    yield f"— {'the formula' if told.identified else 'more on this'}: fit.{asked}"
    if any(v.status is Status.FINITE for v in verdicts):
        yield "— of several values the estimate is one: fit.identify(…).values(fit.implied_covariance) lists all"
