"""Clusters and sampling weights: what is read, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import DataError, FitError, Sample

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({name: RNG.normal(size=30) for name in ("x1", "x2", "x3")}).assign(
    c=[f"c{i % 6}" for i in range(30)], w=RNG.random(30) + 0.5, g=["a", "b"] * 15
)
TEXT = "f =~ x1 + x2 + x3"


def test_weights_have_mean_one_and_weigh_moments() -> None:
    sample = Sample.from_frame(FRAME, ["x1", "x2"], weights="w", cluster="c")
    group = sample.groups[0]
    assert group.design.weights is not None
    assert group.design.clusters is not None
    assert group.design.weights.mean() == pytest.approx(1)
    assert group.design.clusters.tolist() == [i % 6 for i in range(30)]
    assert isinstance(group.data, sn.Moments)
    wanted = np.cov(FRAME[["x1", "x2"]].T, aweights=FRAME.w, ddof=0)
    assert group.data.covariance == pytest.approx(wanted)
    assert group.data.mean == pytest.approx(np.average(FRAME[["x1", "x2"]], axis=0, weights=FRAME.w))
    assert sample.select(["x2"]).groups[0].design is group.design


def test_designs_follow_groups_and_rows_left_out() -> None:
    frame = FRAME.assign(x1=FRAME.x1.where(FRAME.index != 3))
    sample = Sample.from_frame(frame, ["x1", "x2"], group="g", weights="w")
    first = frame[(frame.g == "a") & frame.x1.notna()]
    assert sample.groups[0].design.weights == pytest.approx(first.w.to_numpy() / first.w.mean())
    gaps = Sample.from_frame(frame, ["x1", "x2", "x3"], cluster="c", missing="fiml").select(["x1"])
    assert gaps.groups[0].design.clusters is not None
    assert len(gaps.groups[0].design.clusters) == 29


def test_rows_without_a_cluster_are_left_out_and_told() -> None:
    sample = Sample.from_frame(FRAME.assign(c=FRAME.c.where(FRAME.index > 1)), ["x1", "x2"], cluster="c")
    assert sample.n == 28
    assert "2 of 30 rows have no value in the cluster column c" in sample.notes[0]


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_bad_weights(value: float) -> None:
    with pytest.raises(DataError, match="'w' of row 4"):
        sn.sem(TEXT, FRAME.assign(w=FRAME.w.where(FRAME.index != 4, value)), sampling_weights="w")


def test_bad_designs() -> None:
    with pytest.raises(DataError, match="one cluster"):
        sn.sem(TEXT, FRAME.assign(c="same"), cluster="c")
    with pytest.raises(DataError, match="no column 'house'"):
        sn.sem(TEXT, FRAME, cluster="house")
    with pytest.raises(DataError, match="both a variable"):
        sn.sem(TEXT, FRAME, sampling_weights="x1")
    with pytest.raises(DataError, match="name columns of a data frame"):
        sn.sem(TEXT, sn.Moments.from_frame(FRAME[["x1", "x2", "x3"]]), cluster="c")
    with pytest.raises(FitError, match="MLMV takes rows for independent"):
        sn.sem(TEXT, FRAME, cluster="c", estimator="MLMV")
    with pytest.raises(FitError, match="MLM does not know sampling weights"):
        sn.sem(TEXT, FRAME, sampling_weights="w", estimator="MLM")
    gaps = FRAME.assign(x1=FRAME.x1.where(FRAME.index != 3))
    with pytest.raises(FitError, match="MLM needs complete rows"):
        sn.sem(TEXT, gaps, estimator="MLM", missing="fiml")
    with pytest.raises(FitError, match="complete rows"):
        sn.sem(TEXT, gaps, sampling_weights="w", missing="fiml")
    with pytest.raises(FitError, match="need the rows"):
        sn.sem(TEXT, sn.Moments.from_frame(FRAME[["x1", "x2", "x3"]]), estimator="MLR")
    with pytest.raises(FitError, match="the estimator is 'mlr'"):
        sn.sem(TEXT, FRAME, estimator="mlr")  # type: ignore[call-overload]


def test_few_clusters_are_told() -> None:
    fit = sn.sem(TEXT, FRAME, cluster="c")
    assert "few clusters" in [found.kind for found in fit.findings]
    assert "few clusters" not in [found.kind for found in sn.sem(TEXT, FRAME).findings]
