"""The summary of a fit: outcome, fit statistics, findings, parameters, effects."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from textwrap import fill
from typing import Any, final

from semnan.effects import Effect, effects
from semnan.effects.effect import connected_pairs
from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.findings import Finding
from semnan.estimation.statistics import Statistics
from semnan.report.rows import ParameterRow, parameter_rows
from semnan.report.table import Table, number, probability, span

#: More effects than this are left to `Fit.effects`.
MOST_EFFECTS = 60
#: Characters in a line of text.
WIDTH = 110


@final
@dataclass(frozen=True)
class Summary:
    """Everything worth reading about a fit; ``print`` it, or let a notebook show it."""

    heading: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]

    def __str__(self) -> str:
        notes = (fill(note, WIDTH, subsequent_indent="  ") for note in self.notes)
        return "\n\n".join([self.heading, *notes, *(table.text(WIDTH) for table in self.tables)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"<pre>{html.escape(self.heading)}</pre>{notes}" + "".join(table.html() for table in self.tables)


def summarise(fit: Estimate, found: tuple[Finding, ...], level: float) -> Summary:
    """Make the summary of a fit."""
    tables = [_parameter_table(parameter_rows(fit, level), level)]
    pairs = connected_pairs(fit.model, "total")
    notes = [f"{finding.kind.upper()}: {finding.message}" for finding in found]
    if len(pairs) > MOST_EFFECTS:
        notes.append(f"There are {len(pairs)} total effects between visibles: see effects().")
    elif pairs:
        found_in = (effects(fit, kind="total", group=group, level=level) for group in fit.labels)
        tables.extend(_effect_table(rows, level) for rows in found_in)
    return Summary(_heading(fit), tuple(notes), tuple(tables))


def to_dict(fit: Estimate, found: tuple[Finding, ...], level: float) -> dict[str, Any]:
    """The results of a fit as plain values for JSON."""
    statistics = Statistics(fit)
    names = ("chi_square", "df", "p_value", "log_likelihood", "aic", "bic")
    return {
        "outcome": fit.outcome.value,
        "advice": fit.outcome.advice,
        "steps": fit.steps,
        "n": fit.n,
        "discrepancy": {"name": fit.discrepancy, "value": _plain(fit.value)},
        "statistics": {name: _plain(getattr(statistics, name)) for name in names},
        "findings": [{"kind": f.kind, "names": list(f.names), "message": f.message} for f in found],
        "parameters": [_fields(row) for row in parameter_rows(fit, level)],
        "effects": [
            _fields(row)
            for kind in ("direct", "total")
            for group in fit.labels
            for row in effects(fit, kind=kind, group=group, level=level)
        ],
        "level": level,
    }


def _fields(row: ParameterRow | Effect) -> dict[str, Any]:
    return {name: _plain(value) for name, value in vars(row).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"unavailable": "there is no finite number"}
    return {"unavailable": value.reason} if isinstance(value, Unavailable) else value


def _heading(fit: Estimate) -> str:
    statistics = Statistics(fit)
    p, m, q = len(fit.model.visibles), len(fit.model.latents), len(fit.model.free)
    steps = "step" if fit.steps == 1 else "steps"
    lines = [
        f"{fit.discrepancy} fit: {fit.outcome.value} after {fit.steps} {steps}",
        f"n = {fit.n}, {p} visible and {m} latent variable{'s' if p + m > 1 else ''}, {q} free parameters"
        + (f" of which the data determine {statistics.parameters} dimensions" if statistics.parameters != q else ""),
        f"χ² = {number(statistics.chi_square)}, df = {number(statistics.df)}, p = {probability(statistics.p_value)}",
        f"log-likelihood = {number(statistics.log_likelihood)}, "
        f"AIC = {number(statistics.aic)}, BIC = {number(statistics.bic)}",
    ]
    if isinstance(statistics.p_value, Unavailable):
        lines.append(f"no p value: {statistics.p_value.reason}")
    return "\n".join(lines)


def _parameter_table(rows: list[ParameterRow], level: float) -> Table:
    columns = ("parameter", "estimate", "SE", "p", *_ends(level), "verdict")
    cells = tuple(
        (
            row.name,
            number(row.estimate),
            number(row.standard_error),
            probability(row.p_value),
            *span(row.interval),
            row.verdict,
        )
        for row in rows
    )
    return Table("Parameters (-> path, <-> variance or covariance)", columns, cells)


def _effect_table(rows: list[Effect], level: float) -> Table:
    columns = ("effect", "total", "SE", "p", *_ends(level), "verdict")
    cells = tuple(
        (
            f"{row.source} ⇒ {row.target}",
            number(row.estimate),
            number(row.standard_error),
            probability(row.p_value),
            *span(row.interval),
            "identified" if row.identified else "not identified",
        )
        for row in rows
    )
    return Table("Total causal effects", columns, cells)


def _ends(level: float) -> tuple[str, str]:
    return f"{100 * level:g}% from", "to"
