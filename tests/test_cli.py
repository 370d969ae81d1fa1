"""The command line: what it prints, what it saves, and with which code it ends."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import semnan as sn
from semnan.cli import app

GRAPH = "latent U; U -> X, Y; X -> M -> Y  # front door\n"


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    file = tmp_path / "graph.txt"
    file.write_text(GRAPH)
    return file


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    u, x, m, y = rng.normal(size=(4, 200))
    x = x + u
    m = m + x
    y = y + m + u
    file = tmp_path / "table.csv"
    rows = "\n".join(f"{a},text,{b},{c}" for a, b, c in zip(x, m, y, strict=True))
    file.write_text(f"X,other,M,Y\n{rows}\n")
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_version() -> None:
    result = run("version")
    assert (result.exit_code, result.output) == (0, f"{sn.__version__}\n")


def test_fit_prints_the_summary(graph: Path, table: Path) -> None:
    result = run("fit", graph, table, "--level", "0.9", "--starts", "2", "--seed", "3")
    assert result.exit_code == 0
    assert "KullbackLeibler fit: converged" in result.stdout
    assert "NOT IDENTIFIED: U -> X, U -> Y, X <-> X, Y <-> Y" in result.stdout
    assert "90%" in result.stdout
    assert result.stderr == ""


def test_fit_prints_json(graph: Path, table: Path) -> None:
    result = run("fit", graph, table, "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["outcome"], said["n"]) == ("converged", 200)
    assert said["findings"][0]["kind"] == "not identified"
    assert "NaN" not in result.stdout


def test_fit_agrees_with_the_library(graph: Path, table: Path, tmp_path: Path) -> None:
    assert run("fit", graph, table, "--save", tmp_path / "out").exit_code == 0
    saved = sn.load(tmp_path / "out")
    expected = sn.fit(sn.AMASEM.parse(GRAPH), saved.moments)
    assert saved.model == expected.model
    assert saved.estimates == expected.estimates


def test_fit_draws(graph: Path, table: Path, tmp_path: Path) -> None:
    assert run("fit", graph, table, "--draw", tmp_path / "graph.svg").exit_code == 0
    assert (tmp_path / "graph.svg").read_text().startswith("<?xml")


def told(result: Result) -> str:
    """The one line on the error stream."""
    assert result.exit_code == 2
    assert result.stdout == "" or result.stdout.startswith("KullbackLeibler")
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    return result.stderr


WRONG_GRAPHS = [
    ("X -> -> Y", "line 1, column 6: expected a variable name"),
    ("X -> Y -> X", "cycle"),
    ("X -> Z", "no column 'Z'; it has X, other, M, Y"),
    ("X -> other", "table.csv, line 2: other is 'text', not a finite number"),
    ("do X; X -> Y", "'X' is set by an intervention"),
    ("", "no visible variable"),
    (b"\xff", "not text in UTF-8"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_GRAPHS)
def test_a_wrong_graph_is_told_in_one_line(graph: Path, table: Path, text: str | bytes, message: str) -> None:
    graph.write_bytes(text.encode() if isinstance(text, str) else text)
    line = told(run("fit", graph, table))
    assert line.startswith("semnan: ")
    assert message in line


def test_missing_files_are_told(graph: Path, table: Path, tmp_path: Path) -> None:
    assert "cannot read" in told(run("fit", tmp_path / "none", table))
    assert "cannot read" in told(run("fit", graph, tmp_path / "none"))
    assert "cannot read" in told(run("fit", tmp_path, table))
    assert "cannot read" in told(run("fit", graph, tmp_path))


def test_a_graph_file_that_is_too_large_is_not_read(graph: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semnan.cli.MAX_GRAPH_BYTES", 10)
    assert "is it a graph text?" in told(run("fit", graph, table))


@pytest.mark.parametrize("option", ["--save", "--draw"])
def test_places_that_cannot_be_written_are_told(graph: Path, table: Path, tmp_path: Path, option: str) -> None:
    assert "No such file" in told(run("fit", graph, table, option, tmp_path / "none" / "x.png"))


def test_names_that_cannot_be_written_are_told(graph: Path, table: Path, tmp_path: Path) -> None:
    assert "x.xyz: Format 'xyz' is not supported" in told(run("fit", graph, table, "--draw", "x.xyz"))
    assert "'.' names no file" in told(run("fit", graph, table, "--save", "."))
    (tmp_path / "out.safetensors").mkdir()
    assert "cannot write" in told(run("fit", graph, table, "--save", tmp_path / "out"))


@pytest.mark.parametrize(
    "options",
    [["--level", "1"], ["--level", "nan"], ["--starts", "0"], ["--seed", "-1"], ["--seed", str(2**63)], ["--bogus"]],
)
def test_wrong_options_are_told(graph: Path, table: Path, options: list[str]) -> None:
    result = run("fit", graph, table, *options)
    assert result.exit_code == 2
    assert options[0] in result.stderr
    assert "Traceback" not in result.stderr


def test_a_fit_that_does_not_converge_ends_with_one(graph: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(*arguments: object, **options: object) -> sn.Fit:
        return sn.fit(*arguments, **options, optimiser=sn.FisherScoring(max_steps=1))  # type: ignore[arg-type]

    monkeypatch.setattr("semnan.cli.fit_model", hasty)
    result = run("fit", graph, table)
    assert result.exit_code == 1
    assert "iteration limit" in result.stdout


def test_demo_saves_its_drawings(tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "new" / "folder")
    assert result.exit_code == 0
    assert result.stdout.count("converged after") == 3
    drawings = sorted(file.name for file in (tmp_path / "new" / "folder").iterdir())
    assert drawings == ["abilities.png", "front_door.png", "health.png"]


def test_demo_into_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("demo", "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert result.stderr.startswith("semnan: ")


def test_a_real_process_on_a_terminal_without_greek(graph: Path, table: Path) -> None:
    command = [sys.executable, "-c", "from semnan.cli import app; app()", "fit", str(graph), str(table)]
    done = subprocess.run(command, capture_output=True, env={"PYTHONIOENCODING": "ascii"}, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?? = " in done.stdout
    table.write_text("X,M,Y\n1,2,oops\n")
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"semnan: ")
    assert done.stderr.count(b"\n") == 1
    assert b"line 2: Y is 'oops'" in done.stderr
