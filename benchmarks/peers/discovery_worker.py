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
#: Rows in, weights or a CPDAG out; and which of the two.
Learner = tuple[Callable[[Any], Any], bool]


def ours(name: str) -> Learner:
    from semnan import Moments, discovery

    methods: dict[str, discovery.Method] = {
        "equal-variance": discovery.EqualVariance(),
        "order": discovery.OrderSearch(),
        "variance-sort": discovery.VarianceSort(),
        "r2-sort": discovery.RSquaredSort(),
        "notears": discovery.Notears(),
        "golem-ev": discovery.Golem(),
        "golem-nv": discovery.Golem(variances="different"),
        "proximas": discovery.ProxiMAS(),
        "optimas": discovery.OptiMAS(),
    }

    def learn(rows: Any) -> Any:
        found = discovery.discover(Moments.from_array(rows), method=methods[name])
        return found.cpdag if name == "order" else found.weights

    return learn, name == "order"


def dagma() -> Learner:
    linear: Any = importlib.import_module("dagma.linear")
    return lambda rows: linear.DagmaLinear("l2").fit(rows.copy(), lambda1=0.03, w_threshold=0), False


def flop() -> Learner:
    flopsearch: Any = importlib.import_module("flopsearch")
    return lambda rows: flopsearch.flop(rows / rows.std(0), 2.0, restarts=20) != 0, True


def gcastle(name: str) -> Learner:
    torch: Any = importlib.import_module("torch")
    castle: Any = importlib.import_module("castle.algorithms")
    torch.set_num_threads(1)

    def learn(rows: Any) -> Any:
        made = castle.Notears(w_threshold=0) if name == "notears" else castle.GOLEM(lambda_1=2e-2, equal_variances=True)
        made.learn(rows)
        return np.asarray(getattr(made, "weight_causal_matrix", made.causal_matrix), float)

    return learn, False


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


def main() -> None:
    program, out, standardise, *files = sys.argv[1:]
    peers: dict[str, Callable[[], Learner]] = {
        "dagma": dagma,
        "flop": flop,
        "gcastle-notears": lambda: gcastle("notears"),
        "gcastle-golem": lambda: gcastle("golem"),
    }
    learn, cpdag = peers[program]() if program in peers else ours(program)
    threshold = 0.0 if program not in peers or cpdag else 0.1 if standardise == "1" else 0.3
    small = np.random.default_rng(0).normal(size=(100, 5))
    for i, file in enumerate([None, *files]):
        rows = small if file is None else np.load(file)["X"]
        rows = rows - rows.mean(axis=0)
        rows = rows / rows.std(axis=0) if standardise == "1" else rows
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            start = time.perf_counter()
            weights = np.asarray(learn(rows), float)
            seconds = time.perf_counter() - start
        if file is not None:
            np.savez(
                f"{out}/{i - 1}.npz", W=weights if cpdag else acyclic(weights, threshold), seconds=seconds, cpdag=cpdag
            )


if __name__ == "__main__":
    main()
