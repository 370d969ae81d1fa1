"""The estimators: what is minimised, what standard errors come from, and how χ² is corrected. The names are lavaan's.

Those of the maximum-likelihood family have the same estimates and differ in what they say of data that are not normal.
The others are least squares of moments, by their weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final, get_args

from semnan.errors import FitError
from semnan.estimation.moment_weights import Mixture, Weight

Information = Literal["expected", "observed", "first.order"]
Estimator = Literal[
    "ML", "MLM", "MLMV", "MLMVS", "MLR", "MLF",
    "GLS", "WLS", "DLS", "DWLS", "WLSM", "WLSMV", "WLSMVS", "ULS", "ULSM", "ULSMV", "ULSMVS",
]  # fmt: skip
#: Efficient estimates; sandwiches around fourth moments of complete data, or what these are of normal data, or around
#: casewise scores.
Errors = Literal["standard", "robust.sem", "robust.sem.nt", "robust.huber.white"]
Test = Literal[
    "standard", "browne.residual.nt", "satorra.bentler", "scaled.shifted", "mean.var.adjusted", "yuan.bentler.mplus"
]


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
    weight : "full", "diagonal", "normal", "identity", Mixture or None
        Of least squares; None is maximum likelihood.

    """

    information: Information | None
    errors: Errors
    test: Test
    weight: Weight | None = None

    @property
    def normal(self) -> bool:
        """Whether a sandwich has the fourth moments of normal data in its middle."""
        return self.errors == "robust.sem.nt"

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
    "DLS": Recipe("expected", "robust.sem", "satorra.bentler", Mixture()),
    "DWLS": Recipe("expected", "robust.sem", "satorra.bentler", "diagonal"),
    "WLSM": Recipe("expected", "robust.sem", "satorra.bentler", "diagonal"),
    "WLSMV": Recipe("expected", "robust.sem", "scaled.shifted", "diagonal"),
    "WLSMVS": Recipe("expected", "robust.sem", "mean.var.adjusted", "diagonal"),
    "ULS": Recipe("expected", "robust.sem.nt", "browne.residual.nt", "identity"),
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


def of_ordered(name: str) -> Estimator:
    """The estimator for a model with ordered variables: by default WLSMV.

    ULS becomes ULSM, whose estimates are the same, since the fourth moments of normal data are none of theirs.

    Raises
    ------
    FitError
        For an estimator that needs continuous variables.

    """
    chosen = {"ML": "WLSMV", "ULS": "ULSM"}.get(name, name)
    weight = recipe(chosen).weight
    if weight in (None, "normal") or isinstance(weight, Mixture):
        raise FitError(f"{name} is not for ordered variables: use WLSMV (the default), ULSMV, DWLS or WLS")
    return next(known for known in RECIPES if known == chosen)


def check_rows(name: str, *, incomplete: bool, clustered: bool = False, weighted: bool = False) -> None:
    """Refuse data that an estimator is not for."""
    chosen = recipe(name)
    if incomplete and (chosen.errors == "robust.sem" or chosen.weight is not None):
        raise FitError(f"{name} needs complete rows: use estimator='MLR', or missing='listwise'")
    if clustered and name not in ("MLR", "MLM"):
        raise FitError(f"{name} takes rows for independent: with cluster= or period= use estimator='MLR' or 'MLM'")
    if weighted and name != "MLR":
        raise FitError(f"{name} does not know sampling weights: use estimator='MLR'")
    if weighted and incomplete:
        raise FitError("sampling weights need complete rows: use missing='listwise'")
