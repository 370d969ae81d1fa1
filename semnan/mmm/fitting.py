"""Fit a channel model: the search for the estimates, and their covariance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from semnan.errors import FitError, ModelError
from semnan.estimation.progress import Progress
from semnan.estimation.threads import blas_threads
from semnan.mmm.channel_fit import ChannelFit
from semnan.mmm.model.bootstrap import bootstrap
from semnan.mmm.model.channel_sem import ChannelSEM, StandardErrors
from semnan.mmm.model.concentrate import concentrate, random_starts
from semnan.mmm.model.knowledge import Knowledge, Known
from semnan.mmm.model.likelihood import Likelihood
from semnan.mmm.model.sandwich import sandwich
from semnan.mmm.model.structure import loadings
from semnan.network.arrays import Array

KINDS = ("panel-hac", "geo", "iid", "bootstrap")


def fit_channels(
    model: ChannelSEM,
    *,
    standard_errors: StandardErrors,
    lags: int,
    known: tuple[Known, ...],
    starts: int,
    replicates: int,
    n_jobs: int,
    seed: int,
    progress: bool | None,
) -> ChannelFit:
    """See `ChannelSEM.fit`."""
    _check(model, standard_errors, lags, starts, replicates)
    for item in known:
        if not isinstance(item, Known):
            raise ModelError(f"known has {item!r}: give a list of LiftTest and Prior")
    likelihood = Likelihood(model.design, Knowledge(model.mechanism, known))
    with np.errstate(all="ignore"), blas_threads(len(model.design.model.free)):
        with Progress(progress) as shown:
            found = concentrate(likelihood, random_starts(likelihood, starts, seed), shown)
        found = replace(found, theta=_oriented(model, found.theta))
        if standard_errors == "bootstrap":
            spread = bootstrap(likelihood, found, replicates, seed, n_jobs, progress)
        else:
            spread = sandwich(likelihood, found, standard_errors, lags)
    return ChannelFit(model, found, spread, standard_errors, known, lags)


def _check(model: ChannelSEM, kind: str, lags: int, starts: int, replicates: int) -> None:
    if kind not in KINDS:
        raise FitError(f"standard_errors is {kind!r}: give one of {', '.join(KINDS)}")
    if kind == "geo" and len(model.panel.geos) < 2:
        raise FitError("there is one geo, so no standard errors come from geos: take 'panel-hac' (Newey–West)")
    for name, value, least in (("lags", lags, 0), ("starts", starts, 1), ("replicates", replicates, 2)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise FitError(f"{name} is {value!r}: give a whole number, at least {least}")


def _oriented(model: ChannelSEM, theta: Array) -> Array:
    """With the sign of every confounder such that its first proxy rises with it, or else its first child."""
    found, table = theta.copy(), model.design.model
    for latent, own in loadings(table).items():
        proxies = model.graph.proxies.get(latent, ())
        first = next((k for k in own if table.parameters[table.free[k].rows[0]].target in proxies), own[0])
        if found[first] < 0:
            found[own] = -found[own]
    return found
