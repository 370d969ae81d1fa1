"""`simulate_power`: samples from a population, fitted in batches; power, coverage and bias as they come out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from semnan.data import MomentsStack
from semnan.effects.effect import Kind, check_effect
from semnan.errors import FitError, ResamplingWarning, Unavailable
from semnan.estimation.distributions import chi_square_limit, normal_reach
from semnan.estimation.progress import Progress
from semnan.estimation.threads import blas_threads
from semnan.planning.batch import Batch, Judged, judge
from semnan.planning.checks import check_alpha, check_count
from semnan.planning.populations import Source
from semnan.planning.simulated import PowerSimulation, SimulatedPower
from semnan.planning.study import Model, Question, Study
from semnan.report import Listing
from semnan.resampling.replicates import started
from semnan.resampling.source import Normal, generator

Array = NDArray[np.float64]
Effect = tuple[str, str] | tuple[str, str, Kind]
#: So many samples are fitted at once.
PORTION = 500
NO_SAMPLE = Unavailable("no sample has an estimate with a standard error")


def simulate_power(
    model: Model,
    population: Source,
    n: int,
    *,
    effects: Sequence[Effect] = (),
    replicates: int = 1000,
    seed: int = 0,
    alpha: float = 0.05,
    groups: Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
    progress: bool | None = None,
) -> PowerSimulation:
    """Draw normal samples from a population, fit the model to each, and count.

    Sample number i depends on the seed and i alone. Samples are drawn as moments, and fitted in batches.

    Parameters
    ----------
    model, population, alpha, groups, shares
        See `power`.
    n : int
        Rows of every sample, of all groups.
    effects : sequence of (str, str) or (str, str, kind)
        Effects to look at besides all parameters: source, target, and "total" (which is meant without a word), "direct"
        or "indirect".
    replicates : int
        How many samples.
    seed : int
    progress : bool, optional
        Whether to show progress; by default on a terminal, once it takes longer than a second.

    Returns
    -------
    PowerSimulation
        Fits that did not converge are counted and told. If you interrupt it, of the samples so far.

    Raises
    ------
    FitError
        If model and population do not fit together, or an argument makes no sense.

    Examples
    --------
    >>> import semnan as sn
    >>> truth = sn.population("y ~ 0.3*x", standardised=True)
    >>> found = sn.simulate_power("y ~ x", truth, 100, replicates=400)
    >>> 0.83 < found["x -> y"].power < 0.93
    True

    """
    n, replicates = check_count("n", n, least=2), check_count("replicates", replicates)
    seed = check_count("seed", seed, least=0)
    check_alpha(alpha)
    study = Study.of(model, population, groups, shares)
    questions = _questions(study, effects)
    sources = _sources(study, n)
    found = _drawn(study, sources, questions, replicates, seed, progress)
    made = _summed(study, questions, found, n, replicates, seed, alpha)
    _warn(made)
    return made


def _questions(study: Study, effects: Sequence[Effect]) -> list[Question]:
    model = study.fit.model
    names = [*(free.name for free in model.free), *(item.name for item in model.defined)]
    found = [Question(parameter=name) for name in names]
    for item in effects:
        if isinstance(item, str) or len(item) not in (2, 3):
            raise FitError(f"an effect is {item!r}: give source and target, as ('X', 'Y') or ('X', 'Y', 'indirect')")
        kind: Kind = item[2] if len(item) == 3 else "total"
        if kind not in get_args(Kind):
            raise FitError(f"kind is {kind!r}: give one of {', '.join(get_args(Kind))}")
        check_effect(model, item[0], item[1], (), kind, 0.95)
        found += [Question(effect=(item[0], item[1]), kind=kind, group=label) for label in model.groups or (None,)]
    return found


def _sources(study: Study, n: int) -> list[tuple[tuple[str, ...], Normal]]:
    """What each group is drawn from."""
    found = []
    for part, rows in zip(study.fit.estimate.samples, study.sizes(n), strict=True):
        p = len(part.names)
        mean = np.zeros(p) if part.mean is None else np.asarray(part.mean)
        root = np.asarray(np.linalg.cholesky(part.covariance), dtype=np.float64)
        found.append((part.names, Normal(mean, root, np.zeros((rows, p), dtype=np.bool_))))
    return found


def _drawn(
    study: Study,
    sources: list[tuple[tuple[str, ...], Normal]],
    questions: list[Question],
    replicates: int,
    seed: int,
    progress: bool | None,
) -> list[Judged]:
    """What the samples say, portion by portion, until all are done or the user interrupts."""
    model = study.fit.model
    batch = Batch(model, started(model, study.fit.estimate.theta.numpy()), tuple(questions))
    found: list[Judged] = []
    with Progress(progress) as shown, blas_threads(len(model.free)):
        shown.begin(replicates)
        try:
            for at in range(0, replicates, PORTION):
                randoms = [generator(seed, i) for i in range(at, min(at + PORTION, replicates))]
                found.append(judge(batch, _stacks(sources, randoms)))
                shown.tell(at + len(randoms), f"{at + len(randoms)} of {replicates} samples")
        except KeyboardInterrupt:
            if not found:
                raise
    return found


def _stacks(sources: list[tuple[tuple[str, ...], Normal]], randoms: list[np.random.Generator]) -> list[MomentsStack]:
    return [normal.moments(names, randoms) for names, normal in sources]


def _summed(
    study: Study, questions: list[Question], parts: list[Judged], n: int, asked: int, seed: int, alpha: float
) -> PowerSimulation:
    endings = [ending for part in parts for ending in part.endings]
    values, errors = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    chi_square = np.concatenate([part.chi_square for part in parts])
    fine = np.array([not ending for ending in endings])
    rows = [_row(study, question, values[:, k], errors[:, k], alpha) for k, question in enumerate(questions)]
    size = study.misfit()
    rejected: float | Unavailable = Unavailable("the model is saturated: it has no degrees of freedom")
    if isinstance(size, Unavailable):
        rejected = size
    elif size.df > 0 and fine.any():
        rejected = float((chi_square[fine] > chi_square_limit(alpha, size.df)).mean())
    failures = dict(Counter(ending for ending in endings if ending))
    listing = Listing(SimulatedPower, tuple(rows))
    return PowerSimulation(
        n, asked, len(endings), int(fine.sum()), failures, rejected, listing, alpha, seed, chi_square[fine]
    )


def _row(study: Study, question: Question, values: Array, errors: Array, alpha: float) -> SimulatedPower:
    """Of one question; values and errors are NaN in samples that have none."""
    real = study.value(question).estimate
    name = question.name if question.group is None else f"{question.name} [{question.group}]"
    usable = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    if not usable.any() or isinstance(real, Unavailable):
        why = real if isinstance(real, Unavailable) else NO_SAMPLE
        return SimulatedPower(name, real, why, why, why, why, why, why, int(usable.sum()))
    value, error, reach = values[usable], errors[usable], normal_reach(1 - alpha)
    mean = float(value.mean())
    covered = float((np.abs(value - real) <= reach * error).mean())
    rejects = float((np.abs(value) > reach * error).mean())
    deviation = float(value.std(ddof=1)) if len(value) > 1 else Unavailable("a single sample does not vary")
    return SimulatedPower(
        name, real, mean, mean - real, deviation, float(error.mean()), covered, rejects, int(usable.sum())
    )


def _warn(found: PowerSimulation) -> None:
    if found.done < found.asked:
        said = f"interrupted after {found.done} of {found.asked} samples"
        warnings.warn(said, ResamplingWarning, stacklevel=3)
    if found.converged < found.done:
        why = ", ".join(f"{reason} ({count})" for reason, count in found.failures.items())
        said = f"{found.done - found.converged} of {found.done} fits take no part: {why}"
        warnings.warn(said, ResamplingWarning, stacklevel=3)
