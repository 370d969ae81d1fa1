"""Gröbner bases modulo a prime, for the small systems of identification.

Buchberger's algorithm with the criteria of Gebauer & Möller (J. Symbolic Computation 6, 1988) and the sugar strategy
(Giovini et al., ISSAC 1991). A monomial is one integer: its partial sums of exponents (comparing them is the graded
reverse lexicographic order) above its exponents (for divisibility), so that multiplying is adding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import final

from semnan.identification.polynomial import Monomial, Polynomial

Terms = dict[int, int]
_BITS = 8


class TooLargeError(Exception):
    """The system is beyond the work allowed."""


@final
class Order:
    """Monomials in some variables as integers."""

    def __init__(self, variables: Sequence[int]) -> None:
        self.place = {k: i for i, k in enumerate(variables)}
        self.count = len(variables)
        self.low = (1 << (_BITS * self.count)) - 1
        self.guard = sum(1 << (_BITS * i + _BITS - 1) for i in range(self.count))

    def pack(self, exponents: Sequence[int]) -> int:
        high = total = low = 0
        for i, e in enumerate(exponents):
            total += e
            high |= total << (_BITS * 2 * i)
            low |= e << (_BITS * i)
        if any(e >= 1 << (_BITS - 1) for e in exponents):
            raise TooLargeError
        return high << (_BITS * self.count) | low

    def unpack(self, monomial: int) -> list[int]:
        low = monomial & self.low
        return [(low >> (_BITS * i)) & 0xFF for i in range(self.count)]

    def degree(self, monomial: int) -> int:
        return sum(self.unpack(monomial))

    def monomial(self, product: Monomial) -> int:
        exponents = [0] * self.count
        for k in product:
            exponents[self.place[k]] += 1
        return self.pack(exponents)

    def divides(self, a: int, b: int) -> bool:
        return ((b & self.low | self.guard) - (a & self.low)) & self.guard == self.guard

    def lcm(self, a: int, b: int) -> int:
        return self.pack([max(x, y) for x, y in zip(self.unpack(a), self.unpack(b), strict=True)])

    def terms(self, polynomial: Polynomial, prime: int) -> Terms:
        out: Terms = {}
        for product, c in polynomial.terms.items():
            key = self.monomial(product)
            out[key] = (out.get(key, 0) + c) % prime
        return {key: c for key, c in out.items() if c}


@final
@dataclass(frozen=True, order=True)
class Pair:
    """Two members of the basis whose leading terms are to be cancelled."""

    sugar: int
    lcm: int
    i: int
    j: int


@final
@dataclass
class Basis:
    """A Gröbner basis in the making: leading monomials and tails of monic polynomials."""

    order: Order
    prime: int
    work: int
    leads: list[int] = field(default_factory=list)
    tails: list[list[tuple[int, int]]] = field(default_factory=list)
    sugars: list[int] = field(default_factory=list)
    active: list[int] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)

    def normal_form(self, terms: Terms) -> Terms:
        """The remainder of a polynomial, which is used up."""
        heap, done = [-m for m in terms], {}
        heapify(heap)
        while heap:
            m = -heappop(heap)
            c = terms.pop(m, 0)
            if not c:
                continue
            k = self._reducer(m)
            if k is None:
                done[m] = c
                continue
            shift = m - self.leads[k]
            self.work -= len(self.tails[k])
            for monomial, d in self.tails[k]:
                at = monomial + shift
                if at in terms:
                    terms[at] = (terms[at] - c * d) % self.prime
                else:
                    terms[at] = -c * d % self.prime
                    heappush(heap, -at)
        if self.work < 0:
            raise TooLargeError
        return done

    def _reducer(self, monomial: int) -> int | None:
        guard, target = self.order.guard, monomial & self.order.low | self.order.guard
        low = self.order.low
        for k in self.active:
            if (target - (self.leads[k] & low)) & guard == guard:
                return k
        return None

    def add(self, terms: Terms, sugar: int) -> None:
        """Take a reduced polynomial into the basis, and the pairs it makes."""
        lead = max(terms)
        scale = pow(terms[lead], -1, self.prime)
        new = len(self.leads)
        self._update(lead, new, sugar)
        self.leads.append(lead)
        self.tails.append([(m, c * scale % self.prime) for m, c in terms.items() if m != lead])
        self.sugars.append(sugar)
        divides = self.order.divides
        self.active = [k for k in self.active if not divides(lead, self.leads[k])] + [new]

    def _update(self, lead: int, new: int, sugar: int) -> None:
        """Gebauer & Möller's update of the pairs."""
        lcm, divides = self.order.lcm, self.order.divides
        candidates = sorted((lcm(lead, self.leads[k]), k) for k in self.active)
        kept: list[tuple[int, int]] = []
        for at, k in candidates:
            coprime = at == lead + self.leads[k]
            if coprime or not any(divides(other, at) for other, _ in kept):
                kept.append((at, k))
        fresh = [(at, k) for at, k in kept if at != lead + self.leads[k]]
        old = [
            pair
            for pair in self.pairs
            if not divides(lead, pair.lcm)
            or lcm(lead, self.leads[pair.i]) == pair.lcm
            or lcm(lead, self.leads[pair.j]) == pair.lcm
        ]
        degree = self.order.degree
        for at, k in fresh:
            reach = max(sugar - degree(lead), self.sugars[k] - degree(self.leads[k])) + degree(at)
            old.append(Pair(reach, at, k, new))
        self.pairs = old
        heapify(self.pairs)

    def spolynomial(self, pair: Pair) -> Terms:
        out: Terms = {}
        for k, sign in ((pair.i, 1), (pair.j, -1)):
            shift = pair.lcm - self.leads[k]
            for monomial, c in self.tails[k]:
                out[monomial + shift] = (out.get(monomial + shift, 0) + sign * c) % self.prime
        return out


def groebner(system: Iterable[Polynomial], variables: Sequence[int], prime: int, work: int) -> Basis:
    """A Gröbner basis of polynomials with coefficients modulo a prime.

    Parameters
    ----------
    system : iterable of Polynomial
    variables : sequence of int
    prime : int
    work : int
        How many term operations are allowed.

    Raises
    ------
    TooLargeError
        When the work is used up.

    """
    order = Order(variables)
    basis = Basis(order, prime, work)
    start = sorted((order.terms(f, prime) for f in system), key=lambda f: (max(f, default=0), len(f)))
    for terms in start:
        sugar = max((order.degree(m) for m in terms), default=0)
        if left := basis.normal_form(terms):
            basis.add(left, sugar)
    while basis.pairs:
        pair = heappop(basis.pairs)
        if left := basis.normal_form(basis.spolynomial(pair)):
            basis.add(left, pair.sugar)
    return basis


def minimal_polynomial(basis: Basis, function: Polynomial, largest: int) -> list[int] | None:
    """Coefficients, constant first, of the monic polynomial of least degree that a function satisfies.

    None if its degree is above `largest`.
    """
    prime, order = basis.prime, basis.order
    one, step = order.pack([0] * order.count), order.terms(function, prime)
    power: Terms = basis.normal_form({one: 1})
    if not power:
        return [1]
    rows: list[tuple[int, Terms, list[int]]] = []
    for degree in range(largest + 1):
        left, combination = _reduced(dict(power), [0] * degree + [1], rows, prime)
        if not left:
            return combination
        lead = max(left)
        scale = pow(left[lead], -1, prime)
        rows.append((lead, {m: c * scale % prime for m, c in left.items()}, [c * scale % prime for c in combination]))
        power = basis.normal_form(_multiplied(power, step, prime))
    return None


def _reduced(
    terms: Terms, combination: list[int], rows: list[tuple[int, Terms, list[int]]], prime: int
) -> tuple[Terms, list[int]]:
    """`terms` minus multiples of the rows, and the same of the combinations that made them."""
    for lead, row, made in rows:
        factor = terms.get(lead, 0)
        if factor:
            for m, c in row.items():
                terms[m] = (terms.get(m, 0) - factor * c) % prime
            for i, c in enumerate(made):
                combination[i] = (combination[i] - factor * c) % prime
    return {m: c for m, c in terms.items() if c}, combination


def _multiplied(a: Terms, b: Terms, prime: int) -> Terms:
    out: Terms = {}
    for m, c in a.items():
        for k, d in b.items():
            out[m + k] = (out.get(m + k, 0) + c * d) % prime
    return out
