"""Ordered variables of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from semnan.errors import ModelError


@final
@dataclass(frozen=True)
class Ordered:
    """A visible that is seen in ordered categories, of which there is one more than thresholds.

    Attributes
    ----------
    name : str
    thresholds : int
    shared : bool
        Whether thresholds are the same in all groups; the variances of latent responses are then free in all but the
        first.

    Raises
    ------
    ModelError
        For fewer than one threshold.

    """

    name: str
    thresholds: int
    shared: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.thresholds, bool) or not isinstance(self.thresholds, int) or self.thresholds < 1:
            raise ModelError(
                f"the ordered variable {self.name!r} has {self.thresholds!r} thresholds: it has at least two "
                "categories, so at least one threshold"
            )
