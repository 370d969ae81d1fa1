"""What rows do to a fit: beside fits without each of them, one by one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import Fit, FitError, Unavailable

CFA = "f =~ x1 + a*x2 + b*x3 + x4\ng =~ x5 + x6 + x7"


def table(n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Two factors, an outlier in row 7, weights and groups."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 2)) @ np.array([[1.0, 0.5], [0.0, 0.9]])
    values = factors.repeat([4, 3], axis=1) + 0.7 * rng.normal(size=(n, 7))
    values[7] += [4, -4, 4, -4, 0, 3, 0]
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(1, 8)])
    return frame.assign(w=rng.uniform(0.5, 2, n), g=["one", "two", "two"] * (n // 3))


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (CFA, {}),
    "means": (CFA, {"meanstructure": True}),
    "covariates": ("x5 ~ x1 + x2\nx6 ~ x5 + x3\nx5 ~~ x6", {"meanstructure": True}),
    "covariates without means": ("x5 ~ x1 + x2\nx6 ~ x5 + x3", {}),
    "groups": (CFA.replace("a*", "").replace("b*", ""), {"group": "g", "group_equal": ["loadings"]}),
    "equality": (CFA + "\na == 2*b - 1", {}),
    "product": (CFA + "\na*b == 1", {}),
    "inequality": (CFA + "\na < 0.5*b", {}),
    "bound": (CFA + "\nf ~~ upper(0.1)*g", {}),
    "near a bound": (CFA + "\nf ~~ upper(0.71)*g", {}),
    "weights": (CFA, {"sampling_weights": "w"}),
    "observed": (CFA, {"information": "observed"}),
}


@pytest.mark.parametrize("name", CASES)
def test_fits_without_each_row(name: str) -> None:
    text, options = CASES[name]
    frame = table()
    fit: Fit = sn.sem(text, frame, **options)
    found = fit.influence()
    assert len(found) == 60
    assert found.failures == {}
    kind = "expected" if fit.estimate.information == "expected" else "observed"
    for i in range(0, 60, 6):
        row = int(found.rows[i])
        rest: Fit = sn.fit(fit.model, frame.drop(row), group=options.get("group"), **_how(options))
        theta = rest.estimate.theta.numpy()
        assert found.estimates[i] == pytest.approx(theta, abs=2e-5), row
        assert not isinstance(found.chi_square, Unavailable)
        assert found.chi_square[i] == pytest.approx(float(fit.chi_square) - float(rest.chi_square), abs=1e-4)
        assert not isinstance(found.changes, Unavailable)
        if "sampling_weights" in options:
            continue  # Whose standard errors are a sandwich.
        assert kind == rest.estimate.information
        for k, (parameter, error) in enumerate(rest.standard_errors.items()):
            change = found.changes[i, k]
            if isinstance(error, float) and error > 1e-6:
                moved = fit.estimates[parameter] - rest.estimates[parameter]
                assert change == pytest.approx(moved / error, abs=2e-3 if name == "product" else 1e-3), parameter
        if isinstance(rest.vcov, np.ndarray) and np.linalg.matrix_rank(rest.vcov) == len(theta):
            moved = theta - fit.estimate.theta.numpy()
            assert not isinstance(found.cook, Unavailable)
            assert found.cook[i] == pytest.approx(moved @ np.linalg.inv(rest.vcov) @ moved, rel=2e-2, abs=1e-6)


def _how(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in ("sampling_weights", "information")}


def test_likelihood_distance() -> None:
    """The log-likelihood of all rows at the estimates without one, by a model that is fixed there."""
    frame = table()
    fit = sn.sem("x2 ~ x1\nx2 ~ 1", frame)
    found = fit.influence()
    values = dict(zip(found.names, found.estimates[7].tolist(), strict=True))
    residual = frame.x2 - values["1 -> x2"] - values["x1 -> x2"] * frame.x1
    variance = values["x2 <-> x2"]
    there = -0.5 * float((np.log(2 * np.pi * variance) + residual**2 / variance).sum())
    assert found.likelihood_distance[7] == pytest.approx(2 * (float(fit.log_likelihood) - there), rel=1e-6)


def test_outlier_is_first() -> None:
    found = sn.sem(CFA, table()).influence()
    first = found.most(3)[0]
    assert first.row == 7
    assert isinstance(first.change, float)
    assert isinstance(found.changes, np.ndarray)
    assert abs(first.change) == pytest.approx(np.abs(found.changes[7]).max())
    assert first.parameter in found.names
    assert "likelihood_distance" in str(found)
    assert len(found.most(200)) == 60


def test_rows_keep_their_numbers() -> None:
    frame = table()
    frame.loc[[2, 5], "x1"] = np.nan
    found = sn.sem(CFA, frame).influence()
    assert found.rows.tolist() == [i for i in range(60) if i not in (2, 5)]
    assert found.most(1)[0].row == 7
    groups = sn.sem(CFA, frame, group="g", group_equal=["loadings"]).influence()
    wanted = [i for i in range(60) if i % 3 == 0] + [i for i in range(60) if i % 3 and i not in (2, 5)]
    assert groups.rows.tolist() == wanted
    assert groups.to_frame().group.tolist() == ["one"] * 20 + ["two"] * 38


def test_rows_with_gaps_take_one_step() -> None:
    frame = table(300)
    frame = frame.assign(x2=frame.x2.where(frame.index % 5 > 0))
    fit = sn.sem(CFA, frame, missing="fiml")
    found = fit.influence()
    assert isinstance(found.chi_square, Unavailable)
    assert isinstance(found.changes, np.ndarray)
    for row in (0, 1, 55):
        rest = sn.fit(fit.model, frame.drop(row), missing="fiml")
        errors = np.array([float(error) for error in rest.standard_errors.values()])
        wanted = (fit.estimate.theta.numpy() - rest.estimate.theta.numpy()) / errors
        assert found.changes[row] == pytest.approx(wanted, abs=0.1 * np.abs(wanted).max())
    first = found.most(np.int64(1))[0]
    assert first.row == 7
    assert first.likelihood_distance == pytest.approx(found.likelihood_distance[7], rel=1e-9)
    assert found.to_frame().chi_square.isna().all()


@pytest.mark.parametrize("constraint", ["a == b", "a*b == 0.4"])
def test_one_step_stays_within_constraints(constraint: str) -> None:
    frame = table(300)
    frame = frame.assign(x2=frame.x2.where(frame.index % 5 > 0))
    found = sn.sem(f"{CFA}\n{constraint}", frame, missing="fiml").influence()
    a, b = (found.estimates[:, found.names.index(name)] for name in "ab")
    missed = a - b if constraint == "a == b" else a * b - 0.4
    assert missed == pytest.approx(0, abs=2e-3)
    assert np.ptp(a) > 0.02


def test_two_stages_are_refused() -> None:
    frame = table(300)
    frame = frame.assign(x2=frame.x2.where(frame.index % 5 > 0))
    with pytest.raises(FitError, match="two-stage"):
        sn.sem(CFA, frame, missing="two.stage").influence()


def test_what_no_row_can_tell() -> None:
    """Two indicators do not determine loading and variance; without a row of three a covariance is singular."""
    fit = sn.sem("f =~ x1 + x2", table())
    found = fit.influence()
    assert fit.not_identified
    assert np.isnan(found.changes).all(0).any()
    rows = pd.DataFrame({"x1": [0.0, 1.0, 2.0, 4.0], "x2": [1.0, 2.0, 3.0, 2.5]})
    few = sn.sem("x1 ~~ x2", rows).influence()
    assert few.failures == {"singular covariance without the row": 1}
    case = few.most(1)[0]
    assert case.row == 3
    assert isinstance(case.cook, Unavailable)
    assert "singular" in str(few)
    assert few.to_frame().cook.isna().sum() == 1
    assert "1 without a fit" in repr(few)


def test_frames_and_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = sn.sem(CFA, table()).influence()
    frame = found.to_frame()
    assert list(frame.columns[:4]) == ["row", "cook", "likelihood_distance", "chi_square"]
    assert frame.shape == (60, 4 + len(found.names))
    found.draw(tmp_path / "influence.png")
    assert (tmp_path / "influence.png").stat().st_size > 10_000


def test_what_is_refused() -> None:
    frame = table()
    with pytest.raises(FitError, match="no rows"):
        sn.sem(CFA, sn.Moments.from_frame(frame[[f"x{i}" for i in range(1, 8)]])).influence()
    with pytest.raises(FitError, match="not maximum likelihood"):
        sn.sem(CFA, frame, estimator="ULS").influence()
    with pytest.raises(FitError, match="count is 0"):
        sn.sem(CFA, frame).influence().most(0)
