"""Intervals of identified effects cover the truth as often as they say: 1000 samples in one batched fit."""

import numpy as np
import pytest

from semnan import AMASEM, MomentsStack, fit_many

SAMPLES, N = 1000, 500

CASES = {
    "front-door": ("latent U; U -> X, Y; X -> M -> Y", [("X", "Y"), ("M", "Y"), ("X", "M")]),
    "instrument": ("latent U; U -> X, Y; Z -> X -> Y", [("X", "Y"), ("Z", "Y")]),
    "napkin": ("latent U1, U2; U1 -> A, X; U2 -> A, Y; A -> B -> X -> Y", [("X", "Y"), ("A", "B")]),
}


@pytest.mark.parametrize("name", CASES)
def test_ninety_five_percent_intervals(name: str) -> None:
    text, effects = CASES[name]
    graph = AMASEM.parse(text)
    weights = dict.fromkeys(graph.edges, 0.8)
    matrix = graph.weight_matrix(weights)
    m = len(graph.latents)
    total = matrix[:m] @ np.linalg.inv(np.eye(len(graph.visibles)) - matrix[m:])
    noise = np.random.default_rng(2026).normal(size=(SAMPLES, N, m))
    fits = fit_many(graph, MomentsStack.from_arrays(noise @ total, graph.visibles))
    assert fits.converged.all()
    place = graph.visibles.index
    inverse = np.linalg.inv(np.eye(len(graph.visibles)) - matrix[m:])
    for a, b in effects:
        truth = inverse[place(a), place(b)]
        found = fits.effect(a, b)
        assert found.identified.all()
        covered = ((found.lower <= truth) & (truth <= found.upper)).mean()
        assert 0.93 <= covered <= 0.97, (a, b, covered)
