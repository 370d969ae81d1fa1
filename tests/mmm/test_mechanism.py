"""What a change of media does, against equations written out."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.errors import ModelError
from semnan.mmm import ChannelGraph, ChannelSEM, LiftTest, Prior
from semnan.mmm.model.adstock import lagged
from tests.mmm.panels import Array, graph, panel


def _theta(model: ChannelSEM, **values: float) -> Array:
    found = {name.replace("->", "to").replace(" ", "_"): 0.0 for name in _names(model)} | values
    return np.array(list(found.values()))


def _names(model: ChannelSEM) -> list[str]:
    return [free.name for free in model.design.model.free]


def test_changes_go_along_the_edges() -> None:
    model = ChannelSEM(panel(), graph(), adstock=None, saturation=None)
    theta = _theta(model, tv_to_search=0.3, tv_to_sales=2.0, search_to_sales=1.5)
    given = np.random.default_rng(0).normal(size=model.panel["tv"].shape)
    moved = model.mechanism.respond(theta, np.zeros(0), {"tv": given})
    np.testing.assert_allclose(moved["search"], 0.3 * given)
    np.testing.assert_allclose(moved["sales"], (2.0 + 0.3 * 1.5) * given)
    direct = model.mechanism.respond(theta, np.zeros(0), {"tv": given}, held=["search"])
    np.testing.assert_allclose(direct["sales"], 2.0 * given)


def test_transformed_media_enter_the_equation_of_the_kpi_only() -> None:
    model = ChannelSEM(panel(), graph(), adstock={"tv": "geometric"}, saturation={"search": "michaelis-menten"})
    theta = _theta(model, tv_to_search=0.3, tv_to_sales=2.0, search_to_sales=9.0)
    tau, media = np.array([0.5, 1.2]), model.panel["search"]
    given = np.random.default_rng(0).normal(size=media.shape)
    moved = model.mechanism.respond(theta, tau, {"tv": given})
    np.testing.assert_allclose(moved["search"], 0.3 * given)
    weights = 0.5 ** np.arange(26)
    carried = lagged(given) @ (weights / weights.sum())
    scale = media[media > 0].mean()
    after, before = (np.maximum(x, 0) / scale for x in (media + 0.3 * given, media))
    np.testing.assert_allclose(
        moved["sales"], 2.0 * carried + 9.0 * (after / (1.2 + after) - before / (1.2 + before)), atol=1e-12
    )


def test_lagged_feedback_runs_through_the_weeks() -> None:
    edges = [("tv", "sales"), ("sales@1", "search"), ("search", "sales")]
    feedback = ChannelGraph(edges, kpi="sales")
    model = ChannelSEM(panel(), feedback, adstock=None, saturation=None)
    theta = _theta(model, tv_to_sales=2.0, search_to_sales=0.5, **{"sales@1_to_search": 0.4})
    given = np.random.default_rng(0).normal(size=model.panel["tv"].shape)
    moved = model.mechanism.respond(theta, np.zeros(0), {"tv": given})
    search, sales = np.zeros_like(given), np.zeros_like(given)
    for t in range(given.shape[1]):
        search[:, t] = 0.4 * sales[:, t - 1] if t else 0.0
        sales[:, t] = 2.0 * given[:, t] + 0.5 * search[:, t]
    np.testing.assert_allclose(moved["sales"], sales, atol=1e-12)


def test_a_lift_test_predicts_the_effect_where_it_was_run() -> None:
    heads = (1.0, 2.0, 1.0, 1.0, 0.5, 0.5)
    model = ChannelSEM(panel(population=heads), graph(), adstock=None, saturation=None)
    theta = _theta(model, tv_to_search=0.3, tv_to_sales=2.0, search_to_sales=1.5)
    lift = LiftTest(channel="tv", value=0.0, standard_error=1.0, change=0.5, geos=("geo0", "geo1"), weeks=(3, 4))
    expected = 0.5 * model.panel["tv"][:2, 3:5].sum() * 2.45
    assert lift.predict(model.mechanism, theta, np.zeros(0)) == pytest.approx(expected)
    assert Prior(parameter="tv -> sales", value=0.0, standard_error=1.0).predict(
        model.mechanism, theta, np.zeros(0)
    ) == pytest.approx(2.0)


@pytest.mark.parametrize("week", [0, 20])
def test_a_lift_test_changes_nothing_before_its_weeks(week: int) -> None:
    model = ChannelSEM(panel(), graph(), adstock={"tv": "geometric"}, saturation=None)
    theta = _theta(model, tv_to_search=0.0, tv_to_sales=2.0, search_to_sales=1.5)
    lift = LiftTest(channel="tv", value=0.0, standard_error=1.0, change=0.5, weeks=(week, week + 1))
    now = 0.5 * model.panel["tv"].sum(0)
    weights = 0.6 ** np.arange(26) / (0.6 ** np.arange(26)).sum()
    expected = 2.0 * (weights[0] * (now[week] + now[week + 1]) + weights[1] * now[week])
    assert lift.predict(model.mechanism, theta, np.array([0.6])) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (LiftTest(channel="radio", value=1.0, standard_error=1.0), "'radio'"),
        (LiftTest(channel="tv", value=1.0, standard_error=1.0, geos=("atlantis",)), "'atlantis'"),
        (LiftTest(channel="tv", value=1.0, standard_error=1.0, geos=()), "names no geo"),
        (LiftTest(channel="tv", value=1.0, standard_error=1.0, weeks=(60,)), "outside 0 … 59"),
        (Prior(parameter="tv: half", value=1.0, standard_error=1.0), "'tv: half'.*tv -> sales"),
    ],
)
def test_knowledge_about_what_is_not_there_is_refused(known: LiftTest | Prior, message: str) -> None:
    model = ChannelSEM(panel(), graph(), adstock=None, saturation=None)
    with pytest.raises(ModelError, match=message):
        model.fit(known=[known])


@pytest.mark.parametrize("wrong", [{"value": np.nan}, {"standard_error": 0.0}, {"change": 0.0}, {"change": -2.0}])
def test_impossible_lift_tests_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="the lift test of 'tv'"):
        LiftTest(channel="tv", **({"value": 1.0, "standard_error": 1.0} | wrong))  # type: ignore[arg-type]
