"""The paper's graphs: random true weights give Σ; the fit reaches it, and what is identified comes back."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from semnan import AMASEM, Accumulation, MomentsStack, fit_many

from .models import GRAPHS, graph

DRAWS = 500
SHARED = Path(__file__).parents[3] / "shared"


@pytest.mark.parametrize("name", GRAPHS)
def test_sigma_is_reached_and_identified_edges_come_back(name: str) -> None:
    drawn = graph(name)
    network = Accumulation(drawn, batch=(DRAWS,), seed=11)
    sigma = network().detach().numpy()
    fits = fit_many(drawn, MomentsStack(drawn.visibles, sigma, np.full(DRAWS, 1000)))
    assert (fits.discrepancy <= 1e-10).mean() >= 0.99
    truth = dict(zip(network.edges, network.weights.detach().numpy().T, strict=True))
    for edge in GRAPHS[name][1]:
        a, b = edge.split(" -> ")
        found = fits.effect(a, b, kind="direct")
        assert found.identified.mean() >= 0.99, edge
        close = np.abs(found.estimate - truth[a, b]) <= 1e-5 * np.maximum(1, np.abs(truth[a, b]))
        assert close.mean() >= 0.98, edge
    for a, b in drawn.edges:
        if a in drawn.visibles and f"{a} -> {b}" not in GRAPHS[name][1]:
            assert fits.effect(a, b, kind="direct").identified.mean() <= 0.01, (a, b)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folder is not beside the project")
def test_verdicts_agree_with_exact_algebra() -> None:
    """Local verdicts of a fit against the truth by elimination, for the reference's own structure matrices."""
    said = json.loads((SHARED / "truth" / "identification" / "pmdags.json").read_text())
    for case in said.values():
        drawn = AMASEM.from_structure(case["struct"])
        network = Accumulation(drawn, seed=3)
        with torch.no_grad():
            sigma = network().numpy()[None]
        fits = fit_many(drawn, MomentsStack(drawn.visibles, sigma, np.array([1000])), starts=5)
        for edge, verdict in case["visible_edges"].items():
            a, b = (f"V{i}" for i in edge.split("->"))
            assert bool(fits.effect(a, b, kind="direct").identified[0]) == (verdict == "identifiable"), (edge, verdict)
