"""`Formula`: an effect as a function of the covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.errors import ModelError
from semnan.identification.arithmetic import Floats, Modular, Rationals
from semnan.identification.expression import Expression, evaluate
from semnan.identification.modular import Residues
from semnan.identification.writing import write


@final
@dataclass(frozen=True, eq=False, repr=False)
class Formula:
    """An effect as a function of the covariance of the visibles.

    Call it with a covariance matrix, shape (..., p, p), rows and columns in the order of `names`. ``str`` gives it as
    text, in which ``cov(X, Y | Z)`` is a partial covariance and ``x1[2]`` the second component of the solution of a
    linear system.

    Attributes
    ----------
    expression : Expression
    names : tuple of str
        The visibles.

    """

    expression: Expression
    names: tuple[str, ...]

    def __call__(self, sigma: ArrayLike) -> NDArray[np.float64]:
        matrix = np.asarray(sigma, dtype=np.float64)
        p = len(self.names)
        if matrix.shape[-2:] != (p, p):
            raise ModelError(f"the formula takes covariances of shape (..., {p}, {p}), got {matrix.shape}")
        value = evaluate(self.expression, Floats(matrix))
        return np.broadcast_to(np.asarray(value), matrix.shape[:-2])

    def modulo(self, sigma: Residues, prime: int) -> int:
        """The value modulo a prime.

        Raises
        ------
        ZeroDivisionError
            Where a denominator vanishes.

        """
        value: int = evaluate(self.expression, Modular(sigma, prime))
        return value % prime

    def exact(self, sigma: Sequence[Sequence[Fraction]]) -> Fraction:
        """The value at a covariance of rational numbers."""
        value: Any = evaluate(self.expression, Rationals(sigma))
        return Fraction(value)

    def __str__(self) -> str:
        return write(self.expression, self.names)

    def __repr__(self) -> str:
        return f"Formula({str(self)!r})"

    @property
    def latex(self) -> str:
        return write(self.expression, self.names, latex=True)

    def _repr_latex_(self) -> str:
        return f"${self.latex}$"
