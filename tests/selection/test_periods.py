"""Cross-validation of rows that are followed over periods: folds of near periods, and dependent rows left out."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

import semnan as sn
from semnan import DataError, FitError, Sample, Unavailable

LAGS = 2


def panel(units: int = 6, weeks: int = 40) -> pd.DataFrame:
    """Units that share shocks of their weeks, in no order and with gaps."""
    random = np.random.default_rng(11)
    shocks = random.normal(size=(weeks, 1, 3)) + random.normal(size=(weeks, units, 3))
    frame = pd.DataFrame(shocks.reshape(-1, 3), columns=["x", "z", "y"]).assign(
        unit=np.tile(np.arange(units), weeks), week=np.repeat(np.arange(weeks), units)
    )
    frame["y"] += 0.4 * frame["x"]
    return frame.sample(frac=0.9, random_state=3).reset_index(drop=True)


def left_out(frame: pd.DataFrame, fold: NDArray[np.int64], given: list[str]) -> NDArray[np.float64]:
    """log f(y | x) of every row at least squares of the rows that are further than `LAGS` weeks from its fold."""
    found, weeks = np.empty(len(frame)), frame["week"].to_numpy()
    design = np.column_stack([np.ones(len(frame)), frame[given]])
    for k in range(fold.max() + 1):
        mine = weeks[fold == k]
        seen = (weeks < mine.min() - LAGS) | (weeks > mine.max() + LAGS)
        slopes, *_ = np.linalg.lstsq(design[seen], frame.loc[seen, "y"], rcond=None)
        errors = frame["y"].to_numpy() - design @ slopes
        found[fold == k] = norm(0, np.sqrt((errors[seen] ** 2).mean())).logpdf(errors[fold == k])
    return found


@pytest.mark.parametrize("clustered", [False, True])
def test_stretches_of_periods(*, clustered: bool) -> None:
    frame, models = panel(), {"both": "y ~ x + z", "one": "y ~ x + 0*z"}
    cluster = "unit" if clustered else None
    found = sn.cross_validate(models, frame, folds=4, period="week", lags=LAGS, cluster=cluster)
    assert (found.fold == frame["week"].to_numpy() // 10).all()
    rows = np.column_stack([left_out(frame, found.fold, given) for given in (["x", "z"], ["x"])])
    assert found.log_likelihood == pytest.approx(rows, abs=1e-5)
    weeks, units = frame["week"].to_numpy(), frame["unit"].to_numpy()
    weight = np.maximum(1 - np.abs(weeks[:, None] - weeks) / (LAGS + 1), 0)
    if clustered:
        weight = np.where(units[:, None] == units, 6 / 5, weight)
    apart = rows[:, 0] - rows[:, 1]
    centred = apart - apart.mean()
    total, error = found.difference("both", "one")
    assert total == pytest.approx(apart.sum(), abs=1e-4)
    assert error == pytest.approx(np.sqrt(centred @ weight @ centred), rel=1e-4)


def test_a_sample_has_its_own_periods() -> None:
    frame = panel()
    sample = Sample.from_frame(frame, ["y", "x"], period="week", lags=LAGS)
    found = sn.cross_validate("y ~ x", sample, folds=4, outcomes="y")
    same = sn.cross_validate("y ~ x", frame, folds=4, outcomes="y", period="week", lags=LAGS)
    assert (found.log_likelihood == same.log_likelihood).all()
    assert not isinstance(found.r_squared[0].r_squared, Unavailable)
    holes = frame.assign(y=frame["y"].where(frame.index % 9 > 0))
    partial = sn.cross_validate("y ~ x", holes, folds=4, period="week", missing="fiml", lags=LAGS)
    whole = sn.cross_validate("y ~ x", holes, folds=4, period="week", lags=LAGS)
    assert partial.log_likelihood[whole.rows] == pytest.approx(whole.log_likelihood, abs=1e-4)


def test_what_is_refused() -> None:
    frame = panel()
    with pytest.raises(FitError, match="40 periods, less than 50 folds"):
        sn.cross_validate("y ~ x", frame, folds=50, period="week")
    with pytest.raises(FitError, match="left to learn from without fold 1"):
        sn.cross_validate("y ~ x", frame, folds=3, period="week", lags=20)
    with pytest.raises(DataError, match="lags= counts periods"):
        sn.cross_validate("y ~ x", frame, lags=3)
    with pytest.raises(FitError, match="a sample has its own"):
        sn.cross_validate("y ~ x", Sample.from_frame(frame, ["y", "x"]), period="week")
