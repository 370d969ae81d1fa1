"""Causal effects and interventions of a fit."""

from semnan.effects.delta import Wald
from semnan.effects.effect import Effect, effect, effects
from semnan.effects.intervention import Intervention, intervene

__all__ = ["Effect", "Intervention", "Wald", "effect", "effects", "intervene"]
