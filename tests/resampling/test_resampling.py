"""Bootstrap, jackknife and permutation: against exact algebra, SciPy and R's boot, and the same wherever they run."""

import warnings
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import Fit, FitError, ResamplingWarning, Unavailable
from semnan.estimation.progress import Progress
from semnan.resampling.interval import interval
from semnan.resampling.source import Group, Normal, generator


def democracy() -> Fit:
    text = "ind60 =~ x1 + x2 + x3\ndem60 =~ y1 + a*y2 + y3 + y4\ndem60 ~ b*ind60\nab := a * b"
    fit: Fit = sn.sem(text, sn.datasets.political_democracy().to_frame())
    return fit


def small(n: int = 40, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x1 = rng.exponential(size=n)
    return pd.DataFrame({"x1": x1, "x2": 0.5 * x1 + rng.normal(size=n), "g": ["a", "b"] * (n // 2)})


def test_replicates_are_fits_to_the_rows_drawn() -> None:
    frame = small()
    found = sn.bootstrap(sn.sem("x2 ~ x1", frame, meanstructure=True), 3, seed=11)
    for i in range(3):
        rows = generator(11, i).integers(0, len(frame), len(frame))
        slope, intercept = np.polyfit(frame.x1.to_numpy()[rows], frame.x2.to_numpy()[rows], 1)
        ours = dict(zip(found.names, found.estimates[i].tolist(), strict=True))
        assert ours["x1 -> x2"] == pytest.approx(slope, rel=1e-6)
        assert ours["x2 ~ 1" if "x2 ~ 1" in ours else "1 -> x2"] == pytest.approx(intercept, abs=1e-6)


@pytest.mark.parametrize("kind", ["ordinary", "parametric", "bollen.stine"])
def test_same_seed_same_numbers_whatever_works(kind: Any) -> None:
    fit = democracy()
    serial = sn.bootstrap(fit, 200, kind=kind, seed=5)
    with joblib.parallel_config("threading", n_jobs=2):
        threads = sn.bootstrap(fit, 200, kind=kind, seed=5)
    processes = sn.bootstrap(fit, 200, kind=kind, seed=5, n_jobs=2)
    assert np.array_equal(serial.estimates, threads.estimates)
    assert np.array_equal(serial.estimates, processes.estimates)
    assert not np.array_equal(serial.estimates, sn.bootstrap(fit, 200, kind=kind, seed=6).estimates)
    longer = sn.bootstrap(fit, 100, kind=kind, seed=5).extend(100)
    assert longer.estimates == pytest.approx(serial.estimates, abs=1e-10)


def test_same_numbers_on_dask() -> None:
    distributed = pytest.importorskip("distributed")
    fit = democracy()
    serial = sn.bootstrap(fit, 300, seed=5)
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    with cluster, distributed.Client(cluster), joblib.parallel_config("dask"):
        found = sn.bootstrap(fit, 300, seed=5)
        left = sn.jackknife(fit)
    assert np.array_equal(serial.estimates, found.estimates)
    assert np.array_equal(left.estimates, sn.jackknife(fit).estimates)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_interrupted_it_tells_and_goes_on(n_jobs: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, told = democracy(), Progress.tell

    def interrupt(self: Progress, done: int, text: str) -> None:
        if "replicates" in text:
            raise KeyboardInterrupt
        told(self, done, text)

    monkeypatch.setattr(Progress, "tell", interrupt)
    with pytest.warns(ResamplingWarning, match="interrupted after 128 of 300 replicates"):
        found = sn.bootstrap(fit, 300, n_jobs=n_jobs)
    monkeypatch.setattr(Progress, "tell", told)
    assert (found.interrupted, found.done, found.asked) == (True, 128, 300)
    assert "128 of 300" in repr(found)
    whole = found.resume(n_jobs=n_jobs)
    assert not whole.interrupted
    assert np.array_equal(whole.estimates, sn.bootstrap(fit, 300).estimates)
    assert whole.resume() is whole


def test_replicates_without_estimates_are_counted_and_told() -> None:
    """Of two rows of four in each replicate, many have a singular covariance."""
    frame = pd.DataFrame({"x1": [0.0, 1.0, 2.0, 4.0], "x2": [1.0, 0.0, 3.0, 2.5]})
    with pytest.warns(ResamplingWarning, match="replicates have no estimates"):
        found = sn.bootstrap(sn.sem("x2 ~ x1", frame), 200)
    lost = sum(found.failures.values())
    assert 0 < lost < 200
    assert found.converged == 200 - lost == len(found.estimates)
    assert "singular covariance" in repr(found)


@pytest.mark.parametrize("method", ["percentile", "basic", "bca", "normal"])
def test_intervals_take_the_acceleration_from_leaving_rows_out(method: Any) -> None:
    frame = small(60)
    x = frame.x1.to_numpy()
    found = sn.bootstrap(sn.sem("x1 ~~ v*x1\nx1 ~~ x2\nx2 ~~ x2", frame), 500, seed=1)
    values = found.estimates[:, found.names.index("v")]
    ours = found.interval("v", method=method)
    leave = np.array([np.delete(x, i).var() for i in range(60)])
    influence = leave.mean() - leave
    acceleration = float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))
    assert acceleration > 0.05
    assert ours.interval == pytest.approx(interval(x.var(), values, 0.95, method, acceleration), rel=1e-6)
    assert ours.standard_error == pytest.approx(values.std(ddof=1))
    assert ours.bias == pytest.approx(values.mean() - x.var(), abs=1e-6)


def test_intervals_of_r_boot() -> None:
    """R 4.2.2, boot 1.3-28.1: `boot.ci` of t0 = 0.9 and t = log(1:99) − 3.2, with influences L."""
    values, influence = np.log(np.arange(1, 100)) - 3.2, (np.arange(1, 21) - 9.0) ** 2 / 50
    influence = influence - influence.mean()
    acceleration = float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))
    frozen: dict[Any, tuple[float, float]] = {
        "normal": (-0.15336314989, 2.89812667778),
        "basic": (0.446123108399, 3.39056208757),
        "percentile": (-1.59056208757, 1.3538768916),
        "bca": (-0.498530081928, 1.39511985013),
    }
    for method, ends in frozen.items():
        assert interval(0.9, values, 0.9, method, acceleration) == pytest.approx(ends, rel=1e-9), method
    assert isinstance(interval(0.9, values[:5], 0.9, "basic"), Unavailable)
    assert isinstance(interval(0.9, np.ones(50), 0.9, "basic"), Unavailable)
    assert isinstance(interval(99.0, values, 0.9, "bca"), Unavailable)


def test_jackknife_of_means_and_regressions() -> None:
    frame = small()
    found = sn.jackknife(sn.sem("x1 ~ m*1\nx2 ~ s*x1\nx2 ~ 1\ntwice := 2*s", frame, fixed_x=False))
    assert found["m"].standard_error == pytest.approx(frame.x1.std() / np.sqrt(40), rel=1e-9)
    assert found["m"].bias == pytest.approx(0, abs=1e-9)
    slopes = [np.polyfit(rest.x1, rest.x2, 1)[0] for rest in (frame.drop(i) for i in range(40))]
    wanted = np.sqrt(39 / 40 * np.square(slopes - np.mean(slopes)).sum())
    assert found["s"].standard_error == pytest.approx(wanted, rel=1e-5)
    assert found["twice"].standard_error == pytest.approx(2 * wanted, rel=1e-5)
    assert found.effect("x1", "x2").standard_error == pytest.approx(wanted, rel=1e-5)
    assert len(found.parameters()) == len(found.fit.model.free) + 1


def test_clusters_are_left_out_and_drawn_as_a_whole() -> None:
    frame = small().assign(c=np.repeat(np.arange(10), 4))
    fit = sn.sem("x1 ~ m*1\nx1 ~~ x2", frame, cluster="c")
    means = np.array([frame.x1[frame.c != k].mean() for k in range(10)])
    wanted = np.sqrt(9 / 10 * np.square(means - means.mean()).sum())
    assert sn.jackknife(fit)["m"].standard_error == pytest.approx(wanted, rel=1e-7)
    found = sn.bootstrap(fit, 3, seed=2)
    drawn = generator(2, 0).integers(0, 10, 10)
    mean = np.mean([frame.x1[frame.c == k].mean() for k in drawn])
    assert found.estimates[0, found.names.index("m")] == pytest.approx(mean, rel=1e-6)


def test_moments_of_replicates_are_those_of_their_rows() -> None:
    rng = np.random.default_rng(1)
    rows, weights, clusters = rng.normal(5, 1, (12, 3)), rng.random(12) + 0.1, np.repeat(np.arange(4), 3)
    counts = np.array([[2.0, 0, 1, 1], [0, 3, 0, 1]])
    found = Group.of(rows, clusters, weights).moments(("a", "b", "c"), counts)
    for b in range(2):
        taken = np.repeat(np.arange(12), counts[b][clusters].astype(int))
        w = weights[taken] / weights[taken].sum()
        mean = w @ rows[taken]
        centred = rows[taken] - mean
        assert found.n[b] == len(taken)
        assert found.means is not None
        assert found.means[b] == pytest.approx(mean)
        assert found.covariance[b] == pytest.approx((centred * w[:, None]).T @ centred)


def test_normal_moments_have_the_distribution_of_those_of_rows() -> None:
    """Means and covariances of moments over replicates, within 4 standard errors."""
    covariance, n, reps = np.array([[2.0, 0.6], [0.6, 1.0]]), 20, 20_000
    source = Normal(np.array([1.0, -1.0]), np.linalg.cholesky(covariance), np.zeros((n, 2), dtype=bool))
    found = source.moments(("a", "b"), [generator(0, i) for i in range(reps)])
    assert found.means is not None
    assert found.means.mean(0) == pytest.approx([1, -1], abs=4 * np.sqrt(2 / n / reps))
    assert np.cov(found.means.T) == pytest.approx(covariance / n, abs=0.01)
    assert found.covariance.mean(0) == pytest.approx(covariance * (n - 1) / n, abs=0.03)
    assert found.covariance[:, 0, 0].var() == pytest.approx(2 * (n - 1) / n**2 * 4, rel=0.05)
    assert found.covariance[:, 0, 1].var() == pytest.approx((n - 1) / n**2 * (2 + 0.36), rel=0.05)


def test_moved_rows_fit_exactly() -> None:
    fit = democracy()
    rows, implied = fit.sample.groups[0].rows, fit.implied_covariance
    assert rows is not None
    moved = Group.of(rows).moved(fit.moments.covariance, implied, np.zeros(7))
    assert moved.rows.T @ moved.rows / 75 == pytest.approx(implied)
    found = sn.bootstrap(fit, 400, kind="bollen.stine")
    assert isinstance(found.p_value, float)
    assert 0.01 < found.p_value < 0.99
    assert isinstance(sn.bootstrap(fit, 30).p_value, Unavailable)


def test_rows_with_gaps() -> None:
    frame = small(60)
    frame.loc[::7, "x2"] = np.nan
    fit = sn.sem("x2 ~ s*x1", frame, missing="fiml", fixed_x=False)
    found = sn.bootstrap(fit, 25, seed=4)
    rows = generator(4, 0).integers(0, 60, 60)
    again = sn.sem("x2 ~ s*x1", frame.iloc[rows], missing="fiml", fixed_x=False)
    assert found.estimates[0] == pytest.approx(list(again.estimates.values()), abs=1e-5)
    assert sn.bootstrap(fit, 25, kind="parametric").converged == 25
    assert isinstance(found.interval("s", method="bca").interval, Unavailable)
    with pytest.raises(FitError, match="complete rows"):
        sn.bootstrap(fit, 5, kind="bollen.stine")
    with pytest.raises(FitError, match="complete rows"):
        sn.jackknife(fit)


def test_permuted_labels() -> None:
    frame = small(80)
    fit = sn.sem("x2 ~ c(s, s)*x1\nx2 ~~ c(v, v)*x2", frame, group="g", meanstructure=True)
    free = sn.sem("x2 ~ x1", frame, group="g", meanstructure=True)
    found = sn.permute_groups(fit, free, 99, seed=8)
    pooled = pd.concat([frame[frame.g == "a"], frame[frame.g == "b"]])
    labels = generator(8, 0).permutation(np.repeat([0, 1], 40))
    shuffled = pooled.assign(g=np.where(labels == 0, "a", "b"))
    again = sn.sem("x2 ~ c(s, s)*x1\nx2 ~~ c(v, v)*x2", shuffled, group="g", meanstructure=True)
    assert found.values[0] == pytest.approx(float(again.chi_square), abs=1e-5)
    assert found.statistic == pytest.approx(float(fit.chi_square) - float(free.chi_square))
    assert found.p_value == (1 + (found.values >= found.statistic).sum()) / 100
    assert found.p_value > 0.01
    shifted = frame.assign(x2=frame.x2 + 2 * frame.x1 * (frame.g == "b"))
    apart = sn.sem("x2 ~ c(s, s)*x1", shifted, group="g", meanstructure=True)
    assert sn.permute_groups(apart, replicates=99).p_value == 0.01


def test_bad_questions() -> None:
    fit = democracy()
    with pytest.raises(FitError, match="replicates"):
        sn.bootstrap(fit, 0)
    with pytest.raises(FitError, match="kind"):
        sn.bootstrap(fit, 10, kind="bolen")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="seed"):
        sn.bootstrap(fit, 10, seed=-1)
    with pytest.raises(FitError, match="no rows"):
        sn.bootstrap(sn.sem("x1 ~~ x2", fit.moments), 10)
    with pytest.raises(FitError, match="no groups"):
        sn.permute_groups(fit, replicates=10)
    found = sn.bootstrap(fit, 30)
    with pytest.raises(FitError, match="no free or defined parameter 'z'"):
        found.interval("z")
    with pytest.raises(FitError, match="method"):
        found.interval("a", method="BCA")  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found.effect("ind60", "dem60", standardised=True).estimate == pytest.approx(
            fit.effect("ind60", "dem60", standardised=True).estimate
        )
