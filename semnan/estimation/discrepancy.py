"""Discrepancies between a sample covariance S and an implied covariance Σ (math: value, slope, curvature).

Each is locally c · tr(M Δ M Δ) with Δ = Σ − S, for a metric M (Σ⁻¹, S⁻¹ or I) and a constant c: that is what
scoring needs beside value and slope, and what makes one optimiser serve them all. Only `KullbackLeibler` is
maximum likelihood.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor
from torch.autograd.function import once_differentiable

from semnan.data import Moments, MomentsStack
from semnan.data.checks import SINGULAR, dependent_variables
from semnan.errors import DataError
from semnan.network.arrays import A, Array, cholesky, diagonal, exp, eye, full, inverse_of_factor, spread, where


class Evaluation(NamedTuple, Generic[A]):
    """A discrepancy at Σ.

    Attributes
    ----------
    value : array, shape (*batch,)
        Infinite where Σ is not positive definite.
    slope : array, shape (*batch, p, p)
        ∂value/∂Σ, symmetric.
    metric : array, shape (*batch, p, p)
        M of the local quadratic form.
    curvature : array, shape (*batch,)
        c of the local quadratic form.

    """

    value: A
    slope: A
    metric: A
    curvature: A


class Second(NamedTuple, Generic[A]):
    """A term a · A Δ A of the second derivative in Σ, with A = b · metric + c · slope."""

    factor: A
    metric: float
    slope: float | A


class Factor(NamedTuple, Generic[A]):
    """Σ⁻¹, logdet Σ and whether Σ is positive definite (where it is not, those of I stand in)."""

    inverse: A
    logdet: A
    definite: A


class Discrepancy(ABC):
    """A loss on the implied covariance: ``loss = KullbackLeibler(S)(net())``.

    Parameters
    ----------
    sample : Moments, MomentsStack or array_like, shape (*batch, p, p)
        The sample covariance, divisor n.
    names : tuple of str, optional
        Of the variables, for error messages; `Moments` bring their own.

    Raises
    ------
    DataError
        If S is singular and this discrepancy needs its inverse or determinant, naming the dependent variables.

    """

    #: χ² is this times n times the value; None where the value has no χ² distribution.
    chi_square_factor: ClassVar[float | None]
    needs_regular_sample: ClassVar[bool] = True

    def __init__(
        self, sample: Moments | MomentsStack | ArrayLike | Tensor, names: tuple[str, ...] | None = None
    ) -> None:
        given = sample.covariance.copy() if isinstance(sample, Moments | MomentsStack) else sample
        self.sample = given if isinstance(given, Tensor) else torch.as_tensor(given, dtype=torch.float64)
        array = self.sample.detach().cpu().numpy()
        _check_shape(array)
        names = sample.names if isinstance(sample, Moments | MomentsStack) else names
        found = factorise(array)
        if self.needs_regular_sample:
            _refuse_singular(array, found, names)
        self._arrays = array, found.inverse, found.logdet
        self.inverse, self.logdet = (torch.tensor(part).to(self.sample) for part in self._arrays[1:])

    def __call__(self, sigma: Float[Tensor, "*batch p p"]) -> Float[Tensor, "*batch"]:
        """The value at Σ, differentiable by its closed-form slope."""
        value: Tensor = _Value.apply(sigma, self)  # type: ignore[no-untyped-call]
        return value

    @abstractmethod
    def evaluate(self, sigma: A) -> Evaluation[A]:
        """Value, slope and local quadratic form at Σ of shape (*batch, p, p); the answer is of the same kind."""

    def second(self, at: Evaluation[A]) -> tuple[Second[A], ...]:
        """The second derivative in Σ as a sum of terms."""
        return (Second(2 * at.curvature, 1.0, 0.0),)

    def take(self, index: Tensor | Array) -> Discrepancy:
        """The same discrepancy for some of the samples of a batch."""
        part, at = object.__new__(type(self)), np.asarray(index)
        part.sample, part.logdet, part.inverse = self.sample[index], self.logdet[index], self.inverse[index]
        array, inverse, logdet = (whole[at] for whole in self._arrays)
        part._arrays = array, inverse, logdet
        return part

    def _to(self, sigma: A) -> tuple[A, A, A]:
        """S, S⁻¹ and logdet S as arrays of the same kind as Σ; tensors in its dtype and on its device."""
        if isinstance(sigma, Tensor):
            return self.sample.to(sigma), self.inverse.to(sigma), self.logdet.to(sigma)
        return self._arrays


class _Value(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sigma: Tensor, discrepancy: Discrepancy) -> Tensor:
        at = discrepancy.evaluate(sigma)
        ctx.save_for_backward(at.slope)
        return at.value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return grads[0][..., None, None] * slope, None


@final
class KullbackLeibler(Discrepancy):
    """KL of sample from model, ½[tr(Σ⁻¹S) + logdet Σ − logdet S − p]: half the maximum-likelihood function."""

    chi_square_factor = 2.0

    def evaluate(self, sigma: A) -> Evaluation[A]:
        sample, _, logdet = self._to(sigma)
        factor = factorise(sigma)
        value = (_total(factor.inverse * sample) + factor.logdet - logdet - sigma.shape[-1]) / 2
        slope = (factor.inverse - factor.inverse @ sample @ factor.inverse) / 2
        return _evaluation(value, slope, factor, factor.inverse, 1 / 4)

    def second(self, at: Evaluation[A]) -> tuple[Second[A], ...]:
        return Second(2 * at.curvature, 1.0, -2.0), Second(-2 * at.curvature, 0.0, 2.0)


@final
class ReverseKullbackLeibler(Discrepancy):
    """KL of model from sample, ½[tr(S⁻¹Σ) + logdet S − logdet Σ − p]: not maximum likelihood.

    The direction that the paper's sn2 code minimises. It agrees with `KullbackLeibler` only where the model
    reaches S.
    """

    chi_square_factor = 2.0

    def evaluate(self, sigma: A) -> Evaluation[A]:
        _, inverse, logdet = self._to(sigma)
        factor = factorise(sigma)
        value = (_total(inverse * sigma) + logdet - factor.logdet - sigma.shape[-1]) / 2
        return _evaluation(value, (inverse - factor.inverse) / 2, factor, factor.inverse, 1 / 4)


@final
class Bhattacharyya(Discrepancy):
    """½ logdet((Σ + S)/2) − ¼ (logdet Σ + logdet S)."""

    chi_square_factor = 8.0

    def evaluate(self, sigma: A) -> Evaluation[A]:
        sample, _, logdet = self._to(sigma)
        factor, middle = factorise(sigma), factorise((sigma + sample) / 2)
        value = middle.logdet / 2 - (factor.logdet + logdet) / 4
        return _evaluation(value, (middle.inverse - factor.inverse) / 4, factor, factor.inverse, 1 / 16)

    def second(self, at: Evaluation[A]) -> tuple[Second[A], ...]:
        return Second(4 * at.curvature, 1.0, 0.0), Second(-2 * at.curvature, 1.0, 4.0)


@final
class SquaredHellinger(Discrepancy):
    """1 − exp(−Bhattacharyya), between 0 and 1."""

    chi_square_factor = 8.0

    def evaluate(self, sigma: A) -> Evaluation[A]:
        sample, _, logdet = self._to(sigma)
        factor, middle = factorise(sigma), factorise((sigma + sample) / 2)
        overlap = exp((factor.logdet + logdet) / 4 - middle.logdet / 2)
        slope = overlap[..., None, None] * (middle.inverse - factor.inverse) / 4
        at = _evaluation(1 - overlap, slope, factor, factor.inverse, 1 / 16)
        return at._replace(curvature=at.curvature * overlap)

    def second(self, at: Evaluation[A]) -> tuple[Second[A], ...]:
        """Without the rank-one term in the slope, which vanishes at a minimum."""
        slope = 1 / (4 * at.curvature[..., None, None])
        return Second(4 * at.curvature, 1.0, 0.0), Second(-2 * at.curvature, 1.0, slope)


@final
class GeneralizedLeastSquares(Discrepancy):
    """GLS, ½ tr[(S⁻¹(S − Σ))²]."""

    chi_square_factor = 1.0

    def evaluate(self, sigma: A) -> Evaluation[A]:
        sample, inverse, _ = self._to(sigma)
        relative = inverse @ (_symmetric(sigma) - sample)
        value = _total(relative * relative.mT) / 2
        return _evaluation(value, _symmetric(relative @ inverse), factorise(sigma), inverse, 1 / 2)


@final
class UnweightedLeastSquares(Discrepancy):
    """ULS, ½ tr[(S − Σ)²]; it has no χ² and it depends on the units of the variables."""

    chi_square_factor = None
    needs_regular_sample = False

    def evaluate(self, sigma: A) -> Evaluation[A]:
        difference = _symmetric(sigma) - self._to(sigma)[0]
        unit = spread(eye(sigma), tuple(sigma.shape))
        value = _total(difference * difference) / 2
        return _evaluation(value, difference, factorise(sigma), unit, 1 / 2)


DISCREPANCIES: dict[str, type[Discrepancy]] = {
    kind.__name__: kind
    for kind in (
        KullbackLeibler,
        ReverseKullbackLeibler,
        Bhattacharyya,
        SquaredHellinger,
        GeneralizedLeastSquares,
        UnweightedLeastSquares,
    )
}


def factorise(sigma: A) -> Factor[A]:
    """Invert by Cholesky; where that fails the identity stands in and `definite` says so."""
    if isinstance(sigma, Tensor):
        return _factorise_tensor(sigma)
    chol, definite = cholesky(sigma)
    return Factor(inverse_of_factor(chol), 2 * np.log(diagonal(chol)).sum(-1), definite)


def _factorise_tensor(sigma: Tensor) -> Factor[Tensor]:
    chol, info = torch.linalg.cholesky_ex(sigma)
    definite = (info == 0) & torch.isfinite(diagonal(chol)).all(-1)
    if not bool(definite.all()):
        chol = torch.where(definite[..., None, None], chol, eye(sigma))
    return Factor(torch.cholesky_inverse(chol), 2 * diagonal(chol).log().sum(-1), definite)


def _evaluation(value: A, slope: A, factor: Factor[A], metric: A, curvature: float) -> Evaluation[A]:
    finite = value if bool(factor.definite.all()) else where(factor.definite, value, math.inf)
    return Evaluation(finite, slope, metric, full(finite, curvature))


def _total(matrix: A) -> A:
    total: A = matrix.sum((-2, -1))
    return total


def _symmetric(matrix: A) -> A:
    return (matrix + matrix.mT) / 2


def _check_shape(sample: Array) -> None:
    """Refuse what is plainly no covariance matrix; `Moments` says more, by name."""
    if sample.ndim < 2 or sample.shape[-1] != sample.shape[-2] or sample.dtype.kind != "f":
        raise DataError(f"a sample covariance is a square array of floats, got {sample.dtype} of shape {sample.shape}")
    scale = np.abs(diagonal(sample)).max(-1, initial=0.0)[..., None, None]
    if not (np.abs(sample - sample.mT) <= 1e-4 * scale).all() or not np.isfinite(scale).all():
        raise DataError("the sample covariance is not symmetric or not finite: make Moments of it to learn where")


def _refuse_singular(sample: Array, factor: Factor[Array], names: tuple[str, ...] | None) -> None:
    """Variance inflation S_ii (S⁻¹)_ii near 1/SINGULAR says that variable i depends on the others."""
    inflation = diagonal(sample) * diagonal(factor.inverse)
    bad = ~factor.definite | (inflation > 0.1 / SINGULAR).any(-1)
    if not bad.any():
        return
    worst = sample.reshape(-1, *sample.shape[-2:])[np.flatnonzero(bad.reshape(-1))[0]].astype(float)
    labels = names or [f"variable {i}" for i in range(len(worst))]
    dependent = dependent_variables(worst, labels) or (labels[int(inflation.reshape(-1, len(worst)).max(0).argmax())],)
    raise DataError(
        f"the sample covariance is singular: {', '.join(dependent)} depend(s) linearly on the variables before; "
        "leave these variables out, or use more rows than variables"
    )
