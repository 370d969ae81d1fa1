"""The command line: what it reads and prints, what it saves, and with which code it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import semnan as sn
from semnan.cli import app
from semnan.cli.fitting import is_graph

TEXT = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\n"
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


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "model.lav"
    file.write_text(TEXT)
    return file


@pytest.fixture
def holzinger(tmp_path: Path) -> Path:
    file = tmp_path / "holzinger.csv"
    sn.datasets.holzinger_swineford_1939().to_frame().to_csv(file)
    return file


def printed(*arguments: str | Path) -> dict[str, Any]:
    """The JSON of a fit."""
    result = run("fit", *arguments, "--json", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def near(said: dict[str, Any], expected: sn.Fit) -> bool:
    """Whether JSON tells a fit, but for rounding."""
    other = json.loads(expected.to_json())
    rows = zip(said["estimates"], other["estimates"], strict=True)
    return (
        [said[key] for key in ("outcome", "npar", "n", "groups")]
        == [other[key] for key in ("outcome", "npar", "n", "groups")]
        and said["fit"] == pytest.approx(other["fit"], abs=1e-8)
        and all(one == pytest.approx(two, abs=1e-8) for one, two in rows)
    )


def test_fit_prints_the_summary(graph: Path, table: Path) -> None:
    result = run("fit", graph, table, "--level", "0.9", "--starts", "2", "--seed", "3")
    assert result.exit_code == 0
    assert result.stdout.startswith("semnan converged after ")
    assert "NOT IDENTIFIED: U -> X, U -> Y, X <-> X, Y <-> Y" in result.stdout
    assert "95%" in result.stdout
    assert result.stderr == ""


def test_fit_writes_json(graph: Path, table: Path, tmp_path: Path) -> None:
    result = run("fit", graph, table, "--json", tmp_path / "out.json")
    assert (result.exit_code, result.stdout) == (0, "")
    written = (tmp_path / "out.json").read_text()
    said = json.loads(written)
    assert (said["outcome"], said["converged"], said["n"]) == ("converged", True, 200)
    assert said["warnings"][0].startswith("not identified: ")
    assert "NaN" not in written
    assert said == printed(graph, table)


@pytest.mark.parametrize(
    ("text", "graph"),
    [
        (TEXT, False),
        ("y ~ x  # see x -> y", False),
        ("y~x", False),
        ("f =~ x", False),
        ("X -> Y", True),
        ("X -> Y  # in lavaan: Y ~ X", True),
        ('"a~b" -> c', True),
        ("", True),
    ],
)
def test_what_is_a_graph(text: str, graph: bool) -> None:
    assert is_graph(text) == graph


def test_lavaan_text_is_fitted(model: Path, holzinger: Path) -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    expected = sn.sem(TEXT, frame)
    assert near(printed(model, holzinger), expected)
    assert expected.df == 8


def test_options_reach_the_fit(model: Path, holzinger: Path) -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    said = printed(
        model, holzinger, "--group", "school", "--fun", "cfa", "--arg", 'group.equal=c("loadings", "intercepts")'
    )
    expected = sn.cfa(TEXT, frame, group="school", group_equal=["loadings", "intercepts"])
    assert near(said, expected)
    assert said["groups"] == ["Pasteur", "Grant-White"]
    assert {row["group"] for row in said["estimates"]} == {1, 2}
    said = printed(model, holzinger, "--information", "observed", "--arg", "std.lv=TRUE", "--arg", "orthogonal=true")
    assert near(said, sn.sem(TEXT, frame, information="observed", std_lv=True, orthogonal=True))


def test_missing_values_are_told_or_used(model: Path, holzinger: Path) -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    frame.loc[:9, "x1"] = np.nan
    frame.to_csv(holzinger)
    said = printed(model, holzinger)
    assert said["n"] == 291
    assert any("10 of 301 rows" in warning for warning in said["warnings"])
    assert near(printed(model, holzinger, "--missing", "fiml"), sn.sem(TEXT, frame, missing="fiml"))
    assert "'x1' is missing in 10 row" in told(run("fit", model, holzinger, "--missing", "error"))


def test_a_covariance_is_fitted(model: Path, tmp_path: Path) -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()[[f"x{i}" for i in range(1, 7)]]
    file = tmp_path / "covariance.csv"
    moments = frame.cov()
    moments.to_csv(file)
    said = printed(model, file, "--n", "301")
    assert said["fit"]["chisq"] == pytest.approx(sn.sem(TEXT, frame).chi_square)
    moments.loc["mean"] = frame.mean()
    moments.to_csv(file)
    said = printed(model, file, "--n", "301", "--arg", "meanstructure=true")
    assert [row["est"] for row in said["estimates"] if row["op"] == "~1"][:6] == pytest.approx(list(frame.mean()))


WRONG_ARGUMENTS = [
    ("std.l=true", "there is no option 'std.l'; did you mean std.lv?"),
    ("estimator=ML", "there is no option 'estimator'; there are meanstructure, fixed.x"),
    ("std.lv", "'std.lv' has no value: write key=value"),
    ("std.lv=1", "std.lv is '1': give true or false"),
    ("group.equal=", "group.equal is '': give names separated by commas"),
    ("group.equal=a,,b", "give names separated by commas"),
    ("group=school", "group has a flag of its own: --group"),
    ("missing=fiml", "missing has a flag of its own: --missing"),
]


@pytest.mark.parametrize(("argument", "message"), WRONG_ARGUMENTS)
def test_wrong_arguments_are_told(model: Path, holzinger: Path, argument: str, message: str) -> None:
    result = run("fit", model, holzinger, "--arg", argument)
    assert result.exit_code == 2
    assert "--arg" in result.stderr
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_arguments_are_given_once(model: Path, holzinger: Path) -> None:
    result = run("fit", model, holzinger, "--arg", "std.lv=true", "--arg", "std_lv=true")
    assert (result.exit_code, "given twice" in result.stderr) == (2, True)


@pytest.mark.parametrize("options", [["--group", "other"], ["--fun", "cfa"], ["--arg", "std.lv=true"]])
def test_a_graph_has_no_options_of_lavaan(graph: Path, table: Path, options: list[str]) -> None:
    result = run("fit", graph, table, *options)
    assert (result.exit_code, options[0] in result.stderr) == (2, True)
    assert "the model is a graph" in result.stderr


@pytest.mark.parametrize("options", [["--group", "g"], ["--missing", "fiml"]])
def test_a_covariance_has_no_rows(model: Path, holzinger: Path, options: list[str]) -> None:
    result = run("fit", model, holzinger, "--n", "301", *options)
    assert (result.exit_code, options[0] in result.stderr) == (2, True)


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
    assert result.exit_code == 1
    assert result.stdout == "" or result.stdout.startswith("semnan converged")
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


WRONG_TEXTS = [
    ("f =~ x1 + ~ x2", "line 1, column 11"),
    ("f =~ x1 + x2 + nothing", "no column 'nothing'; it has "),
    ("f =~ x1 + x2 + school", "line 2: school is 'Pasteur', not a finite number"),
    ("f =~ x1 + x2 + x3; x1 == 2", "'x1'"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_TEXTS)
def test_a_wrong_text_is_told(model: Path, holzinger: Path, text: str, message: str) -> None:
    model.write_text(text)
    result = run("fit", model, holzinger)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("semnan: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_text_without_relations_is_said_to_be_a_graph(model: Path, holzinger: Path) -> None:
    model.write_text("f = x1 + x2")
    assert "is read as a graph, since it has no ~" in told(run("fit", model, holzinger))


def test_missing_files_are_told(graph: Path, table: Path, tmp_path: Path) -> None:
    assert "cannot read" in told(run("fit", tmp_path / "none", table))
    assert "cannot read" in told(run("fit", graph, tmp_path / "none"))
    assert "cannot read" in told(run("fit", tmp_path, table))
    assert "cannot read" in told(run("fit", graph, tmp_path))


def test_a_graph_file_that_is_too_large_is_not_read(graph: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semnan.cli.fitting.MAX_MODEL_BYTES", 10)
    assert "is larger than 10 bytes" in told(run("fit", graph, table))


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


def test_a_fit_that_does_not_converge_ends_with_three(
    graph: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(*arguments: object, **options: object) -> sn.Fit:
        return sn.fit(*arguments, **options, optimiser=sn.FisherScoring(max_steps=1))  # type: ignore[arg-type]

    monkeypatch.setattr("semnan.cli.fitting.fit_model", hasty)
    result = run("fit", graph, table)
    assert result.exit_code == 3
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
    assert result.exit_code == 1
    assert result.stderr.startswith("semnan: ")


def test_a_real_process_on_a_terminal_without_greek(graph: Path, table: Path) -> None:
    command = [sys.executable, "-c", "from semnan.cli import app; app()", "fit", str(graph), str(table)]
    done = subprocess.run(command, capture_output=True, env={"PYTHONIOENCODING": "ascii"}, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"X ? Y" in done.stdout
    table.write_text("X,M,Y\n1,2,oops\n")
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"semnan: ")
    assert done.stderr.count(b"\n") == 1
    assert b"line 2: Y is 'oops'" in done.stderr
