"""What is asked of replicates: a parameter, a defined parameter or an effect, as a number of every fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan.effects.defined import defined_parameters
from semnan.effects.delta import own_walds
from semnan.effects.effect import Kind, effect, effect_gradients
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate, place_of
from semnan.estimation.functions import Functions
from semnan.model import PathModel
from semnan.resampling.replicates import Replicates

Array = NDArray[np.float64]


class Quantity(Protocol):
    """A function of fits with a name."""

    @property
    def name(self) -> str: ...

    def of_sample(self, fit: Estimate) -> float | Unavailable:
        """Its value in the fit of the sample."""
        ...

    def of_replicates(self, model: PathModel, replicates: Replicates) -> Array:
        """Its values, shape (R,)."""
        ...


@final
@dataclass(frozen=True)
class ParameterValue:
    """A free parameter."""

    name: str
    place: int

    def of_sample(self, fit: Estimate) -> float | Unavailable:
        return own_walds(fit, 0.95)[self.place].estimate

    def of_replicates(self, model: PathModel, replicates: Replicates) -> Array:
        del model
        return replicates.theta[:, self.place]


@final
@dataclass(frozen=True)
class DefinedValue:
    """A parameter defined by ``:=``."""

    name: str
    place: int

    def of_sample(self, fit: Estimate) -> float | Unavailable:
        return defined_parameters(fit)[self.place].estimate

    def of_replicates(self, model: PathModel, replicates: Replicates) -> Array:
        functions = Functions(model, [model.defined[self.place].expression])
        return functions.value(torch.tensor(replicates.theta))[:, 0].numpy()


@final
@dataclass(frozen=True)
class EffectValue:
    """An effect of one variable on another."""

    source: str
    target: str
    kind: Kind
    avoiding: tuple[str, ...]
    standardised: bool
    group: str | None

    @classmethod
    def of(
        cls, source: str, target: str, kind: Kind, avoiding: Iterable[str], standardised: bool, group: str | None
    ) -> EffectValue:
        avoid = (avoiding,) if isinstance(avoiding, str) else tuple(avoiding)
        return cls(source, target, kind, avoid, standardised, group)

    @property
    def name(self) -> str:
        what = f"{'standardised ' if self.standardised else ''}{self.kind} effect of {self.source} on {self.target}"
        return what + (f" avoiding {', '.join(self.avoiding)}" if self.avoiding else "")

    def of_sample(self, fit: Estimate) -> float | Unavailable:
        return effect(
            fit,
            self.source,
            self.target,
            kind=self.kind,
            avoiding=self.avoiding,
            standardised=self.standardised,
            group=self.group,
        ).estimate

    def of_replicates(self, model: PathModel, replicates: Replicates) -> Array:
        found = effect_gradients(
            replicates.layout(model, place_of(model, self.group)),
            torch.tensor(replicates.theta),
            [(self.source, self.target)],
            kind=self.kind,
            avoiding=self.avoiding,
            standardised=self.standardised,
        )
        return found.value[:, 0].numpy()


def quantities(model: PathModel) -> list[Quantity]:
    """All free and defined parameters."""
    free = [ParameterValue(parameter.name, k) for k, parameter in enumerate(model.free)]
    return [*free, *(DefinedValue(item.name, k) for k, item in enumerate(model.defined))]


def quantity(model: PathModel, name: str) -> Quantity:
    """The parameter, or defined parameter, of this name.

    Raises
    ------
    FitError
        If there is none.

    """
    found = {item.name: item for item in quantities(model)}
    if name not in found:
        raise FitError(f"the model has no free or defined parameter {name!r}; it has {', '.join(found)}")
    return found[name]
