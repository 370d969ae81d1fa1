"""`Answers`: all that a fitted channel model tells, asked once, for the report and for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from semnan.errors import Unavailable
from semnan.mmm.graphs.identification import IdentificationTable
from semnan.mmm.results.budget import Budget
from semnan.mmm.results.contributions import Contributions
from semnan.mmm.results.effects import ChannelEffects
from semnan.mmm.results.holdout import Holdout
from semnan.mmm.results.response_curves import ResponseCurves
from semnan.mmm.results.roas import ChannelReturns

if TYPE_CHECKING:
    from semnan.mmm.channel_fit import ChannelFit


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """The results of a channel fit.

    Attributes
    ----------
    fit : ChannelFit
    effects : ChannelEffects
    returns, marginal : ChannelReturns
    ignoring : ChannelReturns or None
        The returns if confounders were ignored; None if the graph has none.
    contributions : Contributions
    curves : ResponseCurves
        Of total effects.
    budget : Budget or Unavailable
    identification : IdentificationTable
    holdout : Holdout or None
        None if no weeks were held out.
    level : float
        Of the intervals.

    """

    fit: ChannelFit
    effects: ChannelEffects
    returns: ChannelReturns
    marginal: ChannelReturns
    ignoring: ChannelReturns | None
    contributions: Contributions
    curves: ResponseCurves
    budget: Budget | Unavailable
    identification: IdentificationTable
    holdout: Holdout | None
    level: float

    def to_dict(self) -> dict[str, Any]:
        """The results of the fit with budget and forecast, as plain values: None where there is no number."""
        budget, holdout = self.budget, self.holdout
        return {
            **self.fit.to_dict(level=self.level),
            "budget": {"reason": budget.reason} if isinstance(budget, Unavailable) else budget.to_dict(),
            "holdout": None if holdout is None else holdout.to_dict(),
        }

    def to_html(self) -> str:
        """A report with drawings as one HTML file, which loads nothing and runs no script; needs matplotlib."""
        from semnan.mmm.report.html_report import html_report  # Which reads answers.

        return html_report(self)


def ask(
    fit: ChannelFit,
    level: float,
    total: float | None,
    amounts: Mapping[str, tuple[float, float]] | None,
    holdout: int,
) -> Answers:
    """See `ChannelFit.answers`."""
    returns = fit.roas(level=level)
    return Answers(
        fit=fit,
        effects=fit.effects(level=level),
        returns=returns,
        marginal=fit.roas(marginal=True, level=level),
        ignoring=fit.ignoring_confounders.roas(level=level) if fit.model.graph.confounders else None,
        contributions=fit.contributions(level=level),
        curves=fit.response_curves(level=level),
        budget=_budget(fit, returns, level, total, amounts),
        identification=fit.model.graph.identify(),
        holdout=fit.holdout(holdout) if holdout else None,
        level=level,
    )


def _budget(
    fit: ChannelFit,
    returns: ChannelReturns,
    level: float,
    total: float | None,
    amounts: Mapping[str, tuple[float, float]] | None,
) -> Budget | Unavailable:
    """The best split, or why none is known: it needs all direct effects, and what was paid."""
    if fit.model.panel.spend is None:
        return Unavailable("the panel does not know what was paid: give spend=")
    paid = (row for row in returns.listed if row.kind == "direct" and not isinstance(row.spend, Unavailable))
    refusal = next((row.roas for row in paid if isinstance(row.roas, Unavailable)), None)
    return fit.optimise_budget(total, amounts=amounts, level=level) if refusal is None else refusal
