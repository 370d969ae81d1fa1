"""Replicates in portions, here or wherever a joblib backend puts them, until all are done or the user interrupts."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Protocol, final

from joblib import Parallel, delayed

from semnan.estimation.progress import Progress
from semnan.resampling.replicates import Replicates, joined

#: Portions are the same whatever works on them; of so many replicates, less where these have many rows.
PORTION, MOST_COUNTS = 128, 1 << 24


class Task(Protocol):
    """Something that makes replicates by their numbers."""

    def __call__(self, replicates: range) -> Replicates: ...


@final
@dataclass(frozen=True, eq=False)
class Work:
    """What was done of a task.

    Attributes
    ----------
    replicates : Replicates or None
        None if there are none.
    interrupted : bool

    """

    replicates: Replicates | None
    interrupted: bool


def portion(rows: int) -> int:
    """How many replicates of so many rows are made at once."""
    return max(1, min(PORTION, MOST_COUNTS // max(rows, 1)))


def carry_out(task: Task, numbers: range, size: int, n_jobs: int | None, progress: bool | None) -> Work:
    """Make replicates with these numbers, `size` at a time."""
    parts: list[Replicates] = []
    portions = [range(at, min(at + size, numbers.stop)) for at in range(numbers.start, numbers.stop, size)]
    interrupted = False
    results = _results(task, portions, n_jobs)
    with Progress(progress) as shown:
        shown.begin(len(numbers))
        try:
            for part in results:
                parts.append(part)
                done = sum(map(len, parts))
                shown.tell(done, f"{done} of {len(numbers)} replicates")
        except KeyboardInterrupt:
            interrupted = True
            _stop(results)
    return Work(joined(parts) if parts else None, interrupted)


def _stop(results: Generator[Replicates]) -> None:
    """End the work of others, which joblib warns of: whoever called tells how far it came."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results.close()


def _results(task: Task, portions: Iterable[range], n_jobs: int | None) -> Generator[Replicates]:
    """In order; one job runs here, so that nothing is copied."""
    jobs = Parallel(n_jobs=n_jobs, return_as="generator")
    found: Generator[Replicates] = jobs(delayed(task)(part) for part in portions)
    return found
