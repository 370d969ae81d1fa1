"""The fibre of Σ as polynomial equations in few parameters.

With r = x − (its visible part) the residual of a visible, Cov(r_a, r_b) is a quadratic form of Σ in the weights, and
the model says that it equals what latents and error covariances contribute. A free variance or error covariance
occurs in the equation of its own pair only, so both leave; so do the loadings of an independent latent with up to
three children, whose two or three products are arbitrary numbers (three products x, y, z are γ_a γ_b, γ_a γ_c,
γ_b γ_c for γ_a² = x y / z). A latent with more children is a *star*: m_j = γ_0 γ_j and s = 1 / γ_0² stand for its
loadings, so that γ_i γ_j is s m_i m_j, no sign is left open, and the equation of (0, j) gives m_j away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, combinations_with_replacement, product
from typing import Any, final

from semnan.identification.equality import Equality
from semnan.identification.polynomial import Polynomial
from semnan.identification.structure import Part, Structure

Pair = tuple[int, int]


@final
@dataclass(frozen=True)
class Star:
    """An independent latent with free loadings, alone or in a crowd.

    Attributes
    ----------
    latent : int
    children, slots : tuple of int
        Places of the children and the numbers of the loadings, the child numbered 0 first.

    """

    latent: int
    children: tuple[int, ...]
    slots: tuple[int, ...]

    def from_base(self, base: int) -> Star:
        """With another child, one with an error of its own, for the first."""
        rows = sorted(zip(self.children, self.slots, strict=True), key=lambda row: (row[0] != base, row))
        return Star(self.latent, tuple(c for c, _ in rows), tuple(k for _, k in rows))


@final
@dataclass(frozen=True)
class Reduction:
    """Which equations are left out, and which latents are stars."""

    dropped: frozenset[Pair]
    stars: tuple[Star, ...]

    def coordinates(self, theta: Sequence[int], prime: int) -> dict[int, int]:
        """Parameters in the coordinates of the equations, modulo a prime."""
        values = dict(enumerate(theta))
        for star in self.stars:
            base = theta[star.slots[0]]
            values[star.slots[0]] = pow(base * base, -1, prime)
            values.update({k: theta[k] * base % prime for k in star.slots[1:]})
        return values


@final
@dataclass
class Symbols:
    """A model with polynomials for weights: some of them known, the others variables.

    Attributes
    ----------
    structure : Structure
    part : Part
    constant : callable
        A fixed value as a coefficient.
    known : mapping
        Coefficients for free parameters that are variables no more.

    """

    structure: Structure
    part: Part
    constant: Callable[[float], Any]
    known: Mapping[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        part = self.part
        self.weights = self._table(part.paths.first, part.paths.second, part.paths.slot, part.paths.fixed)
        self.arcs = self._table(part.arcs.first, part.arcs.second, part.arcs.slot, part.arcs.fixed)
        self.parents: dict[int, list[int]] = {i: [] for i in range(len(self.structure.names))}
        for a, b in self.weights:
            self.parents[b].append(a)

    def _table(self, first: Any, second: Any, slot: Any, fixed: Any) -> dict[Pair, Polynomial]:
        rows = zip(first.tolist(), second.tolist(), slot.tolist(), fixed, strict=True)
        return {(a, b): self._value(k, x) for a, b, k, x in rows}

    def _value(self, slot: int, fixed: float) -> Polynomial:
        return Polynomial.constant(self.constant(fixed)) if slot < 0 else self.parameter(slot)

    def parameter(self, slot: int) -> Polynomial:
        """A free parameter: what is known of it, or else a variable."""
        return Polynomial.constant(self.known[slot]) if slot in self.known else Polynomial.variable(slot)

    def lifted(self, value: Any) -> Polynomial:
        """A number as a polynomial; a polynomial as it is."""
        return value if isinstance(value, Polynomial) else Polynomial.constant(self.constant(value))

    def equality(self, equality: Equality) -> Polynomial:
        """What a linear constraint sets to zero."""
        terms = [self.parameter(k) * self.constant(c) for k, c in equality.coefficients.items()]
        return sum(terms, start=self.lifted(equality.constant))

    def total(self, source: int, target: int, avoiding: frozenset[int] = frozenset()) -> Polynomial:
        """The total effect of a variable on another along paths that avoid some."""
        found = {source: Polynomial.constant(1)}
        for b in range(source + 1, target + 1):
            terms = [found[a] * self.weights[a, b] for a in self.parents[b] if a in found]
            if terms and b not in avoiding:
                found[b] = sum(terms[1:], terms[0])
        return found.get(target, Polynomial.constant(0))

    def residuals(self) -> dict[int, tuple[dict[int, Polynomial], dict[int, Polynomial]]]:
        """Each variable as a combination of visibles and of errors; of a visible, its residual."""
        visible = set(self.structure.visible.tolist())
        one = Polynomial.constant(1)
        found: dict[int, tuple[dict[int, Polynomial], dict[int, Polynomial]]] = {}
        for b in range(len(self.structure.names)):
            seen, errors = ({b: one} if b in visible else {}), {b: one}
            sign = -1 if b in visible else 1
            for a in self.parents[b]:
                w = self.weights[a, b]
                if a in visible:
                    _accumulate(seen, a, w * sign)
                else:
                    for v, c in found[a][0].items():
                        _accumulate(seen, v, c * w * sign)
                    for e, c in found[a][1].items():
                        _accumulate(errors, e, c * w)
            found[b] = seen, errors
        return found


def _accumulate(into: dict[int, Polynomial], key: int, value: Polynomial) -> None:
    into[key] = into[key] + value if key in into else value


def fibre(symbols: Symbols, sigma: Callable[[int, int], Any], reduction: Reduction) -> list[Polynomial]:
    """The equations f(θ; Σ) = 0 of the parameter vectors that share a covariance.

    `sigma` takes places in the order of the variables.
    """
    residuals, stars = symbols.residuals(), {star.latent for star in reduction.stars}
    places = sorted(symbols.structure.visible.tolist())
    found: dict[Pair, Polynomial] = {}
    for a, b in combinations_with_replacement(places, 2):
        if (a, b) in reduction.dropped:
            continue
        f = Polynomial({})
        for (i, c), (j, d) in product(residuals[a][0].items(), residuals[b][0].items()):
            f = f + c * d * sigma(i, j)
        for (e, c), (g, d) in product(residuals[a][1].items(), residuals[b][1].items()):
            arc = symbols.arcs.get((e, g)) or symbols.arcs.get((g, e))
            if arc is not None and e not in stars:
                f = f - c * d * arc
        found[a, b] = sum((-c for c in _shares(symbols, reduction, a, b)), start=f)
    return _solved(symbols, found, reduction) + [symbols.equality(e) for e in symbols.structure.equalities]


def _shares(symbols: Symbols, reduction: Reduction, a: int, b: int) -> Iterator[Polynomial]:
    """What the stars contribute to a covariance."""
    for star in reduction.stars:
        if {a, b} <= set(star.children):
            base = star.children[0]
            s, first, second = (symbols.parameter(star.slots[star.children.index(v)]) for v in (base, a, b))
            yield second if a == base else first if b == base else s * first * second


def _solved(symbols: Symbols, found: dict[Pair, Polynomial], reduction: Reduction) -> list[Polynomial]:
    """Solve the equations of a star's first child for the other loadings, and put those in."""
    for star in reduction.stars:
        for child, slot in zip(star.children[1:], star.slots[1:], strict=True):
            at = (min(star.children[0], child), max(star.children[0], child))
            f = found.get(at)
            if f is None or slot in symbols.known or f.count(slot) != 1:
                continue
            del found[at]
            value = f + Polynomial.variable(slot)
            value = Polynomial({m: c for m, c in value.terms.items() if m != (slot,)})
            found = {pair: g.replace(slot, value) for pair, g in found.items()}
    return list(found.values())


def reduction(structure: Structure, part: Part, kept: frozenset[int]) -> Reduction:
    """Leave out the equations that only fix parameters which occur in no other, none of them in `kept`."""
    visible = set(structure.visible.tolist())
    uses = [len(free.rows) for free in structure.model.free]
    out = set()
    for a, b, k in zip(part.arcs.first.tolist(), part.arcs.second.tolist(), part.arcs.slot.tolist(), strict=True):
        if k >= 0 and k not in kept and uses[k] == 1 and {a, b} <= visible:
            out.add((min(a, b), max(a, b)))
    stars = []
    for star in _stars(structure, part, kept, uses):
        noisy = [c for c in star.children if (c, c) in out]
        if not noisy:
            continue
        if len(noisy) == len(star.children) <= 3:
            out.update(combinations(star.children, 2))
        stars.append(star.from_base(noisy[0]))
    return Reduction(frozenset(out), tuple(stars))


def _stars(structure: Structure, part: Part, kept: frozenset[int], uses: list[int]) -> list[Star]:
    """Independent latents of variance one with visible children and free loadings."""
    visible = set(structure.visible.tolist())
    arcs = [tuple(x.tolist()) for x in (part.arcs.first, part.arcs.second, part.arcs.slot)]
    rows = list(zip(*arcs, part.arcs.fixed, strict=True))
    alone = {a for a, b, slot, fixed in rows if a == b and slot < 0 and fixed == 1}
    alone -= {v for a, b, _, _ in rows if a != b for v in (a, b)} | set(part.paths.second.tolist()) | visible
    children: dict[int, list[Pair]] = {u: [] for u in sorted(alone)}
    for a, b, k in zip(part.paths.first.tolist(), part.paths.second.tolist(), part.paths.slot.tolist(), strict=True):
        if a in children:
            children[a].append((b, k))
    plain = [
        (u, sorted(rows))
        for u, rows in children.items()
        if rows and all(k >= 0 and k not in kept and uses[k] == 1 and b in visible for b, k in rows)
    ]
    return [Star(u, tuple(b for b, _ in rows), tuple(k for _, k in rows)) for u, rows in plain]
