"""Fitted channel models for the tests of plots and reports, each made once."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np

from semnan.mmm import Answers, ChannelFit, ChannelGraph, ChannelSEM, MediaPanel
from tests.mmm import panels

#: Names that a stranger could choose: HTML, formulas, a leading underscore, and one that is long.
EVIL = (
    "<script>alert(1)</script>",
    "'><img src=x onerror=alert(2)>",
    "$a_b^{$",
    "_hidden & co",
    "a channel whose name goes on and on as in some exports of advertising platforms",
)
EVIL_KPI, EVIL_LATENT, EVIL_CONTROL = "<b>sales</b> & 100%", "<svg onload=alert(3)>", "<iframe src=//x.example>"


def monday(weeks: int) -> Any:
    """So many weeks of dates."""
    return np.datetime64("2023-01-02") + 7 * np.arange(weeks)


@cache
def identified() -> ChannelFit:
    """All effects are identified; media are transformed; weeks are numbers."""
    return ChannelSEM(panels.panel(geos=12), panels.graph(), season=1).fit()


@cache
def confounded() -> ChannelFit:
    """With one proxy the direct effects are not identified; no transforms."""
    graph = panels.graph(proxies={"demand": ["queries"]})
    return ChannelSEM(panels.panel(geos=12), graph, adstock=None, saturation=None, season=0).fit()


@cache
def evil() -> ChannelFit:
    """Channels, KPI, confounder and control have names that do no harm."""
    rng = np.random.default_rng(5)
    latent, price = rng.normal(size=(2, 10, 50))
    media = 10 + np.abs(rng.normal(size=(10, 50, len(EVIL))) * 3)
    media[..., 1] += 0.3 * media[..., 0] + np.abs(latent)
    kpi = 40 + media @ np.arange(1.0, 6.0) + 2 * np.abs(latent) - price + rng.normal(size=(10, 50))
    panel = MediaPanel.from_arrays(
        media,
        kpi,
        channels=EVIL,
        kpi_name=EVIL_KPI,
        weeks=monday(50),
        controls=price[..., None],
        control_names=(EVIL_CONTROL,),
        proxies=np.stack([np.abs(latent) + 0.3 * rng.normal(size=(10, 50)) for _ in range(2)], -1),
        proxy_names=("<i>one</i>", "$two$"),
    )
    graph = ChannelGraph(
        [(EVIL[0], EVIL[1]), *((name, EVIL_KPI) for name in EVIL)],
        kpi=EVIL_KPI,
        confounders={EVIL_LATENT: [EVIL[1], EVIL_KPI]},
        proxies={EVIL_LATENT: ["<i>one</i>", "$two$"]},
    )
    return ChannelSEM(panel, graph, adstock={EVIL[0]: "geometric", EVIL[2]: "weibull"}, saturation=None, season=0).fit()


@cache
def many(spend: Literal["media"] | None = "media") -> ChannelFit:
    """One geo, weeks as numbers, twelve channels without confounders, one of which takes away."""
    rng = np.random.default_rng(6)
    media = 10 + np.abs(rng.normal(size=(1, 90, 12)) * 3)
    weights = np.arange(12.0) - 2
    kpi = 100 + media @ weights + rng.normal(size=(1, 90))
    names = [f"channel {i}" for i in range(12)]
    panel = MediaPanel.from_arrays(media, kpi, channels=names, spend=spend)
    graph = ChannelGraph([(name, "kpi") for name in names])
    return ChannelSEM(panel, graph, adstock=None, saturation=None, season=0).fit()


@cache
def told(case: str) -> Answers:
    """What a case tells, with eight weeks held out where all is identified."""
    fits = {"identified": identified, "confounded": confounded, "evil": evil, "many": many}
    return fits[case]().answers(holdout=8 if case in ("identified", "many") else 0)
