"""The sections of the HTML report, from what data can tell to what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape

from semnan.effects.delta import NOT_IDENTIFIED
from semnan.errors import Unavailable
from semnan.mmm.plots.adstock import draw_adstock, lag_weights
from semnan.mmm.plots.budget import draw_budget
from semnan.mmm.plots.channel_graph import MOST, draw_channel_graph
from semnan.mmm.plots.contributions import draw_contributions, draw_waterfall
from semnan.mmm.plots.fit_over_time import draw_fit, draw_holdout
from semnan.mmm.plots.response_curves import draw_response_curves
from semnan.mmm.plots.roas import draw_roas
from semnan.mmm.report.bounded import bounded
from semnan.mmm.report.page import (
    Section,
    badge,
    breakable,
    bullets,
    paragraph,
    picture,
    result_table,
    table,
    wide_picture,
)
from semnan.mmm.results.answers import Answers
from semnan.mmm.results.assumptions import assumptions
from semnan.mmm.results.edges import unidentified
from semnan.mmm.results.effects import ChannelEffect
from semnan.mmm.results.titled import cell
from semnan.report.table import NONE, Table


def sections(found: Answers) -> Iterator[Section]:
    """All sections in their order."""
    for anchor, (title, make) in PARTS.items():
        yield Section(anchor, title, tuple(make(found)))


def _verdicts(found: Answers) -> Iterator[str]:
    rows = [row for row in found.effects.listed if row.kind in ("direct", "total")]
    known = [row for row in rows if row.identified]
    kpi = found.effects.kpi
    yield paragraph(
        f"Of {len(rows)} effects of channels on {kpi}, the data can tell {len(known)}, if the graph is right. "
        "A direct effect is that with the other channels held where they were; in a total effect they respond."
    )
    yield table(
        "Effects that the data can tell",
        ("channel", "effect", "verdict", f"{kpi} per unit of media"),
        [_verdict(row) for row in rows],
        numbers=(3,),
    )
    yield bullets(
        f"{row.channel}, {row.kind} effect: {row.verdict}. What would help: {row.fix}."
        for row in rows
        if not row.identified
    )
    if len(found.fit.model.graph.nodes) <= MOST:
        yield wide_picture(
            draw_channel_graph(found.fit, found.effects),
            f"Graph of the channels, {kpi} and the confounders, with the effect on every edge",
            "The channel graph. On edges, effects; dashed edges with a question mark are those that data cannot tell.",
        )


def _verdict(row: ChannelEffect) -> tuple[str, ...]:
    known = not isinstance(row.interval, Unavailable)
    said = f"{cell(row.estimate)} ({cell(row.interval)})" if known else cell(row.estimate)
    return breakable(row.channel), row.kind, badge(row.verdict, good=row.identified), said


def _effects(found: Answers) -> Iterator[str]:
    if found.fit.model.graph.confounders:
        yield paragraph(
            "The last column has the same effect in the same model without its confounders, which is what a regression "
            "on all channels gives."
        )
    yield result_table(found.effects.table)
    yield from bounded(found)


def _returns(found: Answers) -> Iterator[str]:
    if any(isinstance(row.spend, float) for row in found.returns.listed):
        named = ", ".join(dict.fromkeys(row.channel for row in found.returns.listed))
        beside = "." if found.ignoring is None else ", beside those of the same model without confounders."
        yield picture(
            lambda width: draw_roas(found.returns, found.ignoring, width=width),
            f"Bars with intervals: returns on the spend of {named}",
            "Returns on spend with their intervals" + beside,
        )
    yield result_table(_told_once(found, found.returns.table))
    yield result_table(_told_once(found, found.marginal.table))


def _contributions(found: Answers) -> Iterator[str]:
    told, kpi = found.contributions, found.effects.kpi
    yield picture(
        lambda width: draw_fit(told, width=width),
        f"Lines over time: {kpi} as measured and as fitted, and the residual",
        f"{kpi} of all geos together.",
    )
    yield picture(
        lambda width: draw_contributions(told, width=width),
        f"Stacked areas over time: baseline and channels add up to the fitted {kpi}",
        f"What makes up the fitted {kpi}, week by week. Channels whose part data cannot tell are in the baseline.",
    )
    yield picture(
        lambda width: draw_waterfall(told, width=width),
        f"Waterfall from the baseline by channel to the fitted {kpi}",
        "The same, summed over geos and weeks.",
    )
    yield paragraph(
        f"Media count from none. Season, trend, events and controls count from their means: they move {kpi} up and "
        "down, and over all weeks come to about zero."
    )
    yield result_table(_told_once(found, told.table))


def _told_once(found: Answers, shown: Table) -> Table:
    """A table without the reasons that the table of effects has told already."""
    before = {*found.effects.table.notes}
    rest = tuple(note for note in shown.notes if note not in before)
    return shown if len(rest) == len(shown.notes) else replace(shown, notes=(f"{NONE} why: see Effects", *rest))


def _curves(found: Answers) -> Iterator[str]:
    if found.curves.curves:
        named = ", ".join(curve.channel for curve in found.curves.curves)
        yield picture(
            lambda width: draw_response_curves(found.curves, width=width),
            f"Response curves of {named}, with the present spend marked",
            f"{found.curves.kpi} that is due to each channel when its media of all weeks are scaled alike and the "
            "other channels respond; the dot is today. Far from it a curve is the form that was assumed.",
        )
    missing = {
        f"{curve.channel}: no band, {curve.band.reason}"
        for curve in found.curves.curves
        if isinstance(curve.band, Unavailable)
    }
    yield bullets([*found.curves.notes, *sorted(missing)])
    if lag_weights(found.fit):
        yield picture(
            lambda width: draw_adstock(found.fit, width=width),
            "Lines: how the effect of a week's media is spread over the weeks after it",
            "Adstock: how the effect of a week's media is spread over the weeks after it.",
        )


def _budget(found: Answers) -> Iterator[str]:
    budget = found.budget
    if isinstance(budget, Unavailable):
        yield paragraph(f"No best split is known: {budget.reason}.", "notice")
        if any(row.kind == "total" and row.identified for row in found.returns.listed):
            yield paragraph(
                "A split among some channels may be known all the same: name them in channels of [budget] in the plan, "
                "or in optimise_budget(channels=…); the others then respond."
            )
        return
    yield picture(
        lambda width: draw_budget(budget, width=width),
        f"Bars: spend on {', '.join(row.channel for row in budget.listed)} today and in the best split",
        "Spend today and in the split that brings the most by this model, within the bounds.",
    )
    yield result_table(budget.table)


def _holdout(found: Answers) -> Iterator[str]:
    if found.holdout is None:
        yield paragraph("No weeks were held out. With holdout = 8 in [fit] of the plan, the last eight are predicted.")
        return
    told = found.holdout
    yield picture(
        lambda width: draw_holdout(told, width=width),
        f"Lines over the weeks held out: {told.kpi} as it came, as foreseen, and by a forecast without a model",
        f"{told.kpi} of all geos together in weeks that the model had not seen, given the media, controls and proxies "
        "of these weeks.",
    )
    yield result_table(told.table)


def _identification(found: Answers) -> Iterator[str]:
    yield paragraph(
        "What the graph says before any data: whether the covariance of the columns determines an effect, by which "
        "criterion, and the cheapest measurement after which it would."
    )
    rows = [
        (_arrow(row.effect), row.kind, badge(row.verdict, good=row.identified), escape(row.by), escape(row.fix))
        for row in found.identification
    ]
    yield table("Identification", ("effect", "kind", "verdict", "by", "what would help"), rows)
    yield bullets(note.removeprefix("— ") for note in found.identification.notes)


def _arrow(effect: str) -> str:
    return breakable(effect).replace("-&gt;", "→")


def _parameters(found: Answers) -> Iterator[str]:
    errors, loose = found.fit.standard_errors, unidentified(found.fit, found.effects)
    rows = tuple(
        (name, NONE, NONE) if name in loose else (name, cell(value), cell(errors[name]))
        for name, value in found.fit.estimates.items()
    )
    told = (NOT_IDENTIFIED if name in loose else error for name, error in errors.items())
    reasons = dict.fromkeys(f"{NONE} {error.reason}" for error in told if isinstance(error, Unavailable))
    columns = ("parameter", "estimate", "standard error")
    yield result_table(
        Table("Coefficients, loadings, variances, and media transforms", columns, rows, notes=(*reasons,))
    )


def _findings(found: Answers) -> Iterator[str]:
    told = [f"{finding.kind}: {finding.message}" for finding in found.fit.findings]
    yield bullets(told) if told else paragraph("Nothing unusual was found.")


def _assumed(found: Answers) -> Iterator[str]:
    yield bullets(assumptions(found.fit))


PARTS: dict[str, tuple[str, Callable[[Answers], Iterator[str]]]] = {
    "verdicts": ("What the data can tell", _verdicts),
    "findings": ("Findings", _findings),
    "effects": ("Effects", _effects),
    "returns": ("Returns on spend", _returns),
    "contributions": ("Contributions", _contributions),
    "curves": ("Response curves and carry-over", _curves),
    "budget": ("Budget", _budget),
    "holdout": ("Weeks held out", _holdout),
    "identification": ("Identification", _identification),
    "parameters": ("Parameters", _parameters),
    "assumed": ("What was assumed", _assumed),
}
