"""What stands around the methods: the command line, pictures, bootstrap stability, the embedded data."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from semnan import DataError, FitError, datasets, simulate
from semnan.cli import app
from semnan.datasets import SACHS_EDGES
from semnan.discovery import (
    BowFree,
    EqualVariance,
    Method,
    Notears,
    OrderSearch,
    discover,
    draw_confusion,
    draw_graph,
    draw_trace,
    edge_stability,
)

DRAWN = simulate.simulate("ER", 1, variables=5, rows=400, seed=1)
FRAME = pd.DataFrame(DRAWN.train, columns=list(DRAWN.names))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    FRAME.to_csv(file, index=False)
    return file


def test_command_line(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    options = [
        "--method",
        "equal-variance",
        "--json",
        str(out),
        "--tier",
        "V0,V1",
        "--tier",
        "V2",
        "--forbidden",
        "V3->V4",
    ]
    done = CliRunner().invoke(app, ["discover", str(table), *options])
    assert done.exit_code == 0, done.output
    assert "Varsortability" in done.output
    found = discover(FRAME, method=EqualVariance(), tiers=[["V0", "V1"], ["V2"]], forbidden=[("V3", "V4")])
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(found.to_dict()))


def test_command_line_to_the_screen_and_a_drawing(table: Path, tmp_path: Path) -> None:
    picture = tmp_path / "graph.svg"
    options = ["--columns", "V0,V1,V2", "--json", "-", "--draw", str(picture)]
    done = CliRunner().invoke(app, ["discover", str(table), *options])
    assert json.loads(done.stdout)["variables"] == ["V0", "V1", "V2"]
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize("wrong", [["--required", "V0 V1"], ["--required", "V0->W"], ["--columns", "V0,W"]])
def test_wrong_input_on_the_command_line(table: Path, wrong: list[str]) -> None:
    done = CliRunner().invoke(app, ["discover", str(table), *wrong])
    assert done.exit_code == 1
    assert "semnan:" in done.stderr


def test_pictures(tmp_path: Path) -> None:
    found = discover(FRAME, method=Notears(h_tolerance=1e-4))
    stability = edge_stability(FRAME, method=EqualVariance(), samples=5)
    for i, drawing in enumerate(
        [
            draw_graph(found),
            draw_graph(found, stability),
            draw_graph(discover(FRAME, method=BowFree(restarts=0, steps=5))),
            draw_confusion(DRAWN.weights, found.weights, DRAWN.names),
            draw_trace(found.trace),
        ]
    ):
        drawing.save(tmp_path / f"{i}.png")
        assert (tmp_path / f"{i}.png").stat().st_size > 2000
    with pytest.raises(DataError, match="no trace"):
        draw_trace(discover(FRAME, method=EqualVariance()).trace)
    with pytest.raises(DataError, match="one size"):
        draw_confusion(np.zeros((2, 2)), np.zeros((3, 3)))


def test_stable_edges_are_the_true_ones() -> None:
    """Where no effects along different paths nearly cancel, as they do in `DRAWN`."""
    drawn = simulate.simulate("ER", 1, variables=5, rows=400, seed=6)
    found = edge_stability(
        pd.DataFrame(drawn.train, columns=list(drawn.names)), method=OrderSearch(restarts=2), samples=20, seed=3
    )
    true = (drawn.weights != 0) | (drawn.weights != 0).T
    assert found.adjacent[true].min() > 0.95
    assert found.adjacent[~true].max() < 0.1
    assert (found.determined <= found.directed + 1e-12).all()
    assert all(share >= 0.5 for share in found.frequent().values())
    with pytest.raises(FitError, match="at least one"):
        edge_stability(FRAME, samples=0)


@pytest.mark.parametrize("method", [OrderSearch(restarts=2), EqualVariance(), Notears(h_tolerance=1e-3)])
@pytest.mark.parametrize("standardise", [False, True])
def test_stability_counts_the_graphs_of_drawn_rows(method: Method, standardise: bool) -> None:
    """One sample after another, their rows copied."""
    samples = 18 if isinstance(method, EqualVariance) else 2
    directed, determined = np.zeros((2, 5, 5))
    for number in range(samples):
        drawn = FRAME.iloc[np.random.default_rng([7, number]).integers(len(FRAME), size=len(FRAME))]
        answer = discover(drawn, method=method, standardise=standardise, forbidden=[("V0", "V1")])
        directed += answer.weights != 0
        determined += answer.cpdag & ~answer.cpdag.T  # type: ignore[operator, union-attr]
    found = edge_stability(
        FRAME, method=method, samples=samples, seed=7, standardise=standardise, forbidden=[("V0", "V1")]
    )
    np.testing.assert_array_equal(found.directed, directed / samples)
    np.testing.assert_array_equal(found.determined, determined / samples)


@pytest.mark.parametrize("method", [OrderSearch(restarts=1), EqualVariance()])
def test_stability_does_not_depend_on_jobs(method: Method) -> None:
    one = edge_stability(FRAME, method=method, samples=40, seed=3)
    two = edge_stability(FRAME, method=method, samples=40, seed=3, n_jobs=2)
    np.testing.assert_array_equal(one.directed, two.directed)
    np.testing.assert_array_equal(one.determined, two.determined)


def test_graphs_with_correlated_errors_have_no_determined_edges() -> None:
    found = edge_stability(FRAME, method=BowFree(restarts=0, steps=2), samples=2)
    assert np.isnan(found.determined).all()
    assert np.isfinite(found.directed).all()


def test_the_embedded_cells() -> None:
    cells = datasets.sachs()
    assert len(cells) == 853
    assert len(cells.columns) == 11
    assert len(SACHS_EDGES) == 17
    assert {name for edge in SACHS_EDGES for name in edge} <= set(cells.columns)
