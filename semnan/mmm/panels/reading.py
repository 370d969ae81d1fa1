"""A panel read from a table: its columns by role, its rows by geo and week, every value checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from semnan.data.checks import Array
from semnan.errors import DataError
from semnan.mmm.panels.checks import (
    Where,
    check_finite,
    check_media,
    check_population,
    check_positive,
    check_spend,
    check_varying,
    locator,
)
from semnan.mmm.panels.roles import Roles, Spend, check_present, read_roles
from semnan.mmm.panels.table import Table, column_names, nearest, read_cells, read_labels, read_numbers
from semnan.mmm.panels.weeks import NATIONAL, arrange, read_weeks


def read_panel(
    table: Table,
    *,
    date: str,
    kpi: str,
    channels: Iterable[str],
    geo: str | None,
    controls: Iterable[str],
    proxies: Iterable[str],
    spend: Spend,
    population: str | Mapping[str, float] | None,
    revenue_per_kpi: str | float | None,
    allow_negative: bool,
) -> dict[str, Any]:
    """The attributes of a `MediaPanel`; see there."""
    roles = read_roles(
        kpi=kpi,
        channels=channels,
        controls=controls,
        proxies=proxies,
        date=date,
        geo=geo,
        spend=spend,
        population=population,
        revenue=revenue_per_kpi,
    )
    check_present(roles, column_names(table))
    weeks = read_weeks(read_cells(table, date), date)
    labels = [NATIONAL] * len(weeks) if geo is None else read_labels(table, geo)
    geos, axis, rows = arrange(labels, weeks)
    where = locator(geos, axis, rows)
    numbers = dict(zip(roles.numbers, np.moveaxis(read_numbers(table, roles.numbers)[rows], -1, 0), strict=True))
    check_finite(np.stack([*numbers.values()], axis=-1), roles.numbers, where)
    values = _stacked(numbers, roles.variables)
    checked_values(values, roles.channels, roles.variables, where, allow_negative=allow_negative)
    return frozen(
        geos=geos,
        weeks=axis,
        kpi=roles.kpi,
        channels=roles.channels,
        controls=roles.controls,
        proxies=roles.proxies,
        values=values,
        spend=_spend(numbers, roles, where, allow_negative=allow_negative),
        population=_population(population, numbers, geos, where),
        revenue_per_kpi=_revenue(revenue_per_kpi, numbers, where, rows.shape),
    )


def checked_values(
    values: Array, channels: tuple[str, ...], names: tuple[str, ...], where: Where, *, allow_negative: bool
) -> None:
    """Refuse media that cannot be, and any variable that is constant; `values` in the order KPI, channels, others."""
    check_media(values[..., 1 : 1 + len(channels)], channels, where, allow_negative=allow_negative)
    check_varying(values, names)


def frozen(**parts: Any) -> dict[str, Any]:
    """The parts of a panel, whose arrays nobody can write to."""
    for part in parts.values():
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
    return parts


def constant_revenue(value: object, shape: tuple[int, ...]) -> Array:
    """One revenue per KPI unit in all geos and weeks."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise DataError(f"revenue_per_kpi is {value!r}: give a positive number, or a column of them")
    return np.full(shape, float(value))


def _stacked(numbers: Mapping[str, Array], names: Iterable[str]) -> Array:
    return np.ascontiguousarray(np.stack([numbers[name] for name in names], axis=-1))


def _spend(numbers: Mapping[str, Array], roles: Roles, where: Where, *, allow_negative: bool) -> Array | None:
    if roles.spend is None:
        return None
    paid = [
        (channel, column) for channel, column in zip(roles.channels, roles.spend, strict=True) if column is not None
    ]
    names = [channel for channel, _ in paid]
    if paid:
        known = _stacked(numbers, [column for _, column in paid])
        check_spend(known, names, where, allow_negative=allow_negative)
    nothing = np.zeros_like(next(iter(numbers.values())))
    columns = [nothing if column is None else numbers[column] for column in roles.spend]
    return np.ascontiguousarray(np.stack(columns, axis=-1))


def _population(
    population: str | Mapping[str, float] | None, numbers: Mapping[str, Array], geos: tuple[str, ...], where: Where
) -> Array | None:
    if population is None:
        return None
    if isinstance(population, str):
        return check_population(numbers[population], geos, where)
    if not isinstance(population, Mapping):
        raise DataError(f"population is {population!r}: give a column, or a mapping from geo to number")
    for geo in population:
        if geo not in geos:
            raise DataError(f"population is given for {geo!r}, which is no geo of the panel{nearest(geo, geos)}")
    for geo in geos:
        size = population.get(geo)
        if isinstance(size, bool) or not isinstance(size, int | float | np.number) or not 0 < size < np.inf:
            raise DataError(f"the population of the geo {geo!r} is {size}: give a positive number for every geo")
    return np.array([float(population[geo]) for geo in geos])


def _revenue(
    revenue: str | float | None, numbers: Mapping[str, Array], where: Where, shape: tuple[int, ...]
) -> Array | None:
    if revenue is None:
        return None
    if not isinstance(revenue, str):
        return constant_revenue(revenue, shape)
    check_positive(numbers[revenue], f"the revenue per KPI unit {revenue}", where)
    return np.array(numbers[revenue])
