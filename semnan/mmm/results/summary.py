"""The summary of a fitted channel model: as text or HTML, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from semnan.errors import Unavailable
from semnan.mmm.results.edges import unidentified
from semnan.mmm.results.effects import ChannelEffects
from semnan.mmm.results.titled import cell, plain
from semnan.report.summary import Summary
from semnan.report.table import Block, Facts, Prose, Table

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: Within what rows depend on each other, by kind of standard errors.
KINDS = {
    "panel-hac": "geos, weeks",
    "geo": "geos",
    "iid": "nothing",
    "bootstrap": "geos",
}


def summarise(fit: ChannelFit, level: float) -> Summary:
    """See `ChannelFit.summary`."""
    panel = fit.model.panel
    heading = f"Channel model of {panel.kpi}: {', '.join(panel.channels)}"
    return Summary(heading, tuple(_blocks(fit, level)))


def _blocks(fit: ChannelFit, level: float) -> Iterator[Block]:
    yield _facts(fit)
    if fit.findings:
        yield Prose(tuple(f"{finding.kind.upper()}: {finding.message}" for finding in fit.findings))
    yield fit.effects(level=level).table
    yield fit.roas(level=level).table
    yield fit.contributions(level=level).table
    if fit.model.design.names:
        yield _transforms(fit)


def _facts(fit: ChannelFit) -> Facts:
    geos, weeks = fit.model.panel.shape
    shape = (("geos", str(geos)), ("weeks", f"{weeks}, {fit.model.design.nuisance.weeks} used"))
    known = (("experiments and priors", str(len(fit.known))),) if fit.known else ()
    r2, part = explained(fit), " (positive part)" if fit.spread.clipped else ""
    rest = (
        ("outcome", fit.outcome.value),
        ("parameters", str(len(fit.names))),
        ("rows depend on each other within", f"{KINDS[fit.standard_error_kind]}{part}"),
        ("R² of the KPI, levels of geos apart", cell(r2)),
    )
    return Facts("", (*shape, *known, *rest))


def explained(fit: ChannelFit) -> float | Unavailable:
    """The share of the KPI's variation within geos that was fitted."""
    found = fit.contributions()
    around = found.observed - found.observed.mean(-1, keepdims=True)
    if not around.any():
        return Unavailable("the KPI does not vary")
    return float(1 - np.sum(found.residuals**2) / np.sum(around**2))


def _transforms(fit: ChannelFit) -> Table:
    names, errors = fit.model.design.names, fit.standard_errors
    rows = tuple((name, cell(fit.estimates[name]), cell(errors[name])) for name in names)
    missing = (error.reason for name in names if isinstance(error := errors[name], Unavailable))
    notes = tuple(f"— {reason}" for reason in dict.fromkeys(missing))
    return Table("transforms of media", ("parameter", "estimate", "standard error"), rows, notes=notes)


def to_dict(fit: ChannelFit, level: float) -> dict[str, Any]:
    """See `ChannelFit.to_dict`."""
    panel = fit.model.panel
    effects = fit.effects(level=level)
    return {
        "kpi": panel.kpi,
        "channels": list(panel.channels),
        "geos": list(panel.geos),
        "weeks": [str(week) for week in panel.weeks],
        "outcome": fit.outcome.value,
        "converged": fit.outcome.ok,
        "standard_errors": fit.standard_error_kind,
        "level": level,
        "r2": plain(explained(fit)),
        "estimates": _estimates(fit, effects),
        "effects": effects.to_dict(),
        "roas": fit.roas(level=level).to_dict(),
        "marginal_roas": fit.roas(marginal=True, level=level).to_dict(),
        "contributions": fit.contributions(level=level).to_dict(),
        "response_curves": fit.response_curves(level=level).to_dict(),
        "identification": fit.model.graph.identify().to_dicts(),
        "findings": [{"kind": found.kind, "message": found.message} for found in fit.findings],
    }


def _estimates(fit: ChannelFit, effects: ChannelEffects) -> list[dict[str, Any]]:
    """The parameters; None for the estimates of those that are not identified."""
    errors, loose = fit.standard_errors, unidentified(fit, effects)
    return [
        {
            "parameter": name,
            "estimate": None if name in loose else value,
            "standard_error": None if name in loose else plain(errors[name]),
        }
        for name, value in fit.estimates.items()
    ]
