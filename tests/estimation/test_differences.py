"""χ² differences of least squares and of tests corrected by mean and variance, beside lavaan's."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import semnan as sn
from semnan import Fit
from semnan.errors import FitError, Unavailable

REFERENCE = Path(__file__).parents[1] / "reference"
ANSWERS: dict[str, Any] = json.loads((REFERENCE / "differences" / "differences.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in ANSWERS["cases"]}
ITEMS = "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
SEVEN = [f"y{i}" for i in range(1, 8)]


@cache
def table(name: str) -> pd.DataFrame:
    if name == "ordered":
        return pd.read_csv(REFERENCE / "data" / "ordered.csv")
    found: pd.DataFrame = sn.datasets.holzinger_swineford_1939().to_frame()
    return found


def run(text: str, data: str, args: dict[str, Any]) -> Fit:
    options = {key.replace(".", "_"): value for key, value in args.items()}
    if isinstance(options.get("group_equal"), str):
        options["group_equal"] = [options["group_equal"]]
    fit: Fit = sn.sem(text, table(data), **options)
    return fit


@pytest.mark.parametrize("name", CASES)
def test_differences_of_lavaan(name: str) -> None:
    said = CASES[name]
    free = run(said["free"], said["data"], said["first"])
    restricted = run(said["restricted"], said["data"], said["second"])
    method = None if said["method"] == "default" else said["method"]
    found = sn.compare(free, restricted, method=method).rows[1]
    assert found.df_difference == said["df"]
    assert found.chi_square_difference == pytest.approx(said["difference"], rel=1e-3)
    assert found.p_value == pytest.approx(said["p"], rel=1e-2)


def test_saved_fits_are_enough(tmp_path: Path) -> None:
    pair = [run(text, "ordered", {"ordered": SEVEN}) for text in (ITEMS, f"{ITEMS}\nf ~~ 0*g")]
    known = sn.compare(*pair).rows[1].chi_square_difference
    for k, fit in enumerate(pair):
        fit.save(tmp_path / str(k))
    found = sn.compare(*(sn.load(tmp_path / str(k)) for k in range(2))).rows[1].chi_square_difference
    assert found == pytest.approx(known, rel=1e-9)


def test_estimators_that_do_not_compare() -> None:
    one, other = (sn.cfa(ITEMS, table("ordered"), ordered=SEVEN, estimator=name) for name in ("WLSMV", "ULSMV"))
    with pytest.raises(FitError, match="minimise different things"):
        sn.compare(one, other)


def test_methods_that_do_not_apply_say_so() -> None:
    pair = [run(text, "ordered", {"ordered": SEVEN}) for text in (ITEMS, f"{ITEMS}\nf ~~ 0*g")]
    found = sn.compare(*pair, method="satorra.bentler.2001").rows[1].chi_square_difference
    assert isinstance(found, Unavailable)
    assert "satorra.2000" in found.reason


def test_a_ladder_of_ordered_variables() -> None:
    """Its steps are tests whose numbers are lavaan's."""
    ladder = sn.invariance(CASES["WLSMV_groups"]["free"], table("ordered"), group="group", ordered=SEVEN)
    assert [step.name for step in ladder] == ["configural", "thresholds", "metric"]
    for step, name in zip(list(ladder)[1:], ("WLSMV_thresholds", "WLSMV_thresholds_loadings"), strict=True):
        assert step.test.chi_square_difference == pytest.approx(CASES[name]["difference"], rel=1e-3)
        assert step.test.df_difference == CASES[name]["df"]
    with pytest.raises(FitError, match="give two or more of configural, thresholds, metric, means"):
        sn.invariance(ITEMS, table("ordered"), group="group", ordered=SEVEN, steps=("configural", "strict"))


def test_equal_loadings_do_not_restrict_to_equal_thresholds() -> None:
    """Without equal thresholds loadings are equal in other units: lavaan tests, but the models are not nested."""
    args: dict[str, Any] = {"ordered": SEVEN, "group": "group"}
    metric = run(CASES["WLSMV_groups"]["free"], "ordered", {**args, "group.equal": ["loadings"]})
    scalar = run(CASES["WLSMV_groups"]["free"], "ordered", {**args, "group.equal": ["loadings", "thresholds"]})
    found = sn.compare(metric, scalar).rows[1].p_value
    assert isinstance(found, Unavailable)
    assert "not nested" in found.reason
