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
    found = edge_stability(FRAME, method=OrderSearch(restarts=2), samples=20, seed=3)
    again = edge_stability(FRAME, method=OrderSearch(restarts=2), samples=20, seed=3)
    np.testing.assert_array_equal(found.directed, again.directed)
    true = (DRAWN.weights != 0) | (DRAWN.weights != 0).T
    assert found.adjacent[true].min() > 0.8
    assert found.adjacent[~true].max() < 0.4
    assert (found.determined <= found.directed + 1e-12).all()
    assert all(share >= 0.5 for share in found.frequent().values())
    with pytest.raises(FitError, match="at least one"):
        edge_stability(FRAME, samples=0)


def test_the_embedded_cells() -> None:
    cells = datasets.sachs()
    assert len(cells) == 853
    assert len(cells.columns) == 11
    assert len(SACHS_EDGES) == 17
    assert {name for edge in SACHS_EDGES for name in edge} <= set(cells.columns)
