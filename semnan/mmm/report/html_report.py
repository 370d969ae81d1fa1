"""The HTML report of a fitted channel model: one file that needs nothing else."""

from __future__ import annotations

from semnan.errors import Unavailable
from semnan.mmm.report.page import page, paragraph
from semnan.mmm.report.sections import sections
from semnan.mmm.results.answers import Answers
from semnan.mmm.results.summary import explained


def html_report(found: Answers) -> str:
    """The report as the text of one HTML file, with pictures inside, that loads nothing and runs no script.

    Raises
    ------
    SemnanError
        If matplotlib is missing.

    """
    fit = found.fit
    panel = fit.model.panel
    (geos, weeks), first, last = panel.shape, panel.weeks[0], panel.weeks[-1]
    where = "one geo" if geos == 1 else f"{geos} geos"
    lead = [
        paragraph(f"{where}, {weeks} weeks from {first} to {last}; channels: {', '.join(panel.channels)}."),
        paragraph(
            f"Fitted by maximum likelihood: {fit.outcome.value}. Intervals are of {100 * found.level:g}%, "
            f"standard errors {fit.standard_error_kind}."
        ),
    ]
    lead.append(paragraph(f"The model fits {_share(explained(fit))} of the variation of {panel.kpi} within geos."))
    if not fit.outcome.ok:
        lead.append(paragraph(f"The fit did not converge: {fit.outcome.advice}", "notice"))
    return page(f"Marketing mix of {panel.kpi}", lead, sections(found))


def _share(value: float | Unavailable) -> str:
    return "an unknown share" if isinstance(value, Unavailable) else f"{value:.0%}"
