"""What must be told of a fitted channel model besides its numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from semnan.estimation.finding import Finding
from semnan.mmm.model.knowledge import LiftTest

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit

#: Below so many geos standard errors that rest on geos are too small.
FEW = 10


def channel_findings(fit: ChannelFit) -> list[Finding]:
    """See `ChannelFit.findings`."""
    found = [] if fit.outcome.ok else [Finding("not converged", (), fit.outcome.advice)]
    found += [*_few_geos(fit), *_at_bound(fit), *_negative(fit), *_experiments(fit)]
    if fit.spread.failed:
        found.append(Finding("bootstrap", (), f"{fit.spread.failed} replicates did not converge and are left out."))
    return found


def _few_geos(fit: ChannelFit) -> list[Finding]:
    geos = len(fit.model.panel.geos)
    if geos >= FEW or fit.standard_error_kind == "iid":
        return []
    message = (
        "there is one geo: standard errors rest on the weeks alone (Newey–West)"
        if geos == 1
        else f"standard errors rest on {geos} geos; below {FEW} they are usually too small"
    )
    return [Finding("few geos", (), f"{message}. Read intervals as the least that is uncertain.")]


def _at_bound(fit: ChannelFit) -> list[Finding]:
    held = tuple(name for name, at in zip(fit.names, fit.spread.held, strict=True) if at)
    message = (
        f"{', '.join(held)} ended at a bound: the data say little of these shapes, and intervals hold them fixed. "
        "Read returns of one percent more (marginal=True), or give what is known: a lift test, or "
        "known=model.shape_priors()."
    )
    return [Finding("at a bound", held, message)] if held else []


def _experiments(fit: ChannelFit) -> list[Finding]:
    """Channels whose curve has its height from an experiment, and its shape from confounded data."""
    curved = [part.channel for part in fit.model.design.transforms]
    tested = [name for name in curved if any(isinstance(x, LiftTest) and x.channel == name for x in fit.known)]
    alone = replace(fit.judge, known=())
    names = tuple(name for name in tested if not alone.own_terms(name).identified)
    message = (
        f"{', '.join(names)}: an experiment tells how much media bring where it was run. The shape of the curve rests "
        "on its form, and on confounders acting linearly; experiments at several sizes of media would tell it too."
    )
    return [Finding("shape", names, message)] if names else []


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
