"""Findings about ordered variables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from semnan.estimation.estimate import Estimate
from semnan.estimation.finding import Finding, in_group, listed
from semnan.estimation.squares import LeastSquares

#: Latent responses that correlate more than this are told.
ONE = 0.99


def empty_cells(fit: Estimate) -> Iterator[Finding]:
    """Tables of two by two that had an empty cell."""
    if not isinstance(fit.squares, LeastSquares) or not fit.squares.adjusted:
        return
    told = [f"{first} and {second}" for first, second in fit.squares.adjusted]
    yield Finding(
        "empty cell",
        tuple(dict.fromkeys(name for pair in fit.squares.adjusted for name in pair)),
        f"the table of {listed(told)} has an empty cell, by which the likeliest correlation would be 1 or -1: half a "
        "row was added there and the margins kept, as in lavaan. More rows would help.",
    )


def nearly_one(fit: Estimate) -> Iterator[Finding]:
    """Latent responses that are one and the same."""
    if not fit.model.ordered:
        return
    ordered = {item.name for item in fit.model.ordered}
    for sample, label in zip(fit.samples, fit.labels, strict=True):
        scale = np.sqrt(sample.covariance.diagonal())
        close = np.argwhere(np.tril(np.abs(sample.covariance / np.outer(scale, scale)) > ONE, -1)).tolist()
        pairs = [(sample.names[j], sample.names[i]) for i, j in close if {sample.names[i], sample.names[j]} & ordered]
        if pairs:
            yield Finding(
                "correlation of one",
                tuple(dict.fromkeys(in_group(name, label) for pair in pairs for name in pair)),
                f"the latent responses of {listed([f'{a} and {b}' for a, b in pairs])} correlate with more than {ONE}: "
                "leave out one variable of each pair, or merge categories.",
            )
