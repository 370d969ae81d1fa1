"""One learner on data files, timed: discovery_worker.py PROGRAM OUT STANDARDISE FILE…; peers need no semnan."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

warnings.filterwarnings("ignore")
#: Rows in, something to time out, which returns weights or a CPDAG.
Learner = Callable[[Any], Callable[[], Any]]
#: Programs that return a CPDAG.
PATTERNS = ("order", "flop")
#: CPU seconds below which a call is repeated, and how often.
SHORT, AGAIN = 0.05, 20


def ours(name: str) -> Learner:
    """The whole call from rows; `equal-variance-search` is without moments and checks, as a peer's search is."""
    from semnan import Moments, discovery
    from semnan.discovery.knowledge import read_knowledge

    methods: dict[str, discovery.Method] = {
        "equal-variance": discovery.EqualVariance(),
        "equal-variance-search": discovery.EqualVariance(),
        "order": discovery.OrderSearch(),
        "variance-sort": discovery.VarianceSort(),
        "r2-sort": discovery.RSquaredSort(),
        "notears": discovery.Notears(),
        "golem-ev": discovery.Golem(),
        "golem-nv": discovery.Golem(variances="different"),
        "proximas": discovery.ProxiMAS(),
        "optimas": discovery.OptiMAS(),
    }
    method = methods[name]

    def task(rows: Any) -> discovery.Task:
        moments = Moments.from_array(rows)
        knowledge = read_knowledge(moments.names)
        return discovery.Task(np.array(moments.covariance), moments.n, knowledge, moments.names, False)

    def prepared(rows: Any) -> Callable[[], Any]:
        if name == "equal-variance-search":
            ready = task(rows)
            return lambda: method.learn(ready).weights
        if name in ("notears", "golem-ev", "golem-nv"):  # Their weights before the threshold have the objective.
            return lambda: method.learn(task(rows)).weights
        if name == "order":
            return lambda: discovery.discover(Moments.from_array(rows), method=method).cpdag
        return lambda: discovery.discover(Moments.from_array(rows), method=method).weights

    return prepared


def dagma() -> Learner:
    linear: Any = importlib.import_module("dagma.linear")
    return lambda rows: lambda: linear.DagmaLinear("l2").fit(rows.copy(), lambda1=0.03, w_threshold=0)


def flop() -> Learner:
    flopsearch: Any = importlib.import_module("flopsearch")
    return lambda rows: lambda: flopsearch.flop(rows / rows.std(0), 2.0, restarts=20) != 0


def gcastle(name: str) -> Learner:
    torch: Any = importlib.import_module("torch")
    castle: Any = importlib.import_module("castle.algorithms")
    torch.set_num_threads(1)

    def learn(rows: Any) -> Any:
        if name == "notears":
            made = castle.Notears(w_threshold=0)
            made.learn(rows)
            return np.asarray(getattr(made, "weight_causal_matrix", made.causal_matrix), float)
        made = castle.GOLEM(lambda_1=2e-2, equal_variances=True)
        made.learn(rows)
        if name == "golem-nv":  # From the answer with equal variances, as in the paper.
            start = np.asarray(made.weight_causal_matrix, dtype=np.float32)
            made = castle.GOLEM(B_init=start, lambda_1=2e-3, equal_variances=False)
            made.learn(rows)
        return np.asarray(made.weight_causal_matrix, float)

    return lambda rows: lambda: learn(rows)


def is_dag(edges: Any) -> bool:
    left = edges.copy()
    while left.any():
        sources = ~left.any(axis=0) & left.any(axis=1)
        if not sources.any():
            return False
        left[sources] = False
    return True


def acyclic(weights: Any, threshold: float) -> Any:
    """Edges above the threshold, raised until no cycle is left, as the peers' own evaluations do."""
    weights = np.where(np.abs(weights) < threshold, 0, weights)
    for size in np.sort(np.abs(weights[weights != 0])):
        if is_dag(weights != 0):
            break
        weights[np.abs(weights) <= size] = 0
    return weights


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The answer and CPU seconds; of short calls the median."""
    times: list[float] = []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        while not times or (times[0] < SHORT and len(times) < AGAIN):
            start = time.process_time()
            answer = call()
            times.append(time.process_time() - start)
    return np.asarray(answer, float), float(np.median(times))


def main() -> None:
    program, out, standardise, *files = sys.argv[1:]
    peers: dict[str, Callable[[], Learner]] = {
        "dagma": dagma,
        "flop": flop,
        "gcastle-notears": lambda: gcastle("notears"),
        "gcastle-golem-ev": lambda: gcastle("golem-ev"),
        "gcastle-golem-nv": lambda: gcastle("golem-nv"),
    }
    learner = peers[program]() if program in peers else ours(program)
    soft = program in peers or program in ("notears", "golem-ev", "golem-nv")
    threshold = 0.0 if not soft else 0.1 if standardise == "1" else 0.3
    timed(learner(np.random.default_rng(0).normal(size=(100, 5))))
    for i, file in enumerate(files):
        rows = np.load(file)["X"]
        rows = rows - rows.mean(axis=0)
        rows = rows / rows.std(axis=0) if standardise == "1" else rows
        weights, seconds = timed(learner(rows))
        pattern = program in PATTERNS
        edges = weights if pattern else acyclic(weights, threshold)
        np.savez(f"{out}/{i}.npz", raw=weights, W=edges, seconds=seconds, cpdag=pattern)


if __name__ == "__main__":
    main()
