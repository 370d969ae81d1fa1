"""Plots of channel models: they show the numbers of the results, keep all labels inside, and stand any name."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semnan.errors import DataError, SemnanError, Unavailable
from semnan.mmm import Answers, ChannelSEM
from semnan.mmm.plots import (
    draw_adstock,
    draw_budget,
    draw_channel_graph,
    draw_contributions,
    draw_fit,
    draw_holdout,
    draw_response_curves,
    draw_roas,
    draw_waterfall,
)
from semnan.mmm.plots.bars import Bar, span
from semnan.mmm.plots.canvas import NARROW, WIDE, labelled, shortened
from semnan.report import Drawing
from tests.mmm import panels
from tests.mmm.report_cases import identified, many, told

pytest.importorskip("matplotlib")

PLOTS: dict[str, Callable[[Answers, float], Drawing]] = {
    "over time": lambda found, width: draw_fit(found.contributions, width=width),
    "contributions": lambda found, width: draw_contributions(found.contributions, width=width),
    "waterfall": lambda found, width: draw_waterfall(found.contributions, width=width),
    "roas": lambda found, width: draw_roas(found.returns, found.ignoring, width=width),
    "curves": lambda found, width: draw_response_curves(found.curves, width=width),
    "adstock": lambda found, width: draw_adstock(found.fit, width=width),
    "graph": lambda found, width: draw_channel_graph(found.fit, found.effects),
    "budget": lambda found, width: draw_budget(known(found.budget), width=width),
    "holdout": lambda found, width: draw_holdout(known(found.holdout), width=width),
}
CASES = {
    "identified": (*PLOTS,),
    "confounded": ("over time", "contributions", "waterfall", "roas", "curves", "graph"),
    "evil": ("over time", "contributions", "waterfall", "roas", "curves", "adstock", "graph", "budget"),
    "many": ("over time", "contributions", "waterfall", "roas", "curves", "graph", "budget", "holdout"),
}
EACH = [(case, plot) for case, plots in CASES.items() for plot in plots]


def known(found: Any) -> Any:
    assert found is not None
    assert not isinstance(found, Unavailable)
    return found


def rendered(drawing: Drawing) -> Any:
    """The figure, laid out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(drawing.figure)
    canvas.draw()
    return drawing.figure


def texts(drawing: Drawing) -> list[Any]:
    """The texts that are seen."""
    from matplotlib.text import Text

    found: list[Any] = [*rendered(drawing).findobj(Text)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def panels_of(drawing: Drawing) -> Any:
    return drawing.figure.axes


def words(drawing: Drawing) -> str:
    return "\n".join(text.get_text() for text in texts(drawing))


def bars(axes: Any) -> list[float]:
    return [patch.get_width() for patch in axes.patches]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize(("case", "plot"), EACH)
def test_all_is_inside_of_the_figure_and_legends_outside_of_the_data(case: str, plot: str, width: float) -> None:
    figure = rendered(PLOTS[plot](told(case), width))
    box, (across, up) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.01
    assert box.x1 <= across + 0.01
    assert box.y1 <= up + 0.01
    for legend in figure.legends:
        for axes in figure.axes:
            assert not (axes.axison and legend.get_window_extent().overlaps(axes.get_window_extent()))
            assert not legend.get_window_extent().overlaps(axes.xaxis.get_label().get_window_extent())


def test_the_fit_over_time_is_measured_and_fitted() -> None:
    found = told("identified").contributions
    above, below = panels_of(draw_fit(found))
    measured, fitted = (line.get_ydata() for line in above.get_lines())
    assert np.allclose(np.asarray(measured), found.observed.sum(0))
    assert np.allclose(np.asarray(fitted), found.fitted.sum(0))
    assert below.get_ylabel() == "residual"


@pytest.mark.parametrize("case", ["identified", "confounded"])
def test_the_areas_end_at_the_fitted_kpi(case: str) -> None:
    found = told(case).contributions
    (axes,) = panels_of(draw_contributions(found))
    weekly = found.fitted.sum(0)
    assert np.allclose(axes.get_lines()[-1].get_ydata(), weekly)
    outline = axes.collections[-1].get_paths()[0].vertices
    assert [outline[outline[:, 0] == week, 1].max() for week in found.weeks] == pytest.approx(weekly)


def test_what_takes_away_is_below_zero() -> None:
    found = told("many").contributions
    (axes,) = panels_of(draw_contributions(found))
    lowest = min(area.get_paths()[0].vertices[:, 1].min() for area in axes.collections)
    assert lowest < 0 < found.fitted.min()


def test_channels_that_data_cannot_tell_are_in_the_baseline() -> None:
    found = told("confounded").contributions
    assert "baseline with tv, search" in words(draw_contributions(found))
    axes = panels_of(draw_waterfall(found))[0]
    assert bars(axes) == pytest.approx([found.fitted.sum()] * 2)


def test_the_waterfall_adds_up() -> None:
    found = told("identified").contributions
    drawing = draw_waterfall(found)
    *steps, whole = bars(panels_of(drawing)[0])
    assert steps[1:] == pytest.approx([values.sum() for values in found.media.values()])
    assert sum(steps) == pytest.approx(whole) == pytest.approx(found.fitted.sum())
    assert "(100%)" in words(drawing)


def test_the_smallest_of_many_channels_are_one_area() -> None:
    said = words(draw_contributions(told("many").contributions))
    assert "5 other channels" in said
    assert "channel 11" in said
    assert "channel 2" not in said
    assert "channel 2" in words(draw_waterfall(told("many").contributions))


def test_returns_stand_beside_those_that_ignore_confounders() -> None:
    found = told("identified")
    total, direct = panels_of(draw_roas(found.returns, found.ignoring))
    for axes, kind in ((total, "total"), (direct, "direct")):
        ours = [row.roas for row in found.returns.listed if row.kind == kind]
        theirs = [row.roas for row in known(found.ignoring).listed if row.kind == kind]
        assert bars(axes) == pytest.approx([*ours, *theirs])
    whiskers = [line for line in direct.get_lines() if len(line.get_xdata()) == 2 and line.get_ydata()[0] % 0.5]
    assert tuple(whiskers[0].get_xdata()) == found.returns["tv", "direct"].interval


def test_a_return_that_data_cannot_tell_is_a_question_mark() -> None:
    found = told("confounded")
    drawing = draw_roas(found.returns, found.ignoring)
    total, direct = panels_of(drawing)
    assert [text.get_text() for text in direct.texts] == ["?", "?"]
    assert [text.get_text() for text in total.texts] == ["?"]
    assert bars(total)[0] == found.returns["tv", "total"].roas
    assert "?: data cannot tell" in words(drawing)


def test_direct_returns_that_are_total_ones_are_shown_once() -> None:
    drawing = draw_roas(told("many").returns)
    assert len(drawing.figure.axes) == 1
    assert "ignoring" not in words(drawing)


def test_long_intervals_do_not_hide_the_bars() -> None:
    low, high = span([Bar(1.0, (-500.0, 500.0)), Bar(2.0, (1.0, 3.0))])
    assert (low, high) == pytest.approx((-4.0, 4.0), rel=0.2)
    assert span([Bar(Unavailable("unknown"), Unavailable("unknown"))]) == pytest.approx((0.0, 1.0), abs=0.1)


def test_curves_pass_through_the_present_spend() -> None:
    found = told("identified").curves
    for axes, curve in zip(panels_of(draw_response_curves(found)), found.curves, strict=True):
        line, _, dot = axes.get_lines()
        (x,), (y,) = dot.get_xdata(), dot.get_ydata()
        assert x == curve.current.spend
        assert y == np.interp(x, line.get_xdata(), line.get_ydata())
        assert axes.get_title(loc="left") == curve.channel


def test_without_a_curve_the_reason_is_told() -> None:
    from dataclasses import replace

    found = told("confounded").curves
    refused = {"tv": Unavailable("nobody knows"), **found.refused}
    with pytest.raises(DataError, match="tv: nobody knows; search: the direct effect"):
        draw_response_curves(replace(found, curves=(), refused=refused))


def test_adstock_is_the_share_of_each_lag() -> None:
    fit = identified()
    axes = panels_of(draw_adstock(fit))[0]
    (line,) = axes.get_lines()
    decay = fit.estimates["tv: decay"]
    assert np.asarray(line.get_ydata())[:3] == pytest.approx([(1 - decay) * decay**k for k in range(3)], rel=1e-6)
    with pytest.raises(DataError, match="no channel of the model has adstock"):
        draw_adstock(many())


def test_the_graph_has_effects_on_its_edges() -> None:
    found = told("identified")
    said = words(draw_channel_graph(found.fit)).splitlines()
    assert f"{found.effects['tv', 'direct'].estimate:.3g}" in said
    assert f"{found.fit.estimates['tv -> search']:.3g}" in said
    assert f"{found.fit.estimates['demand -> trends']:.3g}" in said
    assert "?" not in said


def test_the_graph_marks_what_data_cannot_tell() -> None:
    found = told("confounded")
    said = words(draw_channel_graph(found.fit)).splitlines()
    assert said.count("?") == 5  # tv and search on sales; demand on search, sales and queries.
    assert f"{found.fit.estimates['tv -> search']:.3g}" in said


def test_the_effect_of_several_weeks_is_on_no_single_edge() -> None:
    edges = [("tv", "search"), ("tv", "sales"), ("search", "sales"), ("tv@1", "sales")]
    fit = ChannelSEM(
        panels.panel(), panels.graph().with_edges(edges), adstock=None, saturation={"tv": "hill"}, season=0
    ).fit()
    said = words(draw_channel_graph(fit)).splitlines()
    assert f"{fit.estimates['tv@1 -> sales']:.3g}" in said
    assert f"{fit.effects()['tv', 'direct'].estimate:.3g}" not in said


def test_large_graphs_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semnan.mmm.plots.channel_graph.MOST", 3)
    with pytest.raises(SemnanError, match="the graph has 6 variables, too many"):
        draw_channel_graph(identified())


def test_proxies_stand_above_their_confounder() -> None:
    places = {text.get_text(): text.get_position() for text in texts(draw_channel_graph(identified()))}
    assert places["queries"][1] == places["trends"][1] > places["demand"][1] > places["sales"][1]
    assert places["queries"][0] < places["trends"][0]


def test_the_budget_is_today_and_then() -> None:
    found = known(told("identified").budget)
    drawing = draw_budget(found)
    rows = found.listed
    assert bars(panels_of(drawing)[0]) == [*(row.spend_now for row in rows), *(row.spend_then for row in rows)]
    assert f"{rows[0].change:+.0%}" in words(drawing)


def test_the_weeks_held_out_are_foreseen() -> None:
    found = known(told("many").holdout)
    observed, predicted, _ = (np.asarray(line.get_ydata()) for line in panels_of(draw_holdout(found))[0].get_lines())
    assert np.allclose(observed, found.observed.sum(0))
    assert np.allclose(predicted, found.predicted.sum(0))


def test_returns_without_spend_are_refused() -> None:
    with pytest.raises(DataError, match="give spend="):
        draw_roas(many(None).roas())


def test_a_fit_draws_itself() -> None:
    plot = identified().plot
    drawn = (plot.over_time, plot.contributions, plot.waterfall, plot.roas, plot.response_curves, plot.adstock)
    for draw in (*drawn, plot.budget, plot.holdout):
        assert draw(width=5.0).figure.get_figwidth() == 5.0
    assert plot.graph()._repr_png_().startswith(b"\x89PNG")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SemnanError, match=r"pip install 'semnan\[plot\]'"):
        draw_fit(told("identified").contributions)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.234, "1.23"),
        (-45.67, "-45.7"),
        (1234.5, "1234"),
        (12345, "12.3k"),
        (2.5e6, "2.5M"),
        (-3e9, "-3B"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert shortened(value) == text


def test_labels_are_short_and_plain() -> None:
    assert labelled("tv") == "tv"
    assert labelled("_tv") == " _tv"
    assert labelled("$x$") == r"\$x\$"
    assert labelled("PerformanceDisplay_impressions") == "PerformanceDisplay_\nimpressions"
    long = labelled("a name " * 20)
    assert [len(line) <= 26 for line in long.split("\n")] == [True, True]
    assert long.endswith("…")
