"""Power of tests of fit: semTools' numbers, noncentral χ² of scipy, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import chi2, ncx2

import semnan as sn
from semnan import FitError

SAID: list[list[Any]] = json.loads((Path(__file__).parents[1] / "reference" / "after_fit.json").read_text())["power"]


@pytest.mark.parametrize("case", SAID)
def test_semtools(case: list[Any]) -> None:
    null, rmsea, df, n, groups, power, least = case
    found = sn.power_of_fit(df, n, rmsea=rmsea, null=null, groups=groups)
    assert found == pytest.approx(power, rel=1e-7)
    # semTools has rows by group.
    assert sn.minimum_n_of_fit(df, rmsea=rmsea, null=null, groups=groups) == least * groups


def test_the_table_of_maccallum() -> None:
    # MacCallum, Browne & Sugawara 1996, table 4: least n for power .8 of close (.05 against .08) and of not close fit
    # (.05 against .01).
    for df, close, not_close in ((2, 3488, 2382), (10, 782, 750), (50, 214, 268), (100, 132, 178)):
        assert sn.minimum_n_of_fit(df, rmsea=0.08) == pytest.approx(close, rel=0.003)
        assert sn.minimum_n_of_fit(df, rmsea=0.01) == pytest.approx(not_close, rel=0.003)


def test_exact_fit() -> None:
    found = sn.power_of_fit(20, 300, rmsea=0.06, null=0.0, alpha=0.01)
    assert found == pytest.approx(ncx2.sf(chi2.isf(0.01, 20), 20, 299 * 20 * 0.06**2))


def test_the_least_n_is_the_least() -> None:
    for null, rmsea in ((0.05, 0.08), (0.05, 0.0), (0.0, 0.03)):
        n = sn.minimum_n_of_fit(35, rmsea=rmsea, null=null, power=0.9)
        assert sn.power_of_fit(35, n, rmsea=rmsea, null=null) >= 0.9
        assert sn.power_of_fit(35, n - 1, rmsea=rmsea, null=null) < 0.9


def test_what_is_refused() -> None:
    with pytest.raises(FitError, match="df is 0"):
        sn.power_of_fit(0, 100, rmsea=0.08)
    with pytest.raises(FitError, match=r"n is 1\.5"):
        sn.power_of_fit(10, 1.5, rmsea=0.08)  # type: ignore[arg-type]
    with pytest.raises(FitError, match="rmsea is -1"):
        sn.power_of_fit(10, 100, rmsea=-1)
    with pytest.raises(FitError, match=r"both 0\.05"):
        sn.power_of_fit(10, 100, rmsea=0.05)
    with pytest.raises(FitError, match="power is 80"):
        sn.minimum_n_of_fit(10, rmsea=0.08, power=80)
