"""What all plans need: arguments that make sense, and the least number of rows."""

from __future__ import annotations

from collections.abc import Callable

from semnan.data.checks import is_whole
from semnan.effects.delta import check_level
from semnan.errors import FitError

#: No study has more rows.
MOST = 10**12


def check_count(what: str, value: object, least: int = 1) -> int:
    """The value, or `FitError` unless it is a whole number of at least `least`."""
    if not is_whole(value) or value < least:
        raise FitError(f"{what} is {value!r}: give a whole number of at least {least}")
    return int(value)


def check_alpha(alpha: object) -> None:
    """Raise `FitError` unless `alpha` is the level of a test."""
    check_level(alpha, "alpha", 0.05)


def least_whole(power: Callable[[int], float], wanted: float, start: int) -> int:
    """The least n from `start` on with this power, which rises with n."""
    high = max(start, 2)
    while power(high) < wanted:
        high *= 2
        if high > MOST:
            raise FitError(f"no sample of up to {MOST:.0e} rows has a power of {wanted}: what is tested hardly differs")
    low = start - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    return high
