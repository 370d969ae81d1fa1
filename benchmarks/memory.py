"""Peak memory of one training step of the layered SEMNAN and of µ-SEMNAN, by depth at a constant width.

A chain of groups: 400 visibles in `depth` layers, every visible with one parent in the layer before. Each
measurement is a process of its own; its peak less that of a process that stops before the network is made.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import torch
from rich.console import Console
from rich.table import Table

from semnan import AMASEM, SEMNAN, Accumulation, KullbackLeibler, MuSEMNAN

VISIBLES = 400
NETWORKS = {"SEMNAN": SEMNAN, "MuSEMNAN": MuSEMNAN, "Accumulation": Accumulation}


def chain(depth: int) -> AMASEM:
    """Parallel chains of this depth, as many as make 400 visibles."""
    width = VISIBLES // depth
    edges = [(f"V{i}", f"V{i + width}") for i in range(width * (depth - 1))]
    return AMASEM.from_edges(edges, visibles=[f"V{i}" for i in range(width * depth)])


def measure(name: str, depth: int) -> None:
    """One forward and backward pass; print peak memory in MiB and the seconds of a second pass."""
    graph = chain(depth)
    seconds = 0.0
    loss = KullbackLeibler(torch.eye(len(graph.visibles), dtype=torch.float64))
    if name in NETWORKS:
        network = NETWORKS[name](graph)
        with torch.no_grad():
            network.weights.fill_(0.5)
        for _ in range(2):
            start = time.perf_counter()
            loss(network()).backward()
            seconds = time.perf_counter() - start
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seconds)


def ask(name: str, depth: int) -> tuple[float, float]:
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--measure", name, str(depth)]
    peak, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(peak), float(seconds)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--measure", nargs=2)
    options = reader.parse_args()
    if options.measure:
        measure(options.measure[0], int(options.measure[1]))
        return
    table = Table(
        "depth", *(f"{name} {unit}" for name in NETWORKS for unit in ("MiB", "s")), title=f"{VISIBLES} visibles"
    )
    for depth in (10, 20, 50, 100, 200):
        base, _ = ask("nothing", depth)
        cells = []
        for name in NETWORKS:
            peak, seconds = ask(name, depth)
            cells += [f"{peak - base:.0f}", f"{seconds:.3f}"]
        table.add_row(str(depth), *cells)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
