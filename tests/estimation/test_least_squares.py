"""Least squares and ordered variables against lavaan (tests/reference/make_ordinal.R)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan.errors import Unavailable
from semnan.model import Kind, Parameter

from ..lavaan_cases import case as lavaan_case
from ..lavaan_cases import names as lavaan_names

REFERENCE = Path(__file__).parents[1] / "reference"
OPTIONS = {"group.equal": "group_equal", "std.lv": "std_lv", "fixed.x": "fixed_x"}
DLS = {"dls.a": "dls_a", "dls.GammaNT": "dls_gamma_nt"}
OTHER_UNITS = {"rmr", "rmr_nomean", "srmr_bentler", "crmr", "srmr_mplus"}
BASELINE_ROBUST = {"cfi.robust", "tli.robust", "nnfi.robust", "rni.robust"}
#: GFI is not there for least squares; WRMR and levels are not told.
LEFT_OUT = {"gfi", "agfi", "pgfi", "wrmr", "rmsea.ci.level", "rmsea.close.h0", "rmsea.notclose.h0"}


@cache
def cases() -> dict[str, dict[str, Any]]:
    found = json.loads((REFERENCE / "ordinal.json").read_text(encoding="utf-8"))
    return {case["name"]: case for case in found}


def data(case: dict[str, Any]) -> pd.DataFrame:
    if case["data"] == "school":
        frame: pd.DataFrame = sn.datasets.holzinger_swineford_1939().to_frame()
        return frame
    return pd.read_csv(REFERENCE / "data" / f"{case['data']}.csv")


@cache
def fitted(name: str) -> sn.Fit:
    case = cases()[name]
    args = {key: value for key, value in case["args"].items() if key != "conditional.x"}
    args |= {DLS[key]: value for key, value in args.pop("estimator.args", {}).items()}
    options = {OPTIONS.get(key, key): value for key, value in args.items()}
    if isinstance(options.get("group_equal"), str):
        options["group_equal"] = [options["group_equal"]]
    if "group" in options:
        options["group_label"] = case["groups"]
    fit: sn.Fit = sn.sem(case["model"], data(case), **options)
    return fit


def rows(name: str) -> list[tuple[Parameter, float, float, float, float | None]]:
    """Free rows of covariance structure and means: estimate and error here and there."""
    fit, columns = fitted(name), cases()[name]["parameters"]
    estimates, errors = fit.estimates, fit.standard_errors
    labels = fit.model.groups or (None,)
    here = {}
    for free in fit.model.free:
        for i in free.rows:
            row = fit.model.parameters[i]
            here[row.kind, frozenset((row.source, row.target)), row.group] = (row, free.name)
    found = []
    for i, op in enumerate(columns["op"]):
        if op in ("|", "~*~"):
            continue
        lhs, rhs = columns["lhs"][i], columns["rhs"][i]
        key = KINDS[op], frozenset((lhs, rhs or lhs)), labels[columns["group"][i] - 1]
        if key in here:
            row, label = here[key]
            error = errors[label]
            assert not isinstance(error, Unavailable)
            known = columns["se"][i] if columns["free"][i] else None
            found.append((row, estimates[label], error, columns["est"][i], known))
    return found


NAMES = list(cases())


@pytest.mark.parametrize("name", NAMES)
def test_estimates_and_errors(name: str) -> None:
    assert fitted(name).converged
    found = rows(name)
    assert len(found) >= 12
    for row, estimate, error, known, known_error in found:
        assert estimate == pytest.approx(known, abs=1e-3 * (known_error or error)), row.edge
        if known_error is not None:
            assert error == pytest.approx(known_error, rel=1e-3), row.edge


@pytest.mark.parametrize("name", NAMES)
def test_fit_measures(name: str) -> None:
    here = fitted(name).fit_measures
    for measure, value in cases()[name]["fit"].items():
        if measure in LEFT_OUT or not isinstance(value, int | float):
            continue
        if measure.endswith(".robust") and name.endswith("_DWLS"):
            continue  # For WLSM of continuous variables lavaan calls robust what is not corrected at all.
        if measure in BASELINE_ROBUST and name == "all_ordered_groups":
            continue  # lavaan divides the correction of the baseline by the shares of the groups.
        if measure == "fmin" and "_DLS" in name:
            continue  # lavaan has χ² / 2 (n − 1) here, and χ² / 2 n elsewhere.
        if name.startswith("shared_") and measure in OTHER_UNITS:
            continue  # These count residuals of thresholds, and are in other units.
        if name == "ordered_WLS" and measure in ("rmr", "srmr_bentler", "crmr"):
            continue  # lavaan moves thresholds with the other moments.
        found = here[measure]
        assert not isinstance(found, Unavailable), f"{measure}: {found}"
        assert found == pytest.approx(value, rel=1e-3, abs=1e-4), measure


#: In `ordered_paths` lavaan's thresholds are those of the residual of y6, whose parent y8 has a mean.
WITH_THRESHOLDS = [name for name in NAMES if "ordered" in cases()[name]["args"] and name != "ordered_paths"]


@pytest.mark.parametrize("name", WITH_THRESHOLDS)
def test_thresholds(name: str) -> None:
    fit, columns = fitted(name), cases()[name]["parameters"]
    labels = fit.model.groups or (None,)
    here = {(row.name, f"t{row.level}", row.group): row for row in fit.thresholds}
    rows = [i for i, op in enumerate(columns["op"]) if op == "|"]
    assert len(rows) == len(here)
    for i in rows:
        row = here[columns["lhs"][i], columns["rhs"][i], labels[columns["group"][i] - 1]]
        assert row.estimate == pytest.approx(columns["est"][i], abs=1e-3 * columns["se"][i])
        assert row.standard_error == pytest.approx(columns["se"][i], rel=1e-3)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("shared_")])
def test_scales(name: str) -> None:
    """One over the standard deviations of latent responses in all groups but the first."""
    fit, columns = fitted(name), cases()[name]["parameters"]
    here = {(row.lhs, row.group): row for row in fit.parameters() if row.op == "~*~"}
    rows = [i for i, op in enumerate(columns["op"]) if op == "~*~" and columns["free"][i]]
    assert rows
    assert len(rows) == len(here)
    for i in rows:
        row = here[columns["lhs"][i], fit.model.groups[columns["group"][i] - 1]]
        assert row.estimate == pytest.approx(columns["est"][i], abs=1e-3 * columns["se"][i])
        assert row.standard_error == pytest.approx(columns["se"][i], rel=1e-3)


WITH_CORRELATIONS = [name for name in WITH_THRESHOLDS if cases()[name]["sample"]]


@pytest.mark.parametrize("name", WITH_CORRELATIONS)
def test_correlations_of_latent_responses(name: str) -> None:
    """Polychoric and polyserial ones; lavaan searches for each to about six digits."""
    said, sample = cases()[name]["sample"], fitted(name).estimate.samples[0]
    at = np.array([sample.names.index(variable) for variable in said["names"]])
    columns, rows = np.triu_indices(len(at))
    assert sample.covariance[at[rows], at[columns]] == pytest.approx(said["cov"], abs=1e-5)


@pytest.mark.parametrize(
    "name", ["ordered_groups_loadings", "ordered_WLS", "school_GLS", "all_ordered_WLSMV", "shared_loadings"]
)
def test_saved_and_read_back(name: str, tmp_path: Path) -> None:
    fit = fitted(name)
    fit.save(tmp_path / "fit")
    again = sn.load(tmp_path / "fit")
    assert again.model == fit.model
    assert again.estimate.squares == fit.estimate.squares
    assert again.fit_measures == fit.fit_measures
    assert again.thresholds == fit.thresholds


KINDS = {"=~": Kind.PATH, "~": Kind.PATH, "~~": Kind.COVARIANCE, "~1": Kind.INTERCEPT}
SHARED = [name for name in lavaan_names() if name.startswith("shared/")]


@pytest.mark.parametrize("estimator", ["GLS", "ULS", "WLS"])
@pytest.mark.parametrize("name", SHARED)
def test_shared_cases(name: str, estimator: str) -> None:
    """lavaan 0.7: errors and tests of ULS are those of normal theory."""
    known = lavaan_case(name)
    said = (known.said.get("other_estimators") or {}).get(estimator)
    if said is None:
        pytest.skip("lavaan was not asked")
    fit: sn.Fit = getattr(sn, known.function)(known.text, known.data, **known.options, estimator=estimator)
    labels = fit.model.groups or (None,)
    rows = [(free.name, fit.model.parameters[i]) for free in fit.model.free for i in free.rows]
    here = {(row.kind, frozenset((row.source, row.target)), row.group): label for label, row in rows}
    estimates, errors = fit.estimates, fit.standard_errors
    for row in said["estimates"]:
        key = (
            KINDS.get(row["op"]),
            frozenset((row["lhs"], row["rhs"] or row["lhs"])),
            labels[(row.get("group") or 1) - 1],
        )
        if row["se"] and key in here:
            assert estimates[here[key]] == pytest.approx(row["est"], abs=1e-3 * row["se"])
            assert errors[here[key]] == pytest.approx(row["se"], rel=1e-3)
    for measure in ("chisq", "df", "baseline.chisq", "cfi", "srmr"):
        if said["fit"].get(measure) is not None:
            assert fit.fit_measures[measure] == pytest.approx(said["fit"][measure], rel=1e-3, abs=1e-6), measure
