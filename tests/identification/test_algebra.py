"""Exact arithmetic against fractions, Gröbner bases against systems solved by hand, and formulas in every form."""

from fractions import Fraction

import numpy as np
import pytest

from semnan import AMASEM
from semnan.errors import ModelError
from semnan.identification import identify
from semnan.identification.arithmetic import Floats, Modular, Rationals
from semnan.identification.expression import Constant, Expression, covariance, evaluate, solution
from semnan.identification.groebner import TooLargeError, groebner, minimal_polynomial
from semnan.identification.linear import determining
from semnan.identification.modular import PRIMES, echelon, inverse, null_vector, product, residue, unit_inverse
from semnan.identification.polynomial import Polynomial
from semnan.identification.writing import write

P = PRIMES[0]


def residues(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, P, shape)


def exact(matrix: np.ndarray) -> np.ndarray:
    return np.array(matrix.tolist(), dtype=object)


@pytest.mark.parametrize("shape", [(2, 3, 4), (30, 70, 50), (5, 300, 4)])
def test_products(shape: tuple[int, int, int]) -> None:
    a, b = residues(0, *shape[:2]), residues(1, *shape[1:])
    np.testing.assert_array_equal(product(a, b, P), (exact(a) @ exact(b)) % P)


def test_products_of_the_largest_residues() -> None:
    a = np.full((64, 64), P - 1)
    np.testing.assert_array_equal(product(a, a, P), np.full((64, 64), 64))


@pytest.mark.parametrize("size", [3, 40, 90])
def test_inverses(size: int) -> None:
    a = residues(2, size, size)
    np.testing.assert_array_equal(product(inverse(a, P), a, P), np.eye(size))
    nilpotent = np.triu(a, 1)
    left = (np.eye(size, dtype=np.int64) - nilpotent) % P
    np.testing.assert_array_equal(product(unit_inverse(nilpotent, P), left, P), np.eye(size))


@pytest.mark.parametrize(("rows", "columns", "rank"), [(6, 5, 3), (50, 80, 33), (90, 70, 70), (3, 4, 0)])
def test_row_reduction(rows: int, columns: int, rank: int) -> None:
    a = product(residues(3, rows, rank), residues(4, rank, columns), P)
    pivots = echelon(a, P).pivots
    assert len(pivots) == rank
    assert len(echelon(a[:, pivots], P).pivots) == rank
    vector, found = null_vector(a, np.random.default_rng(0), P)
    assert found == rank
    assert not product(a, vector[:, None], P).any()
    assert vector.any() == (rank < columns)


def test_fractions_as_residues() -> None:
    assert residue(0.375, P) * 8 % P == 3
    assert residue(-2, P) == P - 2


def test_determining_equations() -> None:
    matrix = np.array([[1, 1, 0], [0, 0, 1], [1, 1, 1], [2, 1, 0]])
    target = np.array([1, 0, 0])
    found = determining(matrix, target, P)
    assert found == ([0, 3], [0, 1])
    assert determining(matrix[:3], target, P) is None


def variables(count: int) -> list[Polynomial]:
    return [Polynomial.variable(k) for k in range(count)]


def test_a_circle_and_a_line() -> None:
    x, y = variables(2)
    basis = groebner([x * x + y * y - 25, x + y - 7], [0, 1], P, 10**6)
    assert minimal_polynomial(basis, x, 5) == [12, P - 7, 1]  # (x − 3)(x − 4)
    assert minimal_polynomial(basis, x * y, 5) == [P - 12, 1]


def test_cyclic_roots() -> None:
    """The cyclic 3-roots have six solutions, and no value of one variable is special."""
    x, y, z = variables(3)
    basis = groebner([x + y + z, x * y + y * z + z * x, x * y * z - 1], [0, 1, 2], P, 10**6)
    found = minimal_polynomial(basis, x, 10)
    assert found == [P - 1, 0, 0, 1]
    assert minimal_polynomial(basis, x * 2 + y * 3 + z * 5, 10) is not None
    assert len(minimal_polynomial(basis, x * 2 + y * 3 + z * 7, 10) or []) == 7


def test_contradictions_and_limits() -> None:
    x, y = variables(2)
    empty = groebner([x * y - 1, x], [0, 1], P, 10**6)
    assert minimal_polynomial(empty, y, 3) == [1]
    line = groebner([x - 1], [0, 1], P, 10**6)
    assert minimal_polynomial(line, y, 3) is None
    z = Polynomial.variable(2)
    with pytest.raises(TooLargeError):
        groebner([x + y + z, x * y + y * z + z * x, x * y * z - 1], [0, 1, 2], P, 5)


def example() -> Expression:
    """Of three variables: a regression, a partial covariance and a system."""
    first = solution(
        [[covariance(0, 0), covariance(0, 1)], [covariance(0, 1), covariance(1, 1)]], [1, covariance(0, 2)]
    )
    found: Expression = (
        first[1] * covariance(1, 2, (0,)) - covariance(0, 2) / covariance(0, 0) + Constant(Fraction(1, 2))
    )
    return found


def test_arithmetics_agree() -> None:
    matrix = [[4, 1, 2], [1, 3, 1], [2, 1, 5]]
    expression = example()
    rational = evaluate(expression, Rationals([[Fraction(x) for x in row] for row in matrix]))
    assert rational == Fraction(7, 11) * Fraction(1, 2) - Fraction(2, 4) + Fraction(1, 2)
    modular = evaluate(expression, Modular(np.array(matrix), P))
    assert modular == residue(rational, P)
    batch = np.array([matrix, np.eye(3), matrix], dtype=float)
    np.testing.assert_allclose(evaluate(expression, Floats(batch)), [7 / 22, 0.5, 7 / 22])


def test_writing() -> None:
    text = write(example(), ["a", "b_1", "c"])
    system = "[var(a), cov(a, b_1); cov(a, b_1), var(b_1)]⁻¹ [1; cov(a, c)]"
    assert text == f"x1[2] * cov(b_1, c | a) - cov(a, c) / var(a) + 1/2 where x1 = {system}"
    latex = write(example(), ["a", "b_1", "c"], latex=True)
    assert r"\sigma_{\text{b\_1}, \text{c} \cdot \text{a}}" in latex
    assert latex.count("{") == latex.count("}")


def test_long_formulas_are_not_written_out() -> None:
    expression = covariance(0, 1)
    for _ in range(60):
        expression = expression * expression
    assert "call it on a covariance" in write(expression, ["a", "b"])


def test_formulas_take_batches_and_refuse_other_shapes() -> None:
    formula = identify(AMASEM.parse("X -> Y"), "X -> Y").formula
    assert formula is not None
    assert formula(np.ones((4, 3, 2, 2))).shape == (4, 3)
    assert formula.latex == r"\frac{\sigma_{\text{X}, \text{Y}}}{\sigma_{\text{X}, \text{X}}}"
    assert repr(formula) == "Formula('cov(X, Y) / var(X)')"
    with pytest.raises(ModelError, match=r"shape \(\.\.\., 2, 2\)"):
        formula(np.eye(3))
