"""`Estimate` and `Estimates`: a fitted path model, and many; the numbers of a fit as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.data import Moments, MomentsStack, Patterns
from semnan.errors import FitError, Unavailable
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy
from semnan.estimation.estimators import Test, recipe
from semnan.estimation.generic import Generic
from semnan.estimation.inference import Inference
from semnan.estimation.outcome import Outcome
from semnan.estimation.squares import LeastSquares
from semnan.estimation.stages import TwoStage
from semnan.model import PathModel
from semnan.network import Layout, implied_moments

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Estimate:
    """A fitted path model: what came out, and what went in.

    Attributes
    ----------
    model : PathModel
    samples : tuple of Moments
        One for each group, of the model's visibles in its order; with incomplete rows those of the saturated model.
    patterns : tuple of Patterns or None
        The incomplete rows of each group.
    discrepancy : str
        The name of the discrepancy that was minimised.
    estimator : str
        "ML", or the robust one whose standard errors and tests were asked for.
    information : str
        What standard errors come from: "expected", "observed" or "first.order".
    theta : Tensor, shape (q,)
        The free parameters, in the order of ``model.free``.
    value : float
        The discrepancy at the estimates.
    gradient : float
        Its largest gradient entry, in units of √I_kk.
    steps : int
    outcome : Outcome
    start_values : tuple of float
        The discrepancy reached from every start.
    inference : Inference or Unavailable
        Variances at the estimates.
    generic : Generic or Unavailable
        What the model identifies.
    squares : LeastSquares, Unavailable or None
        What least squares of moments knows besides; None of other discrepancies.
    stages : TwoStage, Unavailable or None
        What a fit in two stages knows besides; None of others.

    """

    model: PathModel
    samples: tuple[Moments, ...]
    patterns: tuple[Patterns | None, ...]
    discrepancy: str
    estimator: str
    information: str
    theta: Tensor
    value: float
    gradient: float
    steps: int
    outcome: Outcome
    start_values: tuple[float, ...]
    inference: Inference | Unavailable
    generic: Generic | Unavailable
    squares: LeastSquares | Unavailable | None = None
    stages: TwoStage | Unavailable | None = None

    @property
    def test(self) -> Test:
        """How χ² is corrected."""
        return recipe(self.estimator).test if self.stages is None else "satorra.bentler"

    @property
    def n(self) -> int:
        """Rows in all groups together."""
        return sum(sample.n for sample in self.samples)

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The groups; a single None if there are none."""
        return self.model.groups or (None,)

    @property
    def incomplete(self) -> bool:
        """Whether rows with missing values took part (full-information maximum likelihood)."""
        return any(pattern is not None for pattern in self.patterns)

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """One for each group, with exogenous covariates at their sample moments."""
        pairs = zip(self.labels, self.samples, strict=True)
        return tuple(conditioned(self.model, label, sample.covariance, sample.mean) for label, sample in pairs)

    def layout(self, group: str | None = None) -> Layout:
        """The layout of a group."""
        return self.layouts[place_of(self.model, group)]

    @cached_property
    def implied(self) -> tuple[Implied, ...]:
        """Implied moments at the estimates, one for each group."""
        return tuple(Implied.of(self.model, layout, self.theta) for layout in self.layouts)


@final
@dataclass(frozen=True, eq=False)
class Implied:
    """The implied moments of one group at the estimates.

    Attributes
    ----------
    names : tuple of str
        All variables, in the order of the layout, without the constant.
    mean : Tensor, shape (n,)
    covariance : Tensor, shape (n, n)
    visible : Tensor of int, shape (p,)
        The visibles among the names, in the order of the model.

    """

    names: tuple[str, ...]
    mean: Tensor
    covariance: Tensor
    visible: Tensor

    @classmethod
    def of(cls, model: PathModel, layout: Layout, theta: Tensor) -> Implied:
        mean, covariance = implied_moments(layout, theta)
        first = int(layout.constant)
        names = layout.names[first:]
        place = {name: i for i, name in enumerate(names)}
        visible = torch.tensor([place[name] for name in model.visibles])
        return cls(names, mean[first:], covariance[first:, first:], visible)

    @property
    def sigma(self) -> Tensor:
        """Σ of the visibles, in the order of the model."""
        return self.covariance[self.visible[:, None], self.visible]

    @property
    def mu(self) -> Tensor:
        """The mean of the visibles."""
        return self.mean[self.visible]


@final
@dataclass(frozen=True, eq=False)
class Estimates:
    """Many fits of one model, batched: the fields of `Estimate` with a leading dimension B."""

    model: PathModel
    samples: tuple[MomentsStack, ...]
    patterns: tuple[Patterns | None, ...]
    discrepancy: str
    estimator: str
    information: str
    theta: Tensor
    value: Tensor
    gradient: Tensor
    steps: Tensor
    outcomes: tuple[Outcome, ...]
    start_values: Tensor
    inference: Inference | Unavailable
    generic: Generic | Unavailable
    squares: LeastSquares | Unavailable | None = None
    stages: TwoStage | Unavailable | None = None

    @property
    def n(self) -> Array:
        """Rows of every fit, in all groups together, shape (B,)."""
        total: Array = np.sum([sample.n for sample in self.samples], axis=0, dtype=np.float64)
        return total

    def layout(self, group: str | None = None) -> Layout:
        """The layout of a group, batched where exogenous covariates bring the moments of the samples."""
        at = place_of(self.model, group)
        sample = self.samples[at]
        return conditioned(self.model, (self.model.groups or (None,))[at], sample.covariance, sample.means)

    def __len__(self) -> int:
        return len(self.theta)

    def __getitem__(self, at: int) -> Estimate:
        inference = self.inference if isinstance(self.inference, Unavailable) else self.inference.take(at)
        return Estimate(
            model=self.model,
            samples=tuple(sample[at] for sample in self.samples),
            patterns=self.patterns,
            discrepancy=self.discrepancy,
            estimator=self.estimator,
            information=self.information,
            theta=self.theta[at].clone(),
            value=max(float(self.value[at]), 0.0),
            gradient=float(self.gradient[at]),
            steps=int(self.steps[at]),
            outcome=self.outcomes[at],
            start_values=tuple(self.start_values[at].tolist()),
            inference=inference,
            generic=self.generic,
            squares=self.squares,
            stages=self.stages,
        )

    def __iter__(self) -> Iterator[Estimate]:
        return (self[b] for b in range(len(self)))


def place_of(model: PathModel, group: str | None) -> int:
    """The place of a group; None is the only one there is.

    Raises
    ------
    FitError
        For a group that the model does not have, or no group where it has several.

    """
    labels = model.groups or (None,)
    if group in labels:
        return labels.index(group)
    have = f"the model has the groups {', '.join(model.groups)}" if model.groups else "the model has no groups"
    raise FitError(f"{have}: {'name one of them' if group is None else f'there is no {group!r}'}")


def conditioned(model: PathModel, label: str | None, covariance: Array, mean: Array | None) -> Layout:
    """The layout of a group with its exogenous covariates at their sample moments, given in the order of the model."""
    layout = Layout.of(model, label)
    if not model.exogenous:
        return layout
    at = np.array([model.visibles.index(name) for name in model.exogenous])
    inside = torch.tensor(covariance[..., at[:, None], at])
    return layout.condition(model.exogenous, inside, None if mean is None else torch.tensor(mean[..., at]))


def discrepancy_of(estimate: Estimate) -> type[Discrepancy]:
    """The class of the discrepancy that an estimate minimised."""
    return DISCREPANCIES[estimate.discrepancy]
