"""Cost of verdicts: the local one on large graphs, full ones with formulas on small ones, and for measured latents.

CPU time of one thread. For scale, on four-node graphs and measured apart from this: SEMID takes 38 ms for HTC, 43 ms
for EID and 158 ms for TSID a graph, ananke and y0 0.3 ms a query of nonparametric identification (R 4.2.2 and Python
3.11, one core).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from semnan import AMASEM, PathModel
from semnan.identification import Identification, LocalIdentification, identify_all
from semnan.identification.reading import read_code


def seconds(action: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Median and largest time of an action, after one run to warm up."""
    taken = []
    for turn in range(repeat + 1):
        start = time.process_time()
        action()
        if turn:
            taken.append(time.process_time() - start)
    return float(np.median(taken)), max(taken)


def sized(visibles: int, edges: int, latents: int, children: int = 5) -> AMASEM:
    """A random graph with a number of edges between visibles."""
    rng = np.random.default_rng(1)
    names = [f"V{i}" for i in range(visibles)]
    pairs = [(i, j) for i in range(visibles) for j in range(i + 1, visibles)]
    chosen = [pairs[k] for k in rng.choice(len(pairs), edges, replace=False)]
    arrows = [(names[i], names[j]) for i, j in chosen]
    hidden = [f"U{k}" for k in range(latents)]
    arrows += [(u, names[c]) for u in hidden for c in rng.choice(visibles, children, replace=False)]
    return AMASEM.from_edges(arrows, hidden, visibles=names)


def local(graph: AMASEM) -> int:
    """The local verdict for every direct and total effect."""
    found = LocalIdentification.of(graph)
    return int(found.direct().sum() + found.total().sum())


def codes(count: int) -> list[PathModel]:
    """Random graphs of the census on four nodes."""
    rng = np.random.default_rng(0)
    return [read_code("{:06b}_{:06b}".format(*rng.integers(0, 64, 2))) for _ in range(count)]


DEMOCRACY = """
    ind60 =~ x1 + x2 + x3; dem60 =~ y1 + y2 + y3 + y4; dem65 =~ y5 + y6 + y7 + y8; dem60 ~ ind60; dem65 ~ ind60 + dem60
    y1 ~~ y5; y2 ~~ y4 + y6; y3 ~~ y7; y4 ~~ y8; y6 ~~ y8
"""


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--graphs", type=int, default=400, help="four-node graphs")
    options = reader.parse_args()
    table = Table("what", "median ms", "largest ms")
    for visibles, edges, latents, repeat in ((40, 100, 5, 20), (200, 600, 20, 3)):
        graph = sized(visibles, edges, latents)
        median, largest = seconds(lambda graph=graph: local(graph), repeat)  # type: ignore[misc]
        name = f"local verdict, all effects: {visibles} visibles, {edges} edges, {latents} latents"
        table.add_row(name, f"{1e3 * median:.1f}", f"{1e3 * largest:.1f}")
    graphs = codes(options.graphs)
    full, witnessed = [], []
    for model in graphs:
        start = time.process_time()
        verdicts = Identification(model).all()
        full.append(1e3 * (time.process_time() - start))
        for verdict in verdicts:
            verdict.to_dict()
        witnessed.append(1e3 * (time.process_time() - start))
    table.add_row("all verdicts with formulas: a 4-node mixed graph", f"{np.median(full):.2f}", f"{max(full):.1f}")
    table.add_row("  and all witnesses, as records", f"{np.median(witnessed):.2f}", f"{max(witnessed):.1f}")
    graph = sized(40, 100, 5)
    start = time.process_time()
    identify_all(graph)
    table.add_row("all verdicts with formulas: 40 visibles", f"{1e3 * (time.process_time() - start):.0f}", "")
    model = PathModel.from_lavaan(DEMOCRACY)
    median, largest = seconds(lambda: identify_all(model), 20)
    name = "all verdicts with formulas: political democracy, 11 visibles and 3 latents"
    table.add_row(name, f"{1e3 * median:.1f}", f"{1e3 * largest:.1f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
