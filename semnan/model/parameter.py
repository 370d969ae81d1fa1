"""A row of a parameter table: path, covariance or intercept, free or fixed, perhaps tied, labelled or bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from typing import final

from semnan.errors import ModelError

#: The constant that intercepts are paths from, under a name that no variable can have.
CONSTANT = '"1"'


class Kind(StrEnum):
    """What a row of the table is about."""

    PATH = "path"
    COVARIANCE = "covariance"
    INTERCEPT = "intercept"


@final
@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One entry of W (a path), of Ω (a (co)variance), or an intercept: make one with `path`, `covariance`, `intercept`.

    Attributes
    ----------
    kind : Kind
    source, target : str
        Parent and child of a path; the two variables of a covariance, the same one twice for a variance or intercept.
    fixed : float or None
        The value, if it is not estimated.
    label : str or None
        Free rows with the same label are tied: they are one parameter.
    lower, upper : float
        Bounds of a free row.
    start : float or None
        Where to start; by default found from the data.
    group : str or None
        The group of a model with several groups that the row belongs to.
    loading : bool
        Whether a path is a loading: the target measures the latent source (``=~`` in lavaan's language).

    Raises
    ------
    ModelError
        For bounds that exclude each other or a start, and for values that are not finite.

    """

    kind: Kind
    source: str
    target: str
    fixed: float | None = None
    label: str | None = None
    lower: float = -math.inf
    upper: float = math.inf
    start: float | None = None
    group: str | None = None
    loading: bool = False

    def __post_init__(self) -> None:
        self._check_text()
        for field in ("fixed", "lower", "upper", "start"):
            object.__setattr__(self, field, self._number(field))
        for what, value in (("fixed value", self.fixed), ("start", self.start)):
            if value is not None and not math.isfinite(value):
                raise ModelError(f"the {what} of {self.edge} is {value}: give a finite number")
        if self.is_variance and self.fixed is not None and self.fixed < 0:
            raise ModelError(f"the variance of {self.source!r} is fixed to {self.fixed:g}: a variance is not negative")
        if math.isnan(self.lower) or math.isnan(self.upper) or self.lower >= self.upper:
            raise ModelError(f"the bounds of {self.edge} are [{self.lower}, {self.upper}]: the lower one must be less")
        if self.start is not None and not self.lower <= self.start <= self.upper:
            raise ModelError(
                f"the start {self.start:g} of {self.edge} is outside its bounds [{self.lower:g}, {self.upper:g}]"
            )
        if self.label is not None and not self.label.strip():
            raise ModelError(f"the label of {self.edge} is empty: leave it out, or give it a name")

    def _check_text(self) -> None:
        """The kind, as text too, and names and a label that are strings."""
        if self.kind not in list(Kind):
            raise ModelError(f"the kind of a parameter is {self.kind!r}: give a member of Kind")
        object.__setattr__(self, "kind", Kind(self.kind))
        for name in (self.source, self.target):
            if not isinstance(name, str):
                raise ModelError(f"variable names are strings, got {name!r} ({type(name).__name__}): rename it")
        for what, text in (("label", self.label), ("group", self.group)):
            if text is not None and not isinstance(text, str):
                raise ModelError(f"the {what} of {self.edge} is {text!r}: {what}s are strings")

    def _number(self, field: str) -> float | None:
        """An int given for a number becomes a float; anything else is told."""
        value = getattr(self, field)
        if value is None and field in ("fixed", "start"):
            return None
        if isinstance(value, bool) or not isinstance(value, Real):
            raise ModelError(f"{field} of {self.edge} is {value!r}: give a number")
        try:
            return float(value)
        except OverflowError:
            raise ModelError(f"{field} of {self.edge} is beyond floating point: give a smaller number") from None

    @property
    def edge(self) -> str:
        """The row in arrows: ``X -> Y``, ``X <-> Y``, or ``1 -> X`` for an intercept."""
        if self.kind is Kind.INTERCEPT:
            return f"1 -> {self.target}"
        return f"{self.source} {'->' if self.kind is Kind.PATH else '<->'} {self.target}"

    @property
    def name(self) -> str:
        """The label, or else the arrows, with the group if there are several."""
        return self.label or (self.edge if self.group is None else f"{self.edge} [{self.group}]")

    @property
    def is_variance(self) -> bool:
        return self.kind is Kind.COVARIANCE and self.source == self.target


def path(
    source: str,
    target: str,
    *,
    fixed: float | None = None,
    label: str | None = None,
    lower: float = -math.inf,
    upper: float = math.inf,
    start: float | None = None,
    group: str | None = None,
    loading: bool = False,
) -> Parameter:
    """The direct effect of `source` on `target`: a regression coefficient, or a loading if `source` is latent."""
    return Parameter(
        kind=Kind.PATH,
        source=source,
        target=target,
        fixed=fixed,
        label=label,
        lower=lower,
        upper=upper,
        start=start,
        group=group,
        loading=loading,
    )


def covariance(
    first: str,
    second: str | None = None,
    *,
    fixed: float | None = None,
    label: str | None = None,
    lower: float = -math.inf,
    upper: float = math.inf,
    start: float | None = None,
    group: str | None = None,
) -> Parameter:
    """The (residual) covariance of two variables, or the (residual) variance of one."""
    return Parameter(
        kind=Kind.COVARIANCE,
        source=first,
        target=first if second is None else second,
        fixed=fixed,
        label=label,
        lower=lower,
        upper=upper,
        start=start,
        group=group,
    )


def intercept(
    variable: str,
    *,
    fixed: float | None = None,
    label: str | None = None,
    lower: float = -math.inf,
    upper: float = math.inf,
    start: float | None = None,
    group: str | None = None,
) -> Parameter:
    """The intercept of a variable: its mean, if it has no parents."""
    return Parameter(
        kind=Kind.INTERCEPT,
        source=variable,
        target=variable,
        fixed=fixed,
        label=label,
        lower=lower,
        upper=upper,
        start=start,
        group=group,
    )
