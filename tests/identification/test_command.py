"""`semnan identify`: what it prints, what it writes, and with which code it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from semnan.cli import app

KEYS = ["effect", "kind", "verdict", "solutions", "method", "formula", "witness"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["identify", *(str(argument) for argument in arguments)])


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    file = tmp_path / "graph.txt"
    file.write_text("latent U; U -> X, Y; X -> M -> Y\n")
    return file


def test_all_effects_are_printed(graph: Path) -> None:
    result = run(graph)
    assert result.exit_code == 0
    assert "direct effect M -> Y: identified (adjustment)\n  cov(M, Y | X) / var(M | X)" in result.stdout
    assert result.stdout.count("effect") == 5


def test_one_effect(graph: Path, tmp_path: Path) -> None:
    result = run(graph, "--effect", "X -> Y")
    assert result.stdout.startswith("total effect X -> Y: identified")
    assert "to identify it, measure U: identified" in run(graph, "--effect", "U -> X").stdout
    assert run(graph, "--effect", "U -> X", "--json", tmp_path / "out.json").exit_code == 0
    said = json.loads((tmp_path / "out.json").read_text())
    assert [(r["kind"], r["verdict"]) for r in said] == [("direct", "not identified"), ("total", "not identified")]


def test_records(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run("--code", "1_1", "--json", out).exit_code == 0
    direct, total = json.loads(out.read_text())
    assert list(direct) == KEYS
    witness = direct.pop("witness")
    assert direct == {
        "effect": "1 -> 2",
        "kind": "direct",
        "verdict": "not identified",
        "solutions": None,
        "method": "rank of the Jacobian",
        "formula": None,
    }
    assert set(witness["first"]) == {"1 -> 2", "1 <-> 2", "1 <-> 1", "2 <-> 2"}
    assert witness["effects"] == [witness["first"]["1 -> 2"], witness["second"]["1 -> 2"]]
    assert total["kind"] == "total"


def test_structure_matrices(tmp_path: Path) -> None:
    file, out = tmp_path / "graphs.json", tmp_path / "out.json"
    bow = {"struct": [[1, 1], [1, 0], [0, 1], [0, 1], [0, 0]], "x": 0}
    file.write_text(json.dumps({"bow": bow, "chain": {"struct": [[1, 0], [0, 1], [0, 1], [0, 0]]}}))
    assert "=== chain\ndirect effect V0 -> V1: identified" in run(file).stdout
    assert run(file, "--json", out).exit_code == 0
    assert [record["graph"] for record in json.loads(out.read_text())] == ["bow", "bow", "chain", "chain"]
    file.write_text(json.dumps(bow["struct"]))
    assert "not identified" in run(file).stdout


def test_many_graphs(tmp_path: Path) -> None:
    source, out = tmp_path / "graphs.jsonl", tmp_path / "out.jsonl"
    records = [{"code": "110_010"}, {"n_visible": 4, "latents": [[1, 2, 3, 4]], "edges": ["1->2", "2 -> 3"]}]
    source.write_text("\n".join(map(json.dumps, records)) + "\n\n")
    assert run("--many", source, "--json", out).exit_code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [list(line) for line in lines] == [["effects"], ["effects"]]
    found = {(r["kind"], r["effect"]): r["verdict"] for r in lines[1]["effects"]}
    assert found == dict.fromkeys(
        [("direct", "1 -> 2"), ("direct", "2 -> 3"), ("total", "1 -> 2"), ("total", "1 -> 3"), ("total", "2 -> 3")],
        "identified",
    )


def test_models_in_lavaans_language(graph: Path) -> None:
    graph.write_text("f =~ x1 + x2 + x3  # three indicators\ny ~ f")
    found = json.loads(run(graph, "--json", "-").stdout)
    assert [r["effect"] for r in found if r["kind"] == "total"] == ["f -> y"]
    assert {r["verdict"] for r in found} == {"identified"}


def test_drawings(graph: Path, tmp_path: Path) -> None:
    assert run(graph, "--draw", tmp_path / "graph.png").exit_code == 0
    assert (tmp_path / "graph.png").stat().st_size > 5000
    assert run(graph, "--draw", tmp_path / "graph.docx").exit_code == 1
    graph.write_text(json.dumps({"a": {"struct": [[1], [0]]}, "b": {"struct": [[1], [0]]}}))
    assert "takes one graph, and there are 2" in run(graph, "--draw", tmp_path / "two.png").stderr


WRONG = [
    ('{"struct": 3}', "a structure matrix"),
    ("[[1, 2]]", "structure matrix"),
    ("{", "looks like JSON and is none"),
    ("X -> -> Y", "line 1, column 6"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_wrong_graphs_are_told(graph: Path, text: str, message: str) -> None:
    graph.write_text(text)
    result = run(graph)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


RECORDS = [
    ("[]", "line 2: a record is an object"),
    ('{"code": "11_0"}', "line 2: the code is '11_0'"),
    ('{"code": "1_2"}', "give D_B"),
    ('{"n_visible": 2.5}', "'n_visible' is 2.5"),
    ('{"n_visible": 2, "edges": ["1->3"]}', "'1->3' is no edge"),
    ('{"n_visible": 2, "edges": ["2->1", "1->2"]}', "cycle"),
    ('{"n_visible": 2, "latents": [[1, 3]]}', "'3' is no visible"),
    ('{"n_visible": 2, "latents": [1]}', "'latents' is [1]"),
    ("{", "line 2"),
]


@pytest.mark.parametrize(("line", "message"), RECORDS)
def test_wrong_records_are_told(tmp_path: Path, line: str, message: str) -> None:
    source = tmp_path / "graphs.jsonl"
    source.write_text(f'{{"code": "1_0"}}\n{line}\n')
    result = run("--many", source, "--json", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == [source]


def test_a_wrong_line_leaves_the_old_file(tmp_path: Path) -> None:
    source, out = tmp_path / "graphs.jsonl", tmp_path / "out.jsonl"
    out.write_text("old")
    source.write_text('{"code": "1_0"}\n[]\n')
    assert run("--many", source, "--json", out).exit_code == 1
    assert out.read_text() == "old"
    source.write_text('{"code": "1_0"}\n')
    assert run("--many", source, "--json", out).exit_code == 0
    assert len(out.read_text().splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == [source, out]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    source = tmp_path / "graphs.jsonl"
    source.write_text('{"code": "1_0"}\n')
    assert run("--many", source, "--json", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_questions_that_do_not_go_together(graph: Path) -> None:
    assert run().exit_code == 2
    assert run(graph, "--code", "1_1").exit_code == 2
    assert run("--many", graph).exit_code == 2
    assert "no variable 'Q'" in run(graph, "--effect", "X -> Q").stderr
    assert "cannot read" in run(graph.parent / "none").stderr
