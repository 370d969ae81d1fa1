"""The demonstration: two fits whose every line says what can be known, and drawings of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from semnan import datasets
from semnan.data import Moments
from semnan.fit import fit
from semnan.fitted import Fit
from semnan.graph import AMASEM
from semnan.network import Accumulation

#: Blood pressure, body mass and a treatment, with two latent confounders (Saremi, JMLR 2026).
HEALTH = """
latent U1, U2
U1 -> X, BP, BMI
U2 -> BP, Y
X -> BP, BMI, Y
BP -> BMI
BMI -> Y
"""

#: Ability tests that build on one another, with two latent abilities behind them.
ABILITIES = """
latent U1, U2
U1 -> x1, x5, x9      # a general ability
U2 -> x3, x6, x8      # a second one
x1 -> x2
x1, x2 -> x3          # visual perception, then cubes, then lozenges
x5 -> x4
x4, x5 -> x6
x8 -> x9
x8, x9 -> x7
"""

#: A treatment whose uptake is confounded, its effect carried by a mediator: the front-door graph.
FRONT_DOOR = "latent U; U -> x1, x3; x1 -> x2 -> x3"


@final
@dataclass(frozen=True)
class Case:
    """One part of the demonstration."""

    name: str
    title: str
    result: Fit


def health_moments(n: int = 1000) -> Moments:
    """The covariance that the health graph implies when every weight is one."""
    graph = AMASEM.parse(HEALTH)
    network = Accumulation(graph)
    network.set_weights(dict.fromkeys(graph.edges, 1.0))
    with torch.no_grad():
        return Moments.from_covariance(network().numpy(), graph.visibles, n)


def cases() -> Iterator[Case]:
    """Fit everything that the demonstration shows."""
    table = datasets.holzinger_swineford_1939()
    parts = (
        (
            "front_door",
            "Front door: the confounded effect of x1 on x3 through x2 (301 children)",
            FRONT_DOOR,
        ),
        (
            "abilities",
            "Nine ability tests of the same children, with two latent confounders",
            ABILITIES,
        ),
    )
    for name, title, text in parts:
        graph = AMASEM.parse(text)
        yield Case(name, title, fit(graph, table.moments(*graph.visibles)))
    title = "The health graph from its covariance (every true weight is 1): nothing in it is determined"
    yield Case("health", title, fit(AMASEM.parse(HEALTH), health_moments()))


def save_drawing(case: Case, folder: Path) -> Path:
    """Draw a case into the folder and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{case.name}.png"
    case.result.draw(file)
    return file
