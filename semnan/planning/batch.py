"""A batch of samples fitted at once, and what each says of parameters and effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semnan.data import MomentsStack
from semnan.data.checks import trusted
from semnan.effects.delta import Gradient
from semnan.effects.effect import effect_gradients
from semnan.errors import Unavailable
from semnan.estimation.estimate import Estimates
from semnan.estimation.fit_options import Options
from semnan.estimation.functions import Functions
from semnan.estimation.inference import Inference
from semnan.estimation.minimise import estimate
from semnan.model import PathModel
from semnan.planning.study import Question
from semnan.resampling.replicates import endings_of

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Batch:
    """What is fitted to all samples.

    Attributes
    ----------
    model : PathModel
    near : PathModel
        The same, starting at the values of the population; a sample that does not converge from there starts anew.
    questions : tuple of Question

    """

    model: PathModel
    near: PathModel
    questions: tuple[Question, ...]


class Judged(NamedTuple):
    """Estimates and standard errors of k questions in B samples, NaN where there are none, and how fits ended.

    Attributes
    ----------
    value, error : ndarray, shape (B, k)
    chi_square : ndarray, shape (B,)
    endings : tuple of str
        Empty where the fit converged.

    """

    value: Array
    error: Array
    chi_square: Array
    endings: tuple[str, ...]


def judge(batch: Batch, stacks: list[MomentsStack]) -> Judged:
    """Fit all samples, one stack for each group."""
    options = Options(progress=False)
    count = len(stacks[0])
    value, error = (np.full((count, len(batch.questions)), np.nan) for _ in range(2))
    chi_square, endings = np.full(count, np.nan), np.full(count, "not fitted", dtype=object)
    for model in (batch.near, batch.model):
        again = np.flatnonzero(endings != "")
        if len(again):
            found = estimate(model, [_take(stack, again) for stack in stacks], options)
            endings[again] = endings_of(found)
            value[again], error[again] = _answers(found, batch.questions)
            chi_square[again] = 2 * found.n * found.value.numpy()
    failed = endings != ""
    value[failed], error[failed] = np.nan, np.nan
    return Judged(value, error, chi_square, tuple(endings.tolist()))


def _take(stack: MomentsStack, at: NDArray[np.int64]) -> MomentsStack:
    means = None if stack.means is None else stack.means[at]
    parts = {"names": stack.names, "covariance": stack.covariance[at], "n": stack.n[at], "means": means}
    return trusted(MomentsStack, **parts)


def _answers(found: Estimates, questions: tuple[Question, ...]) -> tuple[Array, Array]:
    """Values and standard errors, each of shape (B, k)."""
    values, errors = [], []
    n = torch.tensor(found.n)
    for question in questions:
        value, variance = _answer(found, question)
        values.append(value)
        errors.append((variance / n).sqrt())
    return torch.stack(values, dim=1).numpy(), torch.stack(errors, dim=1).numpy()


def _answer(found: Estimates, question: Question) -> tuple[Tensor, Tensor]:
    """Estimates and n times their variances, shape (B,), NaN where there is none."""
    names = [free.name for free in found.model.free]
    if isinstance(found.inference, Unavailable):
        nothing = torch.full((len(found),), torch.nan, dtype=torch.float64)
        return nothing, nothing
    if question.parameter in names:
        at = names.index(question.parameter)
        estimable, variance = found.inference.own()
        sure = estimable[:, at] & ~found.inference.held[:, at]
        return found.theta[:, at], torch.where(sure, variance[:, at], torch.nan)
    gradient = _gradient(found, question)
    return gradient.value[:, 0], _variance(found.inference, gradient.slope)


def _variance(inference: Inference, slope: Tensor) -> Tensor:
    touched = slope != 0
    held = touched.any(-1) & ~(touched & ~inference.held[:, None, :]).any(-1)
    sure = inference.estimable(slope) & ~held
    return torch.where(sure, inference.unit_variance(slope), torch.nan)[:, 0]


def _gradient(found: Estimates, question: Question) -> Gradient:
    if question.effect is not None:
        how = {"kind": question.kind, "standardised": question.standardised}
        return effect_gradients(found.layout(question.group), found.theta, [question.effect], **how)  # type: ignore[arg-type]
    model = found.model
    expression = next(item.expression for item in model.defined if item.name == question.parameter)
    functions = Functions(model, [expression])
    return Gradient(functions.value(found.theta), functions.jacobian(found.theta))
