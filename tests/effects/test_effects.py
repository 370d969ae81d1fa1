"""Effects and interventions against path tracing, finite differences and simulation of the mutilated model."""

import itertools
import math

import numpy as np
import pytest
import torch

import semnan
from semnan import AMASEM, Fit, FitError, Moments, MomentsStack, Unavailable, fit, fit_many
from semnan.effects.effect import effect_gradients

from ..estimation.models import political_democracy, sample

GRAPH = AMASEM.parse("latent U; U -> A, D, E; A -> B, C; B -> D; C -> D; D -> E; A -> E")


def fitted() -> Fit:
    return fit(GRAPH, sample(GRAPH, 3, 400), starts=3)


def by_paths(found: Fit, source: str, target: str, avoiding: tuple[str, ...] = ()) -> float:
    """Sum over directed paths of the products of their weights (Wright's rule)."""
    edges = {
        (row.source, row.target): found.estimates[row.edge]
        for row in found.model.parameters
        if row.edge in found.estimates
    }
    inner = [v for v in GRAPH.visibles if v not in (source, target, *avoiding)]
    total = 0.0
    for size in range(len(inner) + 1):
        for middle in itertools.permutations(inner, size):
            steps = list(itertools.pairwise((source, *middle, target)))
            total += math.prod(edges.get(step, 0.0) for step in steps)
    return total


@pytest.mark.parametrize("avoiding", [(), ("B",), ("B", "D")])
def test_total_effects_are_sums_over_paths(avoiding: tuple[str, ...]) -> None:
    found = fitted()
    effect = found.effect("A", "E", avoiding=avoiding)
    value = effect_gradients(found.estimate.layout(), found.estimate.theta, [("A", "E")], avoiding=avoiding).value
    assert float(value[0]) == pytest.approx(by_paths(found, "A", "E", avoiding))
    if effect.identified:
        assert effect.estimate == pytest.approx(float(value[0]))


@pytest.mark.parametrize("kind", ["direct", "total"])
@pytest.mark.parametrize("standardised", [False, True])
def test_gradients_are_finite_differences(kind: str, standardised: bool) -> None:
    found = fit(political_democracy(), semnan.datasets.political_democracy().moments()).estimate
    pairs = [("ind60", "dem65"), ("dem60", "y8"), ("ind60", "x1"), ("dem60", "dem65")]

    def value(theta: torch.Tensor) -> torch.Tensor:
        return effect_gradients(found.layout(), theta, pairs, kind=kind, standardised=standardised).value  # type: ignore[arg-type]

    exact = effect_gradients(found.layout(), found.theta, pairs, kind=kind, standardised=standardised).slope  # type: ignore[arg-type]
    step = 1e-6 * torch.eye(len(found.theta), dtype=torch.float64)
    numeric = torch.stack([(value(found.theta + h) - value(found.theta - h)) / 2e-6 for h in step], -1)
    assert torch.allclose(exact, numeric, rtol=1e-6, atol=1e-7)


def test_lavaan_standardised_loadings_and_their_standard_errors() -> None:
    """std.all of lavaan 0.7-2 for PoliticalDemocracy, delta-method standard errors."""
    found = fit(political_democracy(), semnan.datasets.political_democracy().moments())
    for name, value, error in (("x1", 0.9198529176778, 0.02299349240608), ("x2", 0.9730325601147, 0.01646126319054)):
        effect = found.effect("ind60", name, standardised=True)
        assert effect.estimate == pytest.approx(value, rel=1e-6)
        assert effect.standard_error == pytest.approx(error, rel=1e-5)


def test_all_effects_in_one_call() -> None:
    found = fitted()
    direct = {(e.source, e.target) for e in found.effects(kind="direct")}
    assert direct == {(a, b) for a, b in GRAPH.edges if a in GRAPH.visibles}
    total = {(e.source, e.target): e for e in found.effects()}
    assert set(total) == {(a, b) for a in GRAPH.visibles for b in GRAPH.descendants(a) if a != b}
    for (a, b), effect in total.items():
        alone = found.effect(a, b)
        assert alone.identified == effect.identified
        if effect.identified:
            assert (alone.estimate, alone.standard_error) == pytest.approx((effect.estimate, effect.standard_error))


def test_an_effect_without_a_path_is_zero() -> None:
    effect = fitted().effect("E", "A")
    assert (effect.estimate, effect.standard_error, effect.interval) == (0.0, 0.0, (0.0, 0.0))
    assert "no standard error" in str(effect.p_value)


def test_intervention_is_the_mutilated_model() -> None:
    found = fitted()
    done = found.do({"B": 2.0, "C": -1.0})
    weights, omega = (m.numpy().copy() for m in found.estimate.layout().matrices(found.estimate.theta))
    names = found.estimate.layout().names
    held = [names.index("B"), names.index("C")]
    weights[:, held], omega[held], omega[:, held] = 0, 0, 0
    total = np.linalg.inv(np.eye(len(names)) - weights)
    shown = [names.index(v) for v in GRAPH.visibles]
    assert np.allclose(done.covariance, (total.T @ omega @ total)[np.ix_(shown, shown)])
    mean = found.moments.mean
    assert mean is not None
    shift = np.zeros(len(names))
    for name, value in (("B", 2.0), ("C", -1.0)):
        shift[names.index(name)] = value - mean[GRAPH.visibles.index(name)]
    expected = mean + (shift @ total)[shown]
    for name, value in zip(GRAPH.visibles, expected, strict=True):
        if not isinstance(done.mean[name].estimate, Unavailable):
            assert done.mean[name].estimate == pytest.approx(value)
    assert done.mean["B"].estimate == 2.0


def test_standard_error_of_an_intervened_mean_by_simulation() -> None:
    drawn = AMASEM.parse("X -> Y")
    rng = np.random.default_rng(4)
    x = rng.normal(1.0, 1.0, size=(1000, 200))
    tables = np.stack([x, 3 + 0.5 * x + rng.normal(size=x.shape)], axis=-1)
    fits = [fit(drawn, Moments.from_array(table, ["X", "Y"])).do({"X": 2.0}).mean["Y"] for table in tables[:300]]
    values = np.array([float(m.estimate) for m in fits])
    errors = np.array([float(m.standard_error) for m in fits])
    assert values.mean() == pytest.approx(4.0, abs=0.02)
    assert np.median(errors) == pytest.approx(values.std(), rel=0.12)


def test_what_an_intervention_cannot_know_is_marked() -> None:
    bow = AMASEM.parse("latent U; U -> X, Y; X -> Y")
    done = fit(bow, sample(bow, 1, 200)).do({"X": 1.0})
    assert isinstance(done.mean["Y"].estimate, Unavailable)
    assert not done.identified[1, 1]
    door = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y")
    done = fit(door, sample(door, 1, 200)).do({"X": 1.0})
    assert done.identified.all()
    assert done.mean["Y"].standard_error


def test_batches_mark_what_is_missing() -> None:
    bow = AMASEM.parse("latent U; U -> X, Y; X -> Y")
    found = fit_many(bow, MomentsStack.from_moments([sample(bow, k, 200) for k in range(3)])).effect("X", "Y")
    assert not found.identified.any()
    assert np.isnan(found.estimate).all()


def test_senseless_questions_are_refused() -> None:
    found = fitted()
    for question, message in (
        (lambda: found.effect("A", "Q"), "no variable 'Q'"),
        (lambda: found.effect("A", "A"), "'A' twice"),
        (lambda: found.effect("A", "E", avoiding="A"), "include the source"),
        (lambda: found.effect("A", "B", kind="direct", avoiding="C"), "passes through no variable"),
        (lambda: found.effect("A", "B", level=95), "between 0 and 1"),
        (lambda: found.do({}), "at least one variable"),
        (lambda: found.do({"U": 1.0}), "no visible variable 'U'"),
        (lambda: found.do({"A": math.nan}), "finite"),
    ):
        with pytest.raises(FitError, match=message):
            question()
