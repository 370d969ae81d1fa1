"""A row of a parameter table: a path or a covariance, free or fixed, perhaps tied, labelled or bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from typing import final

from semnan.errors import ModelError


class Kind(StrEnum):
    """What a row of the table is about."""

    PATH = "path"
    COVARIANCE = "covariance"


@final
@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One entry of W (a path) or of Ω (a variance or covariance). Use `path` and `covariance` to make one.

    Attributes
    ----------
    kind : Kind
    source, target : str
        Parent and child of a path; the two variables of a covariance, the same one twice for a variance.
    fixed : float or None
        The value, if it is not estimated.
    label : str or None
        Free rows with the same label are tied: they are one parameter.
    lower, upper : float
        Bounds of a free row.
    start : float or None
        Where to start; by default found from the data.

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
            raise ModelError(f"the kind of a parameter is {self.kind!r}: give Kind.PATH or Kind.COVARIANCE")
        object.__setattr__(self, "kind", Kind(self.kind))
        for name in (self.source, self.target):
            if not isinstance(name, str):
                raise ModelError(f"variable names are strings, got {name!r} ({type(name).__name__}): rename it")
        if self.label is not None and not isinstance(self.label, str):
            raise ModelError(f"the label of {self.edge} is {self.label!r}: labels are strings")

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
        """The row in arrows: ``X -> Y`` or ``X <-> Y``."""
        return f"{self.source} {'->' if self.kind is Kind.PATH else '<->'} {self.target}"

    @property
    def name(self) -> str:
        """The label, or else the arrows."""
        return self.label or self.edge

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
) -> Parameter:
    """The direct effect of `source` on `target`: a regression coefficient, or a loading if `source` is latent."""
    return Parameter(
        kind=Kind.PATH, source=source, target=target, fixed=fixed, label=label, lower=lower, upper=upper, start=start
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
) -> Parameter:
    """The (residual) covariance of two variables, or the (residual) variance of one."""
    other = first if second is None else second
    return Parameter(
        kind=Kind.COVARIANCE,
        source=first,
        target=other,
        fixed=fixed,
        label=label,
        lower=lower,
        upper=upper,
        start=start,
    )
