"""The spread of estimates over samples drawn again: geos, or blocks of weeks if there is one geo.

Results of experiments and priors are measurements too, so each sample has them drawn again with their standard errors:
what an experiment alone tells would otherwise be taken as known exactly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed

from semnan.errors import DataError, Unavailable
from semnan.estimation.progress import Progress
from semnan.mmm.model.concentrate import Minimum, concentrate
from semnan.mmm.model.likelihood import Likelihood
from semnan.mmm.model.sandwich import Spread, undetermined
from semnan.mmm.model.structure import loadings
from semnan.network.arrays import Array


def bootstrap(
    likelihood: Likelihood, found: Minimum, replicates: int, seed: int, n_jobs: int, shown: bool | None
) -> Spread:
    """The spread over replicates."""
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    with Progress(shown) as progress:
        progress.begin(replicates)
        work = Parallel(n_jobs=n_jobs, return_as="generator")(
            delayed(_replicate)(likelihood, found, child) for child in seeds
        )
        ends = []
        for k, end in enumerate(work):
            ends.append(end)
            progress.tell(k + 1, f"replicate {k + 1}")
    draws, none = (
        np.array([end for end in ends if end is not None]),
        np.zeros(len(found.theta) + len(found.tau), dtype=bool),
    )
    failed = replicates - len(draws)
    if len(draws) < 2:
        return Spread(Unavailable(f"{failed} of {replicates} replicates did not converge"), none, None, failed)
    null, size = undetermined(likelihood, found)
    return Spread(np.cov(draws.T), none, draws, failed, null=null, size=size)


def _replicate(likelihood: Likelihood, found: Minimum, seed: np.random.SeedSequence) -> Array | None:
    """(θ, τ) of one sample; None if there are none, as of a sample in which nothing is left of a column."""
    generator = np.random.default_rng(seed)
    weights = _weights(likelihood, generator)
    drawn = replace(likelihood, weights=weights, knowledge=likelihood.knowledge.drawn(generator))
    try:
        end = concentrate(drawn, [found.tau], Progress(shown=False), found.theta)
    except DataError:
        return None
    return np.concatenate([_aligned(likelihood, end.theta, found.theta), end.tau]) if end.outcome.ok else None


def _aligned(likelihood: Likelihood, theta: Array, like: Array) -> Array:
    """With the sign of every confounder as it is in other values."""
    found = theta.copy()
    for own in loadings(likelihood.design.model).values():
        ratio = theta[own] / np.where(like[own] == 0, np.inf, like[own])
        if np.clip(ratio, -1.0, 1.0).sum() < 0:
            found[own] = -found[own]
    return found


def _weights(likelihood: Likelihood, generator: np.random.Generator) -> Array:
    """How often each row was drawn: whole geos, or circular blocks of about T^(1/3) · 2 weeks."""
    nuisance = likelihood.design.nuisance
    geos, weeks = nuisance.geos, nuisance.weeks
    if geos > 1:
        counts = np.bincount(generator.integers(geos, size=geos), minlength=geos)
        return np.repeat(counts.astype(np.float64), weeks)
    length = max(2, round(2 * weeks ** (1 / 3)))
    starts = generator.integers(weeks, size=-(-weeks // length))
    drawn = (starts[:, None] + np.arange(length)).ravel()[:weeks] % weeks
    return np.bincount(drawn, minlength=weeks).astype(np.float64)
