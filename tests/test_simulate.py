"""Simulated graphs and rows have the size, the law and the covariance that they are said to have."""

import numpy as np
import pytest

from semnan import metrics, simulate
from semnan.errors import DataError, GraphError
from semnan.simulate import GraphKind, Law, Scales


@pytest.mark.parametrize("degree", [1, 2, 4])
@pytest.mark.parametrize("kind", ["ER", "SF"])
def test_graphs_are_acyclic_with_the_edges_asked_for(kind: GraphKind, degree: int) -> None:
    dag = simulate.random_dag(kind, 30, degree, seed=degree)
    assert metrics.is_acyclic(dag)
    short = degree * (degree + 1) // 2 if kind == "SF" else 0
    assert dag.sum() == 30 * degree - short


def test_scale_free_graphs_have_hubs() -> None:
    popular = simulate.random_dag("SF", 300, 2, seed=0).sum(axis=0).max()
    assert popular > 2 * simulate.random_dag("ER", 300, 2, seed=0).sum(axis=0).max()


def test_weights_have_either_sign_and_the_range() -> None:
    dag = simulate.random_dag("ER", 60, 4, seed=1)
    weights = simulate.random_weights(dag, seed=2)
    np.testing.assert_array_equal(weights != 0, dag)
    sizes = np.abs(weights[dag])
    assert sizes.min() >= 0.5
    assert sizes.max() <= 2
    assert 0.3 < (weights[dag] > 0).mean() < 0.7


@pytest.mark.parametrize("law", ["gaussian", "exponential", "gumbel"])
def test_errors_have_mean_zero_and_their_deviation(law: Law) -> None:
    rows = simulate.sample(np.zeros((2, 2)), 200_000, deviations=[1, 3], law=law, seed=0)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(rows.std(axis=0), [1, 3], rtol=0.01)
    skew = float(((rows[:, 0] / rows[:, 0].std()) ** 3).mean())
    assert skew == pytest.approx({"gaussian": 0, "exponential": 2, "gumbel": 1.1395}[law], abs=0.1)


def test_rows_have_the_implied_covariance_and_the_graph_its_edges() -> None:
    drawn = simulate.simulate("ER", 1, variables=5, rows=100_000, validation=7, scales="WV", seed=4)
    scale = np.sqrt(np.diagonal(drawn.covariance))
    np.testing.assert_allclose(
        drawn.moments.covariance / np.outer(scale, scale), drawn.covariance / np.outer(scale, scale), atol=0.02
    )
    assert drawn.train.shape == (100_000, 5)
    assert drawn.validation.shape == (7, 5)
    weights = {e: drawn.weights[int(e[0][1:]), int(e[1][1:])] for e in drawn.graph.edges if e[0].startswith("V")}
    assert len(weights) == 5
    assert all(weights.values())


@pytest.mark.parametrize("scales", ["EV", "NV", "WV"])
def test_deviations(scales: Scales) -> None:
    found = simulate.random_deviations(1000, scales, seed=0)
    low, high = {"EV": (1, 1), "NV": (1, 2), "WV": (0.3, 3)}[scales]
    assert found.min() >= low
    assert found.max() <= high


def test_the_seed_decides() -> None:
    one, same, other = (simulate.simulate("SF", 2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.train, same.train)
    assert not np.array_equal(one.train, other.train)


def test_wrong_arguments() -> None:
    with pytest.raises(GraphError, match="'ER' or 'SF'"):
        simulate.random_dag("BA", 3, 1)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="lower the degree"):
        simulate.random_dag("ER", 3, 2)
    with pytest.raises(GraphError, match="cycle"):
        simulate.sample(np.array([[0, 1], [1, 0]]), 3)
    with pytest.raises(DataError, match="give 'EV'"):
        simulate.simulate(scales="XV")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="the law"):
        simulate.simulate(law="cauchy")  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="positive"):
        simulate.random_weights(np.zeros((2, 2)), low=-1)
