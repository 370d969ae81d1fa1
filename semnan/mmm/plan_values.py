"""Values of a plan, each read strictly: an error names the section and the key."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from semnan.errors import GraphError, ModelError
from semnan.graph import Edge
from semnan.graph.text import read_statements
from semnan.mmm.panels.table import nearest

#: No week has a larger number.
MOST = 2**31
#: Reads a value that stands under a name, such as "model.season".
Reader = Callable[[object, str], Any]


def section(table: object, name: str, readers: Mapping[str, Reader], required: Collection[str] = ()) -> dict[str, Any]:
    """The values of a section by key; every unknown key is refused with the nearest known one."""
    if not isinstance(table, Mapping):
        raise ModelError(f"{name} is {table!r}: write it as a section [{name}] with {', '.join(readers)}")
    for key in table:
        if key not in readers:
            shown = nearest(key, [*readers]) or f"; there are {', '.join(readers)}"
            raise ModelError(f"[{name}] has the unknown key {key!r}{shown}")
    for key in required:
        if key not in table:
            raise ModelError(f"[{name}] has no {key}: add it")
    return {key: readers[key](value, f"{name}.{key}") for key, value in table.items()}


def text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ModelError(f"{where} is {value!r}: give a text in quotes")
    return value


def text_or_none(value: object, where: str) -> str | None:
    """A text; "none" is None."""
    return None if value == "none" else text(value, where)


def switch(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ModelError(f"{where} is {value!r}: give true or false")
    return value


def number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"{where} is {value!r}: give a finite number")
    return float(value)


def count(least: int) -> Reader:
    """Of whole numbers that are not too small."""

    def read(value: object, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ModelError(f"{where} is {value!r}: give a whole number of at least {least}")
        return value

    return read


def one_of(*names: str) -> Reader:
    """Of one of some names; "none" is None."""

    def read(value: object, where: str) -> str | None:
        if value not in names:
            raise ModelError(f"{where} is {value!r}{nearest(value, names)}: give one of {', '.join(names)}")
        return None if value == "none" else str(value)

    return read


def names(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list):
        raise ModelError(f"{where} is {value!r}: give a list of names, such as ['tv', 'search']")
    return tuple(text(name, f"{where}[{i}]") for i, name in enumerate(value))


def tiers(value: object, where: str) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list):
        raise ModelError(f"{where} is {value!r}: give a list of lists of names, such as [['tv'], ['search']]")
    return tuple(names(tier, f"{where}[{i}]") for i, tier in enumerate(value))


def table_of(reader: Reader) -> Reader:
    """Of a mapping from names to values of one kind."""

    def read(value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ModelError(f"{where} is {value!r}: give a table, such as {{ tv = … }}")
        return {key: reader(inside, f"{where}.{key}") for key, inside in value.items()}

    return read


def either(first: Reader, second: Reader) -> Reader:
    """Of a table read by the second reader, or else a single value read by the first."""

    def read(value: object, where: str) -> Any:
        return second(value, where) if isinstance(value, Mapping) else first(value, where)

    return read


def text_or_number(value: object, where: str) -> str | float:
    return text(value, where) if isinstance(value, str) else number(value, where)


def weeks(value: object, where: str) -> tuple[Any, ...]:
    """Weeks as the panel has them: dates, or whole numbers."""
    if not isinstance(value, list) or not value:
        raise ModelError(f"{where} is {value!r}: give a list of weeks, such as [2024-01-29]")
    return tuple(_week(week, f"{where}[{i}]") for i, week in enumerate(value))


def limits(value: object, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ModelError(f"{where} is {value!r}: give the least and the most spend, such as [0, 50000]")
    low, high = number(value[0], f"{where}[0]"), number(value[1], f"{where}[1]")
    if not 0 <= low <= high:
        raise ModelError(f"{where} is [{low:g}, {high:g}]: give a least spend of at least 0, and a most not below it")
    return low, high


def edges(value: object, where: str) -> tuple[Edge, ...]:
    """Pairs ["tv", "search"], or texts such as "tv -> search, social"."""
    if not isinstance(value, list):
        raise ModelError(f"{where} is {value!r}: give a list of texts such as 'tv -> search, sales', or of pairs")
    return tuple(edge for i, item in enumerate(value) for edge in _edges(item, f"{where}[{i}]"))


def _edges(item: object, where: str) -> list[Edge]:
    if isinstance(item, list):
        pair = names(item, where)
        if len(pair) != 2:
            raise ModelError(f"{where} is {item!r}: give a pair [cause, effect]")
        return [(pair[0], pair[1])]
    try:
        said = read_statements(text(item, where))
    except GraphError as error:
        raise ModelError(
            f"{where} is {item!r}: {error}. Edges between such names may also be pairs: ['TV spend', 'sales']"
        ) from error
    if said.arcs or any(said.declared.values()) or not said.edges:
        raise ModelError(f"{where} is {item!r}: give directed edges only; confounders have a table of their own")
    return said.edges


def _week(value: object, where: str) -> Any:
    if isinstance(value, datetime | bool) or not isinstance(value, date | int):
        raise ModelError(f"{where} is {value!r}: give a date without quotes (2024-01-29), or a whole number")
    if isinstance(value, int) and abs(value) > MOST:
        raise ModelError(f"{where} is {value}, too large for the number of a week: write dates as 2024-01-29")
    return value
