"""Predictions of outcomes: lavaan's, ordinary least squares, dense formulas with finite differences, and coverage."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.typing import NDArray

import semnan as sn
from semnan import DataError, Fit, FitError, Moments, Unavailable
from semnan.effects.prediction import Prediction
from semnan.estimation.estimate import Implied

Array = NDArray[np.float64]
SCHOOL = sn.datasets.holzinger_swineford_1939().to_frame()
DEMOCRACY = sn.datasets.political_democracy().to_frame()
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
PANEL = """
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + y2 + y3 + y4
    dem65 =~ y5 + y6 + y7 + y8
    dem60 ~ ind60
    dem65 ~ ind60 + dem60
    y1 ~~ y5
    y2 ~~ y4 + y6
    y3 ~~ y7
    y4 ~~ y8
    y6 ~~ y8
"""
SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "after_fit.json").read_text())


def predicted(fit: Fit, data: object = None, **how: Any) -> Prediction:
    found = fit.predict(data, **how)  # type: ignore[arg-type]
    assert not isinstance(found, Unavailable)
    return found


@pytest.mark.parametrize("name", ["democracy", "school", "groups"])
@pytest.mark.parametrize("meanstructure", [False, True])
def test_predictions_of_lavaan(name: str, *, meanstructure: bool) -> None:
    said, frame = SAID["predictions"][name], DEMOCRACY if name == "democracy" else SCHOOL
    if name == "groups":
        fit = sn.cfa(THREE, frame, group="school", meanstructure=True, group_equal=["loadings"])
    else:
        fit = sn.sem(PANEL if name == "democracy" else THREE, frame, meanstructure=meanstructure)
    found = predicted(fit, frame, outcomes=said["outcomes"], given=said["given"])
    assert len(found) == said["n"]
    assert found.mean[:5] == pytest.approx(np.array(said["mean"]), rel=1e-4)


@pytest.mark.parametrize("meanstructure", [False, True])
@pytest.mark.parametrize("fixed_x", [False, True])
def test_a_saturated_regression_predicts_as_least_squares(*, meanstructure: bool, fixed_x: bool) -> None:
    fit = sn.sem("y1 ~ x1 + x2 + x3", DEMOCRACY, meanstructure=meanstructure, fixed_x=fixed_x)
    new = DEMOCRACY[["x1", "x2", "x3"]][:9] + 1
    found = predicted(fit, new, outcomes="y1", level=0.9)
    design, y = np.column_stack([np.ones(75), DEMOCRACY[["x1", "x2", "x3"]]]), DEMOCRACY["y1"].to_numpy()
    slopes = np.linalg.lstsq(design, y, rcond=None)[0]
    variance = ((y - design @ slopes) ** 2).mean()  # Of maximum likelihood: divisor n.
    at = np.column_stack([np.ones(9), new])
    of_mean = variance * np.einsum("ij,jk,ik->i", at, np.linalg.inv(design.T @ design), at)
    assert found["y1"] == pytest.approx(at @ slopes, rel=1e-7)
    assert found.standard_error[:, 0] == pytest.approx(np.sqrt(of_mean), rel=1e-6)
    assert found.deviation[:, 0] == pytest.approx(np.full(9, np.sqrt(variance)), rel=1e-6)
    reach = 1.6448536269514722
    assert found.interval[0][:, 0] == pytest.approx(at @ slopes - reach * np.sqrt(variance + of_mean), rel=1e-6)
    assert found.confidence_interval[1][:, 0] == pytest.approx(at @ slopes + reach * np.sqrt(of_mean), rel=1e-6)


def dense(fit: Fit, theta: torch.Tensor, g: int, row: Array, out: list[int]) -> tuple[Array, Array]:
    """The conditional mean and variance of some visibles given the others that a row has."""
    implied = Implied.of(fit.model, fit.estimate.layouts[g], theta)
    sigma = implied.sigma.numpy()
    mean = implied.mu.numpy() if fit.model.has_means else np.asarray(fit.estimate.samples[g].mean)
    seen = [i for i in range(len(row)) if i not in out and not np.isnan(row[i])]
    slopes = sigma[np.ix_(out, seen)] @ np.linalg.inv(sigma[np.ix_(seen, seen)])
    return mean[out] + slopes @ (row[seen] - mean[seen]), sigma[np.ix_(out, out)] - slopes @ sigma[np.ix_(seen, out)]


CASES: dict[str, Any] = {
    "latents": lambda holes: sn.sem(PANEL.replace("y4 +", "y4 + "), DEMOCRACY, meanstructure=True),
    "without means": lambda holes: sn.sem(PANEL, DEMOCRACY),
    "tied": lambda holes: sn.sem(
        PANEL.replace("y2 + y3 + y4", "a*y2 + y3 + y4").replace("y6 + y7", "a*y6 + y7"), DEMOCRACY
    ),
    "robust, with gaps": lambda holes: sn.sem(PANEL, holes, missing="fiml", estimator="MLR"),
    "covariates": lambda holes: sn.sem("f =~ y1 + y2 + y3\nf ~ x1 + x2\ny4 ~ f + x1", DEMOCRACY, meanstructure=True),
    "least squares": lambda holes: sn.sem(PANEL, DEMOCRACY, estimator="GLS"),
}


@pytest.fixture(scope="module")
def holes() -> pd.DataFrame:
    frame = DEMOCRACY.copy()
    random = np.random.default_rng(3)
    frame = frame.mask(pd.DataFrame(random.random(frame.shape) < 0.15, columns=frame.columns))
    frame.loc[0, :] = np.nan
    frame.loc[0, "y4"] = 1.0
    return frame


@pytest.mark.parametrize("case", CASES)
def test_dense_formulas_and_finite_differences(case: str, holes: pd.DataFrame) -> None:
    fit = CASES[case](holes)
    targets = [name for name in ("y4", "y3") if name in fit.model.visibles]
    found = predicted(fit, holes, outcomes=targets)
    out = [fit.model.visibles.index(name) for name in targets]
    rows = holes[list(fit.model.visibles)].to_numpy()
    inference, theta = fit.estimate.inference, fit.estimate.theta
    assert not isinstance(inference, Unavailable)
    covariance = inference.covariance().numpy() / fit.estimate.n
    steps = 1e-5 * np.eye(len(theta))
    for i in (0, 1, 7, 30):
        mean, spread = dense(fit, theta, 0, rows[i], out)
        assert found.mean[i] == pytest.approx(mean, rel=1e-9)
        assert found.deviation[i] == pytest.approx(np.sqrt(np.diag(spread)), rel=1e-9)
        ends = [[dense(fit, theta + sign * torch.tensor(h), 0, rows[i], out)[0] for h in steps] for sign in (1, -1)]
        slopes = (np.array(ends[0]) - np.array(ends[1])) / 2e-5
        of_mean = np.diag(slopes.T @ covariance @ slopes)
        of_mean = of_mean + (0.0 if fit.model.has_means else np.diag(spread) / 75)
        assert found.standard_error[i] == pytest.approx(np.sqrt(of_mean), rel=1e-5)
    given = [i for i in range(len(fit.model.visibles)) if i not in out]
    assert found.observed.tolist() == (~np.isnan(rows[:, given])).sum(axis=1).tolist()


def test_intervals_cover() -> None:
    random = np.random.default_rng(11)
    text = "f =~ a + b + c + d\ne ~ f"
    covered, inside = [], []
    for _ in range(150):
        f = random.normal(size=81)
        errors = random.normal(size=(81, 5)) * [0.6, 0.7, 0.8, 0.6, 0.5]
        frame = pd.DataFrame(f[:, None] * [0.8, 0.7, 0.6, 0.8, 0.9] + errors, columns=list("abcde"))
        fit = sn.sem(text, frame[:80])
        found = predicted(fit, frame[80:].drop(columns="e"), outcomes="e")
        low, high = (float(end[0, 0]) for end in found.interval)
        covered.append(low <= frame["e"][80] <= high)
        loadings = np.array([0.8, 0.7, 0.6, 0.8])
        sigma = np.outer(loadings, loadings) + np.diag([0.36, 0.49, 0.64, 0.36])
        real = 0.9 * loadings @ np.linalg.solve(sigma, frame.loc[80, list("abcd")].to_numpy(float))
        low, high = (float(end[0, 0]) for end in found.confidence_interval)
        inside.append(low <= real <= high)
    assert 0.89 <= np.mean(covered) <= 0.99
    assert 0.89 <= np.mean(inside) <= 0.99


def test_groups_and_frames() -> None:
    fit = sn.cfa(THREE, SCHOOL, group="school", meanstructure=True)
    own, fresh = predicted(fit, outcomes="x9"), predicted(fit, pl.from_pandas(SCHOOL), outcomes="x9")
    for label in fit.model.groups:
        mine = [i for i, other in enumerate(own.groups) if other == label]
        assert own.mean[mine] == pytest.approx(fresh.mean[(SCHOOL["school"] == label).to_numpy()])
    frame = predicted(fit, SCHOOL[:3], outcomes=["x9", "x1"]).to_frame("polars")
    assert frame.columns[:4] == ["school", "x9", "x9_se", "x9_ci_lower"]
    assert frame.shape == (3, 13)
    assert len(predicted(fit, SCHOOL[:0], outcomes="x9")) == 0


def test_columns_of_one_name_are_refused() -> None:
    frame = SCHOOL.rename(columns={"x2": "x1_se"})
    found = predicted(sn.cfa("f =~ x1 + x1_se + x3 + x4", frame), outcomes=["x1", "x1_se"])
    with pytest.raises(FitError, match="called 'x1_se'"):
        found.to_frame()


def test_what_has_no_standard_error_says_why() -> None:
    stopped = sn.cfa(THREE, SCHOOL, optimiser=sn.FisherScoring(max_steps=1))
    found = predicted(stopped, outcomes="x9")
    assert np.isnan(found.standard_error).all()
    assert not np.isnan(found.mean).any()
    assert "did not converge" in found.reasons["x9"].reason
    loose = sn.fit(sn.PathModel.from_lavaan("f =~ NA*x1 + x2 + x3\nf ~~ f", function="cfa"), SCHOOL)
    tight = sn.cfa("f =~ x1 + x2 + x3", SCHOOL)
    assert predicted(loose, outcomes="x3").mean == pytest.approx(predicted(tight, outcomes="x3").mean, abs=1e-5)
    same = predicted(tight, outcomes="x3").standard_error
    assert predicted(loose, outcomes="x3").standard_error == pytest.approx(same, rel=1e-4)


def test_what_is_refused() -> None:
    fit = sn.cfa(THREE, SCHOOL)
    with pytest.raises(FitError, match="'y', which is no visible"):
        fit.predict(outcomes="y")
    with pytest.raises(FitError, match="'x1' is both"):
        fit.predict(outcomes="x1", given=["x1", "x2"])
    with pytest.raises(FitError, match="names a variable twice"):
        fit.predict(outcomes="x1", given=["x2", "x2"])
    with pytest.raises(FitError, match="names no variable"):
        fit.predict(outcomes=[])
    with pytest.raises(FitError, match="outcomes= is 3"):
        fit.predict(outcomes=3)
    with pytest.raises(FitError, match="all visibles are outcomes"):
        fit.predict(outcomes=fit.model.visibles)
    with pytest.raises(FitError, match="the model has no groups"):
        fit.predict(SCHOOL, outcomes="x1", group="school")
    with pytest.raises(FitError, match="the model has no groups"):
        fit.factor_scores(SCHOOL, group="school")
    with pytest.raises(FitError, match="level is 95"):
        fit.predict(outcomes="x1", level=95)
    with pytest.raises(FitError, match="no outcome 'x2'"):
        predicted(fit, outcomes="x1")["x2"]
    with pytest.raises(DataError, match="no column 'x2'"):
        fit.predict(SCHOOL[["x3"]], outcomes="x1")
    names = [f"x{i}" for i in range(1, 10)]
    moments = Moments.from_frame(SCHOOL, names)
    with pytest.raises(DataError, match="knows no means"):
        sn.cfa(THREE, Moments.from_covariance(moments.covariance, names, 301)).predict(SCHOOL, outcomes="x1")
    with pytest.raises(FitError, match="no rows"):
        sn.cfa(THREE, moments).predict(outcomes="x1")
    ordered = sn.cfa("f =~ x1 + x2 + x3", SCHOOL[["x1", "x2", "x3"]].round().clip(3, 6), ordered=["x1", "x2", "x3"])
    assert isinstance(ordered.predict(outcomes="x1"), Unavailable)
