"""The paper's graphs: 500 draws of random true weights each, by Fisher scoring and by the paper's own recipe.

The recipe is Adamax with step size 1e-3 for at most 12 000 steps on the KL loss, through our fastest module, all
draws in one batch, stopped when every draw has reached 1e-10. Both in one run; ratios of time per draw.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from semnan import AMASEM, Accumulation, KullbackLeibler, MomentsStack, fit_many
from tests.estimation.models import GRAPHS

REACHED = 1e-10


def draw(graph: AMASEM, draws: int) -> tuple[torch.Tensor, dict[tuple[str, str], torch.Tensor]]:
    """Covariances of random weights, and the weights."""
    network = Accumulation(graph, batch=(draws,), seed=11)
    weights = dict(zip(network.edges, network.weights.detach().mT, strict=True))
    return network().detach(), weights


def recipe(graph: AMASEM, sigma: torch.Tensor, steps: int) -> tuple[float, float, int]:
    """Seconds, the share of draws that reached Σ, and the steps used."""
    network = Accumulation(graph, batch=(len(sigma),), seed=5)
    loss, optimiser = KullbackLeibler(sigma), torch.optim.Adamax(network.parameters(), lr=1e-3)
    start, step = time.perf_counter(), 0
    value = loss(network())
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        value = loss(network())
        value.sum().backward()
        optimiser.step()
        if step % 500 == 0 and bool((value <= REACHED).all()):
            break
    return time.perf_counter() - start, float((value <= REACHED).double().mean()), step


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("names", nargs="*", default=list(GRAPHS))
    reader.add_argument("--draws", type=int, default=500)
    reader.add_argument("--steps", type=int, default=12_000)
    options = reader.parse_args()
    columns = ("graph", "reached", "edges back", "ms a draw", "Adamax reached", "steps", "ms a draw", "ratio")
    table = Table(*columns, title=f"{options.draws} draws, KL ≤ {REACHED:g}")
    for name in options.names:
        text, identified = GRAPHS[name]
        graph = AMASEM.parse(text)
        sigma, weights = draw(graph, options.draws)
        stack = MomentsStack(graph.visibles, sigma.numpy(), np.full(len(sigma), 1000))
        fit_many(graph, stack)
        start = time.perf_counter()
        fits = fit_many(graph, stack)
        ours = time.perf_counter() - start
        back = [np.abs(fits.effect(*e, kind="direct").estimate - weights[e].numpy()) <= 1e-5 for e in edges(identified)]
        theirs, reached, steps = recipe(graph, sigma, options.steps)
        table.add_row(
            name,
            f"{(fits.discrepancy <= REACHED).mean():.1%}",
            f"{np.mean(back):.1%}" if back else "none identified",
            f"{1e3 * ours / options.draws:.3f}",
            f"{reached:.1%}",
            str(steps),
            f"{1e3 * theirs / options.draws:.1f}",
            f"{theirs / ours:.0f}",
        )
    Console(width=120).print(table)


def edges(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """`A -> B` as pairs."""
    return [(a, b) for a, b in (name.split(" -> ") for name in names)]


if __name__ == "__main__":
    main()
