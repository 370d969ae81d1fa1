"""Modification indices: lavaan's numbers, what is listed, and what they promise."""

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import FitError, PathModel, Unavailable
from semnan.estimation.modification import ModificationIndex
from semnan.report import Listing

from .references import fitted, having, modification_rows, shared

VALUES = {"mi": "mi", "epc": "epc", "sepc.lv": "sepc_lv", "sepc.all": "sepc_all", "sepc.nox": "sepc_nox"}
FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def listed(fit: sn.Fit, **options: object) -> Listing[ModificationIndex]:
    found = fit.modification_indices(**options)  # type: ignore[arg-type]
    assert not isinstance(found, Unavailable)
    return found


@pytest.mark.parametrize("name", having("modindices"))
def test_every_index_of_lavaan(name: str) -> None:
    fit = fitted(name)
    ours = {(row.lhs, row.op, row.rhs, row.group): row for row in listed(fit)}
    compared = 0
    for row in modification_rows(name):
        if row["lhs"] in fit.model.exogenous:
            continue  # What the model is given has no equation.
        turned = (row["rhs"], "~~", row["lhs"], row["group"])
        found = ours.get((row["lhs"], row["op"], row["rhs"] or "", row["group"])) or ours[turned]
        # Of a variance, lavaan standardises the estimate in place of its change.
        kept = ("mi", "epc") if row["op"] == "~~" and row["lhs"] == row["rhs"] else tuple(VALUES)
        wanted = {key: row[key] for key in kept if row[key] is not None}
        tolerance = 1e-6 if shared(name) else 1e-9
        assert {key: getattr(found, VALUES[key]) for key in wanted} == pytest.approx(wanted, rel=1e-3, abs=tolerance)
        compared += 1
    assert compared >= 2


def test_all_that_lavaan_lists_and_no_more() -> None:
    # A three-factor model: 9 × 2 cross-loadings and 36 residual covariances; markers are not determined.
    found = listed(fitted("std_lv"))
    assert sum(row.sort == "loading" for row in found) == 18
    assert sum(row.sort == "covariance" for row in found) == 36
    assert len(found) == 54
    assert [row.mi for row in found] == sorted((row.mi for row in found), reverse=True)


def test_small_changes_are_foretold_exactly() -> None:
    # The population has a cross-loading of .001 that the model has not: first order is all there is.
    implied = sn.cfa(CFA, FRAME).implied()
    lift = np.eye(len(implied.names))
    lift[implied.names.index("x9"), implied.names.index("visual")] = 0.001
    visible = slice(0, 9)
    moments = sn.Moments.from_covariance((lift @ implied.covariance @ lift.T)[visible, visible], implied.names[:9], 500)
    fit, freed = sn.cfa(CFA, moments), sn.cfa(f"{CFA}\nvisual =~ x9", moments)
    (first,) = listed(fit, most=1)
    assert (first.lhs, first.op, first.rhs) == ("visual", "=~", "x9")
    assert first.epc == pytest.approx(0.001, rel=1e-2)
    assert first.mi == pytest.approx(float(fit.chi_square) - float(freed.chi_square), rel=1e-2)


def test_selection() -> None:
    fit = sn.cfa(CFA, FRAME)
    assert all(row.sort == "covariance" and row.mi >= 5 for row in listed(fit, sorts=["covariance"], least=5.0))
    assert len(listed(fit, most=4)) == 4
    assert not listed(fit, most=0)
    assert [row.sort for row in listed(fit, sorts="loading", most=2)] == ["loading", "loading"]
    with pytest.raises(FitError, match="no sort 'loadings'"):
        fit.modification_indices(sorts=["loadings"])


def test_a_loop_may_be_closed_and_a_sink_may_cause() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 3))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 0] + x[:, 1], "c": x[:, 0] + x[:, 2]})
    fit = sn.sem("b ~ a\nc ~ a\nb ~~ 0*c", frame)
    assert {(row.lhs, row.op, row.rhs) for row in listed(fit)} == {("b", "~", "c"), ("c", "~", "b"), ("b", "~~", "c")}
    assert len({round(row.mi, 9) for row in listed(fit)}) == 1  # The three are one restriction.


def test_not_before_the_minimum() -> None:
    fit = sn.cfa(CFA, FRAME, optimiser=sn.FisherScoring(max_steps=1))
    found = fit.modification_indices()
    assert isinstance(found, Unavailable)
    assert "did not converge" in found.reason
    with pytest.raises(FitError, match="most is -1"):
        fit.modification_indices(most=-1)


def test_not_for_other_discrepancies() -> None:
    fit = sn.fit(PathModel.from_lavaan(CFA, function="cfa"), FRAME, discrepancy=sn.UnweightedLeastSquares)
    found = fit.modification_indices()
    assert isinstance(found, Unavailable)
    assert "maximum likelihood" in found.reason
