"""How often 95 % intervals cover the truth where data are not normal, or rows not independent.

A factor model with a regression between two factors; the naive method stands beside the one that claims the case. Each
row is a kind of data, each cell the share of samples whose interval for the regression covers its true value. MLR knows
of clusters, and of units and periods of panels. What clusters alone say of panels, which is to forget that periods are
shared, stands beside, as does the likelihood of a t distribution (`Fit.heavy_tails`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import semnan as sn
from semnan.report import HeavyTails

Array = NDArray[np.float64]
TEXT = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf2 ~ b*f1"
SLOPE, LOADINGS = 0.5, np.array([1.0, 0.8, 0.7])


def table(f1: Array, noise: Array) -> pd.DataFrame:
    """Six indicators of f1 and of f2 = 0.5 f1 + noise[:, 0], with errors noise[:, 1:]."""
    f2 = SLOPE * f1 + noise[:, 0]
    values = np.concatenate([f1[:, None] * LOADINGS, f2[:, None] * LOADINGS], axis=1) + 0.7 * noise[:, 1:]
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(1, 7)])


def normal(rng: np.random.Generator, n: int) -> pd.DataFrame:
    return table(rng.normal(size=n), rng.normal(size=(n, 7)))


def elliptical(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Multivariate t with 5 degrees of freedom: all variables of a row are large together."""
    scale = np.sqrt(5 / rng.chisquare(5, n))
    return table(scale * rng.normal(size=n), scale[:, None] * rng.normal(size=(n, 7)))


def lognormal(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Skewed factors, and residuals whose spread grows with the first."""
    f1 = np.exp(0.7 * rng.normal(size=n)) - np.exp(0.245)
    noise = np.exp(0.5 * rng.normal(size=(n, 7))) - np.exp(0.125)
    noise[:, 0] *= 0.6 + 0.4 * np.abs(f1)
    return table(f1, noise)


def clustered(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Clusters of ten rows that share a part of both factors."""
    own = np.arange(n) // 10
    shared = rng.normal(size=(n // 10 + 1, 2))[own]
    noise = rng.normal(size=(n, 7))
    noise[:, 0] = 0.8 * shared[:, 1] + 0.6 * noise[:, 0]
    return table(0.8 * shared[:, 0] + 0.6 * rng.normal(size=n), noise).assign(cluster=own)


def panel(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A unit for every 25 rows asked for, followed for 200 periods; shocks to units and to all last."""
    periods, units = 200, n // 25
    shared, own = _lasting(rng, periods, 1, 2), _lasting(rng, periods, units, 2)
    factors = (0.6 * shared + 0.8 * own).transpose(1, 0, 2).reshape(-1, 2)
    noise = np.column_stack([factors[:, 1], rng.normal(size=(len(factors), 6))])
    when = np.tile(np.arange(periods), units)
    return table(factors[:, 0], noise).assign(unit=np.repeat(np.arange(units), periods), period=when)


def _lasting(rng: np.random.Generator, periods: int, units: int, k: int, share: float = 0.4) -> Array:
    """Stationary AR(1) series of variance one, shape (periods, units, k)."""
    found = rng.normal(size=(periods, units, k))
    for t in range(1, periods):
        found[t] = share * found[t - 1] + np.sqrt(1 - share**2) * found[t]
    return found


KINDS: dict[str, Callable[[np.random.Generator, int], pd.DataFrame]] = {
    "normal": normal,
    "elliptical t5": elliptical,
    "lognormal, heteroscedastic": lognormal,
    "clustered": clustered,
    "panel": panel,
}
#: What the robust method is told of rows that are not independent.
DESIGNS: dict[str, dict[str, Any]] = {
    "clustered": {"cluster": "cluster"},
    "panel": {"cluster": "unit", "period": "period"},
}


def covered(kind: str, frame: pd.DataFrame, bootstrap: int, seed: int) -> dict[str, bool]:
    """Whether each method's interval covers."""
    options = DESIGNS.get(kind, {"estimator": "MLR"})
    naive, robust = sn.sem(TEXT, frame), sn.sem(TEXT, frame, **options)
    ends = {"ML": _ends(naive), "MLR": _ends(robust)}
    if kind.startswith("elliptical"):
        ends["t"] = _ends(naive.heavy_tails())
    if kind == "panel":
        ends["units alone"] = _ends(sn.sem(TEXT, frame, cluster="unit"))
    elif bootstrap:
        found = sn.bootstrap(robust, bootstrap, seed=seed, progress=False).interval("b").interval
        ends["bootstrap"] = (np.nan, np.nan) if isinstance(found, sn.Unavailable) else found
    return {name: low <= SLOPE <= high for name, (low, high) in ends.items()}


def _ends(fit: sn.Fit | HeavyTails) -> tuple[float, float]:
    found = next(row.interval for row in fit.parameters() if row.label == "b")
    return (np.nan, np.nan) if isinstance(found, sn.Unavailable) else found


def coverage(kind: str, n: int, samples: int, bootstrap: int, seed: int = 0) -> dict[str, float]:
    """The share of samples whose intervals cover, by method."""
    found = [covered(kind, KINDS[kind](np.random.default_rng((seed, i)), n), bootstrap, i) for i in range(samples)]
    return {name: float(np.mean([row[name] for row in found])) for name in found[0]}


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--rows", type=int, default=1000)
    reader.add_argument("--samples", type=int, default=1000)
    reader.add_argument("--bootstrap", type=int, default=0, help="replicates; none by default")
    options = reader.parse_args()
    columns = ["ML", "MLR", *(["bootstrap"] if options.bootstrap else []), "t", "units alone"]
    shown = Table("data", *columns)
    for kind in KINDS:
        found = coverage(kind, options.rows, options.samples, options.bootstrap)
        shown.add_row(kind, *(f"{found[name]:.3f}" if name in found else "" for name in columns))
    Console().print(shown)


if __name__ == "__main__":
    main()
