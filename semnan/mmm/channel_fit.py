"""`ChannelFit`: a fitted channel model, and the questions that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from semnan.data.design import LAGS
from semnan.effects.delta import AT_BOUND, NOT_IDENTIFIED
from semnan.errors import FileError, FitError, Unavailable
from semnan.estimation.finding import Finding
from semnan.estimation.outcome import Outcome
from semnan.mmm.model.channel_sem import ChannelSEM, StandardErrors
from semnan.mmm.model.concentrate import Minimum
from semnan.mmm.model.knowledge import Known, Prior
from semnan.mmm.model.sandwich import Spread
from semnan.mmm.plots import Plots
from semnan.mmm.results.answers import Answers, ask
from semnan.mmm.results.bounds import ChannelBounds, channel_bounds
from semnan.mmm.results.budget import Bounds, Budget, optimise_budget
from semnan.mmm.results.contributions import Contributions, contributions
from semnan.mmm.results.effects import ChannelEffects, channel_effects
from semnan.mmm.results.findings import channel_findings
from semnan.mmm.results.holdout import Holdout, holdout
from semnan.mmm.results.judgement import Judge
from semnan.mmm.results.response_curves import ResponseCurves, response_curves
from semnan.mmm.results.roas import ChannelReturns, channel_returns
from semnan.mmm.results.scenario import Scenario, scenario
from semnan.mmm.results.summary import summarise, to_dict
from semnan.network.arrays import Array
from semnan.report.summary import Summary


@final
@dataclass(frozen=True, eq=False, repr=False)
class ChannelFit:
    """A fitted channel model. A value: nothing changes it.

    Attributes
    ----------
    model : ChannelSEM
    minimum : Minimum
        The estimates, and how the search ended.
    spread : Spread
        How uncertain they are.
    standard_error_kind : str
    known : tuple of Known
        Experiments and priors that entered the likelihood.
    lags : int
        Weeks over which rows of different geos may depend on each other.

    """

    model: ChannelSEM
    minimum: Minimum
    spread: Spread
    standard_error_kind: StandardErrors
    known: tuple[Known, ...]
    lags: int = LAGS

    @property
    def outcome(self) -> Outcome:
        """How the search ended."""
        return self.minimum.outcome

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters: coefficients, loadings, residual variances, then those of transforms."""
        design = self.model.design
        return (*(free.name for free in design.model.free), *design.names)

    @property
    def values(self) -> Array:
        """Their estimates, shape (q + k,)."""
        return np.concatenate([self.minimum.theta, self.minimum.tau])

    @property
    def estimates(self) -> dict[str, float]:
        """The estimates by name."""
        return dict(zip(self.names, self.values.tolist(), strict=True))

    @property
    def standard_errors(self) -> dict[str, float | Unavailable]:
        """Their standard errors."""
        matrix = self.spread.matrix
        if isinstance(matrix, Unavailable):
            return dict.fromkeys(self.names, matrix)
        errors: list[float | Unavailable] = list(np.sqrt(np.diagonal(matrix)).tolist())
        for k, unit in enumerate(np.eye(len(errors))):
            if self.spread.held[k]:
                errors[k] = AT_BOUND
            elif not self.spread.determines(unit):
                errors[k] = NOT_IDENTIFIED
        return dict(zip(self.names, errors, strict=True))

    @cached_property
    def ignoring_confounders(self) -> ChannelFit:
        """The same model without its confounders, as a regression on all channels would have it.

        With the priors on what it has too, but without lift tests, which would tell it of the confounders.
        """
        if not self.model.graph.confounders:
            return self
        kind: StandardErrors = "panel-hac" if self.standard_error_kind == "bootstrap" else self.standard_error_kind
        other = self.model.without_confounders()
        names = {*(free.name for free in other.design.model.free), *other.design.names}
        priors = [item for item in self.known if isinstance(item, Prior) and item.parameter in names]
        return other.fit(standard_errors=kind, lags=self.lags, known=priors)

    @cached_property
    def judge(self) -> Judge:
        """Verdicts on what changes of media do."""
        return Judge(self.model.graph, self.model.mechanism, self.known)

    def effects(self, *, level: float = 0.95) -> ChannelEffects:
        """What a unit of each channel's media does to the KPI: directly, in all, and by way of other channels."""
        return channel_effects(self, level)

    def roas(self, *, marginal: bool = False, level: float = 0.95) -> ChannelReturns:
        """What spend returned, with the other channels held and with their response; or what one percent more would."""
        return channel_returns(self, level, marginal=marginal)

    def contributions(self, *, level: float = 0.95) -> Contributions:
        """The fitted KPI of every geo and week, taken apart into channels and baseline."""
        return contributions(self, level)

    def response_curves(
        self,
        *,
        kind: Literal["direct", "total"] = "total",
        points: int = 41,
        upto: float = 2.0,
        level: float = 0.95,
    ) -> ResponseCurves:
        """The KPI due to each channel at shares of its present spend, from none up to a multiple of it."""
        return response_curves(self, kind, points, upto, level)

    def scenario(self, changes: Mapping[str, float | ArrayLike], *, level: float = 0.95) -> Scenario:
        """What the KPI would have been with other media; channels that are not named respond.

        Parameters
        ----------
        changes : mapping from channel to number or array
            A share (.2 for a fifth more, -1 for none), or the media instead, shape (G, T) or what broadcasts to it.
            Shares are of the weeks before the first too, which work on by adstock; media are not.
        level : float

        """
        return scenario(self, changes, level)

    def optimise_budget(
        self,
        total: float | None = None,
        *,
        channels: Iterable[str] | None = None,
        bounds: Bounds = (0.5, 1.5),
        amounts: Mapping[str, tuple[float, float]] | None = None,
        level: float = 0.95,
    ) -> Budget:
        """The split of a budget over channels that brings the most, media of every week being scaled alike.

        Parameters
        ----------
        total : float, optional
            By default what was spent on these channels.
        channels : iterable of str, optional
            Whose spend is decided; by default all that have some. Others respond as in the graph, at no cost.
        bounds : pair of float, or mapping from channel to pair
            Least and most spend as shares of the present one, which is what the data know about; a channel that a
            mapping leaves out has .5 to 1.5.
        amounts : mapping from channel to pair of float, optional
            Least and most spend as amounts, in place of `bounds`.
        level : float

        Raises
        ------
        FitError
            If spend is not known, an effect is not identified, or bounds leave no room for the total.

        """
        return optimise_budget(self, total, channels=channels, bounds=bounds, amounts=amounts, level=level)

    def bounds(self, channel: str, *, r2_channel: float, r2_kpi: float, level: float = 0.95) -> ChannelBounds:
        """Between what values a channel's direct effect is, by the strength of what confounds it.

        Parameters
        ----------
        channel : str
        r2_channel, r2_kpi : float
            Partial R² of the confounder with the channel given the other causes of the KPI, and with the KPI given its
            causes.
        level : float

        """
        return channel_bounds(self, channel, r2_channel, r2_kpi, level)

    def holdout(self, weeks: int = 8) -> Holdout:
        """Fit the model without the last weeks, and compare what it expects of them with what came."""
        return holdout(self.model, weeks, self.known)

    def summary(self, *, level: float = 0.95) -> Summary:
        """Everything worth reading, as text or, in a notebook, HTML."""
        return summarise(self, level)

    def to_dict(self, *, level: float = 0.95) -> dict[str, Any]:
        """Estimates, effects, returns, contributions and response curves as plain values, such as JSON has."""
        return to_dict(self, level)

    @property
    def plot(self) -> Plots:
        """Drawings, as ``fit.plot.roas()``; they need matplotlib."""
        return Plots(self)

    def answers(
        self,
        *,
        level: float = 0.95,
        total: float | None = None,
        amounts: Mapping[str, tuple[float, float]] | None = None,
        channels: Iterable[str] | None = None,
        holdout: int = 0,
    ) -> Answers:
        """All results at once, for a report or JSON.

        Parameters
        ----------
        level : float
        total, amounts, channels
            Of the budget, as in `optimise_budget`.
        holdout : int
            Weeks at the end to foresee from those before, if any.

        """
        found = ask(self, level, total, amounts, holdout)
        if channels is None:
            return found
        try:
            budget = self.optimise_budget(total, channels=channels, amounts=amounts, level=level)
        except FitError as error:
            return replace(found, budget=Unavailable(str(error)))
        return replace(found, budget=budget)

    def report(self, path: str | Path, *, level: float = 0.95, holdout: int = 0) -> None:
        """Write all results with their drawings as one HTML file that loads nothing; needs matplotlib."""
        place, page = Path(path), self.answers(level=level, holdout=holdout).to_html()
        try:
            place.write_text(page, encoding="utf-8")
        except OSError as error:
            raise FileError(f"cannot write {place}: {error.strerror}") from error

    def __str__(self) -> str:
        return str(self.summary())

    def __repr__(self) -> str:
        return f"<ChannelFit of {self.model.panel.kpi}, {len(self.names)} parameters: {self.outcome.value}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What must be told besides the numbers."""
        return tuple(channel_findings(self))
