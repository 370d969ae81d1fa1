"""Power by simulation: fits one by one, noncentrality, coverage, seeds, and fits that fail."""

import math
from typing import Any

import numpy as np
import pytest

import semnan as sn
from semnan import FitError, Moments, ResamplingWarning, Unavailable
from semnan.planning import simulation
from semnan.planning.batch import judge
from semnan.planning.study import Study
from semnan.resampling.source import Normal, generator

TWO = "f =~ 0.8*a + 0.7*b + 0.6*c; g =~ 0.7*d + 0.7*e + 0.6*h; "
TRUTH = sn.population(TWO + "g ~ 0.3*f", standardised=True)
TEXT = "f =~ a + b + c; g =~ d + e + h; g ~ b1*f; squared := b1^2"


def near(share: float, expected: float, samples: int) -> bool:
    """Within 3.3 standard errors of simulation, and what asymptotics miss."""
    return abs(share - expected) < 3.3 * math.sqrt(expected * (1 - expected) / samples) + 0.01


def test_noncentrality_and_coverage() -> None:
    found = sn.simulate_power(TEXT, TRUTH, 400, effects=[("f", "g"), ("f", "h", "indirect")], replicates=3000)
    assert (found.done, found.converged, found.failures) == (3000, 3000, {})
    for name, how in (
        ("b1", {"parameter": "b1"}),
        ("total effect of f on g", {"effect": ("f", "g")}),
        ("indirect effect of f on h", {"effect": ("f", "h"), "kind": "indirect"}),
    ):
        row, said = found[name], sn.power(TEXT, TRUTH, 400, **how)
        assert not isinstance(said, Unavailable)
        assert near(float(row.power), said.power, 3000)
        assert near(float(row.coverage), 0.95, 3000)
        assert row.value == pytest.approx(float(said.value))
        assert row.standard_error == pytest.approx(float(said.standard_error), rel=0.03)
        assert row.deviation == pytest.approx(float(said.standard_error), rel=0.06)
        assert abs(float(row.bias)) < 4 * float(said.standard_error) / np.sqrt(3000) + 0.01
        assert row.samples == 3000
    assert near(float(found.rejected), 0.05, 3000)
    assert found.chi_square.shape == (3000,)
    assert "3000 of 3000 samples converged" in str(found)


def test_a_wrong_model_is_rejected_as_often_as_noncentrality_says() -> None:
    truth = sn.population(TWO + "f ~~ 0.3*g; a ~~ 0.15*d", standardised=True)
    text = "f =~ a + b + c; g =~ d + e + h"
    found, said = sn.simulate_power(text, truth, 300, replicates=2000), sn.power(text, truth, 300)
    assert not isinstance(said, Unavailable)
    assert 0.3 < said.power < 0.95
    assert abs(float(found.rejected) - said.power) < 0.04


def test_samples_are_fitted_as_if_one_by_one() -> None:
    found = sn.simulate_power(TEXT, TRUTH, 150, replicates=4, seed=5)
    part = TRUTH.moments()
    root = np.asarray(np.linalg.cholesky(part.covariance), dtype=np.float64)
    normal = Normal(np.zeros(6), root, np.zeros((150, 6), dtype=np.bool_))
    stack = normal.moments(part.names, [generator(5, i) for i in range(4)])
    fits = [sn.sem(TEXT, Moments.from_covariance(stack.covariance[i], part.names, 150)) for i in range(4)]
    values = [fit.effect("f", "g") for fit in fits]
    assert found["b1"].mean == pytest.approx(np.mean([float(value.estimate) for value in values]), abs=1e-5)
    assert found["b1"].standard_error == pytest.approx(np.mean([float(v.standard_error) for v in values]), rel=1e-4)
    assert np.sort(found.chi_square) == pytest.approx(sorted(float(fit.chi_square) for fit in fits), rel=1e-4)
    assert found["squared"].mean == pytest.approx(np.mean([float(v.estimate) ** 2 for v in values]), abs=1e-5)


def test_the_seed_alone_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sn.simulate_power(TEXT, TRUTH, 150, replicates=60, seed=1)
    monkeypatch.setattr(simulation, "PORTION", 7)
    again = sn.simulate_power(TEXT, TRUTH, 150, replicates=60, seed=1)
    assert again.chi_square == pytest.approx(found.chi_square, rel=1e-6)
    assert again["b1"].mean == pytest.approx(float(found["b1"].mean), abs=1e-7)
    assert sn.simulate_power(TEXT, TRUTH, 150, replicates=60, seed=2)["b1"].mean != found["b1"].mean


def test_groups_shares_and_covariates() -> None:
    truth = sn.population("y ~ c(0.3, 0.1)*x; x ~~ 1*x; y ~~ 1*y", groups=["a", "b"])
    found = sn.simulate_power(
        "y ~ c(b1, b2)*x", truth, 300, effects=[("x", "y")], shares={"a": 2, "b": 1}, replicates=500
    )
    assert found["b1"].standard_error == pytest.approx(1 / np.sqrt(200), rel=0.02)
    assert found["total effect of x on y [b]"].standard_error == pytest.approx(1 / np.sqrt(100), rel=0.02)
    assert near(float(found["b2"].coverage), 0.95, 500)


def test_all_rows_are_drawn() -> None:
    """A hundred rows do not divide by three groups."""
    study = Study.of("y ~ x", dict.fromkeys("abc", sn.population("y ~ 0.3*x", standardised=True).moments()))
    for n in (100, 101, 102, 10):
        sizes = study.sizes(n)
        assert sum(sizes) == n
        assert max(sizes) - min(sizes) <= 1


def test_what_is_not_identified_is_told() -> None:
    truth = sn.population("f =~ 0.7*a + 0.7*b", standardised=True)
    n, replicates, seed = np.array([100, 5, 1])
    found = sn.simulate_power("f =~ a + b", truth, n, replicates=replicates, seed=seed)
    assert all(isinstance(row.power, Unavailable) for row in found.rows)
    assert "not identified" in str(found)


def test_fits_that_fail_are_counted() -> None:
    truth = sn.population("f =~ 0.4*a + 0.3*b + 0.3*c; g =~ 0.3*d + 0.4*e + 0.3*h; g ~ 0.3*f", standardised=True)
    with pytest.warns(ResamplingWarning, match="fits take no part"):
        found = sn.simulate_power(TEXT, truth, 20, replicates=200)
    assert found.done == 200
    assert found.converged + sum(found.failures.values()) == 200
    assert found.converged < 200
    assert all(row.samples <= found.converged for row in found.rows)
    assert str(found.converged) in str(found)


def test_an_interruption_keeps_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def once(*args: Any) -> Any:
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return judge(*args)

    monkeypatch.setattr(simulation, "PORTION", 10)
    monkeypatch.setattr(simulation, "judge", once)
    with pytest.warns(ResamplingWarning, match="interrupted after 10 of 40"):
        found = sn.simulate_power(TEXT, TRUTH, 200, replicates=40)
    assert (found.asked, found.done) == (40, 10)
    assert "interrupted: 40 were asked for" in found._repr_html_()


def test_a_saturated_model_has_no_test() -> None:
    found = sn.simulate_power("y ~ x", sn.population("y ~ 0.3*x", standardised=True), 50, replicates=20)
    assert isinstance(found.rejected, Unavailable)


def test_what_is_refused() -> None:
    with pytest.raises(FitError, match="6 rows for 6 variables"):
        sn.simulate_power(TEXT, TRUTH, 6)
    with pytest.raises(FitError, match="replicates is 0"):
        sn.simulate_power(TEXT, TRUTH, 100, replicates=0)
    with pytest.raises(FitError, match="seed is -1"):
        sn.simulate_power(TEXT, TRUTH, 100, seed=-1)
    with pytest.raises(FitError, match="an effect is 'f -> g'"):
        sn.simulate_power(TEXT, TRUTH, 100, effects=["f -> g"])  # type: ignore[list-item]
    with pytest.raises(FitError, match="kind is 'whole'"):
        sn.simulate_power(TEXT, TRUTH, 100, effects=[("f", "g", "whole")])  # type: ignore[list-item]
    with pytest.raises(FitError, match="no variable 'z'"):
        sn.simulate_power(TEXT, TRUTH, 100, effects=[("f", "z")])
    found = sn.simulate_power(TEXT, TRUTH, 100, replicates=3)
    with pytest.raises(FitError, match="there is no 'z'"):
        found["z"]
