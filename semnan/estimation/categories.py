"""Ordered variables as category numbers, with the thresholds of their margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from scipy.special import ndtri

from semnan.errors import DataError
from semnan.network.arrays import Array

#: An ordered variable has at most so many categories.
MOST = 32


@final
@dataclass(frozen=True, eq=False)
class Categories:
    """The ordered variables of a sample.

    Attributes
    ----------
    names : tuple of str
    codes : array of int, shape (n, p)
        Categories from 0, in their order.
    counts : array of int, shape (p,)
        How many categories each variable has.

    """

    names: tuple[str, ...]
    codes: Array
    counts: Array

    @classmethod
    def of(cls, names: Sequence[str], values: Array, levels: Sequence[Array] | None = None) -> Categories:
        """From columns of numbers, shape (n, p): their distinct values are the categories.

        Parameters
        ----------
        names : sequence of str
        values : array, shape (n, p)
        levels : sequence of array, optional
            The categories of each variable, by default those that occur; several groups share them.

        Raises
        ------
        DataError
            For a variable with one category or more than MOST, or a category that does not occur in a group.

        """
        known = [np.unique(column) for column in values.T] if levels is None else levels
        for name, column, found in zip(names, values.T, known, strict=True):
            _check(name, column, found)
        codes = [np.searchsorted(found, column) for column, found in zip(values.T, known, strict=True)]
        table = np.stack(codes, axis=1) if codes else np.zeros((len(values), 0), dtype=np.int64)
        return cls(tuple(names), table, np.array([len(found) for found in known], dtype=np.int64))

    @property
    def size(self) -> int:
        """The number of thresholds of all variables."""
        return int((self.counts - 1).sum())

    @cached_property
    def indicators(self) -> Array:
        """Which category every row has, shape (n, p · C), C the largest number of categories."""
        n, p, width = *self.codes.shape, int(self.counts.max())
        found = np.zeros((n, p, width))
        found[np.arange(n)[:, None], np.arange(p), self.codes] = 1.0
        return found.reshape(n, p * width)

    @cached_property
    def shares(self) -> Array:
        """The share of the rows up to each threshold, shape (p, C − 1); padded by one."""
        width = int(self.counts.max())
        shares = self.indicators.mean(0).reshape(-1, width)
        return np.asarray(shares.cumsum(-1)[:, :-1])

    @cached_property
    def edges(self) -> Array:
        """Thresholds τ of the latent responses, shape (p, C + 1), from −∞ to ∞ and padded by ∞."""
        real = self.places >= 0
        inner = np.where(real, ndtri(np.where(real, self.shares, 0.5)), np.inf)
        return np.pad(inner, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))

    @cached_property
    def places(self) -> Array:
        """Where each threshold stands among those of all variables, shape (p, C − 1); −1 pads."""
        width = int(self.counts.max()) - 1
        real = np.arange(width) < self.counts[:, None] - 1
        return np.where(real, np.cumsum(real).reshape(real.shape) - 1, -1)

    @property
    def thresholds(self) -> Array:
        """The thresholds of all variables, one after the other."""
        return np.asarray(self.edges[:, 1:-1][self.places >= 0])

    def owners(self) -> Array:
        """The variable of every threshold."""
        return np.repeat(np.arange(len(self.names)), self.counts - 1)

    def tables(self, first: Array, second: Array) -> Array:
        """Contingency tables of pairs, shape (P, C, C), from one product of indicators."""
        width = int(self.counts.max())
        joint = (self.indicators.T @ self.indicators).reshape(len(self.names), width, len(self.names), width)
        return np.asarray(joint.transpose(0, 2, 1, 3)[first, second])

    def influence(self) -> Array:
        """What each row adds to n (τ̂ − τ): (1{y ≤ k} − F_k) / φ(τ_k), shape (n, thresholds)."""
        owner, tau = self.owners(), self.thresholds
        step = np.concatenate([np.arange(count - 1) for count in self.counts.tolist()])
        under = self.codes[:, owner] <= step
        return np.asarray((under - under.mean(0)) * np.sqrt(2 * np.pi) * np.exp(tau * tau / 2))


def _check(name: str, column: Array, levels: Array) -> None:
    if len(levels) < 2 or len(levels) > MOST:
        raise DataError(
            f"the ordered variable {name!r} has {len(levels)} categories: an ordered variable has 2 to {MOST}; "
            "merge categories, or treat it as continuous"
        )
    missing = levels[~np.isin(levels, column)]
    if len(missing):
        raise DataError(f"the ordered variable {name!r} never has the category {missing[0]:g} here: merge categories")
