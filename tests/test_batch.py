"""Many data sets in one batch: what a single fit says, each says too."""

import numpy as np
import pytest

import semnan as sn
from semnan.errors import DataError, FitError

TEXT = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
FRAME = sn.datasets.holzinger_swineford_1939().to_frame()


def test_observed_information_as_in_a_single_fit() -> None:
    one, (other,) = sn.cfa(TEXT, FRAME, information="observed"), sn.cfa(TEXT, [FRAME], information="observed")
    assert other.standard_errors == pytest.approx(one.standard_errors, rel=1e-8)
    assert other.standard_errors != pytest.approx(sn.cfa(TEXT, FRAME).standard_errors, rel=1e-4)


def test_rows_left_out_are_told() -> None:
    holes = FRAME.copy()
    holes.loc[3, "x1"] = np.nan
    whole, rest = sn.cfa(TEXT, [FRAME, holes])
    assert "rows left out" not in [finding.kind for finding in whole.findings]
    assert "rows left out" in [finding.kind for finding in rest.findings]
    assert rest.moments.n == 300


def test_what_a_batch_does_not_take_is_refused() -> None:
    with pytest.raises(FitError, match="estimator= is for a single data set"):
        sn.cfa(TEXT, [FRAME], estimator="MLR")
    with pytest.raises(FitError, match="rows"):
        sn.cfa(TEXT, [FRAME], information="first.order")
    holes = FRAME.copy()
    holes.loc[3, "x1"] = np.nan
    with pytest.raises(DataError, match="one by one"):
        sn.cfa(TEXT, [holes], missing="fiml")
