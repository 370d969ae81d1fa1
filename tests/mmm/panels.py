"""Small panels with known equations for the tests of marketing-mix models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semnan.mmm import ChannelGraph, MediaPanel

Array = NDArray[Any]
CHANNELS = ("tv", "search")


def graph(**changes: Any) -> ChannelGraph:
    """TV acts on search, both on sales; demand on search and sales, measured twice."""
    parts: dict[str, Any] = {
        "kpi": "sales",
        "confounders": {"demand": ["search", "sales"]},
        "proxies": {"demand": ["queries", "trends"]},
    }
    return ChannelGraph([("tv", "search"), ("tv", "sales"), ("search", "sales")], **(parts | changes))


def panel(geos: int = 6, weeks: int = 60, seed: int = 0, *, demand: float = 1.0, **options: Any) -> MediaPanel:
    """Media around 10, sales = 2 tv + 1.5 search − price + demand; queries and trends measure demand."""
    rng = np.random.default_rng(seed)
    latent, price = rng.normal(size=(2, geos, weeks))
    level = rng.uniform(0.5, 1.5, size=(geos, 1))
    tv = 10 * level + np.abs(rng.normal(size=(geos, weeks)) * 2)
    search = 4 * level + 0.3 * tv + demand * latent + rng.normal(size=(geos, weeks)) * 0.5 + 3
    queries, trends = (a * latent + rng.normal(size=(geos, weeks)) * 0.5 for a in (1.0, 0.8))
    noise = rng.normal(size=(geos, weeks))
    sales = 50 * level + 2 * tv + 1.5 * search - price + 2 * demand * latent + noise
    return MediaPanel.from_arrays(
        np.stack([tv, np.abs(search)], -1),
        sales,
        channels=CHANNELS,
        kpi_name="sales",
        controls=price[..., None],
        control_names=("price",),
        proxies=np.stack([queries, trends], -1),
        proxy_names=("queries", "trends"),
        **options,
    )
