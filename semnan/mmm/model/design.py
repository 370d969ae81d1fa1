"""`Design`: the columns of a channel model at given parameters of its transforms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from semnan.mmm.model.nuisance import Nuisance
from semnan.mmm.model.structure import transformed_name
from semnan.mmm.model.transform import MediaTransform
from semnan.model import PathModel
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class Design:
    """The data of a channel model.

    Attributes
    ----------
    model : PathModel
    kpi : str
    geos : tuple of str
    heads : ndarray, shape (G,)
        The population of each geo over the mean one: media and KPI are counted per head. Ones if it is not known.
    columns : mapping of str to ndarray, shape (G, T)
        Media, controls, proxies and the KPI, all weeks; media and KPI over `heads`.
    lags : mapping of str to (str, int)
        Of which column, and how many weeks before, a lagged node is.
    transforms : tuple of MediaTransform
        Of the channels whose media are transformed.
    nuisance : Nuisance
        Of the weeks that are used: those after the longest lag.

    """

    model: PathModel
    kpi: str
    geos: tuple[str, ...]
    heads: Array
    columns: Mapping[str, Array]
    lags: Mapping[str, tuple[str, int]]
    transforms: tuple[MediaTransform, ...]
    nuisance: Nuisance

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of the transforms."""
        return tuple(name for transform in self.transforms for name in transform.names)

    @property
    def limits(self) -> tuple[Array, Array, Array]:
        """Lower and upper bounds and start of the parameters of the transforms."""
        every = self.transforms
        found = [[value for part in every for value in getattr(part, what)] for what in ("lower", "upper", "start")]
        return np.array(found[0]), np.array(found[1]), np.array(found[2])

    @property
    def first(self) -> int:
        """The first week that is used."""
        return max((lag for _, lag in self.lags.values()), default=0)

    @property
    def rows(self) -> int:
        """Geos times weeks that are used."""
        return self.nuisance.geos * self.nuisance.weeks

    def split(self, values: Array) -> list[Array]:
        """The parameters of every transform."""
        sizes = [len(transform.names) for transform in self.transforms]
        return np.split(values, np.cumsum(sizes)[:-1]) if sizes else []

    def series(self, name: str) -> Array:
        """A column or lagged node in the weeks that are used, shape (G, T)."""
        column, lag = self.lags.get(name, (name, 0))
        values = self.columns[column]
        return values[:, self.first - lag : values.shape[1] - lag]

    @cached_property
    def _fixed(self) -> Array:
        """The columns that no transform moves, less what is not media; zero for the others. Shape (N, p)."""
        found = np.zeros((self.rows, len(self.model.visibles)))
        moving = {transformed_name(transform.channel) for transform in self.transforms}
        at = [k for k, name in enumerate(self.model.visibles) if name not in moving]
        stacked = np.stack([self.series(self.model.visibles[k]) for k in at])
        found[:, at] = self.nuisance.residuals(stacked).reshape(len(at), -1).T
        return found

    @cached_property
    def _moving(self) -> list[int]:
        return [self.model.visibles.index(transformed_name(transform.channel)) for transform in self.transforms]

    def table(self, values: Array) -> Array:
        """The columns of the model's visibles, less what is not media, shape (N, p)."""
        found = self._fixed.copy()
        for transform, k, own in zip(self.transforms, self._moving, self.split(values), strict=True):
            media = transform.apply(self.columns[transform.channel], own)[:, self.first :]
            found[:, k] = self.nuisance.residuals(media).ravel()
        return found

    def stacked(self, values: Array) -> Array:
        """The columns of the model's visibles as they are, shape (p, G, T)."""
        own = dict(zip(self._moving, zip(self.transforms, self.split(values), strict=True), strict=True))
        found = []
        for k, name in enumerate(self.model.visibles):
            if k in own:
                transform, part = own[k]
                found.append(transform.apply(self.columns[transform.channel], part)[:, self.first :])
            else:
                found.append(self.series(name))
        return np.stack(found)

    def slopes(self, values: Array) -> Array:
        """How the transformed media move with each parameter of their transform, shape (N, k)."""
        found = [
            transform.slopes(self.columns[transform.channel], own)[1][..., self.first :]
            for transform, own in zip(self.transforms, self.split(values), strict=True)
        ]
        if not found:
            return np.zeros((self.rows, 0))
        return self.nuisance.residuals(np.concatenate(found)).reshape(-1, self.rows).T

    @cached_property
    def owners(self) -> list[int]:
        """For each parameter of a transform the free parameter of the model that is its channel's coefficient."""
        place = {free.name: k for k, free in enumerate(self.model.free)}
        return [place[f"{transform.channel} -> {self.kpi}"] for transform in self.transforms for _ in transform.names]

    @cached_property
    def places(self) -> list[int]:
        """For each parameter of a transform the visible of the model that its channel's transformed media are."""
        sizes = [len(transform.names) for transform in self.transforms]
        return np.repeat(self._moving, sizes).tolist() if sizes else []
