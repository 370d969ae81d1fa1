"""χ² differences of robust fits, scaled so that they are distributed as χ² if the restrictions hold.

With T, r and c the χ², degrees of freedom and scaling factor of the restricted model (0) and of the other (1), the
difference T₀ − T₁ is divided by

    (r₀ c₀ − r₁ c₁) / (r₀ − r₁)      (Satorra & Bentler 2001),

which can turn out negative; or with the factor of model 1 at the estimates of model 0 in place of c₁ (Satorra & Bentler
2010), which cannot where that is well defined. For Satorra 2000 see `restrictions`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from semnan.errors import Unavailable
from semnan.estimation.casewise import Rows
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import Test
from semnan.estimation.incomplete import Unrestricted
from semnan.estimation.robust import Robust, ScaledTest, traces
from semnan.estimation.situation import Situation
from semnan.estimation.statistics import Statistics
from semnan.model import Kind, Parameter
from semnan.network.arrays import Array

Method = Literal["satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"]
MEAN_SCALED = ("satorra.bentler", "yuan.bentler.mplus")
NEGATIVE = Unavailable("the scaling factor of the difference is not positive: use method='satorra.bentler.2010'")
OTHER_TEST = Unavailable("this difference is of fits whose χ² is scaled by its mean: use method='satorra.2000'")
NO_LIKELIHOOD = Unavailable("neither least squares nor two stages have it: use method='satorra.bentler.2001'")
NOT_PART = Unavailable("a parameter of the restricted model is not one of the other: use method='satorra.bentler.2001'")


def usual_method(test: Test) -> Method:
    """How differences of fits with this test are corrected unless otherwise said."""
    return "satorra.bentler.2001" if test in MEAN_SCALED else "satorra.2000"


def difference_factor(
    less: Estimate, more: Estimate, tests: tuple[Robust | Unavailable | None, ...], method: Method, rows: Rows | None
) -> float | Unavailable:
    """What the χ² difference of two robust fits, the less and the more restricted one, is divided by."""
    for test in tests:
        if isinstance(test, Unavailable):
            return test
        if test is None or test.test not in MEAN_SCALED:
            return OTHER_TEST
    first, second = (test for test in tests if isinstance(test, Robust))
    if first.test != second.test:
        return OTHER_TEST
    one, other = float(Statistics(less).df), float(Statistics(more).df)
    if not isinstance(second.model, ScaledTest):
        return second.model
    if one <= 0:
        mean: float | Unavailable = 0.0
    elif method == "satorra.bentler.2001":
        mean = first.model.trace if isinstance(first.model, ScaledTest) else first.model
    elif less.stages is not None or less.squares is not None:
        mean = NO_LIKELIHOOD
    else:
        mean = _crossed(less, more, first, rows)
    if isinstance(mean, Unavailable):
        return mean
    factor = (second.model.trace - mean) / (other - one)
    return factor if factor > 0 else NEGATIVE


def _crossed(less: Estimate, more: Estimate, test: Robust, rows: Rows | None) -> float | Unavailable:
    """The mean of χ² of the less restricted model, at the estimates of the other."""
    theta = _translated(less, more)
    if theta is None or rows is None:
        return NOT_PART
    found = Situation.at(less, theta, rows)
    if isinstance(found, Unavailable):
        return found
    unrestricted = [Unrestricted.of(less, g) for g in range(len(less.labels))] if less.incomplete else None
    return traces(found, test.test, less, unrestricted).first


def _translated(less: Estimate, more: Estimate) -> Array | None:
    """The estimates of the restricted model as parameters of the other; those it does not have are zero there."""
    known = _values(more)
    values, ours = np.zeros(len(less.model.free)), set()
    for k, free in enumerate(less.model.free):
        rows = [less.model.parameters[i] for i in free.rows]
        keys = [_key(row) for row in rows]
        ours.update(keys)
        found = {known.get(key, 0.0) for key in keys}
        if max(found) - min(found) > 1e-9:
            return None
        values[k] = found.pop()
    fixed = {_key(row) for row in less.model.parameters if row.fixed is not None}
    return values if set(known) <= ours | fixed else None


Key = tuple[str, tuple[str, ...], str | None]


def _key(row: Parameter) -> Key:
    """What a row is about: the sides of a covariance may be either way round."""
    ends = (row.source, row.target)
    return row.kind.value, tuple(sorted(ends)) if row.kind is Kind.COVARIANCE else ends, row.group


def _values(fit: Estimate) -> dict[Key, float]:
    rows = fit.model.parameters
    found = {_key(row): row.fixed for row in rows if row.fixed is not None}
    for free, value in zip(fit.model.free, fit.theta.tolist(), strict=True):
        found |= {_key(rows[i]): value for i in free.rows}
    return found
