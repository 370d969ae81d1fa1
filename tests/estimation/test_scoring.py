"""Optimisers: the same minimum by every road, bounds, units, batches, and honest endings."""

from typing import Any

import numpy as np
import pytest
import torch

import semnan
from semnan import (
    AMASEM,
    LBFGS,
    FisherScoring,
    FitError,
    Moments,
    MomentsStack,
    Outcome,
    PathModel,
    TorchOptimiser,
    covariance,
    fit,
    fit_many,
    path,
)
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy
from semnan.estimation.fit_options import Optimiser
from semnan.estimation.progress import Progress

from .models import political_democracy, sample

GRAPH = AMASEM.parse("latent U; U -> X, Y, Z; X -> M -> Y; Z -> Y")


def data() -> Moments:
    return semnan.datasets.political_democracy().moments()


@pytest.mark.parametrize(
    ("optimiser", "close"),
    [
        (FisherScoring(newton_after=10_000), 1e-6),
        (FisherScoring(dense_limit=0), 1e-6),
        (LBFGS(), 1e-4),
        (TorchOptimiser(kind=torch.optim.Adam, lr=5e-3, max_steps=20_000), 1e-4),
    ],
)
def test_every_optimiser_finds_the_same_minimum(optimiser: Optimiser, close: float) -> None:
    expected = fit(political_democracy(), data())
    found = fit(political_democracy(), data(), optimiser=optimiser)
    assert found.converged
    assert found.discrepancy == pytest.approx(expected.discrepancy, abs=1e-9)
    for name, value in expected.estimates.items():
        assert found.estimates[name] == pytest.approx(value, rel=close, abs=close)


@pytest.mark.parametrize("kind", DISCREPANCIES.values())
def test_every_discrepancy_is_minimised(kind: type[Discrepancy]) -> None:
    """At the minimum no small step in any parameter lowers the discrepancy."""
    moments = sample(GRAPH, 5, 400)
    found = fit(GRAPH, moments, discrepancy=kind)
    assert found.converged
    layout, loss = found.estimate.layout(), kind(moments.select(found.estimate.layout().order))
    for k in range(layout.size):
        for step in (-1e-3, 1e-3):
            theta = found.estimate.theta.clone()
            theta[k] += step
            sigma = semnan.network.propagate(layout, theta).sigma
            assert float(loss(sigma)) >= found.discrepancy - 1e-12


def test_units_change_nothing_but_units() -> None:
    """Eight orders of magnitude between variables: the same fit, scaled."""
    moments, model = data(), political_democracy()
    scale = np.logspace(-4, 4, len(moments.names))
    rescaled = Moments.from_covariance(moments.covariance * scale[:, None] * scale, moments.names, moments.n)
    plain, other = fit(model, moments), fit(model, rescaled)
    assert other.converged
    assert other.chi_square == pytest.approx(plain.chi_square, rel=1e-8)
    assert other.estimate.steps == plain.estimate.steps
    size = dict(zip(moments.names, scale, strict=True))
    assert other.estimates["y1 <-> y5"] == pytest.approx(
        plain.estimates["y1 <-> y5"] * size["y1"] * size["y5"], rel=1e-6
    )


def test_a_batch_is_a_loop() -> None:
    samples = [sample(GRAPH, seed, 300) for seed in range(6)]
    many = fit_many(GRAPH, samples)
    assert many.converged.all()
    for b, moments in enumerate(samples):
        single = fit(GRAPH, moments)
        assert many.discrepancy[b] == pytest.approx(single.discrepancy, abs=1e-12)
        effect, batch = single.effect("X", "Y"), many.effect("X", "Y")
        assert batch.estimate[b] == pytest.approx(effect.estimate, abs=1e-7)
        assert batch.standard_error[b] == pytest.approx(effect.standard_error, rel=1e-6)
        # What is not identified has no value to agree on.
        known = {name: value for name, value in single.estimates.items() if name not in single.not_identified}
        assert {name: many[b].estimates[name] for name in known} == pytest.approx(known, abs=1e-6)


def test_bounds_are_an_active_set() -> None:
    """The best residual variance of Y would be negative: it ends at zero, and the others are best given that."""
    matrix = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.75], [0.9, 0.75, 1.0]])
    moments = Moments.from_covariance(matrix, ["Y", "A", "B"], 100)
    found = fit(AMASEM.parse("latent U; visible Y, A, B; U -> Y, A, B"), moments)
    assert found.converged
    assert found.estimates["Y <-> Y"] == 0.0
    assert any(note.kind == "Heywood case" and note.names == ("Y",) for note in found.findings)
    assert isinstance(found.standard_errors["Y <-> Y"], semnan.Unavailable)
    rows = [path("U", v) for v in "YAB"] + [covariance("U", fixed=1.0)]
    fixed = PathModel(("Y", "A", "B"), ("U",), (*rows, covariance("A"), covariance("B"), covariance("Y", fixed=0.0)))
    assert found.discrepancy == pytest.approx(fit(fixed, moments).discrepancy, abs=1e-10)
    free = PathModel(("Y", "A", "B"), ("U",), (*rows, *(covariance(v) for v in "YAB")))
    assert fit(free, moments).estimates["Y <-> Y"] == pytest.approx(1 - 0.9 * 0.9 / 0.75)


def test_upper_bounds_and_bounded_paths() -> None:
    moments = Moments.from_covariance([[1.0, 0.8], [0.8, 2.0]], ["X", "Y"], 50)
    model = PathModel(("X", "Y"), (), (path("X", "Y", upper=0.5), covariance("X"), covariance("Y")))
    found = fit(model, moments)
    assert found.estimates["X -> Y"] == 0.5
    assert found.estimates["Y <-> Y"] == pytest.approx(2.0 - 2 * 0.5 * 0.8 + 0.25)
    assert any(note.kind == "at a bound" for note in found.findings)


def test_a_users_start_comes_first() -> None:
    rows = (path("X", "Y", start=123.0), covariance("X"), covariance("Y"))
    moments = Moments.from_covariance([[1.0, 0.8], [0.8, 2.0]], ["X", "Y"], 50)
    found = fit(PathModel(("X", "Y"), (), rows), moments)
    assert found.estimates["X -> Y"] == pytest.approx(0.8)


def test_starts_are_seeded_and_the_best_one_counts() -> None:
    moments = sample(GRAPH, 3, 200)
    one, two, other = (fit(GRAPH, moments, starts=6, seed=seed) for seed in (1, 1, 2))
    assert one.estimate.start_values == two.estimate.start_values
    assert one.estimate.start_values != other.estimate.start_values
    assert one.discrepancy == pytest.approx(min(one.estimate.start_values), abs=1e-12)


def test_endings_are_told() -> None:
    limited = fit(political_democracy(), data(), optimiser=FisherScoring(max_steps=2))
    assert limited.outcome is Outcome.ITERATION_LIMIT
    assert not limited.converged
    assert "max_steps" in limited.findings[0].message
    assert isinstance(limited.effect("x1", "y1").standard_error, semnan.Unavailable)
    bad = PathModel(("X", "Y"), (), (path("X", "Y"), covariance("X"), covariance("Y", fixed=0.0)))
    moments = Moments.from_covariance([[1.0, 0.8], [0.8, 2.0]], ["X", "Y"], 50)
    assert fit(bad, moments).outcome is Outcome.BAD_START


def test_an_interrupt_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl-C at the third step."""

    def advance(self: Progress, step: int, loss: float, live: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "advance", advance)
    found = fit(political_democracy(), data())
    assert found.outcome is Outcome.INTERRUPTED
    assert found.estimate.steps == 3
    assert 0 < found.discrepancy < 5


def test_progress_is_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(True, patience=0.0) as progress:
        progress.begin(10)
        progress.advance(1, 0.5, 1)
    assert "fitting" in capsys.readouterr().err
    fit(political_democracy(), data(), progress=False)
    assert capsys.readouterr().err == ""


def test_options_are_checked() -> None:
    with pytest.raises(FitError, match="positive"):
        FisherScoring(max_steps=0)
    with pytest.raises(FitError, match="LBFGS"):
        fit(political_democracy(), data(), optimiser="lbfgs")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="starts"):
        fit(political_democracy(), data(), starts=0)


def test_nothing_is_changed_in_place() -> None:
    matrix = np.array([[1.0, 0.8], [0.8, 2.0]])
    before = matrix.copy()
    moments = Moments.from_covariance(matrix, ["X", "Y"], 50)
    stack = MomentsStack.from_moments([moments, moments])
    fit_many(AMASEM.parse("X -> Y"), stack)
    fit(AMASEM.parse("X -> Y"), moments)
    assert np.array_equal(matrix, before)
    assert np.array_equal(moments.covariance, before)


def test_chunks_of_a_batch_are_seamless(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [sample(GRAPH, seed, 300) for seed in range(7)]
    whole = fit_many(GRAPH, samples, starts=3)
    monkeypatch.setattr("semnan.estimation.minimise.BATCH_BYTES", 1)
    parts = fit_many(GRAPH, samples, starts=3)
    assert np.allclose(whole.discrepancy, parts.discrepancy, atol=1e-10)
    for name in ("estimate", "standard_error"):
        assert np.allclose(getattr(whole.effect("X", "Y"), name), getattr(parts.effect("X", "Y"), name), atol=1e-6)


def test_starts_and_seed_may_be_integers_of_numpy() -> None:
    expected = fit(political_democracy(), data(), starts=3, seed=4)
    numbers: dict[str, Any] = {"starts": np.int64(3), "seed": np.int64(4)}
    found = fit(political_democracy(), data(), **numbers)
    assert found.estimate.start_values == expected.estimate.start_values
