"""The summary of a fit: what lavaan prints, in its layout, and what it leaves to the reader."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from semnan.data import Sample
from semnan.estimation.estimate import Estimate
from semnan.estimation.finding import Finding
from semnan.report.effects import effect_tables
from semnan.report.fit_facts import fit_facts, heading, inference_facts, size_facts
from semnan.report.rows import parameter_rows
from semnan.report.sections import defined_section, group_sections
from semnan.report.table import Block, Prose
from semnan.report.verdicts import verdict_table

#: Characters in a line of text.
WIDTH = 110
#: More groups than this are left to `Fit.parameters`.
MOST_GROUPS = 10


@final
@dataclass(frozen=True)
class Summary:
    """Everything worth reading about a fit; ``print`` it, or let a notebook show it."""

    heading: str
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return "\n\n".join([self.heading, *(block.text(WIDTH) for block in self.blocks)])

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.heading)}</b></p>" + "".join(block.html() for block in self.blocks)


def summarise(fit: Estimate, sample: Sample, found: tuple[Finding, ...], level: float) -> Summary:
    """Make the summary of a fit."""
    return Summary(heading(fit), tuple(_blocks(fit, sample, found, level)))


def _blocks(fit: Estimate, sample: Sample, found: tuple[Finding, ...], level: float) -> Iterator[Block]:
    rows = parameter_rows(fit, level, with_standardised=True)
    yield size_facts(fit, sample)
    told = (*(f"{finding.kind.upper()}: {finding.message}" for finding in found), *sample.notes)
    if told:
        yield Prose(told)
    yield from fit_facts(fit, sample)
    yield inference_facts(fit, sample)
    for g, group in enumerate(fit.labels[:MOST_GROUPS]):
        if group is not None:
            yield Prose((f"Group {g + 1} [{group}]:",))
        yield from group_sections(fit, [row for row in rows if row.group == group and row.op != ":="], group, level)
    if len(fit.labels) > MOST_GROUPS:
        yield Prose((f"… and {len(fit.labels) - MOST_GROUPS} more groups: see parameters()",))
    yield from defined_section([row for row in rows if row.op == ":="], level)
    yield from effect_tables(fit, fit.labels[:MOST_GROUPS], level)
    yield from verdict_table(fit.model)
