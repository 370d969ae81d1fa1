"""Small tables that tests of panels start from."""

from datetime import date, timedelta
from typing import Any

import numpy as np

ROLES: dict[str, Any] = {
    "date": "week",
    "geo": "geo",
    "kpi": "sales",
    "channels": ["tv", "search"],
    "controls": ["price"],
    "proxies": ["queries"],
}


def long(geos: int = 3, weeks: int = 6, seed: int = 0) -> dict[str, list[Any]]:
    """Columns of a long table: geos a, b, …, weeks from Monday 1 January 2024."""
    rng, rows = np.random.default_rng(seed), geos * weeks
    table: dict[str, list[Any]] = {
        "geo": [chr(ord("a") + g) for g in range(geos) for _ in range(weeks)],
        "week": [date(2024, 1, 1) + timedelta(days=7 * t) for _ in range(geos) for t in range(weeks)],
        "sales": rng.uniform(50, 99, rows).tolist(),
        "tv": rng.uniform(1, 9, rows).tolist(),
        "search": rng.uniform(1, 9, rows).tolist(),
        "tv_cost": rng.uniform(10, 90, rows).tolist(),
        "search_cost": rng.uniform(10, 90, rows).tolist(),
        "price": rng.normal(size=rows).tolist(),
        "queries": rng.normal(size=rows).tolist(),
        "people": [1000.0 * (1 + g) for g in range(geos) for _ in range(weeks)],
        "worth": rng.uniform(1, 2, rows).tolist(),
        "region": ["north"] * rows,
    }
    return table


def national(weeks: int = 6) -> dict[str, list[Any]]:
    """The first geo alone, without its column."""
    table = long(1, weeks)
    return {name: values for name, values in table.items() if name != "geo"}
