"""Polynomials in the parameters of a model, with coefficients in any ring that + and * work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

#: A product of variables as the sorted tuple of their numbers, with repetition.
Monomial = tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Polynomial:
    """A sum of coefficients times monomials."""

    terms: Mapping[Monomial, Any]

    @classmethod
    def variable(cls, k: int) -> Polynomial:
        return cls({(k,): 1})

    @classmethod
    def constant(cls, value: Any) -> Polynomial:
        return cls({(): value})

    def __add__(self, other: Any) -> Polynomial:
        terms = dict(self.terms)
        for monomial, c in _lifted(other).terms.items():
            terms[monomial] = terms[monomial] + c if monomial in terms else c
        return Polynomial(terms)

    __radd__ = __add__

    def __neg__(self) -> Polynomial:
        return self * -1

    def __sub__(self, other: Any) -> Polynomial:
        return self + _lifted(other) * -1

    def __rsub__(self, other: Any) -> Polynomial:
        return _lifted(other) - self

    def __mul__(self, other: Any) -> Polynomial:
        if not isinstance(other, Polynomial):
            return Polynomial({monomial: c * other for monomial, c in self.terms.items()})
        terms: dict[Monomial, Any] = {}
        for a, c in self.terms.items():
            for b, d in other.terms.items():
                monomial = tuple(sorted(a + b))
                terms[monomial] = terms[monomial] + c * d if monomial in terms else c * d
        return Polynomial(terms)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Polynomial:
        if not isinstance(exponent, int) or exponent < 0:
            raise TypeError("powers of weights are whole numbers, zero or more")
        out = Polynomial.constant(1)
        for _ in range(exponent):
            out = out * self
        return out

    @property
    def variables(self) -> set[int]:
        return {k for monomial in self.terms for k in monomial}

    @property
    def degree(self) -> int:
        return max((len(monomial) for monomial in self.terms), default=0)

    def count(self, k: int) -> int:
        """In how many terms a variable occurs; more than one if some term is more than a number times it."""
        terms = [monomial for monomial in self.terms if k in monomial]
        return len(terms) if all(monomial == (k,) for monomial in terms) else 1 + len(terms)

    def replace(self, k: int, value: Polynomial) -> Polynomial:
        """With a polynomial for a variable."""
        kept = Polynomial({m: c for m, c in self.terms.items() if k not in m})
        for monomial, c in self.terms.items():
            if k in monomial:
                rest = tuple(i for i in monomial if i != k)
                kept = kept + Polynomial({rest: c}) * value ** monomial.count(k)
        return kept

    def map(self, change: Callable[[Any], Any]) -> Polynomial:
        """With every coefficient changed, and those that become zero left out."""
        changed = {monomial: change(c) for monomial, c in self.terms.items()}
        return Polynomial({monomial: c for monomial, c in changed.items() if not (isinstance(c, int) and c == 0)})

    def __call__(self, values: Mapping[int, int], prime: int) -> int:
        """The value modulo a prime."""
        total = 0
        for monomial, c in self.terms.items():
            for k in monomial:
                c = c * values[k] % prime
            total += c
        return total % prime

    def slope(self, k: int) -> Polynomial:
        """The derivative by a variable."""
        terms: dict[Monomial, Any] = {}
        for monomial, c in self.terms.items():
            count = monomial.count(k)
            if count:
                at = monomial.index(k)
                terms[monomial[:at] + monomial[at + 1 :]] = c * count
        return Polynomial(terms)


def _lifted(value: Any) -> Polynomial:
    return value if isinstance(value, Polynomial) else Polynomial.constant(value)
