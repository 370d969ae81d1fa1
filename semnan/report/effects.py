"""Total and indirect effects in a summary: what lavaan leaves to `:=`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semnan.effects import Effect
from semnan.effects.effect import Pair, connected_pairs, effects_of
from semnan.estimation.estimate import Estimate
from semnan.model import PathModel
from semnan.report.rows import spelled, unmarked_latents, z_value
from semnan.report.table import Table, ends, number, probability, span

#: More pairs than this are left to `Fit.effect`.
MOST_PAIRS = 20


def effect_tables(fit: Estimate, groups: Sequence[str | None], level: float) -> Iterator[Table]:
    """For each group the total and the indirect effect of every pair between which something mediates."""
    pairs = mediated_pairs(fit.model)
    if not pairs:
        return
    left_out = len(pairs) - MOST_PAIRS
    more = f'… and {left_out} more pairs: see effects(kind="indirect") and effect(source, target)'
    for group in groups:
        title = "Total and Indirect Effects" + (f" [{group}]" if group is not None else "")
        cells = tuple(_cells(fit, pairs[:MOST_PAIRS], group, level))
        columns = ("", "", "Estimate", "Std.Err", "z-value", "P(>|z|)", *ends(level), "")
        yield Table(title, columns, cells, notes=(more,) if left_out > 0 else ())


def mediated_pairs(model: PathModel) -> list[Pair]:
    """Sources and targets with a directed path through another variable.

    Indicators are no targets: what reaches them by their loadings is measurement. Latents are no sources in a graph
    in which they only confound.
    """
    unmarked = unmarked_latents(model)
    paths = [spelled(row, unmarked) for row in model.parameters]
    caused = {lhs for lhs, op, _ in paths if op == "~"} | {rhs for _, op, rhs in paths if op == "=~"} & {*model.latents}
    names = (*model.visibles, *model.latents)
    sources = [name for name in names if name not in unmarked or name in caused]
    return connected_pairs(model, "indirect", sources, [name for name in names if name in caused])


def _cells(fit: Estimate, pairs: list[Pair], group: str | None, level: float) -> Iterator[tuple[str, ...]]:
    edges = {*fit.model.diagram.edges}
    total = effects_of(fit, pairs, kind="total", group=group, level=level)
    indirect = effects_of(fit, pairs, kind="indirect", group=group, level=level)
    for both in zip(total, indirect, strict=True):
        name = f"  {both[0].source} ⇒ {both[0].target}"
        if (both[0].source, both[0].target) not in edges:
            yield name, "total = indirect", *_numbers(both[0])
            continue
        yield name, "total", *_numbers(both[0])
        yield "", "indirect", *_numbers(both[1])


def _numbers(row: Effect) -> tuple[str, ...]:
    z = z_value(row.estimate, row.standard_error, row.p_value)
    shown = (*map(number, (row.estimate, row.standard_error, z)), probability(row.p_value), *span(row.interval))
    return *shown, "" if row.identified else "not identified"
