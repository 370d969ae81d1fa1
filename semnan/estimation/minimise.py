"""`estimate`: fit a path model to one sample or to many; the numbers come back as new values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.data import MomentsStack, Patterns
from semnan.errors import DataError, FitError, Unavailable
from semnan.estimation.assembly import Assembly, arrange, assemble
from semnan.estimation.augmented import minimise_within
from semnan.estimation.casewise import Rows
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.estimate import Estimates
from semnan.estimation.estimators import Information, recipe
from semnan.estimation.fit_options import Options
from semnan.estimation.generic import analyse
from semnan.estimation.inference import Inference, concatenate
from semnan.estimation.least_squares import assemble_vectors, judge, stack_of
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Mixture
from semnan.estimation.orientation import orient
from semnan.estimation.outcome import Outcome
from semnan.estimation.problem import Problem, Solution
from semnan.estimation.progress import Progress
from semnan.estimation.reweighting import reweight
from semnan.estimation.scoring import FisherScoring
from semnan.estimation.squares import LeastSquares
from semnan.estimation.stages import TwoStage
from semnan.estimation.start import random_starts, start_values
from semnan.estimation.threads import blas_threads
from semnan.estimation.two_stage import second_stage
from semnan.estimation.variance import variances
from semnan.model import PathModel
from semnan.network.arrays import Array

Index = NDArray[np.int64]
#: Fits are solved in batches of about this much memory, at about so many bytes a fit and square of its size.
BATCH_BYTES, PER_FIT = 1 << 30, 12 * 8


def estimate(
    model: PathModel,
    data: Sequence[MomentsStack | Patterns] | Sequence[MomentVector],
    options: Options | None = None,
    rows: Rows | None = None,
) -> Estimates:
    """Fit a path model to data, one entry for each group; see `semnan.fit` for the options.

    Parameters
    ----------
    model : PathModel
    data : sequence of MomentsStack or Patterns, or of MomentVector
        Stacks of the same length B; or incomplete rows, which make a single fit; or what least squares takes.
    options : Options, optional
    rows : Rows, optional
        The rows themselves, which first-order information needs.

    Raises
    ------
    FitError
        If the model has no free parameters, or an option makes no sense.
    DataError
        If a variable of the model is not in the data, or a sample covariance is singular.

    """
    chosen = options or Options()
    if not model.free:
        raise FitError("the model has no free parameters: there is nothing to fit")
    # What overflows is not finite, and is judged as such.
    with (
        torch.no_grad(),
        np.errstate(all="ignore"),
        blas_threads(len(model.free)),
        Progress(chosen.progress) as shown,
    ):
        vectors = [item for item in data if isinstance(item, MomentVector)]
        made, limits = _assemble(model, data, vectors, chosen), Constraints.of(model)
        whole = Problem(made.parts, limits.lower, limits.upper, limits.space)
        incomplete = any(pattern is not None for pattern in made.patterns)
        usual: Information = "observed" if incomplete or chosen.stages is not None else "expected"
        kind = chosen.information or recipe(chosen.estimator).information or usual
        job = _Job(model, limits, chosen, kind, rows, vectors, shown, torch.Generator().manual_seed(int(chosen.seed)))
        chunks = _chunks(made, chosen, model)
        if len(chunks) == 1:
            solved = [job.solve(whole, made)]
        else:
            solved = [job.solve(whole.take(part), _take(made, part)) for part in chunks]
    return _gather(model, made, chosen, kind, solved)


def _assemble(
    model: PathModel,
    data: Sequence[MomentsStack | Patterns] | Sequence[MomentVector],
    vectors: Sequence[MomentVector],
    options: Options,
) -> Assembly:
    weight = options.weight
    if weight is not None and len(vectors) == len(data):
        return assemble_vectors(model, vectors, weight, normal=recipe(options.estimator).normal)
    if options.stages is not None and len(vectors) == len(data):
        return assemble(model, [stack_of(vector) for vector in vectors], KullbackLeibler)
    others = [item for item in data if not isinstance(item, MomentVector)]
    if weight is not None or vectors:
        raise FitError(f"{options.estimator} and the data do not go together: least squares takes the rows of one fit")
    return assemble(model, others, options.discrepancy)


def _chunks(made: Assembly, options: Options, model: PathModel) -> list[Index]:
    """Fits in portions of bounded memory."""
    widest = max(len(model.free), *(len(part.layout.names) for part in made.parts))
    size = max(1, BATCH_BYTES // (PER_FIT * options.starts * widest**2))
    return [np.arange(start, min(start + size, len(made.n))) for start in range(0, len(made.n), size)]


def _take(made: Assembly, index: Index) -> Assembly:
    groups = tuple(
        replace(
            group,
            layout=group.layout.take(index),
            covariance=group.covariance[index],
            mean=None if group.mean is None else group.mean[index],
        )
        for group in made.groups
    )
    return replace(made, groups=groups)


class Solved(NamedTuple):
    """The best end of every sample, and the values that all starts reached."""

    theta: Tensor
    value: Tensor
    gradient: Tensor
    steps: Tensor
    outcomes: tuple[Outcome, ...]
    start_values: Tensor
    inference: Inference | Unavailable
    squares: LeastSquares | Unavailable | None
    stages: TwoStage | Unavailable | None


#: What is known of estimates: the last three of these.
Judged = tuple[Inference | Unavailable, LeastSquares | Unavailable | None, TwoStage | Unavailable | None]


@final
@dataclass(frozen=True)
class _Job:
    """What all portions of a batch share."""

    model: PathModel
    limits: Constraints
    options: Options
    kind: Information
    rows: Rows | None
    vectors: Sequence[MomentVector]
    shown: Progress
    generator: torch.Generator

    def solve(self, problem: Problem, made: Assembly) -> Solved:
        """Minimise for a portion of the samples, from all starts at once."""
        starts = self.options.starts
        begin = self._starts(problem, made)
        many = problem.take(np.arange(len(begin) // starts).repeat(starts)) if starts > 1 else problem
        solution, active = self._minimise(many, begin)
        best, values = _best(solution, starts)
        weight = self.options.weight
        if isinstance(weight, Mixture) and weight.source == "model":
            begin, best = solution.theta[best], np.zeros(1, dtype=np.int64)
            problem, solution, active = reweight(self.model, self.vectors, weight, problem, begin, self._minimise)
        full = orient(self.model, torch.from_numpy(problem.expand(solution.theta[best])))
        outcomes = tuple(solution.outcomes[i] for i in best.tolist())
        ends = solution.value, solution.gradient, solution.steps
        value, gradient, steps = (torch.from_numpy(part[best]) for part in ends)
        pushing = None if active is None else active[best]
        judged = self._judged(problem, full.numpy(), pushing)
        return Solved(full, value, gradient, steps, outcomes, torch.from_numpy(values), *judged)

    def _judged(self, problem: Problem, theta: Array, pushing: Array | None) -> Judged:
        if self.options.stages is not None:
            stages = self.options.stages
            inference, told = second_stage(self.model, self.limits, theta, self.vectors, pushing, stages)
            return inference, None, told
        errors, weight = recipe(self.options.estimator).errors, self.options.weight
        inference = variances(problem, self.limits, theta, self.kind, errors, pushing, self.rows)
        if weight is None:
            return inference, None, None
        normal = recipe(self.options.estimator).normal
        squares = judge(self.model, problem, self.limits, theta, self.vectors, pushing, weight, normal=normal)
        return inference, squares, None

    def _starts(self, problem: Problem, made: Assembly) -> Array:
        """Starts of shape (B · starts, r): the first from the data alone, the others random."""
        first, scales = start_values(made.groups)
        others = [random_starts(made.groups, first, scales, self.generator) for _ in range(self.options.starts - 1)]
        every = np.stack([first, *others], axis=1).reshape(-1, first.shape[-1])
        every = every if problem.space is None else problem.space.nearest(every)
        return self._likeliest(problem, made, every) if self.options.weight is not None else every

    def _likeliest(self, problem: Problem, made: Assembly, every: Array) -> Array:
        """For least squares the first start is where maximum likelihood ends: it leads less far astray."""
        if self.model.ordered:
            return every
        try:
            parts = arrange(self.model, made.samples, made.patterns, KullbackLeibler).parts
        except DataError:  # A singular covariance, which some weights do not mind.
            return every
        likely = replace(problem, parts=parts)
        found = FisherScoring().minimise(likely, every[:1], self.shown)
        return np.concatenate([found.theta, every[1:]]) if found.outcomes[0].ok else every

    def _minimise(self, problem: Problem, start: Array) -> tuple[Solution, Array | None]:
        """The solution, and which of the constraints that are no linear equalities push."""
        return minimise_within(problem, self.limits, start, self.options.optimiser or FisherScoring(), self.shown)


def _best(solution: Solution, starts: int) -> tuple[Index, Array]:
    """For every sample the start that ended lowest (a converged one if there is any), and all ends."""
    values = solution.value.reshape(-1, starts)
    if starts == 1:
        return np.arange(len(values)), values
    ok = np.array([outcome.ok for outcome in solution.outcomes]).reshape(-1, starts)
    usable = np.where(ok, values, np.inf)
    ranked = np.where(ok.any(-1, keepdims=True), usable, values)
    return ranked.argmin(-1) + np.arange(len(values)) * starts, values


def _gather(model: PathModel, made: Assembly, options: Options, kind: str, parts: list[Solved]) -> Estimates:
    squares = parts[0].squares
    return Estimates(
        model=model,
        samples=made.samples,
        patterns=made.patterns,
        discrepancy=options.discrepancy.__name__ if squares is None else options.estimator,
        estimator=options.estimator,
        information=kind,
        theta=torch.cat([part.theta for part in parts]),
        value=torch.cat([part.value for part in parts]),
        gradient=torch.cat([part.gradient for part in parts]),
        steps=torch.cat([part.steps for part in parts]),
        outcomes=tuple(outcome for part in parts for outcome in part.outcomes),
        start_values=torch.cat([part.start_values for part in parts]),
        inference=concatenate([part.inference for part in parts]),
        generic=analyse(model),
        squares=squares,
        stages=parts[0].stages,
    )
