"""Metrics against their definitions: equivalence classes by enumeration, counts by hand."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from semnan import metrics, simulate
from semnan.errors import GraphError, Unavailable
from semnan.metrics import Flags

CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
COLLIDER = np.array([[0, 1, 0], [0, 0, 0], [0, 1, 0]])


def every_dag(d: int) -> list[Flags]:
    places = [(i, j) for i in range(d) for j in range(i)]
    found = []
    for choice in product((0, 1, 2), repeat=len(places)):
        dag = np.zeros((d, d), dtype=bool)
        for (i, j), kind in zip(places, choice, strict=True):
            dag[i, j], dag[j, i] = kind == 1, kind == 2
        if np.linalg.matrix_power(dag.astype(float), d).sum() == 0:
            found.append(dag)
    return found


def equivalence(dag: Flags) -> tuple[bytes, frozenset[tuple[int, int, int]]]:
    """Skeleton and v-structures: equal for DAGs of one class (Verma & Pearl 1990)."""
    adjacent, d = dag | dag.T, len(dag)
    triples = ((a, b, c) for a in range(d) for b in range(a) for c in range(d))
    return adjacent.tobytes(), frozenset(
        (a, b, c) for a, b, c in triples if dag[a, c] and dag[b, c] and not adjacent[a, b]
    )


def test_cpdag_is_the_union_of_its_class() -> None:
    classes = defaultdict(list)
    for dag in every_dag(4):
        classes[equivalence(dag)].append(dag)
    assert len(classes) == 185  # Of 543 DAGs; Gillispie & Perlman 2002.
    for members in classes.values():
        union = np.any(members, axis=0)
        for dag in members:
            np.testing.assert_array_equal(metrics.cpdag(dag), union)


def test_known_directions_restrict_the_class() -> None:
    rng = np.random.default_rng(0)
    classes = defaultdict(list)
    for dag in every_dag(4):
        classes[equivalence(dag)].append(dag)
    for members in classes.values():
        dag = members[rng.integers(len(members))]
        known = dag & (rng.random(dag.shape) < 0.4)
        left = [other for other in members if (other | ~known).all()]
        np.testing.assert_array_equal(metrics.cpdag(dag, known), np.any(left, axis=0))


def test_reversal_counts_one() -> None:
    reversed_, other = CHAIN.T, COLLIDER
    assert metrics.shd(CHAIN, reversed_) == 2
    assert metrics.shd_cpdag(CHAIN, reversed_) == 0
    assert metrics.shd(CHAIN, other) == 1
    assert metrics.shd_cpdag(CHAIN, other) == 2
    assert metrics.shd(CHAIN, np.zeros((3, 3))) == 2


def test_counts_by_hand() -> None:
    estimate = np.array([[0, 0, 2.0], [0.5, 0, -1], [0, 0, 0]])  # 0 -> 1 reversed, 1 -> 2 found, 0 -> 2 extra.
    found = metrics.compare(CHAIN, estimate)
    assert (found.shd, found.reversed, found.shd_per_variable) == (2, 1, 2 / 3)
    assert (found.directed.tp, found.directed.fp, found.directed.fn, found.directed.tn) == (1, 2, 1, 2)
    assert (found.skeleton.tp, found.skeleton.fp, found.skeleton.fn, found.skeleton.tn) == (2, 1, 0, 0)
    assert found.directed.precision == pytest.approx(1 / 3)
    assert found.directed.f1 == pytest.approx(0.4)
    assert (found.directed.recall, found.directed.fnr, found.directed.fpr) == (0.5, 0.5, 0.5)
    assert found.directed.fdr == pytest.approx(2 / 3)
    by_threshold = metrics.at_thresholds(CHAIN, estimate, [0.0, 0.7, 3.0])
    assert [part.shd for part in by_threshold.values()] == [2, 2, 2]
    assert isinstance(by_threshold[3.0].directed.precision, Unavailable)


def test_cycles_and_sizes_are_refused() -> None:
    with pytest.raises(GraphError, match="cycle"):
        metrics.compare(CHAIN, CHAIN + CHAIN.T)
    with pytest.raises(GraphError, match="one size"):
        metrics.shd(CHAIN, np.zeros((2, 2)))


def test_average_precision_by_definition() -> None:
    rng = np.random.default_rng(1)
    truth = simulate.random_dag("ER", 8, 2, seed=1)
    weights = np.round(rng.normal(size=(8, 8)), 1)  # With ties.
    pairs = ~np.eye(8, dtype=bool)
    labels, scores = truth[pairs], np.abs(weights[pairs])
    expected, last = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= threshold
        recall, precision = labels[chosen].sum() / labels.sum(), labels[chosen].mean()
        expected, last = expected + (recall - last) * precision, recall
    assert metrics.average_precision(truth, weights) == pytest.approx(expected, abs=1e-14)
    assert metrics.average_precision(truth, truth) == 1.0


@pytest.mark.parametrize("variances", ["equal", "different"])
def test_likelihood_is_that_of_the_density(variances: str) -> None:
    drawn = simulate.simulate(variables=4, degree=1, rows=50, validation=30, scales="NV", seed=3)
    center = drawn.train.mean(axis=0)
    train, rows = drawn.train - center, drawn.validation - center
    residual = train - train @ drawn.weights
    omega = (residual**2).mean(axis=0) if variances == "different" else np.full(4, (residual**2).mean())
    total = np.linalg.inv(np.eye(4) - drawn.weights)
    sigma = total.T @ np.diag(omega) @ total
    density = -0.5 * (
        np.log(np.linalg.det(2 * np.pi * sigma)) + np.einsum("ni,ij,nj->n", rows, np.linalg.inv(sigma), rows)
    )
    found = metrics.negative_log_likelihood(
        drawn.weights,
        train.T @ train / 50,
        rows.T @ rows / 30,
        variances=variances,  # type: ignore[arg-type]
    )
    assert found == pytest.approx(-density.mean(), rel=1e-10)


def test_sortability_by_hand() -> None:
    # Paths 0 -> 1, 1 -> 2 of length one and 0 -> 2 of length two.
    assert metrics.varsortability(CHAIN, np.diag([1.0, 2, 3])) == 1
    assert metrics.varsortability(CHAIN, np.diag([3.0, 2, 1])) == 0
    assert metrics.varsortability(CHAIN, np.diag([1.0, 3, 2])) == pytest.approx(2 / 3)
    assert metrics.varsortability(CHAIN, np.eye(3)) == 0.5
    assert isinstance(metrics.varsortability(np.zeros((2, 2)), np.eye(2)), Unavailable)


def test_r_squared_of_others_is_that_of_regressions() -> None:
    drawn = simulate.simulate(variables=5, degree=1, seed=5)
    rows = drawn.train - drawn.train.mean(axis=0)
    for j, value in enumerate(metrics.r_squared_of_others(rows.T @ rows)):
        others = np.delete(rows, j, axis=1)
        left = rows[:, j] - others @ np.linalg.lstsq(others, rows[:, j], rcond=None)[0]
        assert value == pytest.approx(1 - left @ left / (rows[:, j] @ rows[:, j]), rel=1e-9)
    scaled = metrics.r2_sortability(
        drawn.weights, np.diag([1, 9, 1, 4, 0.1]) @ drawn.covariance @ np.diag([1, 9, 1, 4, 0.1])
    )
    assert scaled == metrics.r2_sortability(drawn.weights, drawn.covariance)
