"""What a fit says of causes: effects, verdicts on them, interventions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from semnan import report
from semnan.effects import Effect, Intervention, effect, effects, intervene
from semnan.effects.effect import Kind, Pair
from semnan.fitted.record import Fitted
from semnan.identification import Verdict, identify
from semnan.identification.query import Function


class FittedEffects(Fitted):
    """Of `semnan.Fit`: effects."""

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
    ) -> Effect:
        """The causal effect of `source` on `target`.

        Parameters
        ----------
        source, target : str
        kind : "total", "direct" or "indirect"
            Along all directed paths, the edge alone, or all paths but the edge.
        avoiding : iterable of str
            Count only paths that do not pass through these variables.
        standardised : bool
            In implied standard deviations.
        group : str, optional
            Of a model with several groups.
        level : float
            Of the Wald interval.

        Returns
        -------
        Effect
            If the data do not determine it, the reason stands where the number would be.

        """
        return effect(
            self.estimate,
            source,
            target,
            kind=kind,
            avoiding=avoiding,
            standardised=standardised,
            group=group,
            level=level,
        )

    def effects(
        self, *, kind: Kind = "total", standardised: bool = False, group: str | None = None, level: float = 0.95
    ) -> report.Listing[Effect]:
        """The effects between all pairs of visibles that a directed path (total), an edge (direct), or a directed path
        through another variable (indirect) connects.
        """
        found = effects(self.estimate, kind=kind, standardised=standardised, group=group, level=level)
        return report.Listing(Effect, tuple(found))

    def identify(
        self,
        effect: str | Pair | Function,
        *,
        kind: Literal["direct", "total"] = "total",
        avoiding: Iterable[str] | str = (),
        group: str | None = None,
    ) -> Verdict:
        """Whether the covariance determines an effect, by which formula, or two models that differ in it.

        This is `semnan.identify` of the fitted model: exact, and about the model only. The numbers at the fit are
        ``verdict.formula(fit.implied_covariance)`` of an identified effect, and
        ``verdict.values(fit.implied_covariance)``, all real values and whether they are feasible, of an effect that is
        identified up to finitely many values, of which `effect` reports one.
        """
        return identify(self.model, effect, kind=kind, avoiding=avoiding, group=group)

    def do(self, values: Mapping[str, float], group: str | None = None, level: float = 0.95) -> Intervention:
        """Mean and covariance of the visibles when the named ones are set to these values."""
        return intervene(self.estimate, values, group, level)
