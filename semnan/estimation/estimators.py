"""The estimators of the maximum-likelihood family: what standard errors come from, and how χ² is corrected.

All have the same estimates; they differ in what they say of data that are not normal. The names are lavaan's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final, get_args

from semnan.errors import FitError

Information = Literal["expected", "observed", "first.order"]
Estimator = Literal["ML", "MLM", "MLMV", "MLMVS", "MLR", "MLF"]
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

    """

    information: Information | None
    errors: Errors
    test: Test

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


def check_rows(name: str, *, incomplete: bool, clustered: bool = False, weighted: bool = False) -> None:
    """Refuse data that an estimator is not for."""
    chosen = recipe(name)
    if incomplete and chosen.errors == "robust.sem":
        raise FitError(f"{name} needs complete rows: use estimator='MLR', or missing='listwise'")
    if clustered and name not in ("MLR", "MLM"):
        raise FitError(f"{name} takes rows for independent: with cluster= use estimator='MLR' or 'MLM'")
    if weighted and name != "MLR":
        raise FitError(f"{name} does not know sampling weights: use estimator='MLR'")
    if weighted and incomplete:
        raise FitError("sampling weights need complete rows: use missing='listwise'")
