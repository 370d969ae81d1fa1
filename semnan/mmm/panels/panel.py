"""`MediaPanel`: the media, controls, proxies and KPI of every geo in every week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.checks import Array, trusted
from semnan.data.frames import Backend, make_frame
from semnan.errors import DataError
from semnan.mmm.panels.arrays import from_arrays
from semnan.mmm.panels.checks import check_varying
from semnan.mmm.panels.reading import read_panel
from semnan.mmm.panels.roles import Spend
from semnan.mmm.panels.table import Table, nearest
from semnan.mmm.panels.weeks import Weeks


@final
@dataclass(frozen=True, eq=False, init=False)
class MediaPanel:
    """A balanced table of geos and weeks: every geo has every week once, equally spaced. A value: nothing changes it.

    Parameters
    ----------
    frame : data frame, CSV file or mapping
        One row for each geo and week, in any order: a data frame of any library, `semnan.data.read_csv`, or a mapping
        from column names to values. It is not changed.
    date : str
        The column of weeks: dates (text as 2024-01-29) or whole numbers.
    kpi : str
        The column of what media are meant to move.
    channels : iterable of str
        Columns of media, in money, impressions or any other unit.
    geo : str, optional
        The column of regions; without it there is one row a week, and one geo, "national".
    controls, proxies : iterable of str
        Columns of other causes of the KPI, and of measurements of latent confounders.
    spend : "media", mapping from channel to column, or None
        What was paid: the media themselves, a column for each channel (which may be the channel's own, or None for a
        channel that costs nothing), or not known.
    population : str or mapping from geo to number, optional
        Inhabitants of each geo.
    revenue_per_kpi : str or number, optional
        What a unit of the KPI is worth.
    allow_negative : bool
        Keep negative media and spend (credits, or an index) instead of refusing them.

    Attributes
    ----------
    geos : tuple of str
        Sorted.
    weeks : ndarray, shape (T,)
        Sorted; datetime64[D] or int64.
    kpi : str
    channels, controls, proxies : tuple of str
    values : ndarray, shape (G, T, V)
        Of the variables `names`.
    spend : ndarray, shape (G, T, C), or None
        In the order of the channels.
    population : ndarray, shape (G,), or None
    revenue_per_kpi : ndarray, shape (G, T), or None

    Raises
    ------
    DataError
        Naming the row, geo, week or column: missing columns and values, a column with two roles, duplicates, gaps,
        irregular weeks, negative or constant media, text where numbers are expected.

    """

    geos: tuple[str, ...]
    weeks: Weeks = field(repr=False)
    kpi: str
    channels: tuple[str, ...]
    controls: tuple[str, ...]
    proxies: tuple[str, ...]
    values: Array = field(repr=False)
    spend: Array | None = field(repr=False)
    population: Array | None = field(repr=False)
    revenue_per_kpi: Array | None = field(repr=False)

    def __init__(
        self,
        frame: Table,
        *,
        date: str,
        kpi: str,
        channels: Iterable[str],
        geo: str | None = None,
        controls: Iterable[str] = (),
        proxies: Iterable[str] = (),
        spend: Spend = "media",
        population: str | Mapping[str, float] | None = None,
        revenue_per_kpi: str | float | None = None,
        allow_negative: bool = False,
    ) -> None:
        parts = read_panel(
            frame,
            date=date,
            kpi=kpi,
            channels=channels,
            geo=geo,
            controls=controls,
            proxies=proxies,
            spend=spend,
            population=population,
            revenue_per_kpi=revenue_per_kpi,
            allow_negative=allow_negative,
        )
        vars(self).update(parts)

    @classmethod
    def from_arrays(
        cls,
        media: ArrayLike,
        kpi: ArrayLike,
        *,
        channels: Sequence[str],
        kpi_name: str = "kpi",
        geos: Sequence[str] | None = None,
        weeks: Sequence[Any] | Weeks | None = None,
        controls: ArrayLike | None = None,
        control_names: Sequence[str] = (),
        proxies: ArrayLike | None = None,
        proxy_names: Sequence[str] = (),
        spend: ArrayLike | Literal["media"] | None = "media",
        population: ArrayLike | None = None,
        revenue_per_kpi: ArrayLike | None = None,
        allow_negative: bool = False,
    ) -> MediaPanel:
        """Make a panel from arrays [region, week, channel]; arguments as of `MediaPanel` where not said.

        Parameters
        ----------
        media : array_like, shape (G, T, C)
        kpi : array_like, shape (G, T)
        channels : sequence of str
            Names of the last axis of `media`.
        kpi_name : str
        geos : sequence of str, optional
            By default ``geo0, geo1, …``.
        weeks : sequence of dates or whole numbers, optional
            Ascending; by default 0, 1, ….
        controls, proxies : array_like, shape (G, T, K), optional
            Named by `control_names` and `proxy_names`.
        spend : array_like, shape (G, T, C), "media" or None
        population : array_like, shape (G,), optional
        revenue_per_kpi : number or array_like, shape (G, T), optional

        """
        parts = from_arrays(
            media,
            kpi,
            channels=channels,
            kpi_name=kpi_name,
            geos=geos,
            weeks=weeks,
            controls=(controls, control_names),
            proxies=(proxies, proxy_names),
            spend=spend,
            population=population,
            revenue_per_kpi=revenue_per_kpi,
            allow_negative=allow_negative,
        )
        return trusted(cls, **parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables: the KPI, channels, controls and proxies."""
        return (self.kpi, *self.channels, *self.controls, *self.proxies)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of geos and of weeks."""
        return len(self.geos), len(self.weeks)

    @property
    def step(self) -> int:
        """From one week to the next: days, or a difference of whole numbers."""
        return int((self.weeks[1] - self.weeks[0]).astype(np.int64))

    def __getitem__(self, name: str) -> Array:
        """The values of a variable, shape (G, T)."""
        if name not in self.names:
            raise DataError(
                f"the panel has no variable {name!r}{nearest(name, self.names)}; it has {', '.join(self.names)}"
            )
        return np.asarray(self.values[:, :, self.names.index(name)])

    def slice(self, weeks: slice) -> MediaPanel:
        """Consecutive weeks of all geos, by their places, such as ``slice(-8, None)``; at least two."""
        start, stop, step = weeks.indices(len(self.weeks))
        if step != 1 or stop - start < 2:
            raise DataError(f"{weeks} of {len(self.weeks)} weeks: give at least two consecutive ones")
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        for name in ("values", "spend", "revenue_per_kpi"):
            parts[name] = None if parts[name] is None else parts[name][:, start:stop]
        return trusted(MediaPanel, **(parts | {"weeks": self.weeks[start:stop]}))

    def weeks_before(self, t: int) -> MediaPanel:
        """The first `t` weeks, to fit on; a channel that does not vary in them is refused."""
        first = self.slice(slice(0, t))
        check_varying(first.values[:, :, 1 : 1 + len(self.channels)], self.channels, "channel")
        return first

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """The variables as a long data frame of an installed library: one row for each ``geo`` and ``week``."""
        for name in ("geo", "week"):
            if name in self.names:
                raise DataError(f"the variable {name!r} has the name of a column of the frame to be made: rename it")
        (g, t), flat = self.shape, self.values.reshape(-1, len(self.names))
        columns = {"geo": np.repeat(self.geos, t).tolist(), "week": np.tile(self.weeks, g).tolist()}
        return make_frame(
            columns | {name: flat[:, j].tolist() for j, name in enumerate(self.names)}, backend, error=DataError
        )

    def __str__(self) -> str:
        (g, t), roles = (
            self.shape,
            (("channels", self.channels), ("controls", self.controls), ("proxies", self.proxies)),
        )
        weekly = self.weeks.dtype.kind != "M" or self.step == 7
        periods = f"{t} weeks" if weekly else f"{t} periods of {self.step} day{'s' if self.step > 1 else ''}"
        lines = [f"{g} geo(s) × {periods}, {self.weeks[0]} to {self.weeks[-1]}; KPI {self.kpi}"]
        lines += [f"  {what}: {', '.join(names)}" for what, names in roles if names]
        known = (("spend", self.spend), ("population", self.population), ("revenue per KPI", self.revenue_per_kpi))
        return "\n".join([*lines, f"  known: {', '.join(what for what, value in known if value is not None) or '–'}"])
