"""Plans are read into a panel, a graph and options, and what is wrong in them is named."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import semnan as sn
from semnan.data import read_csv
from semnan.errors import FileError, ModelError
from semnan.mmm import ChannelGraph, LiftTest, Plan, Prior, read_plan
from tests.mmm.tables import long, national

GOOD = """
[data]
date = "week"
geo = "geo"
kpi = "sales"
channels = ["tv", "search"]
controls = ["price"]
spend = { tv = "tv_cost", search = "search_cost" }
population = "people"
revenue_per_kpi = "worth"

[graph]
edges = ["tv -> search, sales", ["search", "sales"], '"sales@1" -> search']
confounders = { demand = ["search", "sales"] }
proxies = { demand = ["queries"] }
tiers = [["tv"], ["search"], ["sales"]]

[model]
adstock = { tv = "geometric", search = "none" }
saturation = "none"
geo_effects = "fixed"
season = 0
trend = false
week_effects = false
events = { launch = [2024-01-08, 2024-01-15] }

[fit]
standard_errors = "geo"
lags = 2
starts = 3
replicates = 50
seed = 7
holdout = 2

[[lift_tests]]
channel = "tv"
value = 12
standard_error = 3.5
change = -0.5
geos = ["a"]
weeks = [2024-01-15, 2024-01-22]

[[priors]]
parameter = "search -> sales"
value = 1.2
standard_error = 0.3

[budget]
total = 500
bounds = { tv = [0, 400] }
"""
SMALL = '[data]\ndate = "week"\nkpi = "sales"\nchannels = ["tv"]\n[graph]\nedges = ["tv -> sales"]\n'


def written(folder: Path, text: str) -> Path:
    place = folder / "PLAN.toml"
    place.write_text(text, encoding="utf-8")
    return place


def test_a_plan_says_everything(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, GOOD))
    assert plan.graph == ChannelGraph(
        [("tv", "search"), ("tv", "sales"), ("search", "sales"), ("sales@1", "search")],
        confounders={"demand": ["search", "sales"]},
        proxies={"demand": ["queries"]},
        tiers=[["tv"], ["search"], ["sales"]],
    )
    panel = plan.panel(long())
    assert panel.names == ("sales", "tv", "search", "price", "queries")
    assert panel.population is not None
    assert panel.spend is not None
    np.testing.assert_array_equal(panel.spend[0, :, 0], long()["tv_cost"][:6])
    assert plan.model == {
        "adstock": {"tv": "geometric", "search": None},
        "saturation": None,
        "geo_effects": "fixed",
        "season": 0,
        "trend": False,
        "week_effects": False,
        "events": {"launch": (date(2024, 1, 8), date(2024, 1, 15))},
    }
    assert plan.fit == {"standard_errors": "geo", "lags": 2, "starts": 3, "replicates": 50, "seed": 7}
    assert (plan.holdout, plan.total, plan.bounds) == (2, 500, {"tv": (0, 400)})
    assert plan.known(panel) == (
        LiftTest(channel="tv", value=12, standard_error=3.5, change=-0.5, geos=("a",), weeks=(2, 3)),
        Prior(parameter="search -> sales", value=1.2, standard_error=0.3),
    )
    model = plan.channel_sem(panel)
    assert model.panel is panel
    assert model.graph == plan.graph.with_controls(["price"])


def test_little_is_enough(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, SMALL))
    assert (plan.model, plan.fit, plan.holdout, plan.lift_tests, plan.priors) == ({}, {}, 0, (), ())
    assert plan.panel(national()).geos == ("national",)
    assert plan.known(plan.panel(national())) == ()


def test_spend_may_be_unknown_and_media_negative(tmp_path: Path) -> None:
    text = SMALL.replace("[graph]", 'spend = "none"\nallow_negative = true\nrevenue_per_kpi = 2\n[graph]')
    table = national()
    table["tv"][0] = -1.0
    panel = read_plan(written(tmp_path, text)).panel(table)
    assert panel.spend is None
    assert panel.revenue_per_kpi is not None


def test_a_channel_may_cost_nothing(tmp_path: Path) -> None:
    panel = read_plan(written(tmp_path, SMALL.replace("[graph]", 'spend = { tv = "none" }\n[graph]'))).panel(national())
    assert panel.spend is not None
    assert not panel.spend.any()


def test_a_plan_with_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("week,sales,tv\n0,4,1\n1,5,2\n2,9,1\n")
    plan = read_plan(written(tmp_path, SMALL))
    assert plan.panel(read_csv(tmp_path / "data.csv")).shape == (1, 3)


@pytest.mark.parametrize("week", ["2024-01-16", "3"])
def test_weeks_of_experiments_are_those_of_the_panel(tmp_path: Path, week: str) -> None:
    plan = read_plan(written(tmp_path, GOOD.replace("weeks = [2024-01-15", f"weeks = [{week}")))
    with pytest.raises(ModelError, match=f"lift test of 'tv' names the week {week}.*2024-01-"):
        plan.known(plan.panel(long()))


#: A change of the good plan, and all that the error has to name.
CASES: dict[str, tuple[str, str, list[str]]] = {
    "a huge week": ("weeks = [2024-01-15", f"weeks = [{10**30}", ["lift_tests[0].weeks[0]", "too large"]),
    "unquoted names": ('"tv -> search, sales"', '"TV (net) -> sales"', ["graph.edges[0]", "quotes", "pairs"]),
    "a column with @": ('"tv -> search, sales"', '["tv@home", "sales"]', ["'tv@home'", "called something else"]),
    "empty budget": ("total = 500", "channels = []", ["budget.channels", "leave it out"]),
    "no channel of the budget": ("total = 500", 'channels = ["serch"]', ["budget.channels", "'search'"]),
    "bounds of another channel": ("total = 500", 'channels = ["search"]', ["budget.bounds", "'tv'", "budget.channels"]),
    "no TOML": ("[data]", "[data", ["not a TOML file", "line"]),
    "a key twice": ('date = "week"', 'date = "week"\ndate = "w"', ["not a TOML file"]),
    "unknown section": ("[budget]", "[buget]", ["'buget'", "did you mean 'budget'"]),
    "strange section": ("[budget]", "[zzz]", ["'zzz'", "there are data, graph"]),
    "no data": ("[data]", "[other]", ["'other'"]),
    "unknown key of data": ('kpi = "sales"', 'kpii = "sales"', ["[data]", "'kpii'", "did you mean 'kpi'"]),
    "unknown key of graph": ("tiers =", "teirs =", ["[graph]", "'teirs'", "did you mean 'tiers'"]),
    "unknown key of model": ("saturation =", "saturations =", ["[model]", "did you mean 'saturation'"]),
    "unknown key of fit": ("lags = 2", "lag = 2", ["[fit]", "did you mean 'lags'"]),
    "unknown key of an experiment": ("change = -0.5", "chnge = -0.5", ["[lift_tests[0]]", "did you mean 'change'"]),
    "unknown key of a prior": ("value = 1.2", "mean = 1.2", ["[priors[0]]", "'mean'"]),
    "unknown key of the budget": ("total = 500", "totl = 500", ["[budget]", "did you mean 'total'"]),
    "no date": ('date = "week"', "", ["[data]", "date"]),
    "number for a name": ('date = "week"', "date = 3", ["data.date", "3", "quotes"]),
    "name for a list": ('channels = ["tv", "search"]', 'channels = "tv"', ["data.channels", "list"]),
    "number in a list": ('channels = ["tv", "search"]', 'channels = ["tv", 3]', ["data.channels[1]", "3"]),
    "strange spend": (
        'spend = { tv = "tv_cost", search = "search_cost" }',
        'spend = "money"',
        ["data.spend", "'money'"],
    ),
    "spend of some": (
        'spend = { tv = "tv_cost", search = "search_cost" }',
        'spend = {tv = "c"}',
        ["'search'", "no spend"],
    ),
    "two roles": ('controls = ["price"]', 'controls = ["tv"]', ["'tv'", "a channel and a control"]),
    "proxy and control": ('controls = ["price"]', 'controls = ["queries"]', ["'queries'", "a control and a proxy"]),
    "edge text": ('"tv -> search, sales"', '"tv => search"', ["line 1, column 4"]),
    "arc": ('"tv -> search, sales"', '"tv <-> search"', ["graph.edges[0]", "directed"]),
    "no arrow": ('"tv -> search, sales"', '"tv"', ["graph.edges[0]", "'tv'"]),
    "triple": ('["search", "sales"], ', '["search", "sales", "tv"], ', ["graph.edges[1]", "pair"]),
    "cycle": ('["search", "sales"], ', '["search", "sales"], ["search", "tv"], ', ["cycle"]),
    "feedback": ("'\"sales@1\" -> search'", "'sales -> search'", ["sales -> search", "'sales@1'"]),
    "column nowhere": (
        '"tv -> search, sales"',
        '"tv -> search, sales; radio -> sales"',
        ["'radio'", "no column of [data]"],
    ),
    "near column": ('"tv -> search, sales"', '"tv -> search, sales; pricee -> sales"', ["did you mean 'price'"]),
    "confounder of one": (
        '{ demand = ["search", "sales"] }',
        '{ demand = ["search"] }',
        ["'demand'", "only on 'search'"],
    ),
    "confounder in view": (
        '{ demand = ["search", "sales"] }\nproxies = { demand',
        '{ price = ["search", "sales"] }\nproxies = { price',
        ["'price'"],
    ),
    "adstock": ('tv = "geometric"', 'tv = "geometrc"', ["model.adstock.tv", "did you mean 'geometric'"]),
    "adstock of a stranger": ('tv = "geometric"', 'tvv = "geometric"', ["model.adstock", "'tvv'", "did you mean 'tv'"]),
    "saturation": ('saturation = "none"', 'saturation = "hil"', ["model.saturation", "did you mean 'hill'"]),
    "season": ("season = 0", "season = -1", ["model.season", "-1"]),
    "half a season": ("season = 0", "season = 1.5", ["model.season", "1.5"]),
    "trend": ("trend = false", 'trend = "no"', ["model.trend", "'no'", "true or false"]),
    "event": ("launch = [2024-01-08, 2024-01-15]", "launch = 2024-01-08", ["model.events.launch", "list of weeks"]),
    "event in text": (
        "launch = [2024-01-08, 2024-01-15]",
        'launch = ["2024-01-08"]',
        ["model.events.launch[0]", "quotes"],
    ),
    "standard errors": ('standard_errors = "geo"', 'standard_errors = "hac"', ["fit.standard_errors", "panel-hac"]),
    "starts": ("starts = 3", "starts = 0", ["fit.starts", "at least 1"]),
    "seed": ("seed = 7", "seed = true", ["fit.seed", "True"]),
    "experiment of a stranger": ('channel = "tv"', 'channel = "tvv"', ["lift_tests[0]", "'tvv'", "did you mean 'tv'"]),
    "experiment without error": ("standard_error = 3.5", "", ["lift_tests[0]", "standard_error"]),
    "sure experiment": ("standard_error = 3.5", "standard_error = 0", ["lift test of 'tv'", "standard error"]),
    "no change": ("change = -0.5", "change = 0", ["lift test of 'tv'", "change"]),
    "single brackets": ("[[priors]]", "[priors]", ["priors", "double brackets"]),
    "infinite prior": ("value = 1.2", "value = inf", ["priors[0].value", "inf"]),
    "budget": ("total = 500", "total = -5", ["budget.total", "-5", "positive"]),
    "bounds of a stranger": ("tv = [0, 400]", "tvv = [0, 400]", ["budget.bounds", "'tvv'", "did you mean 'tv'"]),
    "bounds turned round": ("tv = [0, 400]", "tv = [400, 0]", ["budget.bounds.tv", "[400, 0]"]),
    "bound alone": ("tv = [0, 400]", "tv = 400", ["budget.bounds.tv", "least and the most"]),
    "bounds too narrow": ("tv = [0, 400]", "tv = [0, 400], search = [0, 50]", ["budget.total is 500", "0 to 450"]),
}


def test_weak_priors_on_shapes_give_way_to_those_of_the_plan(tmp_path: Path) -> None:
    own = "[model]\nseason = 0\n[fit]\nshape_priors = true\n[[priors]]\n"
    own += "parameter = 'tv: half'\nvalue = 2\nstandard_error = 0.1\n"
    plan = read_plan(written(tmp_path, SMALL + own))
    assert "shape_priors" not in plan.fit
    known = plan.known(plan.panel(national()))
    assert [(item.parameter, item.value) for item in known if isinstance(item, Prior)] == [
        ("tv: half", 2.0),
        ("tv: slope", 1.5),
    ]


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(case: str, tmp_path: Path) -> None:
    old, new, named = CASES[case]
    assert GOOD.count(old) == 1, case
    place = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(FileError) as told:
        read_plan(place)
    for part in ("PLAN.toml", *named):
        assert part in str(told.value), str(told.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read"):
        read_plan(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="UTF-8"):
        read_plan(tmp_path / "bytes.toml")
    with pytest.raises(FileError, match="not a TOML file"):
        read_plan(written(tmp_path, "a = " + "[" * 100_000))
    with pytest.raises(FileError, match="larger"):
        read_plan(written(tmp_path, "#" * 2_000_000))


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 9) | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=6,
)
KEYS = [
    "data.spend",
    "data.geo",
    "graph.edges",
    "graph.proxies",
    "graph.tiers",
    "model.events",
    "fit.lags",
    "lift_tests",
]


@given(st.sampled_from(KEYS), VALUES)
def test_any_value_is_read_or_refused(key: str, value: Any) -> None:
    from semnan.mmm.plan import _plan

    section, _, name = key.partition(".")
    content: dict[str, Any] = {
        "data": {"date": "week", "kpi": "sales", "channels": ["tv"]},
        "graph": {"edges": [["tv", "sales"]]},
    }
    if name:
        content[section] = content.get(section, {}) | {name: value}
    else:
        content[section] = value
    try:
        assert isinstance(_plan(Path("PLAN.toml"), content), Plan)
    except sn.SemnanError as error:
        assert str(error)  # noqa: PT017
