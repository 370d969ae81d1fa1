"""Fitted channel models for the tests of their results, and models at parameters that are given."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from semnan.estimation.outcome import Outcome
from semnan.mmm import ChannelFit, ChannelGraph, ChannelSEM, SimulatedPanel, simulate_panel
from semnan.mmm.model.concentrate import Minimum
from semnan.mmm.model.sandwich import Spread
from tests.mmm.panels import Array

#: Decays so small that the weeks which adstock leaves out weigh nothing.
DECAYS = {"TV": 0.25, "Social": 0.2, "Display": 0.15, "Search": 0.0}
HILLS = {"TV": (100.0, 1.5), "Social": (60.0, 1.2), "Display": (50.0, 1.2), "Search": (45.0, 1.5)}


@cache
def simulated(seed: int = 0, *, curved: bool = False) -> SimulatedPanel:
    """A panel of twelve geos and eighty weeks."""
    return simulate_panel(seed, 12, 80, adstock=DECAYS if curved else None, hill=HILLS if curved else None)


@cache
def linear(seed: int = 0) -> ChannelFit:
    """Without transforms."""
    known = simulated(seed)
    return ChannelSEM(known.panel, known.graph, adstock=None, saturation=None).fit()


@cache
def curved(seed: int = 0) -> ChannelFit:
    """With adstock and saturation."""
    known = simulated(seed, curved=True)
    return ChannelSEM(known.panel, known.graph).fit()


@cache
def unidentified(seed: int = 0) -> ChannelFit:
    """Demand is not measured: what search does, and TV directly, is not identified."""
    known = simulated(seed)
    return ChannelSEM(known.panel, without_proxies(known.graph), adstock=None, saturation=None).fit()


def without_proxies(graph: ChannelGraph) -> ChannelGraph:
    """The graph with its confounders unmeasured."""
    edges = [edge for edge in graph.edges if edge[1] not in graph.measurements]
    return ChannelGraph(edges, kpi=graph.kpi, confounders=graph.confounders)


def at(model: ChannelSEM, theta: Array, tau: Array) -> ChannelFit:
    """A fit that ended at given parameters, which are taken to be known exactly."""
    size = len(theta) + len(tau)
    spread = Spread(np.zeros((size, size)), np.zeros(size, dtype=bool))
    return ChannelFit(model, Minimum(theta, tau, 0.0, Outcome.CONVERGED, (0.0,)), spread, "iid", ())


def at_truth(known: SimulatedPanel) -> ChannelFit:
    """The curved model at the parameters that generated its panel."""
    model = ChannelSEM(known.panel, known.graph)
    values = {free.name: 1.0 for free in model.design.model.free}
    values |= {f"{a} -> {b}": value for (a, b), value in known.effects.items()}
    tau = []
    for part in model.design.transforms:
        half, slope = HILLS[part.channel]
        values[f"{part.channel} -> Sales"] *= 2 * half
        tau += [DECAYS[part.channel]] * (part.adstock is not None) + [half / part.scale, slope]
    return at(model, np.array(list(values.values())), np.array(tau))


def moved(fit: ChannelFit, name: str, step: float) -> ChannelFit:
    """The fit with a parameter a step further."""
    theta, tau = fit.minimum.theta.copy(), fit.minimum.tau.copy()
    k = fit.names.index(name)
    if k < len(theta):
        theta[k] += step
    else:
        tau[k - len(theta)] += step
    return replace(fit, minimum=replace(fit.minimum, theta=theta, tau=tau))
