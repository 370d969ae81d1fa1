"""Acyclicity functions, losses, subgraphs and regressions against finite differences, brute force and least squares."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.sparse import csr_array

from semnan import metrics, simulate
from semnan.discovery import acyclicity, losses, parents, subgraph
from semnan.discovery.acyclicity import exponential, log_determinant
from semnan.discovery.equal_variance import BLOCK, least_variance_order
from semnan.discovery.order_search import disturbed
from semnan.discovery.scores import LocalScores
from semnan.metrics import Array, Flags

Value = Callable[[Array], tuple[float, Array]]


def some_weights(d: int, seed: int, density: float = 0.3) -> Array:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(d, d)) * (rng.random((d, d)) < density) * 0.3
    np.fill_diagonal(weights, 0)
    return weights


def check_gradient(function: Value, weights: Array) -> None:
    gradient = function(weights)[1]
    step = 1e-6
    rng = np.random.default_rng(0)
    for i, j in rng.integers(len(weights), size=(25, 2)).tolist():
        nudge = np.zeros_like(weights)
        nudge[i, j] = step
        slope = (function(weights + nudge)[0] - function(weights - nudge)[0]) / (2 * step)
        assert gradient[i, j] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("d", [6, 50])
@pytest.mark.parametrize("function", [exponential, log_determinant])
def test_gradients_of_acyclicity(function: Value, d: int) -> None:
    check_gradient(function, some_weights(d, 1, 3 / d))


@pytest.mark.parametrize("d", [6, 50])
def test_values_of_acyclicity(d: int) -> None:
    weights = some_weights(d, 2, 2.5 / d)
    squares = weights**2
    assert exponential(weights)[0] == pytest.approx(np.trace(expm(squares)) - d, rel=1e-10)
    assert log_determinant(weights)[0] == pytest.approx(-np.linalg.slogdet(np.eye(d) - squares)[1], rel=1e-10)
    dag = simulate.random_weights(simulate.random_dag("ER", d, 2, seed=1), seed=1)
    for function in (exponential, log_determinant):
        assert function(dag)[0] == pytest.approx(0, abs=1e-12)


def test_log_determinant_is_infinite_outside_its_domain() -> None:
    cycle = np.array([[0, 1.2], [1.2, 0]])
    assert log_determinant(cycle)[0] == np.inf
    assert log_determinant(2 * cycle)[0] == np.inf  # Where det(I − W∘W) alone would be positive again in other shapes.
    both = np.asarray(np.kron(np.eye(2), 1.5 * np.array([[0, 1.0], [1, 0]])), dtype=np.float64)
    assert np.linalg.det(np.eye(4) - both**2) > 0
    assert log_determinant(both)[0] == np.inf


def test_components_are_those_of_cycles() -> None:
    weights = np.zeros((6, 6))
    weights[0, 1] = weights[1, 0] = weights[1, 2] = weights[3, 4] = weights[4, 5] = weights[5, 3] = 1
    assert sorted(map(tuple, (part.tolist() for part in acyclicity.components(weights)))) == [(0, 1), (3, 4, 5)]


@pytest.mark.parametrize("norm", [0.0, 1e-3, 1.0, 30.0])
def test_exponential_of_matrices_without_negative_entries(norm: float) -> None:
    matrix = np.random.default_rng(0).random((7, 7)) * norm / 7
    np.testing.assert_allclose(acyclicity.matrix_exponential(matrix), expm(matrix), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    "loss", [losses.least_squares, losses.likelihood_equal, losses.likelihood_different], ids=lambda f: f.__name__
)
def test_gradients_of_losses(loss: Callable[[Array, Array], tuple[float, Array]]) -> None:
    covariance = simulate.simulate(variables=7, degree=1, seed=2).covariance
    check_gradient(lambda weights: loss(covariance, weights), some_weights(7, 3))


def test_losses_are_those_of_the_rows() -> None:
    drawn = simulate.simulate(variables=6, degree=2, rows=80, seed=4)
    x = drawn.train - drawn.train.mean(axis=0)
    covariance, weights = x.T @ x / 80, some_weights(6, 5)
    left = x - x @ weights
    determinant = np.linalg.slogdet(np.eye(6) - weights)[1]
    sums = (left**2).mean(axis=0)
    assert losses.least_squares(covariance, weights)[0] == pytest.approx((left**2).sum() / 160)
    assert losses.likelihood_equal(covariance, weights)[0] == pytest.approx(3 * np.log(sums.sum()) - determinant)
    assert losses.likelihood_different(covariance, weights)[0] == pytest.approx(0.5 * np.log(sums).sum() - determinant)


# -- acyclic subgraphs


def kept(weights: Array, order: tuple[int, ...]) -> float:
    return float(np.triu(weights[np.ix_(order, order)]).sum())


def acyclic_mask(weights: Array) -> Flags:
    place = np.argsort(subgraph.acyclic_order(weights))
    np.testing.assert_array_equal(place, np.argsort(subgraph.acyclic_order(csr_array(weights))))
    return np.asarray(place[:, None] < place[None, :])


def test_subgraph_keeps_nearly_the_most_weight() -> None:
    shares = []
    for seed in range(30):
        weights = np.abs(some_weights(6, seed, 0.6))
        best = max(kept(weights, order) for order in permutations(range(6)))
        mask = acyclic_mask(weights)
        assert metrics.is_acyclic(mask)
        shares.append(float(weights[mask].sum()) / best)
        assert shares[-1] >= 0.5
    assert np.mean(shares) > 0.95
    assert max(shares) <= 1 + 1e-12


def test_subgraph_of_a_dag_is_the_dag() -> None:
    weights = np.abs(simulate.random_weights(simulate.random_dag("ER", 40, 3, seed=5), seed=5))
    np.testing.assert_array_equal(weights * acyclic_mask(weights), weights)


def test_subgraph_follows_what_is_known() -> None:
    weights = np.abs(some_weights(8, 6, 0.8))
    before = np.zeros((8, 8), dtype=bool)
    before[[5, 5, 0], [0, 3, 3]] = True
    place = np.argsort(subgraph.acyclic_order(weights, before)).tolist()
    assert place[5] < place[0] < place[3]


def test_threshold_rises_until_no_cycle_is_left() -> None:
    weights = np.array([[0, 2.0, 0.1], [0, 0, -1], [0.5, 0, 0]])
    none = np.zeros((3, 3), dtype=bool)
    found, used = subgraph.strongest_acyclic(weights, 0.05, none)
    np.testing.assert_array_equal(found != 0, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert used > 0.5
    must = none.copy()
    must[2, 0] = True
    found, _ = subgraph.strongest_acyclic(weights, 0.05, must)
    np.testing.assert_array_equal(found != 0, [[0, 1, 0], [0, 0, 0], [1, 0, 0]])


# -- regressions


def rows_and_covariance(d: int, seed: int) -> tuple[Array, Array]:
    drawn = simulate.simulate(variables=d, degree=2, rows=300, seed=seed)
    x = drawn.train - drawn.train.mean(axis=0)
    return x, x.T @ x / 300


def test_regressions_are_least_squares() -> None:
    x, covariance = rows_and_covariance(12, 1)
    edges = simulate.random_dag("ER", 12, 3, seed=2)
    weights = parents.regressions(covariance, edges)
    for j in range(12):
        index = np.flatnonzero(edges[:, j])
        expected = np.linalg.lstsq(x[:, index], x[:, j], rcond=None)[0]
        np.testing.assert_allclose(weights[index, j], expected, rtol=1e-8)
    np.testing.assert_array_equal(weights != 0, edges)


def residual(covariance: Array, j: int, index: list[int]) -> float:
    block = covariance[np.ix_(index, index)]
    return float(covariance[j, j] - covariance[j, index] @ np.linalg.solve(block, covariance[index, j]))


def test_pruning_leaves_no_parent_below_the_penalty() -> None:
    _, covariance = rows_and_covariance(15, 3)
    order = np.triu(np.ones((15, 15), dtype=bool), 1)
    none = np.zeros((15, 15), dtype=bool)
    weights = parents.prune(covariance, order, none, 300, 12.0)
    for j in range(15):
        index = np.flatnonzero(weights[:, j]).tolist()
        for i in index:
            without = [k for k in index if k != i]
            assert 300 * np.log(residual(covariance, j, without) / residual(covariance, j, index)) > 12
    must = none.copy()
    must[0, 14] = True
    assert parents.prune(covariance, order, must, 300, 1e9)[0, 14] != 0


def test_least_variance_order_is_that_of_regressions() -> None:
    covariances = np.stack([rows_and_covariance(BLOCK + 20, seed)[1] for seed in (4, 5)])
    d = covariances.shape[1]
    orders, factors = least_variance_order(covariances, np.zeros((d, d), dtype=bool))
    for covariance, order, factor in zip(covariances, orders, factors, strict=True):
        np.testing.assert_allclose(factor @ factor.T, covariance[np.ix_(order, order)], atol=1e-8)
        np.testing.assert_allclose(factor, np.tril(factor), atol=1e-10)
        taken: list[int] = []
        for u in order.tolist():
            left = {v: residual(covariance, v, taken) for v in range(d) if v not in taken}
            assert left[u] == pytest.approx(min(left.values()), rel=1e-9)
            taken.append(u)


def test_a_stack_is_pruned_as_one_by_one() -> None:
    covariances = np.stack([rows_and_covariance(12, seed)[1] for seed in range(3)])
    order, none = np.triu(np.ones((12, 12), dtype=bool), 1), np.zeros((12, 12), dtype=bool)
    edges = np.stack([order, order, order.T])
    together = parents.prune(covariances, edges, none, 300, 12.0)
    for covariance, start, weights in zip(covariances, edges, together, strict=True):
        np.testing.assert_allclose(weights, parents.prune(covariance, start, none, 300, 12.0), rtol=1e-9)
        np.testing.assert_allclose(parents.regressions(covariance, weights != 0), weights, rtol=1e-9)


# -- orders


def test_disturbed_orders_follow_what_is_known() -> None:
    before = np.zeros((8, 8), dtype=bool)
    before[0, [3, 5]] = before[3, 5] = True
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        order = disturbed([2, 0, 1, 3, 7, 5, 4, 6], before, rng)
        assert sorted(order) == list(range(8))
        assert order.index(0) < order.index(3) < order.index(5)
        seen.add(tuple(order))
    assert len(seen) > 150


# -- local scores


def exact(correlation: Array, u: int, index: list[int], penalty: float) -> float:
    return float(np.log(residual(correlation, u, index)) + penalty * len(index))


def test_local_scores_against_regressions() -> None:
    _, covariance = rows_and_covariance(9, 5)
    scale = np.sqrt(np.diagonal(covariance))
    correlation, none = covariance / np.outer(scale, scale), np.zeros((9, 9), dtype=bool)
    scores = LocalScores(correlation, 0.05, ~np.eye(9, dtype=bool), none, 9)
    for u in range(9):
        found = scores.best(u, 0b1010 & ~(1 << u), (1 << 9) - 1 & ~(1 << u))
        index = list(found.parents)
        assert found.score == pytest.approx(exact(correlation, u, index, 0.05), abs=1e-10)
        for w in set(range(9)) - {u, *index}:
            assert exact(correlation, u, [*index, w], 0.05) >= found.score - 1e-10
        for w in index:
            assert exact(correlation, u, [v for v in index if v != w], 0.05) >= found.score - 1e-10


def test_local_scores_keep_to_what_is_known() -> None:
    _, covariance = rows_and_covariance(6, 6)
    allowed: Flags = ~np.eye(6, dtype=bool)
    allowed[:3, 5] = False
    required = np.zeros((6, 6), dtype=bool)
    required[3, 5] = True
    scale = np.sqrt(np.diagonal(covariance))
    scores = LocalScores(covariance / np.outer(scale, scale), 0.5, allowed, required, 6)
    found = scores.best(5, 0, 0b11111)
    assert 3 in found.parents
    assert not {0, 1, 2} & set(found.parents)
