"""What a channel model takes for granted, in sentences for its reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from semnan.mmm.model.knowledge import Known, LiftTest, Prior

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit
    from semnan.mmm.model.channel_sem import ChannelSEM

ERRORS = {
    "panel-hac": "Standard errors allow rows of a geo to depend on each other, and rows of neighbouring weeks in all "
    "geos (Driscoll & Kraay).",
    "geo": "Standard errors allow rows of a geo to depend on each other, but not those of different geos.",
    "iid": "Standard errors take all rows as independent, which weekly data rarely are: intervals may be too short.",
    "bootstrap": "Standard errors and intervals come from samples drawn again: geos, or blocks of weeks if there is "
    "one geo.",
}


def assumptions(fit: ChannelFit) -> Iterator[str]:
    """One sentence for each assumption."""
    yield from _graph(fit.model)
    yield from _media(fit.model)
    yield from _nuisance(fit.model)
    yield ERRORS[fit.standard_error_kind]
    yield from map(_known, fit.known)


def _graph(model: ChannelSEM) -> Iterator[str]:
    graph = model.graph
    edges = ", ".join(f"{a} → {b}" for a, b in graph.edges)
    yield f"The graph is right: {edges}. An edge that is not there is an effect that is zero."
    for latent, children in graph.confounders.items():
        proxies = graph.proxies.get(latent, ())
        measured = (
            f"measured by {', '.join(proxies)}, each with an error of its own" if proxies else "which nothing measures"
        )
        yield f"{latent} acts unseen on {', '.join(children)}, {measured}."
    hidden = "Besides these, nothing" if graph.confounders else "Nothing"
    yield f"{hidden} unseen acts on two variables: what is left of each is independent of what is left of the others."
    yield "Effects among channels, of controls and of confounders are linear, and the same in all geos and weeks."


def _media(model: ChannelSEM) -> Iterator[str]:
    transforms = {part.channel: part for part in model.design.transforms}
    for channel in model.panel.channels:
        if (channel, model.panel.kpi) not in model.graph.edges:
            continue
        part = transforms.get(channel)
        carried = "none" if part is None or part.adstock is None else type(part.adstock).__name__
        bent = "none" if part is None or part.saturation is None else type(part.saturation).__name__
        yield f"{channel}: adstock {carried}, saturation {bent}."


def _nuisance(model: ChannelSEM) -> Iterator[str]:
    setup = model.setup
    parts = ["a level for every geo" if setup.geo_effects else "one level for all geos"]
    if setup.week_effects:
        parts.append("a level for every week")
    else:
        pairs = "one pair" if setup.season == 1 else f"{setup.season} pairs"
        parts += [f"a season of {pairs} of sine and cosine"] * bool(setup.season)
        parts += ["a linear trend"] * setup.trend
        parts += [f"the event {name}" for name in setup.events]
    yield f"In every equation: {', '.join(parts)}."
    if model.panel.population is not None:
        yield "Media and KPI are counted per inhabitant."


def _known(item: Known) -> str:
    if isinstance(item, LiftTest):
        return (
            f"An experiment on {item.channel} entered the fit: effect {item.value:g}, standard error "
            f"{item.standard_error:g}, media changed by {item.change:+.0%}."
        )
    if isinstance(item, Prior):
        return f"A prior entered the fit: {item.parameter} is {item.value:g}, give or take {item.standard_error:g}."
    return f"Also known: {item}."
