"""Convergence from default starts: random well-specified models of ten kinds, 6 to 40 observed, n from 200 to 2000.

A fit counts if it converged; beside it, whether its discrepancy is above that of the truth, which a minimum over
the whole parameter space cannot be.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.populations import Population, draw_population
from semnan import Moments

#: A discrepancy above that of the truth by more than this is a local minimum.
ABOVE = 1e-9


@dataclass(frozen=True)
class Trial:
    """How one fit went."""

    seed: int
    kind: str
    observed: int
    parameters: int
    n: int
    outcome: str
    converged: bool
    above: bool
    improper: bool
    steps: int
    seconds: float


def sampled(seed: int) -> tuple[Population, Moments | dict[str, Moments]]:
    """A model, and a sample of 200 to 2000 rows (in every group)."""
    population = draw_population(seed)
    rng = np.random.default_rng([seed, 1_000])
    return population, population.draw(int(np.exp(rng.uniform(np.log(200), np.log(2000)))), rng)


def trial(seed: int) -> Trial:
    """Draw a model and a sample, fit from default starts."""
    population, data = sampled(seed)
    begin = time.perf_counter()
    fit = population.fit(data)
    seconds = time.perf_counter() - begin
    return Trial(
        seed=seed,
        kind=population.kind,
        observed=len(fit.model.visibles),
        parameters=len(fit.model.free),
        n=fit.estimate.n // len(population.groups),
        outcome=fit.outcome.value,
        converged=fit.converged,
        above=fit.discrepancy > population.distance(data) + ABOVE,
        improper=any(found.kind in ("Heywood case", "latent covariance") for found in fit.findings),
        steps=fit.steps,
        seconds=seconds,
    )


def tabulate(trials: Iterable[Trial]) -> Table:
    """Counts by kind of model."""
    kinds: dict[str, list[Trial]] = {}
    for one in trials:
        kinds.setdefault(one.kind, []).append(one)
    kinds["all"] = [one for group in kinds.values() for one in group]
    columns = ("model", "fits", "observed", "converged", "%", "above truth", "improper", "steps", "most", "s/fit")
    table = Table(*columns, title="Convergence from default starts")
    for kind, group in kinds.items():
        done = sum(one.converged for one in group)
        observed = [one.observed for one in group]
        steps = [one.steps for one in group]
        table.add_row(
            kind,
            str(len(group)),
            f"{min(observed)}–{max(observed)}",
            str(done),
            f"{100 * done / len(group):.1f}",
            str(sum(one.above for one in group)),
            str(sum(one.improper for one in group)),
            f"{np.median(steps):g}",
            str(max(steps)),
            f"{np.mean([one.seconds for one in group]):.3f}",
        )
    return table


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--models", type=int, default=500)
    reader.add_argument("--first", type=int, default=0, help="the first seed")
    options = reader.parse_args()
    trials = [trial(seed) for seed in range(options.first, options.first + options.models)]
    console = Console(width=120)
    console.print(tabulate(trials))
    for one in trials:
        if not one.converged or one.above:
            console.print(one)


if __name__ == "__main__":
    main()
