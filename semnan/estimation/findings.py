"""What is to be told about a fit besides its numbers: all findings, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from semnan.data import Sample
from semnan.estimation import about_data, about_ordered, improper
from semnan.estimation.estimate import Estimate
from semnan.estimation.finding import Finding
from semnan.estimation.unidentified import unidentified

#: Starts whose discrepancies differ by more than this ended in different minima.
DIFFERENT = 1e-7


def findings(fit: Estimate, sample: Sample) -> tuple[Finding, ...]:
    """All findings on a fit and the data that it was made from."""
    return tuple(
        chain(
            _ending(fit),
            improper.running(fit),
            improper.vanishing(fit),
            unidentified(fit),
            improper.heywood(fit),
            improper.latent_covariance(fit),
            improper.at_bounds(fit),
            _starts(fit),
            about_data.freedom(fit),
            about_data.rows_left_out(sample),
            about_data.coverage(fit),
            about_data.size(fit),
            about_data.clusters(fit, sample),
            about_data.panel(fit, sample),
            about_data.scales(fit),
            about_data.categories(fit, sample),
            about_ordered.empty_cells(fit),
            about_ordered.nearly_one(fit),
        )
    )


def _ending(fit: Estimate) -> Iterator[Finding]:
    if not fit.outcome.ok:
        yield Finding(fit.outcome.value, (), fit.outcome.advice)


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
