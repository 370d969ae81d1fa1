"""`semnan mmm`: what it reads and writes, and how it refuses plans and tables."""

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import semnan as sn
from semnan.cli import app
from semnan.estimation.outcome import Outcome
from tests.mmm import panels

PLAN = """
[data]
date = "week"
geo = "geo"
kpi = "sales"
channels = ["tv", "search"]
controls = ["price"]

[graph]
edges = ["tv -> search, sales", "search -> sales"]

[graph.confounders]
demand = ["search", "sales"]

[graph.proxies]
demand = ["queries", "trends"]

[model]
adstock = "none"
saturation = "none"
season = 0
"""


@cache
def rows() -> str:
    """The table as CSV."""
    text: str = panels.panel(geos=12, weeks=40).to_frame().to_csv(index=False)
    return text


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.toml"
    file.write_text(PLAN)
    return file


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "table.csv"
    file.write_text(rows())
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["mmm", *map(str, arguments)])


def refused(result: Result, code: int = 1) -> str:
    """The one message of a run that ended with an error."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("semnan: ")
    assert "Traceback" not in result.stderr
    return result.stderr


def test_the_summary_is_printed(plan: Path, table: Path) -> None:
    result = run(plan, table)
    assert (result.exit_code, result.stderr) == (0, "")
    for part in ("Channel model of sales", "sales by unit of media, with 95% intervals", "return:", "contributions to"):
        assert part in result.stdout
    assert "the budget that brings the most" in result.stdout
    assert "foreseen" not in result.stdout


def test_json_has_what_a_session_gives(plan: Path, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    plan.write_text(PLAN + "\n[fit]\nholdout = 4\nstandard_errors = 'geo'\n[budget]\nbounds = { tv = [3000, 9000] }\n")
    result = run(plan, table, "--json", out, "--level", "0.8")
    assert (result.exit_code, result.stderr) == (0, "")
    said: dict[str, Any] = json.loads(out.read_text())
    made = sn.mmm.read_plan(plan)
    fit = made.channel_sem(made.panel(sn.data.read_csv(table))).fit(standard_errors="geo")
    again = fit.to_dict(level=0.8)
    assert {key: said[key] for key in again} == json.loads(json.dumps(again))
    assert (said["outcome"], said["converged"], said["level"]) == ("converged", True, 0.8)
    effects = {(row["channel"], row["kind"]): row for row in said["effects"]["rows"]}
    assert effects["tv", "total"]["estimate"] == pytest.approx(2 + 0.3 * 1.5, abs=0.2)
    assert effects["search", "direct"]["verdict"] == "identified"
    assert {"rows", "weekly", "fitted"} <= {*said["contributions"]}
    assert sum(row["spend_then"] for row in said["budget"]["rows"]) == pytest.approx(
        sum(row["spend_now"] for row in said["budget"]["rows"])
    )
    assert 3000 <= said["budget"]["rows"][0]["spend_then"] <= 9000
    assert len(said["holdout"]["observed"]) == 4
    assert said["findings"] == [{"kind": found.kind, "message": found.message} for found in fit.findings]


def test_json_on_the_screen_is_all_there_is(plan: Path, table: Path) -> None:
    result = run(plan, table, "--json", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["kpi"] == "sales"


def test_the_report_is_written(plan: Path, table: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run(plan, table, "--report", tmp_path / "out.html")
    assert (result.exit_code, result.stderr) == (0, "")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Marketing mix of sales" in page


def test_what_data_cannot_tell_is_no_error(plan: Path, table: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace('demand = ["queries", "trends"]', 'demand = ["queries"]'))
    result = run(plan, table)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "no best split of the budget: the direct effect tv -> sales is not identified" in result.stdout


def test_a_budget_of_some_channels_may_be_known_all_the_same(plan: Path, table: Path) -> None:
    confounded = PLAN.replace('demand = ["queries", "trends"]', 'demand = ["queries"]')
    plan.write_text(confounded + "[budget]\nchannels = ['tv']\ntotal = 5000\n")
    result = run(plan, table, "--json", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    said = json.loads(result.stdout)["budget"]
    assert [row["channel"] for row in said["rows"]] == ["tv"]
    assert said["responding"] == ["search"]
    plan.write_text(confounded + "[budget]\nchannels = ['search']\n")
    said = " ".join(run(plan, table).stdout.split())
    assert "no best split of the budget: " in said
    assert "the direct effect search -> sales is not identified" in said


def test_priors_and_experiments_enter(plan: Path, table: Path) -> None:
    test = "[[lift_tests]]\nchannel = 'tv'\nvalue = -700\nstandard_error = 5\nweeks = [0, 1]\n"
    prior = "[[priors]]\nparameter = 'search -> sales'\nvalue = 1.6\nstandard_error = 0.001\n"
    plan.write_text(f"{PLAN}\n{test}{prior}")
    result = run(plan, table, "--json", "-")
    assert result.exit_code == 0
    estimates = {row["parameter"]: row["estimate"] for row in json.loads(result.stdout)["estimates"]}
    assert estimates["search -> sales"] == pytest.approx(1.6, abs=0.01)
    panel = sn.mmm.read_plan(plan).panel(sn.data.read_csv(table))
    total = estimates["tv -> sales"] + estimates["tv -> search"] * estimates["search -> sales"]
    assert total * panel["tv"][:, :2].sum() == pytest.approx(700, abs=15)


#: What is changed in the plan, and what the message has to name.
MALFORMED = [
    ("[data]", "[data", "plan.toml is not a TOML file"),
    ('date = "week"', "", "[data] has no date"),
    ('kpi = "sales"', "kpi = 3", "data.kpi is 3: give a text in quotes"),
    ('channels = ["tv", "search"]', 'channels = "tv"', "data.channels is 'tv': give a list of names"),
    ("controls", "control", "[data] has the unknown key 'control' (did you mean 'controls'?)"),
    ("[graph]", "[grahp]", "the plan has the unknown section 'grahp'"),
    ("tv -> search, sales", "tv -> search, revenue", "'revenue'"),
    ("tv -> search, sales", "tv <-> search", "graph.edges[0] is 'tv <-> search': give directed edges only"),
    ('"search -> sales"]', '"search -> sales", "sales -> search"]', "feedback"),
    ('"search -> sales"]', '"search -> sales", "search -> tv"]', "cycle"),
    ('demand = ["search", "sales"]', 'demand = ["sales"]', "demand"),
    ('demand = ["queries", "trends"]', 'wish = ["queries"]', "wish"),
    ('adstock = "none"', 'adstock = "geometrik"', "model.adstock is 'geometrik'"),
    ('saturation = "none"', 'saturation = { radio = "hill" }', "model.saturation names 'radio'"),
    ("season = 0", "season = -1", "model.season is -1: give a whole number of at least 0"),
    ("season = 0", "season = 27", "season is 27"),
    ("season = 0", "season = 0\n[fit]\nstandard_errors = 'robust'", "fit.standard_errors is 'robust'"),
    ("season = 0", "season = 0\n[fit]\nholdout = 30", "holdout is 30 weeks: give a whole number from 1 to 20"),
    ("season = 0", "season = 0\n[budget]\ntotal = -5", "budget.total is -5"),
    ("season = 0", "season = 0\n[budget]\ntotal = 1e9", "to be spent, not 1e+09"),
    ("season = 0", "season = 0\n[budget.bounds]\ntv = [5, 1]", "budget.bounds.tv is [5, 1]"),
    ("season = 0", "season = 0\n[budget.bounds]\nradio = [0, 1]", "budget.bounds names 'radio', which is no channel"),
    (
        "season = 0",
        "season = 0\nevents = { strike = [2024-01-29] }",
        "the event 'strike' has the weeks (datetime.date(2024, 1, 29),): give weeks of the panel, such as 0",
    ),
    (
        "season = 0",
        "season = 0\n[[lift_tests]]\nchannel = 'tv'\nvalue = 1\nstandard_error = 0",
        "the lift test of 'tv' has the standard error 0.0",
    ),
    (
        "season = 0",
        "season = 0\n[[lift_tests]]\nchannel = 'tv'\nvalue = 1\nstandard_error = 1\nweeks = [99]",
        "the lift test of 'tv' names the week 99",
    ),
    (
        "season = 0",
        "season = 0\n[[priors]]\nparameter = 'radio -> sales'\nvalue = 1\nstandard_error = 1",
        "there is a prior on 'radio -> sales'",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), MALFORMED)
def test_malformed_plans_are_refused(plan: Path, table: Path, old: str, new: str, message: str) -> None:
    assert old in PLAN
    plan.write_text(PLAN.replace(old, new, 1))
    assert message in refused(run(plan, table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("tv", "telly", 1), "no column 'tv'"),
        (lambda text: re.sub(r"\ngeo0,0,[^,]*", "\ngeo0,0,many", text, count=1), "'many'"),
        (lambda text: re.sub(r"\ngeo0,0,[^\n]*", "", text, count=1), "geo0"),
        (lambda text: text + text.splitlines()[1] + "\n", "geo0"),
        (lambda text: re.sub(r"\ngeo1,3,([^,]*),", r"\ngeo1,3,\1,-", text, count=1), "negative"),
        (lambda text: text.splitlines()[0] + "\n", "0 week(s)"),
    ],
)
def test_malformed_tables_are_refused(plan: Path, table: Path, change: Any, message: str) -> None:
    table.write_text(change(rows()))
    assert message in refused(run(plan, table))


def test_places_that_cannot_be_read_or_written_are_told(plan: Path, table: Path, tmp_path: Path) -> None:
    assert "cannot read" in refused(run(tmp_path / "none.toml", table))
    assert "cannot read" in refused(run(plan, tmp_path / "none.csv"))
    for option in ("--report", "--json"):
        assert "there is no folder" in refused(run(plan, table, option, tmp_path / "none" / "out"))
        assert "it is a folder" in refused(run(plan, table, option, tmp_path))


def test_a_report_without_matplotlib_is_refused_at_once(
    plan: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'semnan[plot]'" in refused(run(plan, table, "--report", tmp_path / "out.html"))


@pytest.mark.parametrize("options", [["--level", "1"], ["--level", "nan"], ["--bogus"]])
def test_wrong_options_are_told(plan: Path, table: Path, options: list[str]) -> None:
    result = run(plan, table, *options)
    assert result.exit_code == 2
    assert options[0] in result.stderr


def test_a_fit_that_does_not_converge_ends_with_three(plan: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sn.mmm.ChannelFit, "outcome", Outcome.ITERATION_LIMIT)
    result = run(plan, table)
    assert result.exit_code == 3
    assert "iteration limit" in result.stdout
