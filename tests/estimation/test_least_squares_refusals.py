"""What least squares and ordered variables refuse, and what they say."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan.errors import DataError, FitError, ModelError, Unavailable
from semnan.estimation.correction import Correction
from semnan.estimation.squares import LeastSquares

DATA = Path(__file__).parents[1] / "reference" / "data" / "ordered.csv"
ITEMS = "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
SEVEN = [f"y{i}" for i in range(1, 8)]
MIXED: dict[str, Any] = {"estimator": "DLS", "dls_a": 0.0}
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"


@cache
def frame() -> pd.DataFrame:
    return pd.read_csv(DATA)


@cache
def school() -> pd.DataFrame:
    found: pd.DataFrame = sn.datasets.holzinger_swineford_1939().to_frame()
    return found


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (
            ITEMS,
            {"meanstructure": True},
            "means of models with ordered variables are fitted if groups share thresholds",
        ),
        (f"{ITEMS}\ny1 ~~ 1*y1", {}, "residual variance of the ordered variable 'y1'"),
        (f"{ITEMS}\ny1 ~~ a*y1\ny2 ~~ a*y2", {}, "residual variance of the ordered variable 'y1'"),
        (f"{ITEMS}\ny8 ~ y7", {}, "'y7' has parents and children"),
        (ITEMS, {"estimator": "MLR"}, "MLR is not for ordered variables"),
        (ITEMS, {"estimator": "GLS"}, "GLS is not for ordered variables"),
        (ITEMS, {"information": "first.order"}, "no first-order information"),
    ],
)
def test_models_with_ordered_variables(text: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(FitError, match=told):
        sn.sem(text, frame(), ordered=SEVEN, **options)


def test_fixed_covariates_of_ordered_variables() -> None:
    with pytest.raises(FitError, match="give fixed_x=False, so that 'y8' is normal"):
        sn.sem("f =~ y1 + y2 + y3\nf ~ y8", frame(), ordered=["y1", "y2", "y3"], fixed_x=True)


def test_data_of_ordered_variables() -> None:
    with pytest.raises(ModelError, match="'y9' is not a visible"):
        sn.cfa(ITEMS, frame().assign(y9=frame()["y1"]), ordered=[*SEVEN, "y9"])
    with pytest.raises(DataError, match="need the rows of the data"):
        sn.cfa(ITEMS, sn.Moments.from_frame(frame()[[*SEVEN, "y8"]]), ordered=SEVEN)
    with pytest.raises(DataError, match=r"'y8' has .* categories"):
        sn.cfa(ITEMS, frame(), ordered=[*SEVEN, "y8"])
    with pytest.raises(DataError, match="fit many one by one"):
        sn.cfa(ITEMS, [frame(), frame()], ordered=SEVEN)
    with pytest.raises(DataError, match="'y1' has 5 categories in the data, but 2 threshold"):
        sn.cfa(f"{ITEMS}\ny1 | t1 + t2", frame())
    rare = frame()[~((frame()["group"] == "a") & (frame()["y4"] == 1))]
    with pytest.raises(DataError, match="'y4' never has the category 1 here"):
        sn.cfa(ITEMS, rare, ordered=SEVEN, group="group")


def test_thresholds_of_the_text_are_enough() -> None:
    marks = "\n".join(
        f"y{i + 1} | " + " + ".join(f"t{k + 1}" for k in range(frame()[f"y{i + 1}"].nunique() - 1)) for i in range(7)
    )
    written = sn.cfa(f"{ITEMS}\n{marks}", frame(), fixed_x=False)
    named = sn.cfa(ITEMS, frame(), ordered=SEVEN)
    assert written.model == named.model
    assert written.estimates == named.estimates
    assert written.estimate.estimator == "WLSMV"


def test_gaps_are_left_out() -> None:
    """Ordered variables take complete rows."""
    gaps = frame().copy()
    gaps.loc[3, "y2"] = np.nan
    fit = sn.cfa(ITEMS, gaps, ordered=SEVEN)
    assert fit.estimate.n == len(gaps) - 1
    with pytest.raises(FitError, match="WLSMV needs complete rows"):
        sn.cfa(ITEMS, gaps, ordered=SEVEN, missing="fiml")


def test_what_is_not_there_says_why() -> None:
    fit = sn.cfa(ITEMS, frame(), ordered=SEVEN)
    for value in (fit.log_likelihood, fit.aic, fit.fit_measures["cfi.robust"]):
        assert isinstance(value, Unavailable), value


def test_latent_responses_have_variance_one() -> None:
    fit = sn.cfa(ITEMS, frame(), ordered=SEVEN)
    sigma = fit.estimate.implied[0].sigma
    assert sigma.diagonal()[:7].numpy() == pytest.approx(np.ones(7), abs=1e-9)


def test_full_weights_need_rows() -> None:
    with pytest.raises(DataError, match="20 rows are too few for the full weight of 21 moments"):
        sn.cfa(THREE, school()[:20], estimator="WLS")
    moments = sn.Moments.from_frame(school()[[f"x{i}" for i in range(1, 7)]])
    with pytest.raises(FitError, match="WLS needs the rows"):
        sn.cfa(THREE, moments, estimator="WLS")


def test_normal_theory_needs_moments_alone() -> None:
    moments = sn.Moments.from_frame(school()[[f"x{i}" for i in range(1, 7)]])
    for estimator in ("GLS", "ULS"):
        here, there = (sn.cfa(THREE, data, estimator=estimator) for data in (moments, school()))
        assert list(here.estimates.values()) == pytest.approx(list(there.estimates.values()), rel=1e-7)
        assert list(here.standard_errors.values()) == pytest.approx(list(there.standard_errors.values()), rel=1e-7)
        assert here.chi_square == pytest.approx(there.chi_square, rel=1e-7)


def test_a_singular_covariance_is_told() -> None:
    doubled = school().assign(x6=lambda table: table["x4"] + table["x5"])
    with pytest.raises(DataError, match="x6"):
        sn.cfa(THREE, doubled, estimator="GLS")


def test_few_values_are_told_unless_they_are_ordered() -> None:
    told = [found.names for found in sn.cfa(ITEMS, frame()).findings if found.kind == "few values"]
    assert told == [("y2", "y3", "y5", "y7")]
    assert not sn.cfa(ITEMS, frame(), ordered=SEVEN).findings


def test_an_empty_cell_is_told() -> None:
    table = frame().assign(y3=lambda t: (t["y3"] > 1).astype(int))
    table["y7"] = np.where(table["y3"] == 1, 1, (np.arange(len(table)) % 3 == 0).astype(int))
    fit = sn.cfa("f =~ y1 + y2 + y3 + y7", table, ordered=["y1", "y2", "y3", "y7"])
    found = next(found for found in fit.findings if found.kind == "empty cell")
    assert found.names == ("y3", "y7")
    assert "y3 and y7" in found.message


def test_the_same_variable_twice_is_told() -> None:
    table = frame().assign(y2=frame()["y1"])
    fit = sn.cfa("f =~ y1 + y2 + y3 + y4", table, ordered=["y1", "y2", "y3", "y4"])
    found = next(found for found in fit.findings if found.kind == "correlation of one")
    assert found.names == ("y1", "y2")


def test_an_ordered_predictor_is_its_latent_response() -> None:
    """A saturated regression on it: the slope is the covariance with a variable of variance one."""
    fit = sn.sem("y8 ~ y1", frame(), ordered=["y1"])
    sample = fit.estimate.samples[0]
    assert sample.names == ("y8", "y1")
    assert fit.estimates["y1 -> y8"] == pytest.approx(sample.covariance[0, 1], rel=1e-9)
    assert fit.estimates["y1 <-> y1"] == pytest.approx(1.0, abs=1e-12)
    assert fit.standard_errors["y1 <-> y1"] == pytest.approx(0.0, abs=1e-9)
    assert fit.df == 0


def test_a_variance_that_does_not_vary_is_told() -> None:
    table = school().iloc[:300].assign(x6=np.arange(300) % 2)
    with pytest.raises(DataError, match="every row of 'x6' is as far from the mean"):
        sn.cfa(THREE, table, estimator="DWLS")


def test_robust_indices_of_groups_add_up() -> None:
    """Two groups of the same rows have twice the misfit and twice its correction."""
    table = frame()[SEVEN]
    both = pd.concat([table.assign(group="a"), table.assign(group="b")], ignore_index=True)
    text = "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7"
    one = sn.cfa(text, table, ordered=SEVEN).estimate.squares
    two = sn.cfa(text, both, ordered=SEVEN, group="group").estimate.squares
    assert isinstance(one, LeastSquares)
    assert isinstance(two, LeastSquares)
    assert isinstance(one.correction, Correction)
    assert isinstance(two.correction, Correction)
    assert list(asdict(two.correction).values()) == pytest.approx(
        [2 * value for value in asdict(one.correction).values()], rel=1e-5
    )


def test_indefinite_correlations_have_no_robust_indices() -> None:
    """Those of pairs need not go together in few rows."""
    cuts = dict(zip(SEVEN, (3, 2, 1, 3, 2, 3, 1), strict=True))
    few = frame()[:30].assign(**{name: (frame()[name] > cut).astype(int) for name, cut in cuts.items()})
    value = sn.cfa("f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7", few, ordered=SEVEN).fit_measures["cfi.robust"]
    assert isinstance(value, Unavailable)
    assert "not positive definite" in value.reason


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"estimator": "DLS", "dls_a": 1.5}, "dls_a is 1.5: give a number from 0 to 1"),
        ({"estimator": "DLS", "dls_gamma_nt": "data"}, "give one of model, sample"),
        ({"estimator": "WLS", "dls_a": 0.5}, "dls_a and dls_gamma_nt are for estimator='DLS'"),
        ({"dls_gamma_nt": "sample"}, "dls_a and dls_gamma_nt are for estimator='DLS'"),
        ({"estimator": "DLS", "ordered": ["x1"]}, "DLS is not for ordered variables"),
    ],
)
def test_options_of_mixed_weights(options: dict[str, Any], told: str) -> None:
    table = school().assign(x1=(school()["x1"] > 5).astype(int)) if "ordered" in options else school()
    with pytest.raises(FitError, match=told):
        sn.cfa(THREE, table, **options)


def test_a_mixed_weight_without_normality_is_the_full_one() -> None:
    """But for the divisor of the covariance, and the errors, which are robust."""
    full, mixed = (sn.cfa(THREE, school(), **options) for options in ({"estimator": "WLS"}, MIXED))
    assert list(mixed.estimates.values()) == pytest.approx(list(full.estimates.values()), rel=1e-2)


@pytest.mark.parametrize("estimator", ["ULS", "DLS", "WLSMV", "ML"])
def test_summaries_say_where_errors_come_from(estimator: Any) -> None:
    assert "Standard errors" in str(sn.cfa(THREE, school(), estimator=estimator).summary())


def test_shared_thresholds_are_of_groups_of_ordered_variables() -> None:
    with pytest.raises(ModelError, match="no variable is ordered"):
        sn.cfa(ITEMS, frame(), group="group", group_equal=["thresholds"])
    with pytest.raises(FitError, match="leave out starts="):
        sn.cfa(ITEMS, frame(), ordered=SEVEN, group="group", group_equal=["thresholds"], starts=2)


def test_shared_thresholds_are_one_parameter() -> None:
    fit = sn.cfa(ITEMS, frame(), ordered=SEVEN, group="group", group_equal=["thresholds", "loadings"])
    first, second = ([step.estimate for step in fit.thresholds if step.group == group] for group in ("a", "b"))
    assert first == second
    value = fit.fit_measures["cfi.robust"]
    assert isinstance(value, Unavailable)
    assert "thresholds that groups share" in value.reason
