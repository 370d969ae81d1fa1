"""Which column of a table is what in a panel: checked for names that do not exist or have two roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

from semnan.errors import DataError, GraphError
from semnan.graph.diagram import check_names, listed
from semnan.mmm.panels.table import nearest

#: What was paid for a channel: its own column ("media"), a column each, or not known.
Spend = Literal["media"] | Mapping[str, str | None] | None


@final
@dataclass(frozen=True)
class Roles:
    """The columns of a panel by what they are.

    Attributes
    ----------
    kpi : str
    channels, controls, proxies : tuple of str
    date : str
    geo : str or None
    spend : tuple of (str or None), or None
        The column of what was paid for each channel, None for one that costs nothing.
    population, revenue : str or None

    """

    kpi: str
    channels: tuple[str, ...]
    controls: tuple[str, ...]
    proxies: tuple[str, ...]
    date: str
    geo: str | None
    spend: tuple[str | None, ...] | None
    population: str | None
    revenue: str | None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that a model can have, in the order of the panel's values."""
        return (self.kpi, *self.channels, *self.controls, *self.proxies)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every column of numbers, once."""
        others = (*(self.spend or ()), self.population, self.revenue)
        return tuple(dict.fromkeys([*self.variables, *(name for name in others if name is not None)]))


def read_roles(
    *,
    kpi: str,
    channels: Iterable[str],
    controls: Iterable[str],
    proxies: Iterable[str],
    date: str,
    geo: str | None,
    spend: Spend,
    population: object,
    revenue: object,
) -> Roles:
    """Roles that are checked against each other."""
    wanted = listed(channels)
    roles = Roles(
        kpi=kpi,
        channels=wanted,
        controls=listed(controls),
        proxies=listed(proxies),
        date=date,
        geo=geo,
        spend=spend_columns(spend, wanted),
        population=population if isinstance(population, str) else None,
        revenue=revenue if isinstance(revenue, str) else None,
    )
    check_variables(roles.kpi, roles.channels, roles.controls, roles.proxies)
    _check_apart(roles)
    return roles


def check_variables(
    kpi: str, channels: Sequence[str], controls: Sequence[str], proxies: Sequence[str]
) -> tuple[str, ...]:
    """The variables of a panel as one tuple; `DataError` for a name that cannot be one or that stands twice."""
    if not channels:
        raise DataError("the panel has no channel: name the columns of media with channels=")
    seen: dict[str, str] = {}
    for role, names in (("the KPI", (kpi,)), ("a channel", channels), ("a control", controls), ("a proxy", proxies)):
        for name in names:
            _check_name(name, role)
            if name in seen:
                raise DataError(f"the column {name!r} is {seen[name]} and {role}: give every column one role")
            seen[name] = role
    return tuple(seen)


def _unseparated(have: Sequence[str]) -> bool:
    """Whether a table looks like a file whose columns are separated by something else than commas."""
    return len(have) == 1 and any(mark in str(have[0]) for mark in ";\t|")


def check_present(roles: Roles, have: Sequence[str]) -> None:
    """Refuse a column that a table does not have."""
    for name in (*((roles.geo,) if roles.geo is not None else ()), roles.date, *roles.numbers):
        if name not in have:
            shown = ", ".join(map(str, have[:20])) + (f" and {len(have) - 20} more" if len(have) > 20 else "")
            advice = "; separate columns by commas, and write numbers with a point" if _unseparated(have) else ""
            raise DataError(f"the table has no column {name!r}{nearest(name, have)}; it has {shown}{advice}")
        if list(have).count(name) > 1:
            raise DataError(f"the column {name!r} stands twice: rename or remove one of the two")


def spend_columns(spend: Spend, channels: Sequence[str]) -> tuple[str | None, ...] | None:
    """The column of what was paid for each channel, or None if it is not known."""
    if spend is None:
        return None
    if spend == "media":
        return tuple(channels)
    if not isinstance(spend, Mapping):
        raise DataError(f"spend={spend!r}: give 'media' if media are in money, a mapping channel -> column, or None")
    for name in spend:
        if name not in channels:
            raise DataError(f"spend is given for {name!r}, which is no channel{nearest(name, channels)}")
    for name in channels:
        if name not in spend:
            raise DataError(
                f"the channel {name!r} has no spend: name its column, which may be {name!r} itself, or say None if it "
                "costs nothing"
            )
        if spend[name] is not None:
            _check_name(spend[name], f"the spend of {name!r}")
    return tuple(spend[name] for name in channels)


def _check_apart(roles: Roles) -> None:
    """Refuse a column with two roles; a channel may be its own spend."""
    seen = dict.fromkeys(roles.variables, "a variable of the model")
    named = [(roles.date, "the date"), (roles.geo, "the geo")]
    named += [(roles.population, "the population"), (roles.revenue, "the revenue per KPI unit")]
    pairs = zip(roles.channels, roles.spend or (), strict=False)
    named += [(column, f"the spend of {channel!r}") for channel, column in pairs if channel != column]
    for name, role in named:
        if name is None:
            continue
        _check_name(name, role)
        if name in seen:
            raise DataError(f"the column {name!r} is {seen[name]} and {role}: give every column one role")
        seen[name] = role


def _check_name(name: object, role: str) -> None:
    try:
        check_names((name,))
    except GraphError as error:
        raise DataError(f"{role}: {error}") from error
    if "@" in str(name):
        raise DataError(
            f"{role} has the name {name!r}: the sign @ marks lagged copies (tv@1 is last week's tv): rename the column"
        )
