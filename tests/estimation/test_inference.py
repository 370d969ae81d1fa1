"""Which parameters are identified, standard errors where they are, and statistics that say why they are missing."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2

import semnan
from semnan import AMASEM, Fit, Moments, PathModel, Unavailable, covariance, fit, path
from semnan.estimation.discrepancy import DISCREPANCIES

from .models import graph, political_democracy, sample


def democracy() -> Fit:
    return fit(political_democracy(), semnan.datasets.political_democracy().moments())


def test_regression_has_the_textbook_standard_error() -> None:
    """SE² = σ² / (n s_xx), with the maximum-likelihood σ²."""
    moments = Moments.from_covariance([[2.0, 1.0], [1.0, 3.0]], ["X", "Y"], 80)
    found = fit(AMASEM.parse("X -> Y"), moments)
    assert found.estimates == pytest.approx({"X -> Y": 0.5, "X <-> X": 2.0, "Y <-> Y": 2.5})
    assert found.standard_errors["X -> Y"] == pytest.approx(math.sqrt(2.5 / 80 / 2.0))
    assert found.standard_errors["Y <-> Y"] == pytest.approx(2.5 * math.sqrt(2 / 80))


def test_the_bow_is_told_by_name() -> None:
    found = fit(graph("bow"), sample(graph("bow"), 1, 200))
    assert set(found.not_identified) == {"U -> X", "U -> Y", "X -> Y", "X <-> X", "Y <-> Y"}
    effect = found.effect("X", "Y")
    assert not effect.identified
    assert isinstance(effect.estimate, Unavailable)
    assert "not identified" in effect.estimate.reason
    assert found.df == 0


def test_unidentified_parts_do_not_taint_the_others() -> None:
    """Front door: the loadings are loose, the effects are not: the same numbers with one loading fixed."""
    text = "latent U; U -> X, Y; X -> M -> Y"
    moments = sample(AMASEM.parse(text), 2, 300)
    loose = fit(AMASEM.parse(text), moments)
    rows = [path("U", "X", fixed=0.5), path("U", "Y"), path("X", "M"), path("M", "Y"), covariance("U", fixed=1.0)]
    tight = fit(PathModel(("X", "M", "Y"), ("U",), (*rows, *(covariance(v) for v in ("X", "M", "Y")))), moments)
    assert set(loose.not_identified) == {"U -> X", "U -> Y", "X <-> X", "Y <-> Y"}
    assert tight.not_identified == ()
    for a, b in (("X", "Y"), ("M", "Y"), ("X", "M")):
        one, two = loose.effect(a, b), tight.effect(a, b)
        assert one.estimate == pytest.approx(two.estimate, rel=1e-6)
        assert one.standard_error == pytest.approx(two.standard_error, rel=1e-5)
    assert loose.df == tight.df
    assert loose.aic == pytest.approx(tight.aic)


def test_separate_null_directions_are_separate_findings() -> None:
    found = fit(AMASEM.parse("A <-> B; A -> B; C <-> D; C -> D"), sample(AMASEM.parse("A -> B; C -> D"), 1, 200))
    groups = [set(note.names) for note in found.findings if note.kind == "not identified"]
    assert len(groups) == 2
    assert any("A -> B" in group and "C -> D" not in group for group in groups)


def test_verdicts_do_not_depend_on_units() -> None:
    drawn = graph("front-door")
    moments = sample(drawn, 2, 300)
    scale = np.array([1e-5, 1.0, 1e5])
    other = Moments.from_covariance(moments.covariance * scale[:, None] * scale, moments.names, 300)
    plain, scaled = fit(drawn, moments), fit(drawn, other)
    assert set(plain.not_identified) == set(scaled.not_identified)
    assert scaled.effect("X", "Y").p_value == pytest.approx(plain.effect("X", "Y").p_value, rel=1e-4)


@pytest.mark.parametrize("kind", DISCREPANCIES.values())
def test_standard_errors_of_every_discrepancy_match_a_simulation(kind: type) -> None:
    """Spread of estimates over 2000 samples; unweighted least squares needs its sandwich for that."""
    drawn = AMASEM.parse("X -> M -> Y")
    rng = np.random.default_rng(1)
    n, draws = 400, 2000
    x = rng.normal(size=(draws, n, 3))
    x[..., 1] += 0.7 * x[..., 0]
    x[..., 2] = 2 * x[..., 2] + 0.5 * x[..., 1]
    fits = semnan.fit_many(drawn, semnan.MomentsStack.from_arrays(x, ["X", "M", "Y"]), discrepancy=kind)
    found = fits.effect("X", "Y")
    assert float(np.median(found.standard_error)) == pytest.approx(found.estimate.std(), rel=0.06)


def test_statistics_by_definition() -> None:
    found = democracy()
    n, p = 75, 11
    sigma, s = found.implied_covariance, found.moments.covariance
    loglik = -n / 2 * (p * math.log(2 * math.pi) + np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, s)))
    assert found.log_likelihood == pytest.approx(loglik)
    assert found.aic == pytest.approx(-2 * loglik + 2 * 31)
    assert found.bic == pytest.approx(-2 * loglik + math.log(n) * 31)
    assert found.p_value == pytest.approx(chi2.sf(2 * n * found.discrepancy, 35))
    residuals = found.residuals()
    assert not isinstance(residuals, Unavailable)
    assert np.allclose(residuals.covariance, s - sigma)


def test_what_does_not_apply_says_why() -> None:
    moments = Moments.from_covariance([[2.0, 1.0], [1.0, 3.0]], ["X", "Y"], 80)
    saturated = fit(AMASEM.parse("X -> Y"), moments)
    assert "saturated" in str(saturated.p_value)
    least = fit(AMASEM.parse("X -> Y"), moments, discrepancy=semnan.UnweightedLeastSquares)
    assert "χ²" in str(least.chi_square)
    assert "maximum likelihood" in str(least.aic)
    with pytest.raises(TypeError, match="χ²"):
        float(least.chi_square)


def test_asymptotically_equivalent_tests_agree_in_large_samples() -> None:
    drawn = AMASEM.parse("X -> M -> Y")
    moments = sample(drawn, 4, 100_000)
    values = {name: fit(drawn, moments, discrepancy=kind).chi_square for name, kind in DISCREPANCIES.items()}
    reference = values.pop("KullbackLeibler")
    values.pop("UnweightedLeastSquares")
    for value in values.values():
        assert value == pytest.approx(reference, rel=0.05, abs=0.02)


def test_findings_on_a_weak_and_small_sample() -> None:
    kinds = {note.kind for note in fit(AMASEM.parse("X -> Y"), sample(AMASEM.parse("X -> Y"), 1, 12)).findings}
    assert kinds == {"small sample", "saturated"}


def test_a_sign_means_nothing_and_is_made_positive() -> None:
    drawn = AMASEM.parse("latent U; U -> A, B, C, D")
    found = fit(drawn, sample(drawn, 7, 500), starts=5)
    assert found.estimates["U -> A"] > 0


def test_information_beyond_the_limit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semnan.estimation.variance.LIMIT", 2)
    monkeypatch.setattr("semnan.estimation.generic.LIMIT", 2)
    found = fit(AMASEM.parse("X -> Y"), sample(AMASEM.parse("X -> Y"), 1, 100))
    effect = found.effect("X", "Y")
    assert isinstance(effect.estimate, float)
    assert "stop at 5000" in str(effect.standard_error)
    assert "stop at 5000" in str(found.df)
    assert torch.isfinite(found.estimate.theta).all()
    assert "no standard errors" in {note.kind for note in found.findings}
