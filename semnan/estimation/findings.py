"""What is to be told about a fit besides its numbers: each finding is itself, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimate
from semnan.estimation.generic import Generic
from semnan.estimation.inference import WEAK, Inference
from semnan.model import Parameter

#: Starts whose discrepancies differ by more than this ended in different minima.
DIFFERENT = 1e-7


@final
@dataclass(frozen=True)
class Finding:
    """A fact about a fit that its reader must know.

    Attributes
    ----------
    kind : str
        A short name: "not identified", "Heywood case", …
    names : tuple of str
        The parameters or variables concerned.
    message : str
        One or two sentences, with what to do.

    """

    kind: str
    names: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


def findings(fit: Estimate) -> tuple[Finding, ...]:
    """All findings on a fit, the gravest first."""
    parts = (_ending(fit), _identification(fit), _variances(fit), _bounds(fit), _latent(fit), _size(fit), _starts(fit))
    return tuple(finding for part in parts for finding in part)


def _ending(fit: Estimate) -> Iterator[Finding]:
    if not fit.outcome.ok:
        yield Finding(fit.outcome.value, (), fit.outcome.advice)


def _identification(fit: Estimate) -> Iterator[Finding]:
    for part in (fit.generic, fit.inference):
        if isinstance(part, Unavailable):
            yield Finding("no standard errors", (), part.reason)
            return
    assert isinstance(fit.generic, Generic)
    assert isinstance(fit.inference, Inference)
    for group in fit.generic.groups():
        names = tuple(fit.model.free[int(k)].name for k in group)
        joint = f"{names[0]} is" if len(names) == 1 else f"{', '.join(names)} are (jointly)"
        yield Finding(
            "not identified",
            names,
            f"{joint} not determined by the covariances: other values fit exactly as well. Fix one of them, add a "
            "measurement, or read only what is identified.",
        )
    if not fit.outcome.ok:
        return
    smallest = float(fit.inference.smallest)
    if smallest < WEAK:
        yield Finding(
            "weakly identified",
            (),
            f"the information is nearly singular (smallest eigenvalue {smallest:.1e} in units of its diagonal): "
            "standard errors and intervals are unreliable.",
        )


def _variances(fit: Estimate) -> Iterator[Finding]:
    bad = [
        _in_group(row.source, row.group)
        for row, value in _values(fit)
        if row.is_variance and row.fixed is None and value <= 0
    ]
    if bad:
        yield Finding(
            "Heywood case",
            tuple(bad),
            f"the (residual) variance of {', '.join(bad)} is zero or negative: the model may be wrong, "
            "the sample small, or a latent weakly measured. Intervals near there are not to be trusted.",
        )


def _values(fit: Estimate) -> Iterator[tuple[Parameter, float]]:
    """Every free row of the table with its estimate."""
    theta = fit.theta.tolist()
    for free, value in zip(fit.model.free, theta, strict=True):
        for row in free.rows:
            yield fit.model.parameters[row], value


def _in_group(name: str, group: str | None) -> str:
    return name if group is None else f"{name} [{group}]"


def _bounds(fit: Estimate) -> Iterator[Finding]:
    at = [
        free.name
        for free, value in zip(fit.model.free, fit.theta.tolist(), strict=True)
        if (value <= free.lower or value >= free.upper) and not fit.model.parameters[free.rows[0]].is_variance
    ]
    if at:
        yield Finding(
            "at a bound",
            tuple(at),
            f"{', '.join(at)} ended at a bound: standard errors of the others take it as fixed.",
        )


def _latent(fit: Estimate) -> Iterator[Finding]:
    """Covariance of the latents; their variances are looked at by `_variances`."""
    for label, implied in zip(fit.labels, fit.implied, strict=True):
        latents = [i for i, name in enumerate(implied.names) if name in set(fit.model.latents)]
        if len(latents) < 2:
            continue
        matrix = implied.covariance[latents][:, latents].numpy()
        scale = np.sqrt(np.abs(np.diagonal(matrix)).clip(1e-300))
        if np.linalg.eigvalsh(matrix / scale[:, None] / scale)[0] < -1e-8:
            yield Finding(
                "latent covariance",
                tuple(_in_group(implied.names[i], label) for i in latents),
                "the implied covariance of the latents is not positive semidefinite: some correlation is beyond ±1"
                f"{'' if label is None else f' in group {label}'}.",
            )


def _size(fit: Estimate) -> Iterator[Finding]:
    n, q = fit.n, len(fit.model.free)
    if n < max(2 * q, 30):
        yield Finding("small sample", (), f"n = {n} for {q} free parameters: χ² and standard errors are asymptotic.")


def _starts(fit: Estimate) -> Iterator[Finding]:
    ends = np.array(fit.start_values)
    higher, lower = int((ends > fit.value + DIFFERENT).sum()), int((ends < fit.value - DIFFERENT).sum())
    if higher:
        yield Finding(
            "local minima",
            (),
            f"{higher} of {len(ends)} starts ended higher (the worst at {ends.max():.6g}) than the reported "
            f"{fit.value:.6g}.",
        )
    if lower:
        yield Finding(
            "lower values",
            (),
            f"{lower} of {len(ends)} starts ended lower (at {ends.min():.6g}) but did not converge: the reported "
            f"minimum at {fit.value:.6g} is not the lowest point; try more starts or a larger max_steps.",
        )
