"""A panel made from arrays [region, week, channel], as other tools for media keep their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import Array, check_names, numeric
from semnan.errors import DataError
from semnan.mmm.panels.checks import Where, check_finite, check_population, check_positive, check_spend, locator
from semnan.mmm.panels.reading import checked_values, constant_revenue, frozen
from semnan.mmm.panels.roles import check_variables
from semnan.mmm.panels.weeks import Weeks, check_axis, read_weeks

#: An array (G, T, K) and the names of its last axis.
Named = tuple[ArrayLike | None, Sequence[str]]


def from_arrays(
    media: ArrayLike,
    kpi: ArrayLike,
    *,
    channels: Sequence[str],
    kpi_name: str,
    geos: Sequence[str] | None,
    weeks: Sequence[Any] | Weeks | None,
    controls: Named,
    proxies: Named,
    spend: ArrayLike | Literal["media"] | None,
    population: ArrayLike | None,
    revenue_per_kpi: ArrayLike | None,
    allow_negative: bool,
) -> dict[str, Any]:
    """The attributes of a `MediaPanel`; see `MediaPanel.from_arrays`."""
    parts = [tuple(channels), tuple(controls[1]), tuple(proxies[1])]
    names = check_variables(kpi_name, *parts)
    target = _shaped(kpi, (None, None), "kpi [region, week]")
    shape = target.shape
    regions, axis = _regions(geos, shape[0]), _axis(weeks, shape[1])
    where = locator(regions, axis, None)
    stacked = [_block(media, parts[0], shape, "media"), _block(controls[0], parts[1], shape, "controls")]
    values = np.concatenate([target[..., None], *stacked, _block(proxies[0], parts[2], shape, "proxies")], axis=-1)
    check_finite(values, names, where)
    checked_values(values, parts[0], names, where, allow_negative=allow_negative)
    return frozen(
        geos=regions,
        weeks=axis,
        kpi=kpi_name,
        channels=parts[0],
        controls=parts[1],
        proxies=parts[2],
        values=values,
        spend=_spend(spend, stacked[0], parts[0], where, allow_negative=allow_negative),
        population=_population(population, regions, where),
        revenue_per_kpi=_revenue(revenue_per_kpi, shape, where),
    )


def _block(array: ArrayLike | None, names: tuple[str, ...], shape: tuple[int, ...], what: str) -> Array:
    if array is None:
        if names:
            raise DataError(f"{what} are named ({', '.join(names)}) but not given")
        return np.empty((*shape, 0))
    wanted = (*shape, len(names))
    return _shaped(array, wanted, f"{what} [region, week, name] with the names {', '.join(names) or '(none)'}")


def _shaped(array: ArrayLike, shape: tuple[int | None, ...], what: str) -> Array:
    values = numeric(array, what)
    fits = values.ndim == len(shape) and all(b is None or a == b for a, b in zip(values.shape, shape, strict=True))
    if not fits:
        wanted = tuple("any" if size is None else size for size in shape)
        raise DataError(f"{what} must have the shape {wanted}, got {values.shape}".replace("'", ""))
    return values


def _regions(geos: Sequence[str] | None, count: int) -> tuple[str, ...]:
    names = tuple(f"geo{g}" for g in range(count)) if geos is None else check_names(geos, "geo")
    if len(names) != count:
        raise DataError(f"there are {len(names)} geos, but the arrays have {count} regions")
    return names


def _axis(weeks: Sequence[Any] | Weeks | None, count: int) -> Weeks:
    if weeks is None:
        axis = np.arange(count)
    else:
        array = np.asarray(weeks)
        axis = read_weeks((array.astype("datetime64[us]") if array.dtype.kind == "M" else array).tolist(), "weeks")
    if len(axis) != count:
        raise DataError(f"there are {len(axis)} weeks, but the arrays have {count}")
    check_axis(axis)
    return axis


def _spend(
    spend: ArrayLike | Literal["media"] | None,
    media: Array,
    channels: tuple[str, ...],
    where: Where,
    *,
    allow_negative: bool,
) -> Array | None:
    if spend is None:
        return None
    paid = media.copy() if isinstance(spend, str) and spend == "media" else _shaped(spend, media.shape, "spend")
    check_finite(paid, [f"the spend of {name}" for name in channels], where)
    check_spend(paid, channels, where, allow_negative=allow_negative)
    return paid


def _population(population: ArrayLike | None, geos: tuple[str, ...], where: Where) -> Array | None:
    if population is None:
        return None
    sizes = _shaped(population, (len(geos),), "population [region]")[:, None]
    check_finite(sizes[..., None], ("population",), where)
    return check_population(sizes, geos, where)


def _revenue(revenue: ArrayLike | None, shape: tuple[int, ...], where: Where) -> Array | None:
    if revenue is None:
        return None
    if np.ndim(revenue) == 0:
        return constant_revenue(np.asarray(revenue).item(), shape)
    worth = _shaped(revenue, shape, "revenue_per_kpi [region, week]")
    check_finite(worth[..., None], ("revenue_per_kpi",), where)
    check_positive(worth, "revenue_per_kpi", where)
    return worth
