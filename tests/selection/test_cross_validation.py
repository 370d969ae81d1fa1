"""Cross-validation: a loop of fits with scipy's normal density, its edges, and what it refuses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

import semnan as sn
from semnan import DataError, FitError, Sample, Unavailable
from semnan.estimation.fit_options import Options
from semnan.selection.folds import Folds
from semnan.selection.held_out import held_out
from semnan.selection.judgement import judge

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
NAMES = [f"x{i}" for i in range(1, 10)]
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
MODELS = {
    "three": THREE,
    "crossed": THREE.replace("x2 + x3", "x2 + x3 + x9"),
    "orthogonal": THREE + "\nvisual ~~ 0*speed",
}


def looped(text: str, frame: pd.DataFrame, fold: np.ndarray[Any, Any], **how: Any) -> tuple[Any, Any, float, float]:
    """Rows at fits that have not seen them, residuals of x9, discrepancies, one fit after the other."""
    rows, residuals, mean_residuals, divergence = np.empty(len(frame)), [], [], 0.0
    for k in range(fold.max() + 1):
        fit = sn.sem(text, frame[fold != k], **how)
        at = [fit.model.visibles.index(name) for name in NAMES]
        sigma = fit.implied_covariance[np.ix_(at, at)]
        mean = frame.loc[fold != k, NAMES].mean().to_numpy()
        left = frame.loc[fold == k, NAMES].to_numpy()
        rows[fold == k] = multivariate_normal(mean, sigma).logpdf(left)
        slopes = np.linalg.solve(sigma[:8, :8], sigma[:8, 8])
        residuals += (left[:, 8] - mean[8] - (left[:, :8] - mean[:8]) @ slopes).tolist()
        mean_residuals += (left[:, 8] - mean[8]).tolist()
        own, shift = np.cov(left.T, bias=True), left.mean(0) - mean
        ratio = np.linalg.solve(sigma, own + np.outer(shift, shift))
        logdet = np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(own)[1]
        divergence += len(left) / len(frame) * 0.5 * (np.trace(ratio) - 9 + logdet)
    share = 1 - np.square(residuals).sum() / np.square(mean_residuals).sum()
    return rows, residuals, float(divergence), float(share)


def test_a_loop_of_fits() -> None:
    found = sn.cross_validate(MODELS, FRAME, folds=7, seed=3, outcomes="x9")
    scores = {row.model: row for row in found.scores}
    rows = {}
    for name, text in MODELS.items():
        rows[name], _, divergence, share = looped(text, FRAME, found.fold)
        at = found.names.index(name)
        assert found.log_likelihood[:, at] == pytest.approx(rows[name], abs=1e-4)
        assert scores[name].log_likelihood == pytest.approx(rows[name].sum(), abs=1e-3)
        assert scores[name].standard_error == pytest.approx(np.sqrt(301) * rows[name].std(ddof=1), rel=1e-5)
        assert scores[name].discrepancy == pytest.approx(divergence, rel=1e-5)
        assert next(row.r_squared for row in found.r_squared if row.model == name) == pytest.approx(share, rel=1e-4)
    best = found.scores[0].model
    assert best == max(rows, key=lambda name: rows[name].sum())
    for name, row in scores.items():
        apart = rows[name] - rows[best]
        assert row.difference == pytest.approx(apart.sum(), abs=1e-3)
        assert row.difference_error == pytest.approx(np.sqrt(301) * apart.std(ddof=1), rel=1e-3, abs=1e-9)
    assert found.difference("three", best) == pytest.approx(
        (scores["three"].difference, scores["three"].difference_error)
    )
    text = str(found)
    assert text.splitlines()[2].startswith(best)
    assert "R² x9" in text


def test_folds_by_subtraction() -> None:
    sample = Sample.from_frame(FRAME, NAMES, group="school")
    folds = Folds.of(sample, 5, 0)
    for rows, fold, stack in zip(folds.rows, folds.fold, folds.moments(), strict=True):
        assert np.bincount(fold).tolist() == pytest.approx([len(rows) / 5] * 5, abs=1)
        for k in range(5):
            assert stack.covariance[k] == pytest.approx(np.cov(rows[fold != k].T, bias=True), abs=1e-12)
            assert stack.means is not None
            assert stack.means[k] == pytest.approx(rows[fold != k].mean(0))
            assert stack.n[k] == (fold != k).sum()


def test_the_seed_alone_decides() -> None:
    found, again = (sn.cross_validate(THREE, FRAME, folds=4, seed=9) for _ in range(2))
    assert (found.fold == again.fold).all()
    assert (found.log_likelihood == again.log_likelihood).all()
    other = sn.cross_validate(THREE, FRAME, folds=4, seed=10)
    assert (found.fold != other.fold).any()


def test_groups_gaps_and_covariates() -> None:
    holes = FRAME.copy()
    holes.loc[:60, "x1"] = np.nan
    holes.loc[40:90, "x5"] = np.nan
    by_group = sn.cross_validate(THREE, FRAME, folds=3, group="school")
    fit = sn.cfa(THREE, FRAME, group="school", meanstructure=True)
    at = 0
    for g, group in enumerate(fit.sample.groups):
        assert group.rows is not None
        rows, fold = group.rows, by_group.fold[at : at + len(group.rows)]
        single = sn.cfa(THREE, FRAME[FRAME["school"] == fit.model.groups[g]][fold != 0])
        where = [single.model.visibles.index(name) for name in fit.sample.names]
        normal = multivariate_normal(rows[fold != 0].mean(0), single.implied_covariance[np.ix_(where, where)])
        here = by_group.log_likelihood[at : at + len(rows), 0][fold == 0]
        assert here == pytest.approx(normal.logpdf(rows[fold == 0]), abs=1e-3)
        at += len(rows)
    complete = sn.cross_validate(THREE, holes, folds=3)
    assert complete.rows.tolist() == np.flatnonzero(holes[NAMES].notna().all(axis=1)).tolist()
    partial = sn.cross_validate(THREE, holes, folds=3, missing="fiml", outcomes="x9")
    inside = holes[partial.fold != 1]
    fit = sn.cfa(THREE, inside, missing="fiml")
    mean, sigma = fit.implied().mean, fit.implied().covariance
    row = int(np.flatnonzero((partial.fold == 1) & holes["x1"].isna().to_numpy())[0])
    seen = [i for i, name in enumerate(fit.model.visibles) if not np.isnan(holes.loc[row, name])]
    assert mean is not None
    normal = multivariate_normal(mean[seen], sigma[np.ix_(seen, seen)])
    assert partial.log_likelihood[row, 0] == pytest.approx(
        normal.logpdf(holes.loc[row, [fit.model.visibles[i] for i in seen]].to_numpy(float)), abs=1e-3
    )
    assert isinstance(partial.scores[0].discrepancy, Unavailable)
    assert 0 < float(partial.r_squared[0].r_squared) < 1
    given = sn.cross_validate("x1 ~ ageyr + sex\nx2 ~ x1", FRAME, folds=3)
    y, x = FRAME[["x1", "x2"]].to_numpy(), np.column_stack([np.ones(301), FRAME[["ageyr", "sex"]]])
    mine, out = given.fold != 2, given.fold == 2
    b, c = (np.linalg.lstsq(z[mine], y[mine, j], rcond=None)[0] for j, z in ((0, x), (1, np.c_[np.ones(301), y[:, 0]])))
    errors = np.column_stack([y[:, 0] - x @ b, y[:, 1] - np.c_[np.ones(301), y[:, 0]] @ c])
    variance = (errors[mine] ** 2).mean(0)
    said = (-0.5 * (np.log(2 * np.pi * variance) + errors[out] ** 2 / variance)).sum(1)
    assert given.log_likelihood[out, 0] == pytest.approx(said, abs=1e-3)


def test_clusters_stay_together() -> None:
    found = sn.cross_validate(MODELS, FRAME, folds=4, cluster="agemo")
    months = FRAME["agemo"].to_numpy()
    assert all(len(set(found.fold[months == month])) == 1 for month in set(months))
    apart = found.log_likelihood[:, 0] - found.log_likelihood[:, 1]
    sums = pd.Series(apart).groupby(months).sum()
    assert found.difference("three", "crossed") == pytest.approx(
        (apart.sum(), np.sqrt(len(sums)) * sums.std()), rel=1e-9
    )


def test_the_truth_wins_with_many_rows() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(2000, 3))
    frame = pd.DataFrame({"a": x[:, 0], "b": 0.6 * x[:, 0] + x[:, 1]})
    frame["c"] = 0.6 * frame["b"] + x[:, 2]
    found = sn.cross_validate({"chain": "b ~ a\nc ~ b", "fork": "b ~ a\nc ~ a + 0*b"}, frame)
    assert [row.model for row in found.scores] == ["chain", "fork"]
    assert float(found.scores[1].difference) < -4 * float(found.scores[1].difference_error)


def test_folds_without_a_fit_are_told() -> None:
    fit = sn.sem(THREE, FRAME)
    folds = Folds.of(fit.sample, 4, 0)
    found = held_out(fit.model, folds, Options(optimiser=sn.FisherScoring(max_steps=1)), ("x9",), ("x1", "x2"))
    assert len(found.failed) == 4
    assert found.failed[1].startswith("fold 1: ")
    assert np.isnan(found.log_likelihood).all()
    judged = judge(
        {"stopped": found, "fine": held_out(fit.model, folds, Options(), ("x9",), ("x1",))}, folds, (), ("x9",)
    )
    assert [row.model for row in judged.scores] == ["fine", "stopped"]
    assert isinstance(judged.scores[1].log_likelihood, Unavailable)
    assert judged.scores[1].failed == 4
    assert isinstance(judged.difference("stopped", "fine")[0], Unavailable)
    assert isinstance(judged.r_squared[0].r_squared, Unavailable)
    assert "stopped: fold 0: " in str(judged)


def test_few_rows_in_a_fold() -> None:
    found = sn.cross_validate(THREE, FRAME, folds=40)
    assert isinstance(found.scores[0].discrepancy, Unavailable)
    assert "too few rows" in str(found)
    count: Any = np.int64(20)
    leave_one_out = sn.cross_validate("x1 ~ x2", FRAME[:20], folds=count)
    assert sorted(leave_one_out.fold.tolist()) == list(range(20))


def test_what_is_refused() -> None:
    with pytest.raises(FitError, match="folds is 1"):
        sn.cross_validate(THREE, FRAME, folds=1)
    with pytest.raises(FitError, match="less than 12 folds"):
        sn.cross_validate("x1 ~ x2", FRAME[:10], folds=12)
    with pytest.raises(FitError, match="only one of model 1 and model 2 has x3"):
        sn.cross_validate(["x1 ~ x2", "x1 ~ x2 + x3"], FRAME)
    with pytest.raises(FitError, match=r"missing is 'two\.stage'"):
        sn.cross_validate(THREE, FRAME, missing="two.stage")
    with pytest.raises(FitError, match="name these as outcomes="):
        sn.cross_validate(THREE, FRAME, given="x1")
    with pytest.raises(FitError, match="None is no model"):
        sn.cross_validate(None, FRAME)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="without some fold, the sample covariance is singular"):
        sn.cross_validate(THREE, FRAME[:12], folds=3)
    with pytest.raises(FitError, match="seed is -1"):
        sn.cross_validate(THREE, FRAME, seed=-1)
    with pytest.raises(FitError, match="no model"):
        sn.cross_validate([], FRAME)
    with pytest.raises(FitError, match="no model 'b'"):
        sn.cross_validate({"a": THREE}, FRAME).difference("a", "b")
    with pytest.raises(FitError, match="not moments"):
        sn.cross_validate(THREE, Sample.from_moments(sn.Moments.from_frame(FRAME, NAMES)))
    with pytest.raises(DataError, match="no column 'z'"):
        sn.cross_validate("x1 ~ z", FRAME)
    with pytest.raises(FitError, match="is no visible"):
        sn.cross_validate(THREE, FRAME, outcomes="z")
    with pytest.raises(FitError, match="not about the same moments"):
        sn.cross_validate(["x1 ~ x2", "x2 ~ x1"], FRAME)
