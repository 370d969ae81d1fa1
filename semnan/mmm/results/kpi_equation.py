"""The terms of the equation of the KPI: what each of its causes adds, and what is expected of unseen confounders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

from semnan.mmm.model.channel_sem import ChannelSEM
from semnan.mmm.model.design import Design
from semnan.mmm.model.scaled import solve_scaled
from semnan.mmm.model.structure import coefficient, transformed_name
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class KpiEquation:
    """The equation of the KPI per head, at values of the parameters.

    Attributes
    ----------
    model : ChannelSEM
    theta : ndarray, shape (q,)
    tau : ndarray, shape (k,)

    """

    model: ChannelSEM
    theta: Array
    tau: Array

    def terms(self, design: Design) -> dict[str, Array]:
        """Of every cause its coefficient times itself, media transformed, shape (G, T), in the weeks of a design."""
        own = dict(zip((part.channel for part in design.transforms), design.split(self.tau), strict=True))
        transforms = {part.channel: part for part in design.transforms}
        found = {}
        for cause, effect in self.model.graph.edges:
            if effect != design.kpi:
                continue
            if cause in own:
                series = transforms[cause].apply(design.columns[cause], own[cause])[:, design.first :]
            else:
                series = design.series(cause)
            found[cause] = self._value(coefficient(cause, effect)) * series
        return found

    def confounders(self, table: Array) -> dict[str, Array]:
        """What confounders are expected to add, given all but the KPI, shape (N,) each.

        With the residuals u = Λ d + e of the other equations, E[d | u] = Λᵀ(ΛΛᵀ + Ψ)⁻¹ u.

        Parameters
        ----------
        table : ndarray, shape (N, p)
            The visibles of the model, less levels, season and trend.

        """
        latents = tuple(self.model.graph.confounders)
        if not latents:
            return {}
        others = [name for name in self._endogenous if name != self._kpi]
        residuals = np.stack([table[:, self._at[name]] - self._explained(name, table) for name in others], axis=1)
        loadings = np.array([[self._loading(u, name) for u in latents] for name in others])
        variances = np.diag([self._value(f"{name} <-> {name}") for name in others])
        # Two residual variances of zero make the system singular; the confounder is then known exactly, and twice.
        expected = residuals @ solve_scaled(loadings @ loadings.T + variances, loadings)
        return {u: self._loading(u, self._kpi) * expected[:, k] for k, u in enumerate(latents)}

    def predict(self, table: Array) -> Array:
        """The KPI less levels, season and trend that is expected given all other columns, shape (N,)."""
        return self._explained(self._kpi, table) + sum(self.confounders(table).values(), np.zeros(len(table)))

    def _explained(self, name: str, table: Array) -> Array:
        """What the visible causes of a variable add to it, shape (N,)."""
        found = np.zeros(len(table))
        for cause, effect in self.model.graph.edges:
            if effect == name:
                found += self._value(coefficient(cause, effect)) * table[:, self._at[self._regressor(cause, effect)]]
        return found

    def _regressor(self, cause: str, effect: str) -> str:
        moving = {part.channel for part in self.model.design.transforms}
        return transformed_name(cause) if effect == self._kpi and cause in moving else cause

    def _loading(self, latent: str, child: str) -> float:
        return self._value(coefficient(latent, child)) if (latent, child) in self.model.graph.latent_edges else 0.0

    def _value(self, name: str) -> float:
        return float(self.theta[self._place[name]])

    @property
    def _kpi(self) -> str:
        return self.model.design.kpi

    @property
    def _endogenous(self) -> list[str]:
        model = self.model.design.model
        return [name for name in model.visibles if name not in model.exogenous]

    @cached_property
    def _at(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.model.design.model.visibles)}

    @cached_property
    def _place(self) -> dict[str, int]:
        return {free.name: k for k, free in enumerate(self.model.design.model.free)}
