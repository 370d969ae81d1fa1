"""Vuong's tests: the formulas of nonnest2 in R on lavaan's numbers, simulated sizes, and what they refuse."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import Fit, FitError, Moments, Unavailable
from semnan.estimation.case_likelihood import case_log_likelihood
from semnan.estimation.casewise import Rows
from semnan.estimation.non_nested import differences

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "after_fit.json").read_text())["vuong"]
VERBAL = "textual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"
FIRST, SECOND = VERBAL + "visual =~ x1 + x2 + x3 + x9", VERBAL + "visual =~ x1 + x2 + x3\nspeed =~ x1"


def asked(*fits: Fit, **how: Any) -> sn.Vuong:
    found = sn.vuong(*fits, **how)
    assert not isinstance(found, Unavailable)
    return found


@pytest.mark.parametrize("name", SAID)
def test_the_formulas_of_nonnest2(name: str) -> None:
    said = SAID[name]
    fits = [sn.cfa(text, FRAME, meanstructure=said["means"]) for text in said["models"]]
    found = asked(*fits)
    assert found.variance == pytest.approx(said["omega"], rel=1e-4)
    assert found.ratio == pytest.approx(said["ratio"], rel=1e-6)
    if name != "one":  # Nested: nonnest2 takes the user's word for it.
        assert found.z == pytest.approx(said["z"], rel=1e-4)
        assert float(found.p_first) + float(found.p_second) == pytest.approx(1)
        assert found.p_distinguishable == pytest.approx(said["p_distinct"], rel=1e-3)
    assert found.aic_difference == pytest.approx(said["aic"], rel=1e-6)
    assert found.bic_difference == pytest.approx(said["bic"], rel=1e-5)
    rows = [Rows.of(fit.sample, fit.model.exogenous) for fit in fits]
    numbers = differences([fit.estimate for fit in fits], [part for part in rows if part is not None])
    assert not isinstance(numbers, Unavailable)
    assert np.sort(numbers.weights)[::-1][:6] == pytest.approx(said["weights"], rel=1e-3)


def test_the_other_way_round() -> None:
    one, other = sn.cfa(FIRST, FRAME), sn.cfa(SECOND, FRAME)
    found, turned = asked(one, other), asked(other, one)
    assert turned.z == pytest.approx(-float(found.z))
    assert turned.p_first == pytest.approx(found.p_second)
    assert turned.p_distinguishable == pytest.approx(found.p_distinguishable, rel=1e-6)


def test_corrections_for_the_number_of_parameters() -> None:
    one, other = sn.cfa(FIRST + "\nx4 ~~ x7", FRAME), sn.cfa(SECOND, FRAME)
    plain = asked(one, other)
    size = np.sqrt(301 * plain.variance)
    assert asked(one, other, correction="aic").z == pytest.approx((plain.ratio - 1) / size)
    assert asked(one, other, correction="bic").z == pytest.approx((plain.ratio - np.log(301) / 2) / size)
    low, high = plain.aic_interval  # type: ignore[misc]
    assert (low + high) / 2 == pytest.approx(float(one.aic) - float(other.aic))
    assert high - low == pytest.approx(2 * 1.959963984540054 * 2 * size)


@pytest.mark.parametrize("case", ["plain", "means", "gaps", "covariates", "groups"])
def test_rows_sum_to_the_log_likelihood(case: str) -> None:
    holes = FRAME.copy()
    holes.loc[:60, "x1"] = np.nan
    holes.loc[40:90, "x5"] = np.nan
    fit = {
        "plain": lambda: sn.cfa(FIRST, FRAME),
        "means": lambda: sn.cfa(FIRST, FRAME, meanstructure=True),
        "gaps": lambda: sn.cfa(FIRST, holes, missing="fiml"),
        "covariates": lambda: sn.sem(FIRST + "\nvisual ~ ageyr + sex", FRAME),
        "groups": lambda: sn.cfa(FIRST, FRAME, group="school"),
    }[case]()
    total = 0.0
    for g, group in enumerate(fit.sample.groups):
        assert group.rows is not None
        rows = group.rows[:, [fit.sample.names.index(name) for name in fit.model.visibles]]
        found = case_log_likelihood(fit.estimate, g, rows)
        assert not isinstance(found, Unavailable)
        total += float(found.sum())
    assert total == pytest.approx(float(fit.log_likelihood), rel=1e-9)


def test_groups_and_gaps() -> None:
    holes = FRAME.copy()
    holes.loc[:60, "x1"] = np.nan
    pairs = (
        [sn.cfa(text, FRAME, group="school") for text in (FIRST, SECOND)],
        [sn.cfa(text, holes, missing="fiml") for text in (FIRST, SECOND)],
    )
    for one, other in pairs:
        found = asked(one, other)
        assert found.ratio == pytest.approx(float(one.log_likelihood) - float(other.log_likelihood), rel=1e-6)
        assert 0 < found.p_distinguishable < 0.05


def test_sizes() -> None:
    """What no data can tell apart is rejected at its level; so is, of what data can, equal distance from the truth."""
    random = np.random.default_rng(5)
    apart, nearer = [], []
    for _ in range(300):
        e = random.normal(size=(200, 4))
        y = pd.DataFrame({"a": e[:, 0], "b": e[:, 1], "c": e[:, 2]})
        y["same"] = 0.5 * y["a"] + e[:, 3]
        y["both"] = 0.5 * (y["a"] + y["b"]) + e[:, 3]
        # Neither b nor c matters: the models coincide at the truth.
        one, other = sn.sem("same ~ a + b + 0*c", y, fixed_x=False), sn.sem("same ~ a + 0*b + c", y, fixed_x=False)
        apart.append(asked(one, other).p_distinguishable)
        # a and b matter as much.
        one, other = sn.sem("both ~ a + 0*b", y, fixed_x=False), sn.sem("both ~ 0*a + b", y, fixed_x=False)
        nearer.append(float(asked(one, other).p_first))
    for p in (np.array(apart), np.array(nearer)):
        for level in (0.05, 0.5):
            assert abs((p < level).mean() - level) < 3.3 * np.sqrt(level * (1 - level) / len(p))


def test_the_same_model_twice() -> None:
    one, other = sn.cfa(FIRST, FRAME), sn.cfa(FIRST, FRAME, std_lv=True)
    found = asked(one, other)
    assert found.p_distinguishable == 1
    assert isinstance(found.z, Unavailable)
    assert "same likelihood" in str(found)


def test_nested_models_are_told() -> None:
    found = asked(sn.cfa(FIRST, FRAME), sn.cfa(FIRST.replace(" + x9\nvisual", "\nvisual"), FRAME), names=["a", "b"])
    assert isinstance(found.p_first, Unavailable)
    assert found.p_first.reason == "b is nested in a: test its restrictions with compare()"
    assert "nested" in found._repr_html_()


def test_what_is_refused() -> None:
    fit = sn.cfa(FIRST, FRAME)
    with pytest.raises(FitError, match="takes fits"):
        sn.vuong(fit, "fit")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="correction is 'dic'"):
        sn.vuong(fit, fit, correction="dic")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="give two"):
        sn.vuong(fit, fit, names=["a"])
    with pytest.raises(FitError, match="give two"):
        sn.vuong(fit, fit, names="ab")
    with pytest.raises(FitError, match="same in another order"):
        sn.vuong(fit, sn.cfa(SECOND, FRAME[::-1]))
    with pytest.raises(FitError, match="301 and 300 rows"):
        sn.vuong(fit, sn.cfa(SECOND, FRAME[1:]))
    with pytest.raises(FitError, match="not about the same moments"):
        sn.vuong(fit, sn.cfa(SECOND, FRAME, meanstructure=True))
    moments = Moments.from_frame(FRAME, [f"x{i}" for i in range(1, 10)])
    with pytest.raises(FitError, match="no rows"):
        sn.vuong(sn.cfa(FIRST, moments), sn.cfa(SECOND, moments))
    clustered = [sn.cfa(text, FRAME, cluster="agemo") for text in (FIRST, SECOND)]
    with pytest.raises(FitError, match="independent rows"):
        sn.vuong(*clustered)
    stopped = sn.cfa(SECOND, FRAME, optimiser=sn.FisherScoring(max_steps=1))
    assert sn.vuong(fit, stopped) == Unavailable("fit 2 did not converge")
