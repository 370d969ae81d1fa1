"""The estimators: what is minimised, what standard errors come from, and how χ² is corrected. The names are lavaan's.

Those of the maximum-likelihood family have the same estimates and differ in what they say of data that are not normal.
The others are least squares of moments, by their weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final, get_args

from semnan.errors import FitError
from semnan.estimation.moment_weights import Weight

Information = Literal["expected", "observed", "first.order"]
Estimator = Literal[
    "ML", "MLM", "MLMV", "MLMVS", "MLR", "MLF",
    "GLS", "WLS", "DWLS", "WLSM", "WLSMV", "WLSMVS", "ULS", "ULSM", "ULSMV", "ULSMVS",
]  # fmt: skip
#: Normal theory; a sandwich around the fourth moments of complete data; a sandwich around casewise scores.
Errors = Literal["standard", "robust.sem", "robust.huber.white"]
Test = Literal["standard", "satorra.bentler", "scaled.shifted", "mean.var.adjusted", "yuan.bentler.mplus"]


@final
@dataclass(frozen=True)
class Recipe:
    """What an estimator is made of.

    Attributes
    ----------
    information : "expected", "observed", "first.order" or None
        Of standard errors; None is expected for complete data, observed for incomplete ones.
    errors : "standard", "robust.sem" or "robust.huber.white"
    test : str
        The correction of χ².
    weight : "full", "diagonal", "normal", "identity" or None
        Of least squares; None is maximum likelihood.

    """

    information: Information | None
    errors: Errors
    test: Test
    weight: Weight | None = None

    @property
    def robust(self) -> bool:
        """Whether anything but normal theory is used, so that the rows themselves are needed."""
        return self.errors != "standard"


RECIPES: dict[Estimator, Recipe] = {
    "ML": Recipe(None, "standard", "standard"),
    "MLM": Recipe("expected", "robust.sem", "satorra.bentler"),
    "MLMV": Recipe("expected", "robust.sem", "scaled.shifted"),
    "MLMVS": Recipe("expected", "robust.sem", "mean.var.adjusted"),
    "MLR": Recipe("observed", "robust.huber.white", "yuan.bentler.mplus"),
    "MLF": Recipe("first.order", "standard", "standard"),
    "GLS": Recipe("expected", "standard", "standard", "normal"),
    "WLS": Recipe("expected", "standard", "standard", "full"),
    "DWLS": Recipe("expected", "standard", "standard", "diagonal"),
    "WLSM": Recipe("expected", "robust.sem", "satorra.bentler", "diagonal"),
    "WLSMV": Recipe("expected", "robust.sem", "scaled.shifted", "diagonal"),
    "WLSMVS": Recipe("expected", "robust.sem", "mean.var.adjusted", "diagonal"),
    "ULS": Recipe("expected", "standard", "standard", "identity"),
    "ULSM": Recipe("expected", "robust.sem", "satorra.bentler", "identity"),
    "ULSMV": Recipe("expected", "robust.sem", "scaled.shifted", "identity"),
    "ULSMVS": Recipe("expected", "robust.sem", "mean.var.adjusted", "identity"),
}


def recipe(name: str) -> Recipe:
    """The recipe of an estimator.

    Raises
    ------
    FitError
        For a name that is none.

    """
    if name not in RECIPES:
        raise FitError(f"the estimator is {name!r}: give one of {', '.join(get_args(Estimator))}")
    return next(found for known, found in RECIPES.items() if known == name)


def is_least_squares(name: str) -> bool:
    """Whether an estimator is least squares of moments."""
    return recipe(name).weight is not None


def check_rows(name: str, *, incomplete: bool, clustered: bool = False, weighted: bool = False) -> None:
    """Refuse data that an estimator is not for."""
    chosen = recipe(name)
    if incomplete and (chosen.errors == "robust.sem" or chosen.weight is not None):
        raise FitError(f"{name} needs complete rows: use estimator='MLR', or missing='listwise'")
    if clustered and name not in ("MLR", "MLM"):
        raise FitError(f"{name} takes rows for independent: with cluster= use estimator='MLR' or 'MLM'")
    if weighted and name != "MLR":
        raise FitError(f"{name} does not know sampling weights: use estimator='MLR'")
    if weighted and incomplete:
        raise FitError("sampling weights need complete rows: use missing='listwise'")
