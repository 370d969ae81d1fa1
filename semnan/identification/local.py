"""The local verdict, exact and complete: does the effect change along the fibre of Σ?

At a random point of a prime field the Jacobian of θ ↦ (Σ, μ) has its generic rank, and an effect is locally
identified exactly when its gradient lies in the row space, that is when its derivative along a random vector of the
null space vanishes (Rothenberg, Econometrica 39, 1971; Bekker, Merckens & Wansbeek 1994). No floating point and no
criterion on graphs: the chance of an error is at most degree / prime at every draw, and two draws have to agree.

Rows: instead of one a pair of variables, random functionals (G, c) ↦ gᵀ(∂Σ)h + cᵀ∂μ. As these span all functionals,
as many of them as there are parameters keep the row space, and the cost does not depend on the number of pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from semnan.errors import ModelError
from semnan.identification.equality import exact_rows
from semnan.identification.modular import PRIMES, Residues, echelon, null_vector, product, residue, unit_inverse
from semnan.identification.structure import Part, Structure


@final
@dataclass(frozen=True, eq=False)
class State:
    """One group at a point: W, (I − W)⁻¹, the covariance of all variables, and their means."""

    weights: Residues
    total: Residues
    covariance: Residues
    mean: Residues


@final
@dataclass(frozen=True, eq=False)
class Draw:
    """A random point of the model modulo a prime, and a random direction along its fibre.

    Attributes
    ----------
    structure : Structure
    prime : int
    theta : array of int, shape (q,)
    direction : array of int, shape (q,)
        A random vector of the null space of the Jacobian at `theta`.
    rank : int
        Rank of the Jacobian, with the equalities as further rows.
    states : tuple of State
        One for each group.

    """

    structure: Structure
    prime: int
    theta: Residues
    direction: Residues
    rank: int
    states: tuple[State, ...]

    def change(self, part: Part) -> Residues:
        """The derivative of W along the direction."""
        return self.structure.weights(part, self.direction, lambda _: 0)


def draw(structure: Structure, prime: int, seed: int) -> Draw:
    """A random point and a random direction along its fibre."""
    rng = np.random.default_rng(seed)
    rows, constants = exact_rows(structure.equalities, structure.size, prime)
    theta = _point(rows, constants, rng, prime)
    states = tuple(_state(structure, part, theta, rng, prime) for part in structure.parts)
    own = [_own_variances(structure, part) for part in structure.parts]
    gone = [slot for found in own for slot in found]
    left = np.setdiff1d(np.arange(structure.size), gone)
    functionals = np.zeros((len(left) + 4, structure.size), dtype=np.int64)
    shares = []
    for part, state, found in zip(structure.parts, states, own, strict=True):
        sides = rng.integers(0, prime, (3, len(structure.visible), len(functionals)))
        part_functionals = _functionals(structure, part, state, sides, prime)
        share = _shares(structure, part, state, found, prime)
        functionals += part_functionals - product(part_functionals[:, list(found)], share, prime)
        shares.append(share[:, left])
    direction = np.zeros(structure.size, dtype=np.int64)
    direction[left], rank = null_vector(np.concatenate([rows, functionals % prime])[:, left], rng, prime)
    if gone:
        direction[gone] = -product(np.concatenate(shares), direction[left][:, None], prime)[:, 0] % prime
    return Draw(structure, prime, theta, direction, rank + len(gone), states)


def _point(rows: Residues, constants: Residues, rng: np.random.Generator, prime: int) -> Residues:
    """A random parameter vector that meets the equalities."""
    theta: Residues = rng.integers(1, prime, (rows.shape[1],))
    if not len(rows):
        return theta
    found = echelon(np.concatenate([rows, constants[:, None]], axis=1), prime)
    if rows.shape[1] in found.pivots:
        raise ModelError("the equality constraints of the model contradict each other: leave one out")
    return found.completed(np.append(theta, 1))[:-1]


def _own_variances(s: Structure, part: Part) -> dict[int, int]:
    """Free variances of visibles that stand for nothing else, with the place of the variable among the visibles.

    Such a parameter moves one number: the variance of the residual of its variable. Solving for it first leaves a
    smaller matrix.
    """
    shown = {place: k for k, place in enumerate(s.visible.tolist())}
    tied = {k for equality in s.equalities for k in equality.coefficients}
    rows = zip(part.arcs.first.tolist(), part.arcs.second.tolist(), part.arcs.slot.tolist(), strict=True)
    return {
        slot: shown[i]
        for i, j, slot in rows
        if i == j and i in shown and slot >= 0 and slot not in tied and len(s.model.free[slot].rows) == 1
    }


def _shares(s: Structure, part: Part, state: State, own: dict[int, int], prime: int) -> Residues:
    """Derivatives of the residual variances r_vᵀ Σ r_v by every parameter: r_v is one on u_v, zero on the others."""
    among = state.total[np.ix_(s.visible, s.visible)]
    dual = unit_inverse((np.eye(len(among), dtype=np.int64) - among) % prime, prime)[:, list(own.values())]
    return _functionals(s, part, state, np.stack([dual, dual, np.zeros_like(dual)]), prime) % prime


def draws(structure: Structure, seed: int = 0) -> tuple[Draw, ...]:
    """Two points of largest rank: rank is only ever lost by accident."""
    found = [draw(structure, prime, seed + i) for i, prime in enumerate(PRIMES[:2])]
    while found[-1].rank != found[-2].rank:
        found.append(draw(structure, PRIMES[len(found) % len(PRIMES)], seed + len(found)))
        found.sort(key=lambda d: d.rank)
    return tuple(found[-2:])


def _functionals(s: Structure, part: Part, state: State, sides: Residues, prime: int) -> Residues:
    """Functionals (g, h, c) of the derivatives of Σ and μ by every parameter, shape (count, q).

    ∂Σ is y_a u_bᵀ + u_b y_aᵀ for a weight and u_a u_bᵀ + u_b u_aᵀ for a covariance (math: second order), where u
    are total effects on the visibles and y covariances with them.
    """
    used = sides if s.model.has_means else sides[:2]
    both = np.concatenate([state.total[:, s.visible], state.covariance[:, s.visible]])
    flat = used.transpose(1, 0, 2).reshape(len(s.visible), -1)
    values = product(both, flat, prime).T.reshape(len(used), -1, 2, len(s.names))
    (ug, yg), (uh, yh), *rest = values.transpose(0, 2, 1, 3)
    a, b = part.paths.first, part.paths.second
    slopes = (yg[:, a] * uh[:, b] % prime + yh[:, a] * ug[:, b] % prime) % prime
    i, j = part.arcs.first, part.arcs.second
    twice = np.where(i == j, 0, ug[:, j] * uh[:, i] % prime)
    out = part.arcs.collect((ug[:, i] * uh[:, j] % prime + twice) % prime, s.size)
    for uc, _ in rest:
        slopes = (slopes + state.mean[a] * uc[:, b]) % prime
        out += part.intercepts.collect(uc[:, part.intercepts.second], s.size)
    return out + part.paths.collect(slopes, s.size)


def _state(s: Structure, part: Part, theta: Residues, rng: np.random.Generator, prime: int) -> State:
    """A group at a point, with random known moments of the exogenous covariates."""

    def number(value: float) -> int:
        return residue(value, prime)

    weights = s.weights(part, theta, number)
    omega = s.omega(part, theta, number)
    alpha = np.zeros(len(s.names), dtype=np.int64)
    alpha[part.intercepts.second] = part.intercepts.values(theta, number)
    known = [s.place[name] for name in s.model.exogenous]
    square = rng.integers(0, prime, (len(known), len(known)))
    omega[np.ix_(known, known)] = (square + square.T) % prime
    alpha[known] = rng.integers(0, prime, len(known))
    total = unit_inverse(weights, prime)
    covariance = product(product(total.T, omega, prime), total, prime)
    return State(weights, total, covariance, product(alpha[None], total, prime)[0])
