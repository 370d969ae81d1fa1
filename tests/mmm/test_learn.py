"""Learning a DAG of channels with the configuration keys of DeepCausalMMM."""

import csv
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semnan as sn
from semnan.discovery.acyclicity import exponential
from semnan.errors import DataError, FileError, FitError, GraphError, ModelError
from semnan.metrics import is_acyclic
from semnan.mmm import MediaPanel, get_default_config, learn_channel_graph, simulate_panel
from semnan.mmm.graphs.learn_likelihood import ChannelLikelihood

PANEL = simulate_panel(1).panel
TIERS = [["TV", "Display"], ["Social", "Search"]]
NOTEARS = {"dag_mode": "notears"}


def test_defaults_have_the_names_and_values_of_the_package() -> None:
    config = get_default_config()
    told = {
        "dag_mode": "triangular",
        "notears_warmup_epochs": 500,
        "notears_lambda1": 0.005,
        "notears_rho_init": 1.0,
        "notears_alpha_init": 0.0,
        "notears_rho_max": 1e16,
        "notears_dual_update_every": 100,
        "notears_dual_factor": 3.0,
        "notears_group_l1": 0.01,
        "notears_threshold": 0.3,
        "dag_temperature": 0.5,
        "hidden_dim": 280,
        "huber_delta": 0.25,
    }
    assert told.items() <= config.items()
    assert config["visualization"]["correlation_threshold"] == 0.05
    assert config["visualization"]["dag_top_n_edges"] == 15
    assert config["visualization"]["max_edges_per_node"] == 3
    config["visualization"].clear()
    assert get_default_config()["visualization"]


@pytest.mark.parametrize("seed", range(5))
def test_triangular_mode_finds_the_edges_of_the_true_graph(seed: int) -> None:
    learned = learn_channel_graph(simulate_panel(seed).panel)
    assert {("TV", "Social"), ("TV", "Search")} <= set(learned.edges)
    assert np.array_equal(np.triu(learned.weights, 1), learned.weights)
    assert learned.mode == "triangular"
    assert learned.outcome.ok


def test_weights_are_standardised_regression_coefficients() -> None:
    learned = learn_channel_graph(PANEL)
    found, moments = learned.discovery.edges, learned.discovery.moments
    scale = dict(zip(moments.names, np.sqrt(np.diagonal(moments.covariance)), strict=True))
    for (a, b), weight in learned.edges.items():
        assert weight == pytest.approx(found[a, b] * scale[a] / scale[b])
    # TV -> Search is .15, TV -> Social .2 in units of media.
    assert found["TV", "Search"] == pytest.approx(0.15, abs=0.04)
    assert found["TV", "Social"] == pytest.approx(0.2, abs=0.04)


def test_signs_are_kept() -> None:
    rng = np.random.default_rng(0)
    tv = rng.normal(5, 1, (6, 80))
    media = np.stack([tv, 20 - 2 * tv + rng.normal(0, 1, (6, 80))], axis=-1)
    panel = MediaPanel.from_arrays(media, rng.random((6, 80)), channels=["tv", "print"], allow_negative=True)
    for config in ({}, NOTEARS):
        assert learn_channel_graph(panel, config, [["tv"], ["print"]]).edges["tv", "print"] < -0.7


@pytest.mark.parametrize("config", [{}, NOTEARS])
def test_tiers_are_kept(config: dict[str, Any]) -> None:
    learned = learn_channel_graph(PANEL, config, TIERS)
    assert ("TV", "Social") in learned.edges
    assert not any(a in TIERS[1] and b in TIERS[0] for a, b in learned.threshold(0).edges)
    assert learned.tiers == (("TV", "Display"), ("Social", "Search"))
    assert learned.graph().tiers == learned.tiers


@pytest.mark.parametrize(
    "config",
    [
        NOTEARS,
        NOTEARS | {"notears_threshold": 0.0},
        NOTEARS | {"notears_warmup_epochs": 0, "notears_dual_update_every": 1},
        NOTEARS | {"notears_rho_max": 2.0},
        NOTEARS | {"notears_lambda1": 5.0},
    ],
)
def test_a_dag_always_comes_out(config: dict[str, Any]) -> None:
    learned = learn_channel_graph(PANEL, config)
    for weights in (learned.weights, learned.unpruned, learned.threshold(0.01).weights):
        assert is_acyclic(weights != 0)
    assert learned.graph().kpi == "Sales"


def test_notears_edges_are_those_of_the_truth_up_to_direction() -> None:
    learned = learn_channel_graph(PANEL, NOTEARS)
    assert {frozenset(edge) for edge in learned.edges} == {frozenset(("TV", "Social"))}
    weaker = {frozenset(edge) for edge in learned.threshold(0.2).edges}
    assert weaker == {frozenset(("TV", "Social")), frozenset(("TV", "Search"))}


def test_the_penalised_likelihood_ends_at_a_stationary_point() -> None:
    """With a fixed order and no penalty the maximum is regression, whatever the optimiser."""
    config = {"notears_lambda1": 0.0, "notears_group_l1": 0.0, "notears_threshold": 0.0, "learning_rate": 0.002}
    quiet = NOTEARS | config | {"notears_dual_update_every": 3000}
    tiers = [["TV"], ["Display"], ["Social"], ["Search"]]
    learned = learn_channel_graph(PANEL, quiet, tiers)
    moments = learned.discovery.moments
    scale = np.sqrt(np.diagonal(moments.covariance))
    correlation = moments.covariance / scale[:, None] / scale
    order = [moments.names.index(tier[0]) for tier in tiers]
    for k in range(1, 4):
        before, at = order[:k], order[k]
        expected = np.linalg.solve(correlation[np.ix_(before, before)], correlation[before, at])
        small = np.abs(expected) < 2 * 0.002
        np.testing.assert_allclose(learned.unpruned[before, at], np.where(small, 0, expected), atol=2e-4)


def test_the_penalties_shrink() -> None:
    mild, harsh = (learn_channel_graph(PANEL, NOTEARS | {"notears_group_l1": g}, TIERS) for g in (0.0, 0.3))
    assert np.abs(harsh.unpruned).sum() < np.abs(mild.unpruned).sum()


def test_thresholds_prune_what_was_learned() -> None:
    learned = learn_channel_graph(PANEL)
    assert learned.threshold(0.5).edges == {k: v for k, v in learned.edges.items() if abs(v) >= 0.5}
    assert learned.threshold(9).edges == {}
    assert learned.threshold(9).threshold(0).edges == learned.edges
    assert learned.threshold(0.5).eps == 0.5
    for eps in (-1, np.nan, "much", True):
        with pytest.raises(FitError, match="eps is"):
            learned.threshold(eps)  # type: ignore[arg-type]


def test_the_table_is_written_as_pandas_writes_a_labelled_matrix(tmp_path: Path) -> None:
    import pandas as pd

    learned = learn_channel_graph(PANEL)
    place = learned.to_csv(tmp_path / "dag_adjacency.csv")
    frame = pd.DataFrame(learned.weights, index=learned.names, columns=learned.names)
    assert place.read_text() == frame.to_csv(lineterminator="\n")
    with place.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["", "TV", "Social", "Display", "Search"]
    assert float(rows[0][4]) == learned.edges["TV", "Search"]
    with pytest.raises(FileError, match="cannot write"):
        learned.to_csv(tmp_path / "no" / "folder.csv")


def test_the_default_name_is_that_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert learn_channel_graph(PANEL).to_csv() == Path("dag_adjacency.csv")
    assert (tmp_path / "dag_adjacency.csv").exists()


def test_the_learned_edges_become_a_channel_graph() -> None:
    learned = learn_channel_graph(PANEL).threshold(0.2)
    graph = learned.graph(confounders={"demand": ["Search", "Sales"]}, proxies={"demand": ["GQV", "Trends"]})
    assert set(graph.edges) == {*learned.edges, *((name, "Sales") for name in learned.names)}
    assert graph.identify()["Search", "direct"].identified
    graph.check_panel(PANEL)
    assert learned.graph(kpi="Orders").kpi == "Orders"
    with pytest.raises(GraphError, match="'TV' is one of the channels"):
        learned.graph(kpi="TV")


def test_drawing_keys_choose_the_edges_to_draw() -> None:
    config = {"visualization": {"dag_top_n_edges": 1}}
    assert list(learn_channel_graph(PANEL, config).strongest()) == [("TV", "Social")]
    one_each = learn_channel_graph(PANEL, {"visualization": {"max_edges_per_node": 1}}).strongest()
    assert [a for a, _ in one_each].count("TV") == 1
    assert learn_channel_graph(PANEL, {"visualization": {"correlation_threshold": 0.9}}).strongest() == {}


def test_one_warning_lists_the_keys_without_effect() -> None:
    with pytest.warns(UserWarning, match="no effect here: hidden_dim, dag_temperature, optimizer.type") as told:
        learn_channel_graph(PANEL, {"hidden_dim": 64, "dag_temperature": 0.3, "optimizer": {"type": "sgd"}})
    assert len(told) == 1
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn_channel_graph(PANEL, NOTEARS | {"notears_lambda1": 0.01, "learning_rate": 0.02})


def test_a_whole_configuration_is_taken() -> None:
    config = get_default_config()
    config["dag_mode"] = "notears"
    learned = learn_channel_graph(PANEL, config)
    assert learned.edges == learn_channel_graph(PANEL, NOTEARS).edges


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"notears_lamda1": 1}, r"'notears_lamda1' \(did you mean 'notears_lambda1'\?\)"),
        ({"zzz": 1}, "'zzz'; there are random_seed"),
        ({"visualization": {"top_n": 1}}, r"'visualization.top_n'"),
        ({"visualization": 3}, "visualization is 3: give a mapping"),
        ({"dag_mode": "greedy"}, "dag_mode is 'greedy': give 'triangular' or 'notears'"),
        ({"notears_lambda1": -1}, "notears_lambda1 is -1: give at least 0"),
        ({"notears_lambda1": "small"}, "notears_lambda1 is 'small': give a finite number"),
        ({"notears_threshold": float("nan")}, "notears_threshold is nan"),
        ({"notears_warmup_epochs": 2.5}, "notears_warmup_epochs is 2.5: give a whole number"),
        ({"notears_dual_update_every": 0}, "notears_dual_update_every is 0: give at least 1"),
        ({"notears_dual_factor": 1.0}, "notears_dual_factor is 1.0: give more than 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: give more than 0"),
        ({"notears_rho_init": True}, "notears_rho_init is True"),
        ([("dag_mode", "notears")], "give a mapping"),
    ],
)
def test_configurations_that_make_no_sense_are_refused(config: Mapping[str, Any], named: str) -> None:
    with pytest.raises(ModelError, match=named):
        learn_channel_graph(PANEL, config)


@pytest.mark.parametrize("config", [{}, NOTEARS])
def test_tiers_that_make_no_sense_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="'Radio'"):
        learn_channel_graph(PANEL, config, [["Radio"]])
    with pytest.raises(DataError, match="'TV'"):
        learn_channel_graph(PANEL, config, [["TV"], ["TV"]])
    with pytest.raises(GraphError, match="'TV'"):
        learn_channel_graph(PANEL, config, ["TV"])


def test_one_channel_twice_is_refused() -> None:
    media = np.repeat(np.random.default_rng(0).random((2, 60, 1)), 2, axis=-1)
    panel = MediaPanel.from_arrays(media, media[..., 0] + 1, channels=["tv", "video"])
    with pytest.raises(DataError, match="'tv' and 'video' are the same"):
        learn_channel_graph(panel)


def test_a_panel_of_less_than_a_year_and_a_national_one() -> None:
    for panel in (simulate_panel(0, 8, 30).panel, simulate_panel(0, 1, 156).panel):
        assert is_acyclic(learn_channel_graph(panel).weights != 0)


def test_what_was_learned_is_told() -> None:
    learned = learn_channel_graph(PANEL)
    assert "TV -> Social" in str(learned)
    assert "triangular" in repr(learned)
    record = learned.to_dict()
    assert record["mode"] == "triangular"
    assert record["edges"][0]["cause"] == "TV"
    assert record["channels"] == list(PANEL.channels)


def test_the_gradient_of_the_augmented_lagrangian() -> None:
    """Against central differences, away from the kinks of the penalties."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(50, 3))
    task = sn.discovery.Task(
        table.T @ table / 50, 50, sn.discovery.discover(_frame(table)).knowledge, ("a", "b", "c"), progress=False
    )
    method = ChannelLikelihood(
        l1=0.1, group_l1=0.2, warmup=0, inner=1, rho=1.0, alpha=0.0, rho_max=10.0, factor=3.0, rate=0.01
    )
    weights = rng.uniform(0.2, 0.5, (3, 3)) * (1 - np.eye(3))
    rho, alpha = 2.0, 0.7

    def objective(at: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
        residual = np.eye(3) - at
        variances = np.diagonal(residual.T @ task.covariance @ residual)
        h = exponential(at)[0]
        loss = 0.5 * np.log(variances).sum() - np.linalg.slogdet(residual)[1] + 0.5 * rho * h**2 + alpha * h
        return float(loss + 0.1 * np.abs(at).sum() + 0.2 * np.sqrt((at**2).sum(axis=0)).sum())

    slope = method._slope(task, weights, rho, alpha)
    for i, j in zip(*np.nonzero(weights), strict=True):
        step = np.zeros((3, 3))
        step[i, j] = 1e-6
        assert slope[i, j] == pytest.approx((objective(weights + step) - objective(weights - step)) / 2e-6, rel=1e-6)


def _frame(table: Any) -> Any:
    import pandas as pd

    return pd.DataFrame(table, columns=["a", "b", "c"])
