"""Findings on estimates that no population could have, or that sit where normal theory does not hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate, Implied
from semnan.estimation.finding import Finding, in_group, listed
from semnan.estimation.sizes import natural_sizes
from semnan.model import Kind, Parameter

#: Eigenvalues of a correlation matrix below this are negative, above its negative perhaps zero.
NEGATIVE = -1e-8
#: A latent with less than this share of the variance of its marker is one that vanishes.
VANISHING = 1e-3
#: A standardised value beyond this runs away.
RUNAWAY = 10.0
#: Weights of an eigenvector that are this large name a variable.
HEAVY = 0.3


class _Variance(NamedTuple):
    """A variance that is not positive, and its standard error if there is one."""

    row: Parameter
    value: float
    error: float | None

    @property
    def name(self) -> str:
        return in_group(self.row.source, self.row.group)

    @property
    def told(self) -> str:
        """The name, with the value and whether it differs from zero."""
        if self.error is None or self.value == 0:
            return f"{self.name} ({self.value:.3g})"
        beyond = "not beyond" if self.value / self.error > -1.96 else "beyond"
        return f"{self.name} ({self.value:.3g}, SE {self.error:.2g}: {beyond} sampling error)"


def heywood(fit: Estimate) -> Iterator[Finding]:
    """Variances that are zero or negative."""
    bad = [found for found in _variances(fit) if found.value <= 0]
    if not bad:
        return
    alone = [
        f"{found.row.source} is the only indicator of {latent}"
        for found in bad
        for latent in _measured_alone(fit, found.row.source)
    ]
    single = (
        f" {listed(alone, '; ')}: fix its residual variance from what is known of its reliability." if alone else ""
    )
    yield Finding(
        "Heywood case",
        tuple(found.name for found in bad),
        f"the (residual) variance of {listed([found.told for found in bad])} is zero or negative: the model may be "
        "wrong, the sample small, or a latent weakly measured. Intervals near there are not to be trusted; nothing was "
        f"changed.{single}",
    )


def _variances(fit: Estimate) -> Iterator[_Variance]:
    """Every free variance of the table with its estimate."""
    errors = _errors(fit)
    for free, value, error in zip(fit.model.free, fit.theta.tolist(), errors, strict=True):
        for row in (fit.model.parameters[i] for i in free.rows):
            if row.is_variance:
                yield _Variance(row, value, error)


def _errors(fit: Estimate) -> list[float | None]:
    """Standard errors of the free parameters where there are any."""
    if isinstance(fit.inference, Unavailable) or not fit.outcome.ok:
        return [None] * len(fit.theta)
    known, variance = fit.inference.own()
    known = known & ~fit.inference.held & (variance > 0)
    pairs = zip(known.tolist(), (variance / fit.n).sqrt().tolist(), strict=True)
    return [error if fine else None for fine, error in pairs]


def _measured_alone(fit: Estimate, name: str) -> list[str]:
    """The latents that have this visible as their only child."""
    diagram = fit.model.diagram
    children: dict[str, set[str]] = {latent: set() for latent in fit.model.latents}
    for source, target in diagram.edges:
        if source in children:
            children[source].add(target)
    return [latent for latent, found in children.items() if found == {name}]


def at_bounds(fit: Estimate) -> Iterator[Finding]:
    """Parameters other than variances that ended at a bound."""
    at = [
        free.name
        for free, value in zip(fit.model.free, fit.theta.tolist(), strict=True)
        if (value <= free.lower or value >= free.upper) and not fit.model.parameters[free.rows[0]].is_variance
    ]
    if at:
        yield Finding(
            "at a bound",
            tuple(at),
            f"{listed(at)} ended at a bound: standard errors of the others take it as fixed. Widen the bound if it "
            "was only meant to help the search.",
        )


def latent_covariance(fit: Estimate) -> Iterator[Finding]:
    """Covariance matrices of the latents that are none; their variances are looked at by `heywood`."""
    for label, implied in zip(fit.labels, fit.implied, strict=True):
        known = set(fit.model.latents)
        latents = [i for i, name in enumerate(implied.names) if name in known]
        if len(latents) > 1:
            yield from _indefinite(implied, latents, label)


def _indefinite(implied: Implied, latents: list[int], label: str | None) -> Iterator[Finding]:
    matrix = implied.covariance[latents][:, latents].numpy()
    scale = np.sqrt(np.abs(np.diagonal(matrix)).clip(1e-300))
    correlation = matrix / scale[:, None] / scale
    values, vectors = np.linalg.eigh(correlation)
    if values[0] >= NEGATIVE:
        return
    heavy = np.flatnonzero(np.abs(vectors[:, values < NEGATIVE]).max(axis=1) > HEAVY)
    names = [implied.names[i] for i in latents]
    yield Finding(
        "latent covariance",
        tuple(in_group(names[k], label) for k in heavy),
        f"the implied covariance of the latents {listed([names[k] for k in heavy])} is not positive semidefinite "
        f"(smallest eigenvalue of their correlations {values[0]:.2g}){'' if label is None else f' in group {label}'}: "
        f"{_beyond(names, correlation)}. Latents may be one and the same, or the model wrong; nothing was changed.",
    )


def _beyond(names: list[str], correlation: NDArray[np.float64]) -> str:
    """Pairs whose correlation is beyond ±1."""
    pairs = np.argwhere(np.triu(np.abs(correlation) > 1 - NEGATIVE, 1)).tolist()
    told = [f"{names[i]} and {names[j]} correlate {correlation[i, j]:.2f}" for i, j in pairs]
    if (np.diagonal(correlation) < 0).any():
        negative = listed([names[i] for i in np.flatnonzero(np.diagonal(correlation) < 0)])
        told.append(f"the variance of {negative} is negative")
    return listed(told) if told else "their correlations contradict each other, though none is beyond ±1"


def vanishing(fit: Estimate) -> Iterator[Finding]:
    """Latents whose scale hangs on a marker that hardly measures them."""
    found = []
    for label, implied in zip(fit.labels, fit.implied, strict=True):
        variance = dict(zip(implied.names, implied.covariance.diagonal().tolist(), strict=True))
        for row in _markers(fit, label):
            assert row.fixed is not None
            if abs(variance[row.source]) * row.fixed**2 < VANISHING * variance[row.target]:
                found.append((in_group(row.source, label), row.target))
    if found:
        told = listed(
            [f"{latent} has next to no variance in the units of its marker {marker}" for latent, marker in found]
        )
        yield Finding(
            "vanishing latent",
            tuple(latent for latent, _ in found),
            f"{told}: the marker hardly measures it, and the other loadings tend to infinity. Put another indicator "
            "first, or fix the variance instead (std_lv=True).",
        )


def _markers(fit: Estimate, label: str | None) -> Iterator[Parameter]:
    """The fixed loadings that alone give a latent with a free variance its scale, in one group."""
    rows = [row for row in fit.model.parameters if row.group == label]
    free = {row.source for row in rows if row.is_variance and row.fixed is None} & set(fit.model.latents)
    markers: dict[str, list[Parameter]] = {}
    for row in rows:
        if row.kind is Kind.PATH and row.source in free and row.fixed:
            markers.setdefault(row.source, []).append(row)
    return (found[0] for found in markers.values() if len(found) == 1)


def running(fit: Estimate) -> Iterator[Finding]:
    """Parameters of a fit without an end that are on their way to infinity."""
    if fit.outcome.ok or not math.isfinite(fit.value):
        return
    standardised = np.abs(fit.theta.numpy()) / _sample_sizes(fit)
    away = [free.name for free, size in zip(fit.model.free, standardised, strict=True) if size > RUNAWAY]
    if away:
        yield Finding(
            "runs away",
            tuple(away),
            f"{listed(away)} went beyond {RUNAWAY:g} standard deviations: the model may fit better and better at "
            "infinity. Look for a latent with too few indicators, or one that its marker does not measure; bound or "
            "fix a parameter.",
        )


def _sample_sizes(fit: Estimate) -> NDArray[np.float64]:
    """Natural sizes; intercepts have none, since a mean may be any number of standard deviations."""
    sizes = natural_sizes(fit)
    intercepts = [fit.model.parameters[free.rows[0]].kind is Kind.INTERCEPT for free in fit.model.free]
    return np.where(intercepts, np.inf, sizes)
