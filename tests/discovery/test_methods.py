"""Every method: what it finds where the truth is known, knowledge, seeds, scale."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import semnan as sn
from semnan import Moments, metrics, simulate
from semnan.discovery import (
    BowFree,
    Discovery,
    EqualVariance,
    Golem,
    Method,
    Notears,
    OptiMAS,
    OrderSearch,
    ProxiMAS,
    RSquaredSort,
    SearchOutcome,
    VarianceSort,
    discover,
)
from semnan.discovery.bic import information_penalty
from semnan.discovery.golem import PENALTIES
from semnan.discovery.knowledge import read_knowledge
from semnan.discovery.losses import least_squares
from semnan.discovery.projection_steps import Fista, Scaled
from semnan.discovery.task import Task
from semnan.metrics import Array

METHODS: list[Method] = [
    EqualVariance(),
    OrderSearch(restarts=3),
    VarianceSort(),
    RSquaredSort(),
    Notears(h_tolerance=1e-4),
    Notears(acyclicity="logdet", h_tolerance=1e-4),
    Golem(steps=800),
    Golem(variances="different", steps=300),
    ProxiMAS(steps=200),
    OptiMAS(steps=300),
    BowFree(restarts=1, steps=6),
]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
#: Methods that find the truth when errors have one variance.
GOOD = [
    method for method in METHODS if not isinstance(method, RSquaredSort | VarianceSort | BowFree | OptiMAS | ProxiMAS)
]


@pytest.mark.parametrize("method", GOOD, ids=lambda m: type(m).__name__)
def test_sparse_graphs_with_equal_variances_are_found(method: Method) -> None:
    drawn = simulate.simulate("ER", 1, variables=12, rows=2000, seed=1)
    found = discover(drawn.moments, method=method)
    assert found.outcome is SearchOutcome.FINISHED
    assert found.compare(drawn.weights).shd_cpdag <= 2
    assert found.compare(drawn.weights).skeleton.fn == 0


@every_method
def test_knowledge_is_honoured(method: Method) -> None:
    drawn = simulate.simulate("ER", 1, variables=6, rows=500, seed=3)
    names = drawn.names
    edges = np.argwhere(drawn.weights)
    forbidden = [(names[i], names[j]) for i, j in edges[:2].tolist()]
    required = [("V5", "V0")] if ("V5", "V0") not in forbidden else [("V4", "V0")]
    found = discover(drawn.moments, method=method, required=required, forbidden=forbidden, tiers=[["V4", "V5"], ["V0"]])
    assert set(required) <= set(found.edges)
    assert not set(forbidden) & set(found.edges)
    assert not {("V0", "V4"), ("V0", "V5")} & set(found.edges)
    assert metrics.is_acyclic(found.weights)


@every_method
def test_the_answer_is_deterministic_and_inputs_are_unchanged(method: Method) -> None:
    drawn = simulate.simulate("SF", 2, variables=7, rows=200, seed=4)
    moments = drawn.moments
    before = moments.covariance.copy()
    one, two = discover(moments, method=method), discover(moments, method=method)
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(moments.covariance, before)
    assert not one.weights.flags.writeable


@every_method
@pytest.mark.parametrize("standardise", [False, True])
def test_graphs_are_acyclic_and_ready_to_fit(method: Method, standardise: bool) -> None:
    drawn = simulate.simulate("ER", 2, variables=6, rows=300, scales="WV", seed=5)
    found = discover(drawn.moments, method=method, standardise=standardise, threshold=0.0)
    assert metrics.is_acyclic(found.weights)
    assert sn.fit(found.model, drawn.moments).converged
    assert set(found.graph.visibles) == set(drawn.names)


@given(seed=st.integers(0, 10_000), which=st.sampled_from([EqualVariance(), OrderSearch(restarts=1), VarianceSort()]))
@settings(max_examples=15)
def test_every_graph_is_acyclic(seed: int, which: Method) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, 8)) @ rng.normal(size=(8, 8))  # No DAG made these.
    assert metrics.is_acyclic(discover(Moments.from_array(rows), method=which).weights)


@given(seed=st.integers(0, 1000))
@settings(max_examples=8)
def test_order_search_does_not_depend_on_units(seed: int) -> None:
    """Nor on the rounding that other units bring."""
    drawn = simulate.simulate("ER", 2, variables=12, rows=300, scales="WV", seed=seed)
    factors = 10.0 ** np.random.default_rng(seed).uniform(-3, 3, size=12)
    one = discover(drawn.moments, method=OrderSearch(restarts=20))
    two = discover(Moments.from_array(drawn.train * factors, drawn.names), method=OrderSearch(restarts=20))
    np.testing.assert_allclose(two.weights, one.weights / factors[:, None] * factors, rtol=1e-7)


def bic(covariance: Array, order: tuple[int, ...], penalty: float) -> float:
    """The least score of an order of four variables, over all sets of parents."""
    total = 0.0
    for place, u in enumerate(order):
        scores = []
        for chosen in range(2**place):
            index = [order[k] for k in range(place) if chosen >> k & 1]
            left = covariance[u, u] - (
                covariance[u, index] @ np.linalg.solve(covariance[np.ix_(index, index)], covariance[index, u])
                if index
                else 0.0
            )
            scores.append(np.log(left) + penalty * len(index))
        total += min(scores)
    return total


@pytest.mark.parametrize("seed", range(8))
def test_order_search_finds_the_least_bic_of_all_orders(seed: int) -> None:
    drawn = simulate.simulate("ER", 1, variables=5, rows=150, scales="WV", seed=seed)
    moments = drawn.moments
    scale = np.sqrt(np.diagonal(moments.covariance))
    correlation = moments.covariance / np.outer(scale, scale)
    penalty = information_penalty(150, 5, 2.0) / 150
    least = min(bic(correlation, order, penalty) for order in permutations(range(5)))
    found = discover(moments, method=OrderSearch(restarts=20))
    assert found.trace.loss[-1] == pytest.approx(least, abs=1e-9)


def test_notears_ends_where_cycles_do() -> None:
    drawn = simulate.simulate("ER", 1, variables=5, seed=6)
    found = discover(drawn.moments, method=Notears(), threshold=0.0)
    assert found.trace.cycles[-1] <= 1e-8
    assert list(found.trace.penalty) == sorted(found.trace.penalty)
    assert len(found.trace.loss) == len(found.trace.cycles) == len(found.trace.penalty)


def task_of(drawn: simulate.Simulation) -> Task:
    return Task(drawn.moments.covariance, len(drawn.train), read_knowledge(drawn.names), drawn.names, False)


def test_golem_ends_in_a_minimum_of_its_objective() -> None:
    task = task_of(simulate.simulate("ER", 1, variables=6, seed=7))
    method = Golem(steps=3000)
    weights = method.learn(task).weights
    smooth, cost = method.objective(task), PENALTIES["equal"][0]
    value, gradient = smooth(weights)
    assert value < smooth(np.zeros_like(weights))[0]
    moving = weights != 0
    np.testing.assert_allclose(gradient[moving], -cost * np.sign(weights[moving]), atol=2e-3)
    still = ~moving & ~np.eye(6, dtype=bool)
    assert np.abs(gradient[still]).max() <= cost + 2e-3


@pytest.mark.parametrize("noise", [0.0, 1.5])
def test_proximal_steps_reach_the_lasso_of_the_units(noise: float) -> None:
    """Without pull every column is a lasso; its optimality conditions hold in the units of the data."""
    task = task_of(simulate.simulate("ER", 1, variables=6, scales="WV", seed=8))
    scaled = Scaled(task, 0.1, noise)
    stepper = Fista(scaled)
    for _ in range(20_000):
        stepper.step(None, 0.0)
    weights = scaled.in_units(stepper.weights).toarray()
    gradient = least_squares(np.asarray(task.covariance), weights)[1]
    cost = np.maximum(0.1, noise * np.sqrt(2 * np.log(6) / task.n) * np.outer(task.deviations, task.deviations))
    assert (cost > 0.1).any() == (noise > 0)
    moving = weights != 0
    np.testing.assert_allclose(gradient[moving], (-cost * np.sign(weights))[moving], atol=1e-6)
    still = ~moving & ~np.eye(6, dtype=bool)
    assert (np.abs(gradient[still]) <= cost[still] + 1e-6).all()
    expected = least_squares(np.asarray(task.covariance), weights)[0] + (cost * np.abs(weights)).sum()
    assert scaled.loss(stepper.weights) == pytest.approx(expected)


@pytest.mark.parametrize("method", [ProxiMAS(steps=300), OptiMAS(steps=500)], ids=lambda m: type(m).__name__)
def test_refining_brings_projections_near_the_truth(method: Method) -> None:
    coarse, refined = 0, 0
    for seed in range(2):
        drawn = simulate.simulate("ER", 2, variables=15, seed=seed)
        coarse += discover(drawn.moments, method=method).compare(drawn.weights).shd
        answer = discover(drawn.moments, method=method, refine=OrderSearch(restarts=10))
        refined += answer.compare(drawn.weights).shd
        assert not answer.sortability.depends_on_units
    assert refined <= coarse / 2


def test_refining_keeps_directions_that_no_score_determines() -> None:
    drawn = simulate.simulate("ER", 1, variables=12, rows=5000, seed=1)
    open_ = metrics.cpdag(drawn.weights)
    assert (open_ & open_.T).any()
    found = OrderSearch(restarts=50).refine(task_of(drawn), drawn.weights)
    np.testing.assert_array_equal(found.weights != 0, drawn.weights != 0)


def test_bow_free_finds_correlated_errors() -> None:
    """X1 -> X2 -> X3 -> X4 with a hidden cause of X2 and X4: every DAG needs a false edge."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=20_000)
    a, e2, e3, e4 = rng.normal(size=(4, 20_000))
    b = 0.8 * a + hidden + 0.5 * e2
    c = 0.7 * b + e3
    d = 0.9 * c + hidden + 0.5 * e4
    moments = Moments.from_array(np.column_stack([a, b, c, d]), ["A", "B", "C", "D"])
    found = discover(moments, method=BowFree(), tiers=[["A"], ["B", "C", "D"]])
    assert set(found.edges) == {("A", "B"), ("B", "C"), ("C", "D")}
    assert set(found.confounded) == {("B", "D")}
    assert found.edges["C", "D"] == pytest.approx(0.9, abs=0.05)
    assert found.confounded["B", "D"] == pytest.approx(1.0, abs=0.1)
    assert isinstance(found.cpdag, sn.Unavailable)
    p_value = sn.fit(found.model, moments).p_value
    assert isinstance(p_value, float)
    assert p_value > 0.01
    plain = discover(moments, method=OrderSearch(), tiers=[["A"], ["B", "C", "D"]])
    assert len(plain.edges) > 3


def test_sortability_says_what_it_means() -> None:
    drawn = simulate.simulate("ER", 2, variables=10, seed=2)

    def said(method: Method, standardise: bool = False) -> str:
        found: Discovery = discover(drawn.moments, method=method, standardise=standardise)
        return str(found.sortability)

    assert "follow the variances" in said(EqualVariance())
    assert "standardised" in said(EqualVariance(), standardise=True)
    assert "does not depend on the units" in said(OrderSearch())
