"""What must be told of a fitted channel model besides its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semnan.estimation.finding import Finding

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: Below so many geos standard errors that rest on geos are too small.
FEW = 10


def channel_findings(fit: ChannelFit) -> list[Finding]:
    """See `ChannelFit.findings`."""
    found = []
    if not fit.outcome.ok:
        found.append(Finding("not converged", (), fit.outcome.advice))
    geos = len(fit.model.panel.geos)
    if geos < FEW and fit.standard_error_kind != "iid":
        message = (
            "there is one geo: standard errors rest on the weeks alone (Newey–West)"
            if geos == 1
            else f"standard errors rest on {geos} geos; below {FEW} they are usually too small"
        )
        found.append(Finding("few geos", (), f"{message}. Read intervals as the least that is uncertain."))
    held = tuple(name for name, at in zip(fit.names, fit.spread.held, strict=True) if at)
    if held:
        found.append(
            Finding(
                "at a bound", held, f"{', '.join(held)} ended at a bound: the data want more than is allowed there."
            )
        )
    found += _negative(fit)
    if fit.spread.failed:
        found.append(Finding("bootstrap", (), f"{fit.spread.failed} replicates did not converge and are left out."))
    return found


def _negative(fit: ChannelFit) -> list[Finding]:
    design = fit.model.design
    names = [
        part.channel
        for part in design.transforms
        if part.saturation is not None and design.columns[part.channel].min() < 0
    ]
    if not names:
        return []
    message = f"{', '.join(names)}: negative media have no response; saturation takes them as nothing spent."
    return [Finding("negative media", tuple(names), message)]
