"""`estimate`: fit a path model to one sample or to many; the numbers come back as new values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, final, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.data import Moments, MomentsStack
from semnan.errors import FitError, Unavailable
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy, KullbackLeibler
from semnan.estimation.generic import Generic, analyse
from semnan.estimation.inference import Inference, concatenate, infer
from semnan.estimation.information import information
from semnan.estimation.orientation import orient
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.start import random_starts, start_values
from semnan.model import PathModel
from semnan.network import Layout, Propagation, propagate

Array = NDArray[np.float64]

#: Above this number of free parameters the information is not formed, and there are no standard errors.
INFERENCE_LIMIT = 5_000
#: Fits are solved in batches of about this much memory, at about so many bytes a fit and square of its size.
BATCH_BYTES, PER_FIT = 1 << 30, 12 * 8
_TOO_LARGE = Unavailable("standard errors and verdicts stop at 5000 free parameters: the information is not formed")


@runtime_checkable
class Optimiser(Protocol):
    """Anything that minimises a batched problem: `FisherScoring`, `LBFGS`, `TorchOptimiser`."""

    def minimise(self, problem: Problem, start: Tensor, progress: Progress) -> Solution: ...


@final
@dataclass(frozen=True, eq=False)
class Estimate:
    """A fitted path model: what came out, and what went in.

    Attributes
    ----------
    model : PathModel
    moments : Moments
        Of the model's visibles, in its order.
    discrepancy : str
        The name of the discrepancy that was minimised.
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

    """

    model: PathModel
    moments: Moments
    discrepancy: str
    theta: Tensor
    value: float
    gradient: float
    steps: int
    outcome: Outcome
    start_values: tuple[float, ...]
    inference: Inference | Unavailable
    generic: Generic | Unavailable

    def with_moments(self, moments: Moments) -> Estimate:
        """The same estimate with moments that carry means too (a stack holds covariances only)."""
        return replace(self, moments=moments)

    @cached_property
    def layout(self) -> Layout:
        return Layout.of(self.model)

    @cached_property
    def matrices(self) -> tuple[Tensor, Tensor]:
        """W and Ω at the estimates, in the order of ``layout.names``."""
        return self.layout.matrices(self.theta)

    @cached_property
    def implied(self) -> Propagation:
        """Implied moments at the estimates."""
        return propagate(*self.matrices, self.layout.visible)


@final
@dataclass(frozen=True, eq=False)
class Estimates:
    """Many fits of one model, batched: the fields of `Estimate` with a leading dimension B."""

    model: PathModel
    moments: MomentsStack
    discrepancy: str
    theta: Tensor
    value: Tensor
    gradient: Tensor
    steps: Tensor
    outcomes: tuple[Outcome, ...]
    start_values: Tensor
    inference: Inference | Unavailable
    generic: Generic | Unavailable

    @cached_property
    def layout(self) -> Layout:
        return Layout.of(self.model)

    def __len__(self) -> int:
        return len(self.theta)

    def __getitem__(self, at: int) -> Estimate:
        inference = self.inference if isinstance(self.inference, Unavailable) else self.inference.take(at)
        return Estimate(
            model=self.model,
            moments=self.moments[at],
            discrepancy=self.discrepancy,
            theta=self.theta[at].clone(),
            value=max(float(self.value[at]), 0.0),
            gradient=float(self.gradient[at]),
            steps=int(self.steps[at]),
            outcome=self.outcomes[at],
            start_values=tuple(self.start_values[at].tolist()),
            inference=inference,
            generic=self.generic,
        )

    def __iter__(self) -> Iterator[Estimate]:
        return (self[b] for b in range(len(self)))


def estimate(
    model: PathModel,
    moments: MomentsStack,
    *,
    discrepancy: type[Discrepancy] = KullbackLeibler,
    optimiser: Optimiser | None = None,
    starts: int = 1,
    seed: int = 0,
    progress: bool | None = None,
) -> Estimates:
    """Fit a path model to every sample of a stack; see `semnan.fit` for the arguments.

    Raises
    ------
    FitError
        If the model has no free parameters, or an argument makes no sense.
    DataError
        If a variable of the model is not in the data, or a sample covariance is singular.

    """
    _check(model, discrepancy, optimiser, starts, seed)
    sample = moments if moments.names == model.visibles else moments.select(model.visibles)
    layout = Layout.of(model)
    whole = Problem(layout, discrepancy(sample), *_bounds(model))
    size = max(1, BATCH_BYTES // (PER_FIT * starts * max(layout.size, len(layout.names)) ** 2))
    chunks = torch.split(torch.arange(len(sample)), size)
    generator = torch.Generator().manual_seed(seed)
    with Progress(progress) as shown:
        solved = optimiser or FisherScoring()
        parts = [_solve(model, whole.take(chunk), solved, starts, generator, shown) for chunk in chunks]
    return Estimates(
        model=model,
        moments=sample,
        discrepancy=discrepancy.__name__,
        theta=torch.cat([part.theta for part in parts]),
        value=torch.cat([part.value for part in parts]),
        gradient=torch.cat([part.gradient for part in parts]),
        steps=torch.cat([part.steps for part in parts]),
        outcomes=tuple(outcome for part in parts for outcome in part.outcomes),
        start_values=torch.cat([part.start_values for part in parts]),
        inference=concatenate([part.inference for part in parts]),
        generic=_TOO_LARGE if layout.size > INFERENCE_LIMIT else analyse(model, layout),
    )


class Solved(NamedTuple):
    """The best end of every sample, and the values that all starts reached."""

    theta: Tensor
    value: Tensor
    gradient: Tensor
    steps: Tensor
    outcomes: tuple[Outcome, ...]
    start_values: Tensor
    inference: Inference | Unavailable


def _solve(
    model: PathModel, problem: Problem, optimiser: Optimiser, starts: int, generator: torch.Generator, shown: Progress
) -> Solved:
    """Minimise for a part of the samples, from all starts at once."""
    sample = problem.discrepancy.sample
    begin = _starts(model, problem.layout, sample, starts, generator)
    many = problem.take(torch.arange(len(sample)).repeat_interleave(starts)) if starts > 1 else problem
    solution = optimiser.minimise(many, begin.flatten(0, 1), shown)
    best, values = _best(solution, starts)
    outcomes = tuple(solution.outcomes[i] for i in best.tolist())
    theta = orient(model, solution.theta[best])
    ends = (solution.value[best], solution.gradient[best], solution.steps[best], outcomes)
    return Solved(theta, *ends, values, _inference(problem, theta))


def _check(model: PathModel, discrepancy: object, optimiser: object, starts: object, seed: object) -> None:
    """Raise `FitError` for an argument that makes no sense."""
    if not model.free:
        raise FitError("the model has no free parameters: there is nothing to fit")
    if discrepancy not in DISCREPANCIES.values():
        names = ", ".join(DISCREPANCIES)
        raise FitError(f"{discrepancy!r} is no discrepancy: pass one of the classes {names} (not an instance)")
    if optimiser is not None and (isinstance(optimiser, type) or not isinstance(optimiser, Optimiser)):
        raise FitError(f"{optimiser!r} is no optimiser: pass FisherScoring(), LBFGS() or TorchOptimiser()")
    if isinstance(starts, bool) or not isinstance(starts, int) or starts < 1:
        raise FitError(f"starts is {starts!r}: give the number of starts, at least 1")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise FitError(f"seed is {seed!r}: give an integer from 0 to 2^63 - 1")


def discrepancy_of(estimate: Estimate) -> type[Discrepancy]:
    """The class of the discrepancy that an estimate minimised."""
    return DISCREPANCIES[estimate.discrepancy]


def _bounds(model: PathModel) -> tuple[Tensor, Tensor]:
    lower = torch.tensor([free.lower for free in model.free], dtype=torch.float64)
    return lower, torch.tensor([free.upper for free in model.free], dtype=torch.float64)


def _starts(model: PathModel, layout: Layout, sample: Tensor, starts: int, generator: torch.Generator) -> Tensor:
    """Starts of shape (B, starts, q): the first from the data alone, the others random."""
    first, scales = start_values(model, layout, sample)
    others = [random_starts(model, layout, first, scales, generator) for _ in range(starts - 1)]
    return torch.stack([first, *others], dim=1)


def _best(solution: Solution, starts: int) -> tuple[Tensor, Tensor]:
    """For every sample the start that ended lowest (a converged one if there is any), and all ends."""
    values = solution.value.reshape(-1, starts)
    ok = torch.tensor([outcome.ok for outcome in solution.outcomes]).reshape(-1, starts)
    usable = torch.where(ok, values, torch.inf)
    ranked = torch.where(ok.any(-1, keepdim=True), usable, values)
    return ranked.argmin(-1) + torch.arange(len(values)) * starts, values


def _inference(problem: Problem, theta: Tensor) -> Inference | Unavailable:
    """Information at the estimates; for discrepancies that are not efficient also the variance of their slope."""
    if problem.layout.size > INFERENCE_LIMIT:
        return _TOO_LARGE
    point = problem.at(theta)
    held = problem.at_bound(theta)
    dense = information(problem.layout, point.implied, point.loss.metric)
    if type(problem.discrepancy).chi_square_factor is not None:
        return infer(dense, held)
    metric = point.loss.metric @ point.implied.sigma @ point.loss.metric
    return infer(dense, held, information(problem.layout, point.implied, metric))
