"""The part of the report about direct effects that data cannot tell: between what values they are."""

from __future__ import annotations

from collections.abc import Iterator

from semnan.mmm.report.page import breakable, paragraph, table
from semnan.mmm.results.answers import Answers
from semnan.mmm.results.bounds import ChannelBounds
from semnan.mmm.results.titled import cell

#: Partial R² of the confounder with the channel and with the KPI, for which the report gives bounds.
STRENGTH = 0.1


def bounded(found: Answers) -> Iterator[str]:
    """A table of bounds and robustness values, if some direct effect is not identified."""
    fit, kpi = found.fit, found.effects.kpi
    rows = [row for row in found.effects.listed if row.kind == "direct" and not row.identified]
    named = [row.channel for row in rows if (row.channel, kpi) in fit.model.graph.edges]
    if not named:
        return
    told = [fit.bounds(name, r2_channel=STRENGTH, r2_kpi=STRENGTH, level=found.level) for name in named]
    share = f"{STRENGTH:.0%}"
    yield paragraph(
        f"What data cannot tell has bounds. If the confounder explained {share} of what the other causes leave of the "
        f"channel, and {share} of what is left of {kpi}, the direct effect would be between these. The robustness "
        "value is the share, of both, that would explain all of the effect away. fit.bounds() takes other shares."
    )
    columns = ("channel", "if ignored", f"at {share}", f"{100 * found.level:g}% interval", "robustness value")
    cells = [_row(one) for one in told]
    yield table(f"{kpi} by unit of media, directly, within bounds", columns, cells, numbers=(1, 2, 3, 4))


def _row(one: ChannelBounds) -> tuple[str, ...]:
    between = cell((one.low, one.high))
    ignored, value = cell(one.listed[0].effect), f"{one.robustness_value:.1%}"
    return breakable(one.channel), ignored, between, cell(one.interval), value
