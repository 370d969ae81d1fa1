"""Two stages for missing values beside lavaan's (tests/reference/two_stage)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import Fit
from semnan.data import Patterns
from semnan.errors import FitError
from semnan.estimation.saturated import saturated

HERE = Path(__file__).parents[1] / "reference"
TWO = "f1 =~ x1 + x2 + x3 + x4\nf2 =~ x5 + x6 + x7 + x8\nf2 ~ f1"
KINDS = ("two.stage", "robust.two.stage")
#: lavaan's indices that rest on its correction of the baseline, which is of rows without gaps.
BASELINE = ("cfi", "tli", "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni", "baseline.")
#: GFI is another one here, and levels are not told.
LEFT_OUT = {"gfi", "agfi", "pgfi", "rmsea.ci.level", "rmsea.close.h0", "rmsea.notclose.h0"}


@cache
def answers() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "two_stage" / "two_stage.json").read_text(encoding="utf-8"))
    return found


CASES = {case["name"]: case for case in answers()["cases"]}


@cache
def table(name: str = "incomplete") -> pd.DataFrame:
    return pd.read_csv(HERE / "robust" / f"{name}.csv")


@cache
def fitted(name: str) -> Fit:
    args = {key.replace(".", "_"): value for key, value in CASES[name]["args"].items()}
    fit: Fit = sn.sem(CASES[name]["model"], table(args.pop("data", "incomplete")), **args)
    return fit


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_errors(name: str) -> None:
    fit, columns = fitted(name), CASES[name]["rows"]
    labels = CASES[name]["groups"] or [None]
    here = {(row.lhs, row.op, row.rhs, row.group): row for row in fit.parameters()}
    defined = {row.name: row for row in fit.defined()}
    compared = 0
    for lhs, op, rhs, group, known, error in zip(*columns.values(), strict=True):
        if op == "==" or not error:
            continue
        place = labels[max(group, 1) - 1]
        keys = ((lhs, op, rhs, place), (rhs, op, lhs, place))
        row: Any = defined[lhs] if op == ":=" else next(here[key] for key in keys if key in here)
        assert row.estimate == pytest.approx(known, abs=1e-3 * error), (lhs, op, rhs)
        assert row.standard_error == pytest.approx(error, rel=1e-3), (lhs, op, rhs)
        compared += 1
    assert compared >= 16


@pytest.mark.parametrize("name", CASES)
def test_fit_measures(name: str) -> None:
    here, exact = fitted(name).fit_measures, name == "robust.two.stage_no_gaps"
    for measure, value in CASES[name]["fit"].items():
        corrected = measure.endswith((".scaled", ".robust", "scaling.factor"))
        if value is None or measure in LEFT_OUT or (not exact and corrected and measure.startswith(BASELINE)):
            continue
        if name.endswith("independence") and measure.startswith(BASELINE):
            continue
        assert here[measure] == pytest.approx(value, rel=1e-3, abs=1e-4), measure


@pytest.mark.parametrize("kind", KINDS)
def test_the_baseline_is_corrected_as_the_independence_model(kind: str) -> None:
    ours = fitted(f"{kind}_plain").fit_measures["baseline.chisq.scaling.factor"]
    assert ours == pytest.approx(CASES[f"{kind}_independence"]["fit"]["chisq.scaling.factor"], rel=1e-3)


@pytest.mark.parametrize("said", answers()["differences"], ids=KINDS)
def test_differences_are_scaled(said: dict[str, Any]) -> None:
    free, restricted = (sn.sem(said[key], table(), missing=said["args"]["missing"]) for key in ("free", "restricted"))
    found = sn.compare(free, restricted).rows[1]
    assert found.chi_square_difference == pytest.approx(said["difference"], rel=1e-3)
    assert found.df_difference == said["df"]
    assert found.p_value == pytest.approx(said["p"], rel=1e-2)


def test_estimates_are_those_of_saturated_moments() -> None:
    names = tuple(f"x{i}" for i in range(1, 9))
    first = saturated(Patterns.from_rows(table()[list(names)].to_numpy(float), names))
    moments = sn.Moments.from_covariance(first.covariance.numpy(), names, 400, first.mean.numpy())
    known = sn.sem(TWO, moments, meanstructure=True).estimates
    assert fitted("two.stage_plain").estimates == pytest.approx(known, abs=1e-6)


def test_without_gaps_normal_errors_are_those_of_maximum_likelihood() -> None:
    """Up to the information, which is that of the sample's moments here."""
    fit, known = fitted("two.stage_no_gaps"), sn.sem(TWO, table("clustered"), meanstructure=True)
    assert fit.estimates == pytest.approx(known.estimates, abs=1e-6)
    assert fit.chi_square == pytest.approx(known.chi_square, rel=1e-9)
    assert fit.fit_measures["baseline.chisq.scaling.factor"] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_read_back(kind: str, tmp_path: Path) -> None:
    fit = fitted(f"{kind}_plain")
    fit.save(tmp_path / "fit")
    again = sn.load(tmp_path / "fit")
    assert again.estimate.stages == fit.estimate.stages
    assert again.fit_measures == fit.fit_measures
    assert again.standard_errors == fit.standard_errors
    assert kind.capitalize() in str(fit.summary())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"estimator": "MLR"}, "leave out estimator="),
        ({"information": "expected"}, "leave out estimator="),
        ({"cluster": "cluster"}, "takes rows for independent"),
        ({"sampling_weights": "weight"}, "takes rows for independent"),
    ],
)
def test_what_two_stages_are_not_for(options: dict[str, Any], told: str) -> None:
    with pytest.raises(FitError, match=told):
        sn.sem(TWO, table(), missing="two.stage", **options)


def test_covariates_vary() -> None:
    with pytest.raises(FitError, match="give fixed_x=False"):
        sn.sem(f"{TWO}\nf1 ~ w", table(), missing="two.stage", fixed_x=True)


def test_moments_are_not_enough() -> None:
    moments = sn.Moments.from_frame(table("clustered")[[f"x{i}" for i in range(1, 9)]])
    with pytest.raises(FitError, match=r"missing='two.stage' needs the rows"):
        sn.sem(TWO, moments, missing="two.stage")
    with pytest.raises(FitError, match="is for a single data set"):
        sn.sem(TWO, [table(), table()], missing="two.stage")


def test_ordered_variables_are_refused() -> None:
    cut = table().assign(x1=np.where(table()["x1"] > 0, 1.0, 0.0))
    with pytest.raises(FitError, match="is for continuous variables"):
        sn.sem(TWO, cut, ordered=["x1"], missing="two.stage")


def test_what_needs_a_likelihood_of_the_rows_is_refused() -> None:
    fit = fitted("two.stage_plain")
    with pytest.raises(FitError, match="by two stages"):
        sn.profile_interval(fit, "f1 -> f2")
    with pytest.raises(FitError, match="by two stages"):
        sn.bootstrap(fit, replicates=10)
