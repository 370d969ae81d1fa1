"""Findings on the data of a fit: what is not used, hardly there, or taken for something else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from semnan.data import Patterns, Sample
from semnan.errors import Unavailable
from semnan.estimation.casewise import Rows, outer_products
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import recipe
from semnan.estimation.finding import Finding, in_group, listed
from semnan.estimation.generic import Generic
from semnan.estimation.panel import information_scale, positive_part
from semnan.estimation.situation import evaluated
from semnan.estimation.statistics import Statistics

Array = NDArray[np.float64]

#: Variances further apart than this factor are told (lavaan's limit).
SCALES = 1000.0
#: Pairs of variables that fewer rows than this share have together are told (lavaan's limit).
COVERAGE = 0.1
#: A dependent variable with no more than this many distinct values is no continuous one (Rhemtulla, Brosseau-Liard &
#: Savalei 2012: five ordered categories may be taken for continuous, fewer not).
FEW = 4
#: Samples smaller than this are called small whatever the model.
SMALL = 30


def clusters(fit: Estimate, sample: Sample) -> Iterator[Finding]:
    """Clusters that are too few for standard errors that rest on how they differ."""
    counts = [int(g.design.clusters.max()) + 1 for g in sample.groups if g.design.clusters is not None]
    if not counts or sum(counts) >= max(SMALL, len(fit.model.free)):
        return
    yield Finding(
        "few clusters",
        (),
        f"there are {sum(counts)} clusters for {len(fit.model.free)} free parameters: standard errors and tests that "
        "rest on how clusters differ are too optimistic; a joint test of more parameters than clusters means nothing.",
    )


def panel(fit: Estimate, sample: Sample) -> Iterator[Finding]:
    """Periods that are too few, and dependence whose estimate is no covariance matrix."""
    design = sample.groups[0].design
    if design.periods is None:
        return
    count = len(np.unique(np.concatenate([g.design.periods for g in sample.groups if g.design.periods is not None])))
    if count < max(SMALL, 5 * design.lags):
        yield Finding(
            "few periods",
            (),
            f"there are {count} periods, and lags of {design.lags}: standard errors and tests that rest on how periods "
            "differ are too optimistic.",
        )
    if _indefinite(fit, sample):
        yield Finding(
            "panel not positive",
            (),
            "the sum over dependent rows is not positive semidefinite, for units and periods are few: standard errors "
            "come from its positive part, which makes none smaller (Cameron, Gelbach & Miller 2011). Compare with "
            "cluster= alone, or fewer lags.",
        )


def _indefinite(fit: Estimate, sample: Sample) -> bool:
    rows = Rows.of(sample, fit.model.exogenous)
    if rows is None or isinstance(fit.inference, Unavailable):
        return False
    problem, point = evaluated(fit.model, fit.samples, fit.patterns, fit.theta.numpy())
    products = outer_products(problem, point, rows, moments=recipe(fit.estimator).errors == "robust.sem")
    dense = problem.exact_hessian(point) if fit.information == "observed" else problem.information(point)
    return positive_part(products[0], information_scale(dense[0]))[1]


def rows_left_out(sample: Sample) -> Iterator[Finding]:
    """Rows of the frame that the fit does not use."""
    for note in sample.notes:
        yield Finding("rows left out", (), f"{note}.")


def coverage(fit: Estimate) -> Iterator[Finding]:
    """Pairs of variables that next to no row has together."""
    for label, patterns in zip(fit.labels, fit.patterns, strict=True):
        if patterns is not None:
            yield from _rare(patterns, label)


def _rare(patterns: Patterns, label: str | None) -> Iterator[Finding]:
    share = patterns.coverage
    pairs = np.argwhere(np.triu(share < COVERAGE)).tolist()
    if not pairs:
        return
    pairs.sort(key=lambda pair: share[tuple(pair)])
    told = [
        f"{_pair(patterns.names[i], patterns.names[j])} in {round(share[i, j] * patterns.n)} of {patterns.n} rows"
        for i, j in pairs
    ]
    names = dict.fromkeys(patterns.names[k] for pair in pairs for k in pair)
    yield Finding(
        "low coverage",
        tuple(in_group(name, label) for name in names),
        f"hardly any row has these variables (together): {listed(told)}. What depends on them rests on these rows and "
        f"on the model{_never(patterns)}.",
    )


def _never(patterns: Patterns) -> str:
    if not patterns.never_together:
        return ""
    return (
        ", and χ² on a covariance that nothing determines where there is no row: plan for some, or leave variables out"
    )


def _pair(first: str, second: str) -> str:
    return first if first == second else f"{first} and {second}"


def size(fit: Estimate) -> Iterator[Finding]:
    """Samples too small for normal theory."""
    n, q, p = fit.n, len(fit.model.free), len(fit.model.visibles)
    if n <= q:
        yield Finding(
            "tiny sample",
            (),
            f"n = {n} is not more than the number of free parameters, {q}: estimates may be anything, χ² and standard "
            "errors mean nothing. Collect more data, or fit a much smaller model.",
        )
    elif n < max(2 * q, SMALL):
        yield Finding(
            "small sample",
            (),
            f"n = {n} for {q} free parameters: χ² and standard errors are asymptotic, so intervals are too short and "
            "the model is rejected too often.",
        )
    few = [(label, sample.n) for label, sample in zip(fit.labels, fit.samples, strict=True) if sample.n <= p]
    if few:
        told = listed([f"{count}{'' if label is None else f' in group {label}'}" for label, count in few])
        yield Finding(
            "fewer rows than variables",
            tuple(label for label, _ in few if label is not None),
            f"there are {told} rows for {p} variables: their covariance rests on the model alone.",
        )


def scales(fit: Estimate) -> Iterator[Finding]:
    """Variances that are orders of magnitude apart."""
    for label, sample in zip(fit.labels, fit.samples, strict=True):
        variances = np.diagonal(sample.covariance)
        low, high = int(variances.argmin()), int(variances.argmax())
        if variances[high] > SCALES * variances[low]:
            names = sample.names[high], sample.names[low]
            yield Finding(
                "different scales",
                tuple(in_group(name, label) for name in names),
                f"the variance of {names[0]} is {variances[high] / variances[low]:.1e} times that of {names[1]}"
                f"{'' if label is None else f' in group {label}'}. The fit does not depend on units, but numbers are "
                "easier to read, and to compare with other programs, when variables are rescaled to similar ones.",
            )


def categories(fit: Estimate, sample: Sample) -> Iterator[Finding]:
    """Dependent variables with so few values that they are no continuous ones."""
    others = {*fit.model.exogenous, *(ordered.name for ordered in fit.model.ordered)}
    inside = [k for k, name in enumerate(sample.names) if name in fit.model.visibles and name not in others]
    rows = [group.rows[:, inside] for group in sample.groups if group.rows is not None]
    if not rows or not inside:
        return
    counts = _distinct(np.concatenate(rows))
    few = {sample.names[k]: int(count) for k, count in zip(inside, counts, strict=True) if count <= FEW}
    if few and len(rows[0]) > FEW:
        told = listed([f"{name} ({'binary' if count == 2 else f'{count} values'})" for name, count in few.items()])
        yield Finding(
            "few values",
            tuple(few),
            f"{told}: taken for continuous and normal. Estimates are linear in these codes; standard errors and χ² "
            "rest on a normal theory that does not hold. Name them in ordered=, if they are.",
        )


def _distinct(table: Array) -> NDArray[np.int64]:
    """The number of distinct values that are known, by column."""
    ordered = np.sort(table, axis=0)  # NaN goes last, and differs from itself.
    new = (ordered[1:] != ordered[:-1]) & ~np.isnan(ordered[1:])
    return np.asarray(new.sum(axis=0) + 1, dtype=np.int64)


def freedom(fit: Estimate) -> Iterator[Finding]:
    """Models that leave nothing to test, or have more parameters than there are moments."""
    statistics, q = Statistics(fit), len(fit.model.free)
    if isinstance(fit.generic, Unavailable) or isinstance(statistics.df, Unavailable):
        return
    assert isinstance(fit.generic, Generic)
    q -= fit.generic.lost
    if q > statistics.moments:
        yield Finding(
            "negative degrees of freedom",
            (),
            f"{q} free parameters for {statistics.moments} means and covariances, {statistics.moments - q} degrees of "
            f"freedom if counted so: the model cannot be identified as a whole. The data determine "
            f"{statistics.parameters} dimensions; fix parameters until none is left over.",
        )
    elif statistics.df == 0:
        yield Finding(
            "saturated",
            (),
            "the model has no degrees of freedom: it can reach any covariance, so that its fit says nothing for it.",
        )
