"""Bootstrap stability: how often each edge is found again when rows are drawn anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semnan.data import Moments
from semnan.data.checks import check_table
from semnan.data.frames import Frame, read_frame
from semnan.data.moments import moments_of_table
from semnan.discovery.equal_variance import EqualVariance
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.search import Search, read_search
from semnan.discovery.task import Learned, Method, Task
from semnan.errors import FitError
from semnan.estimation.progress import Progress
from semnan.graph import Edge
from semnan.metrics import cpdag

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Stability:
    """How often edges were found in bootstrap samples.

    Attributes
    ----------
    names : tuple of str
    directed : ndarray, shape (d, d)
        Share of the samples whose graph has the edge [parent, child].
    determined : ndarray, shape (d, d)
        Share of the samples whose CPDAG has it with this direction; nan for methods whose graphs have no CPDAG.
    samples : int

    """

    names: tuple[str, ...]
    directed: Array = field(repr=False)
    determined: Array = field(repr=False)
    samples: int

    @property
    def adjacent(self) -> Array:
        """Share of the samples with an edge between two variables, in either direction; symmetric."""
        return np.asarray(self.directed + self.directed.T)

    def frequent(self, least: float = 0.5) -> dict[Edge, float]:
        """Edges found in at least a share of the samples, the most frequent first."""
        pairs = np.argwhere((self.directed >= least) & (self.directed > 0)).tolist()
        found = {(self.names[i], self.names[j]): float(self.directed[i, j]) for i, j in pairs}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


#: Samples that are worked on together, wherever that is, so that the numbers do not depend on it.
PORTION = 16


def edge_stability(
    frame: Frame,
    *,
    method: Method | None = None,
    samples: int = 100,
    seed: int = 0,
    standardise: bool = False,
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Sequence[str]] = (),
    threshold: float | None = None,
    refine: OrderSearch | None = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Stability:
    """Learn a graph from each of many bootstrap samples of the rows; the options are those of `discover`.

    A sample is a vector of row counts, so that it costs one d × d product; the rows are never copied. `EqualVariance`
    learns from many samples at once.

    Parameters
    ----------
    frame : data frame
    samples : int
    seed : int
        The numbers depend on it alone, not on `n_jobs`.
    n_jobs : int, optional
        How many work at once, by joblib: processes here, or what ``joblib.parallel_config`` says.
    progress : bool, optional

    """
    if samples < 1 or seed < 0:
        raise FitError(f"samples={samples}, seed={seed}: give at least one sample and no negative seed")
    names, rows = read_frame(frame)
    check_table(rows, names)
    search = read_search(
        names,
        method=method,
        standardise=standardise,
        required=required,
        forbidden=forbidden,
        tiers=tiers,
        threshold=threshold,
        refine=refine,
        progress=False,
    )
    portions = [range(at, min(at + PORTION, samples)) for at in range(0, samples, PORTION)]
    work = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_learn)(search, rows, names, part, seed) for part in portions
    )
    directed, determined = np.zeros((2, len(names), len(names)))
    with Progress(progress) as watch:
        watch.begin(samples)
        for part, found in zip(portions, work, strict=True):
            directed += found[0]
            determined += found[1]
            watch.tell(part.stop, f"{part.stop} of {samples} samples")
    return Stability(names, directed / samples, determined / samples, samples)


def _learn(search: Search, rows: Array, names: tuple[str, ...], numbers: range, seed: int) -> Array:
    """How often samples with these numbers have each edge, and have it directed; shape (2, d, d)."""
    tasks = [search.task(_drawn(rows, names, seed, number)) for number in numbers]
    counts = np.zeros((2, len(names), len(names)))
    for task, learned in zip(tasks, _learned(search.method, tasks), strict=True):
        answer, _ = search.settle(learned, task)
        dag = answer.weights != 0
        counts[0] += dag
        if answer.arcs is None:
            told = cpdag(dag, search.knowledge.directs(dag))
            counts[1] += told & ~told.T
        else:
            counts[1] = np.nan
    return counts


def _drawn(rows: Array, names: tuple[str, ...], seed: int, number: int) -> Moments:
    rng = np.random.default_rng([seed, number])
    counts = np.bincount(rng.integers(len(rows), size=len(rows)), minlength=len(rows))
    return moments_of_table(rows, names, counts.astype(np.float64))


def _learned(method: Method, tasks: list[Task]) -> list[Learned]:
    if isinstance(method, EqualVariance):
        return [Learned(weights) for weights in method.learn_many(tasks[0], np.stack([t.covariance for t in tasks]))]
    return [method.learn(task) for task in tasks]
