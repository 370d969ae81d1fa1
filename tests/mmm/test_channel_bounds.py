"""Bounds against the regression written out, and against the true confounder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semnan.errors import FitError, Unavailable
from tests.mmm.fits import curved, linear, simulated, unidentified
from tests.mmm.panels import Array


def _left(values: Array, given: Array) -> Array:
    return np.asarray(values - given @ np.linalg.lstsq(given, values, rcond=None)[0])


def _r2(a: Array, b: Array, given: Array) -> float:
    """Squared partial correlation."""
    return float(np.corrcoef(_left(a, given), _left(b, given))[0, 1] ** 2)


def test_the_true_confounder_brings_the_estimate_to_the_regression_that_has_it() -> None:
    fit, known = linear(), simulated()
    design, names = fit.model.design, fit.model.design.model.visibles
    table = design.table(fit.minimum.tau)
    kpi, search = (table[:, names.index(name)] for name in ("Sales", "Search"))
    others = table[:, [names.index(name) for name in ("TV", "Social", "Display", "Price")]]
    demand = design.nuisance.residuals(known.demand).ravel()
    with_search = np.column_stack([others, search])
    first, second = _r2(demand, search, others), _r2(demand, kpi, with_search)
    found = fit.bounds("Search", r2_channel=first, r2_kpi=second)
    full = np.linalg.lstsq(np.column_stack([search, demand, others]), kpi, rcond=None)[0]
    assert found.low == pytest.approx(full[0], rel=1e-8)
    assert found.low < found.listed[0].effect < found.high


def test_without_a_confounder_the_bound_is_the_regression_with_the_panels_error() -> None:
    fit = unidentified()
    found, plain = fit.bounds("Search", r2_channel=0.0, r2_kpi=0.0), fit.ignoring_confounders
    assert found.low == pytest.approx(found.high)
    assert found.listed[0].effect == pytest.approx(plain.estimates["Search -> Sales"], rel=1e-7)
    assert found.listed[0].standard_error == pytest.approx(plain.standard_errors["Search -> Sales"], rel=1e-6)
    assert found.listed[0].roas == pytest.approx(found.listed[0].effect, rel=1e-10)
    # Levels of geos, two pairs of the season, the trend and six causes of sales.
    nuisance, causes = fit.model.design.nuisance, 5
    assert found.regression.df == nuisance.geos * nuisance.weeks - nuisance.rank - causes


def test_at_the_robustness_value_nothing_is_left() -> None:
    fit = unidentified()
    value = fit.bounds("Search", r2_channel=0.1, r2_kpi=0.1).robustness_value
    assert fit.bounds("Search", r2_channel=value, r2_kpi=value).low == pytest.approx(0.0, abs=1e-8)
    tested = fit.bounds("Search", r2_channel=0.1, r2_kpi=0.1).robustness_value_tested
    assert isinstance(tested, float)
    assert tested < value
    interval = fit.bounds("Search", r2_channel=tested, r2_kpi=tested).interval
    assert not isinstance(interval, Unavailable)
    assert interval[0] == pytest.approx(0.0, abs=1e-6)


def test_with_transforms_bounds_are_in_units_of_media() -> None:
    fit = curved()
    found = fit.bounds("TV", r2_channel=0.1, r2_kpi=0.1)
    plain = fit.ignoring_confounders
    assert found.listed[0].effect == pytest.approx(plain.effects()["TV", "direct"].estimate, rel=1e-4)
    assert found.listed[0].roas == pytest.approx(plain.roas()["TV", "direct"].roas, rel=1e-4)
    assert set(found.regression.strengths) == {"Search", "Social", "Display", "Price"}
    assert "robustness value" in str(found)
    assert found.to_dict()["low"] == found.low


@pytest.mark.parametrize(
    ("channel", "options", "told"),
    [
        ("Radio", {}, "'Radio' is no channel"),
        ("Price", {}, "'Price' is no channel"),
        ("TV", {"r2_channel": 1.0}, "shares"),
        ("TV", {"r2_kpi": -0.1}, "shares"),
        ("TV", {"level": 1.0}, "level"),
    ],
)
def test_requests_without_meaning_are_refused(channel: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(FitError, match=told):
        linear().bounds(channel, **({"r2_channel": 0.1, "r2_kpi": 0.1} | options))
