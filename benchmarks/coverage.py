"""Coverage of 95 % intervals and size of the χ² test when the model is true, for maximum likelihood and for FIML.

Three latents with three indicators each, a regression among the latents and a residual covariance; normal data. With
missing values, either every value is missing with probability .2 (MCAR), or six of the nine variables are missing
with a probability that grows with a variable that is always there and is .3 on average (MAR: .2 of all values).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.special import expit
from scipy.stats import chi2, norm

import semnan as sn
from semnan import Fits, MomentsStack, Unavailable

Array = NDArray[np.float64]
Generator = np.random.Generator

TEXT = """
  f =~ x1 + x2 + x3
  g =~ x4 + x5 + x6
  h =~ x7 + x8 + x9
  g ~ f
  h ~ f + g
  x4 ~~ x7
"""
NAMES = tuple(f"x{i}" for i in range(1, 10))
TRUTH = {
    "f -> x2": 0.8,
    "f -> x3": 1.2,
    "g -> x5": 0.9,
    "g -> x6": 0.7,
    "h -> x8": 1.1,
    "h -> x9": 0.8,
    "f -> g": 0.5,
    "f -> h": 0.3,
    "g -> h": 0.4,
    "f <-> f": 1.0,
    "g <-> g": 0.7,
    "h <-> h": 0.5,
    "x4 <-> x7": 0.2,
    **{f"x{i} <-> x{i}": 0.4 + 0.1 * (i % 3) for i in range(1, 10)},
    **{f"1 -> x{i}": i / 2 for i in range(1, 10)},
}


def draw(shape: tuple[int, ...], rng: Generator) -> Array:
    """Normal rows of the true model, shape (\\*shape, 9)."""
    e = {name: np.sqrt(TRUTH[f"{name} <-> {name}"]) * rng.normal(size=shape) for name in (*NAMES, "f", "g", "h")}
    # A covariance of x4 and x7 with their variances kept.
    e["x7"] = _correlated(e["x4"], e["x7"], TRUTH["x4 <-> x7"], TRUTH["x4 <-> x4"], TRUTH["x7 <-> x7"])
    latent = {"f": e["f"]}
    latent["g"] = TRUTH["f -> g"] * latent["f"] + e["g"]
    latent["h"] = TRUTH["f -> h"] * latent["f"] + TRUTH["g -> h"] * latent["g"] + e["h"]
    columns = []
    for i, name in enumerate(NAMES):
        factor = "fgh"[i // 3]
        columns.append(TRUTH[f"1 -> {name}"] + TRUTH.get(f"{factor} -> {name}", 1.0) * latent[factor] + e[name])
    return np.stack(columns, axis=-1)


def _correlated(first: Array, second: Array, covariance: float, one: float, two: float) -> Array:
    slope = covariance / one
    return np.asarray(slope * first + np.sqrt(1 - covariance**2 / (one * two)) * second)


def completely_at_random(rows: Array, rng: Generator) -> Array:
    return np.where(rng.random(rows.shape) < 0.2, np.nan, rows)


def at_random(rows: Array, rng: Generator) -> Array:
    """Larger x1 makes the others of all latents but the first ones missing more often."""
    sure = rows[:, 0]
    chance = expit(1.5 * (sure - sure.mean()) / sure.std() - 1.21)  # .3 on average
    gone = rng.random(rows.shape) < chance[:, None]
    gone[:, ::3] = False
    return np.where(gone, np.nan, rows)


@dataclass(frozen=True)
class Result:
    """Coverage of every parameter and how often the model was rejected.

    Attributes
    ----------
    name : str
    n, samples, converged : int
    covered : dict of str to float
    rejected : float
        At 5 %.
    ratio : float
        Mean χ² by degrees of freedom.
    seconds : float

    """

    name: str
    n: int
    samples: int
    converged: int
    covered: dict[str, float]
    rejected: float
    ratio: float
    seconds: float


def complete(n: int, samples: int, seed: int) -> Result:
    """Maximum likelihood for complete data, all samples in one batch."""
    begin = time.perf_counter()
    fits = sn.sem(TEXT, MomentsStack.from_arrays(draw((samples, n), np.random.default_rng(seed)), NAMES))
    low, high = _intervals(fits)
    truth = np.array([TRUTH[name] for name in fits.names])
    ok = fits.converged
    statistic = 2 * n * fits.discrepancy[ok]
    df = float(fits[0].df)
    covered = ((low <= truth) & (truth <= high))[ok].mean(axis=0)
    return Result(
        "ML, complete",
        n,
        samples,
        int(ok.sum()),
        dict(zip(fits.names, covered.tolist(), strict=True)),
        float((statistic > chi2.isf(0.05, df)).mean()),
        float(statistic.mean() / df),
        time.perf_counter() - begin,
    )


def _intervals(fits: Fits) -> tuple[Array, Array]:
    assert not isinstance(fits.batch.inference, Unavailable)
    _, variance = fits.batch.inference.own()
    reach = norm.isf(0.025) * np.sqrt(variance.numpy() / fits.batch.n[:, None])
    return fits.estimates - reach, fits.estimates + reach


def incomplete(name: str, lose: Callable[[Array, Generator], Array], n: int, samples: int, seed: int) -> Result:
    """Full-information maximum likelihood, one sample after the other."""
    begin, rng = time.perf_counter(), np.random.default_rng(seed)
    covered: dict[str, list[bool]] = {}
    statistics, df = [], 1.0
    for _ in range(samples):
        frame = pd.DataFrame(lose(draw((n,), rng), rng), columns=list(NAMES))
        fit = sn.sem(TEXT, frame, missing="fiml")
        if not fit.converged:
            continue
        statistics.append(float(fit.chi_square))
        df = float(fit.df)
        for row in fit.parameters():
            if not row.fixed and not isinstance(row.interval, Unavailable):
                low, high = row.interval
                covered.setdefault(row.name, []).append(low <= TRUTH[row.name] <= high)
    told = {key: float(np.mean(found)) for key, found in covered.items()}
    rejected = float(np.mean(np.array(statistics) > chi2.isf(0.05, df)))
    ratio = float(np.mean(statistics) / df)
    return Result(name, n, samples, len(statistics), told, rejected, ratio, time.perf_counter() - begin)


def tabulate(results: list[Result]) -> Table:
    columns = ("", "n", "samples", "converged", "coverage: least", "mean", "most", "χ² rejects", "mean χ²/df", "s")
    table = Table(*columns, title="95 % intervals and the 5 % χ² test of a true model")
    for one in results:
        shares = list(one.covered.values())
        numbers = (min(shares), float(np.mean(shares)), max(shares), one.rejected, one.ratio)
        cells = (one.name, str(one.n), str(one.samples), str(one.converged), *(f"{x:.3f}" for x in numbers))
        table.add_row(*cells, f"{one.seconds:.0f}")
    return table


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--samples", type=int, default=2000)
    reader.add_argument("--n", type=int, default=500)
    reader.add_argument("--seed", type=int, default=2026)
    options = reader.parse_args()
    n, samples, seed = options.n, options.samples, options.seed
    results = [
        complete(n, samples, seed),
        incomplete("FIML, MCAR", completely_at_random, n, samples, seed),
        incomplete("FIML, MAR", at_random, n, samples, seed),
    ]
    console = Console(width=120)
    console.print(tabulate(results))
    for one in results:
        off = {name: share for name, share in one.covered.items() if not 0.93 <= share <= 0.97}
        if off:
            console.print(one.name, "outside .93–.97:", off)


if __name__ == "__main__":
    main()
