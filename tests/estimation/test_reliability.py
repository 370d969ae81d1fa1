"""Reliability of factor scores and of sums of indicators: dense formulas, simulated latents, and semTools."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import Fit, FitError, Moments, Unavailable

THREE_FACTORS = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "after_fit.json").read_text())
MODELS = {
    "three": THREE_FACTORS,
    "correlated": THREE_FACTORS + "\nx2 ~~ x3\nx7 ~~ x8",
    "crossed": THREE_FACTORS.replace("x2 + x3", "x2 + x3 + x9"),
    "groups": THREE_FACTORS,
}


def fitted(name: str) -> Fit:
    fit: Fit = sn.cfa(MODELS[name], FRAME, group="school" if name == "groups" else None)
    return fit


@pytest.mark.parametrize("name", MODELS)
def test_composites_of_semtools(name: str) -> None:
    said, found = SAID["reliability"][name], fitted(name).composite_reliability()
    assert not isinstance(found, Unavailable)
    parts = said["rows"] if isinstance(said["rows"], list) else list(said["rows"].values())
    theirs = [dict(zip(part, column, strict=True)) for part in parts for column in zip(*part.values(), strict=True)]
    assert [row.latent for row in found][:3] == said["latents"]
    for row, other in zip(found, theirs, strict=True):
        assert row.alpha == pytest.approx(other["alpha"], rel=1e-6)
        assert row.omega == pytest.approx(other["omega2"], rel=1e-4)
        assert row.omega_observed == pytest.approx(other["omega3"], rel=1e-4)
        if other["avevar"] != "NA":  # semTools has none of latents with shared indicators.
            assert row.average_variance == pytest.approx(other["avevar"], rel=1e-4)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_scores_by_dense_formulas(method: Any) -> None:
    fit = sn.cfa(MODELS["crossed"], FRAME)
    implied = fit.implied()
    sigma, across, phi = implied.covariance[:9, :9], implied.covariance[9:, :9], implied.covariance[9:, 9:]
    effects = across.T @ np.linalg.inv(phi)
    inverse = np.linalg.inv(sigma - effects @ phi @ effects.T)
    bartlett = np.linalg.solve(effects.T @ inverse @ effects, effects.T @ inverse)
    weights = across @ np.linalg.inv(sigma) if method == "regression" else bartlett
    correlation = np.diag(weights @ across.T) / np.sqrt(np.diag(weights @ sigma @ weights.T) * np.diag(phi))
    found = fit.score_reliability(method)
    assert not isinstance(found, Unavailable)
    assert [row.determinacy for row in found] == pytest.approx(correlation, rel=1e-8)
    assert [row.reliability for row in found] == pytest.approx(correlation**2, rel=1e-8)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_scores_correlate_with_simulated_latents_as_told(method: Any) -> None:
    random = np.random.default_rng(1)
    latents = random.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], size=40_000)
    loadings = np.array([[0.9, 0.7, 0.5, 0.0, 0.0, 0.3], [0.0, 0.0, 0.4, 0.8, 0.6, 0.9]])
    values = latents @ loadings + random.normal(size=(40_000, 6)) * [0.5, 0.7, 0.9, 0.6, 0.8, 0.5]
    frame = pd.DataFrame(values, columns=list("abcdeh"))
    fit = sn.cfa("f =~ a + b + c + h\ng =~ d + c + e + h", frame)
    scores, found = fit.factor_scores(method=method), fit.score_reliability(method)
    assert not isinstance(scores, Unavailable)
    assert not isinstance(found, Unavailable)
    real = [np.corrcoef(latents[:, k], scores.values[:, k])[0, 1] for k in range(2)]
    assert [row.determinacy for row in found] == pytest.approx(real, abs=0.01)


def test_moments_without_means_are_enough() -> None:
    names = [f"x{i}" for i in range(1, 10)]
    blind = sn.cfa(THREE_FACTORS, Moments.from_covariance(Moments.from_frame(FRAME, names).covariance, names, 301))
    found, same = blind.score_reliability(), sn.cfa(THREE_FACTORS, FRAME).score_reliability()
    assert not isinstance(found, Unavailable)
    assert not isinstance(same, Unavailable)
    assert [row.determinacy for row in found] == pytest.approx([row.determinacy for row in same], abs=1e-6)


def test_improper_solutions_are_told() -> None:
    covariance = [[1, 0.9, 0.8], [0.9, 1, 0.5], [0.8, 0.5, 1]]  # The residual variance of a is -.44.
    fit = sn.cfa("f =~ a + b + c", Moments.from_covariance(covariance, ["a", "b", "c"], 200))
    found = fit.score_reliability()
    assert not isinstance(found, Unavailable)
    assert isinstance(found[0].determinacy, Unavailable)
    assert "improper" in str(found)
    sums = fit.composite_reliability()
    assert not isinstance(sums, Unavailable)
    assert isinstance(sums[0].omega, float)
    worse = [[1, 0.7, 0.7], [0.7, 1, 0.05], [0.7, 0.05, 1]]
    sums = sn.cfa("f =~ a + b + c", Moments.from_covariance(worse, ["a", "b", "c"], 200)).composite_reliability()
    assert not isinstance(sums, Unavailable)
    assert isinstance(sums[0].average_variance, Unavailable)
    assert "more than all" in str(sums)


def test_what_the_data_do_not_determine() -> None:
    """Two indicators leave open how much they share; with equal loadings they do not."""
    sums = sn.cfa("f =~ x1 + x2", FRAME).composite_reliability()
    assert not isinstance(sums, Unavailable)
    assert isinstance(sums[0].omega, Unavailable)
    assert isinstance(sums[0].average_variance, Unavailable)
    assert sums[0].alpha == pytest.approx(0.458, abs=1e-3)
    equal = sn.cfa("f =~ 1*x1 + 1*x2", FRAME).composite_reliability()
    assert not isinstance(equal, Unavailable)
    covariance = np.cov(FRAME[["x1", "x2"]].T)
    assert equal[0].omega == pytest.approx(4 * covariance[0, 1] / covariance.sum(), rel=1e-6)


def test_what_has_no_reliability() -> None:
    fit = sn.sem("f =~ 1*x1\nx1 ~~ 0*x1\ng =~ x4 + x5 + x6\ng ~ f", FRAME)
    composites = fit.composite_reliability()
    assert not isinstance(composites, Unavailable)
    assert isinstance(composites[0].omega, Unavailable)
    assert "single indicator" in str(composites)
    scores = fit.score_reliability()
    assert not isinstance(scores, Unavailable)
    assert scores[0].reliability == pytest.approx(1)
    second = sn.cfa(THREE_FACTORS + "\ng =~ visual + textual + speed", FRAME)
    composites = second.composite_reliability()
    assert not isinstance(composites, Unavailable)
    assert [row.latent for row in composites] == ["visual", "textual", "speed"]
    with pytest.raises(FitError, match="no latents"):
        sn.sem("x1 ~ x2", FRAME).score_reliability()
    with pytest.raises(FitError, match="no visible measures"):
        sn.sem("x1 ~ x2", FRAME).composite_reliability()
    with pytest.raises(FitError, match="method is 'ebm'"):
        fit.score_reliability("ebm")


def test_ordered_variables_have_none() -> None:
    names = ["x1", "x2", "x3"]
    fit = sn.cfa("f =~ x1 + x2 + x3", FRAME[names].round().clip(3, 6), ordered=names)
    assert isinstance(fit.score_reliability(), Unavailable)
    assert isinstance(fit.composite_reliability(), Unavailable)
