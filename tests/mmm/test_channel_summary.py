"""Summaries as text, HTML and JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.mmm.fits import curved, linear, unidentified


def test_the_summary_tells_what_is_worth_reading() -> None:
    text = str(curved().summary())
    for told in ("Channel model of Sales", "12 ", "converged", "unit of media", "return", "level", "TV: decay"):
        assert told in text
    html = curved()._repr_html_()
    assert html.count("<table>") >= 4
    assert repr(linear()) == f"<ChannelFit of Sales, {len(linear().names)} parameters: converged>"


def test_the_summary_refuses_what_is_not_identified() -> None:
    text = " ".join(str(unidentified()).split())
    assert "two proxies of demand would identify it" in text


@pytest.mark.parametrize("name", ["linear", "unidentified"])
def test_plain_values_are_json(name: str) -> None:
    fit = {"linear": linear, "unidentified": unidentified}[name]()
    found = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert found["converged"] is True
    estimates = {row["parameter"]: row["estimate"] for row in found["estimates"]}
    assert estimates["TV -> Social"] == fit.estimates["TV -> Social"]
    assert (estimates["Search -> Sales"] is None) is (name == "unidentified")
    assert len(found["contributions"]["weekly"]["Social"]) == len(found["weeks"])
    rows = {(row["channel"], row["kind"]): row for row in found["roas"]["rows"]}
    assert (rows["Search", "direct"]["roas"] is None) is (name == "unidentified")


def test_r2_is_of_what_was_fitted() -> None:
    fit = linear()
    found = fit.contributions()
    around = found.observed - found.observed.mean(1, keepdims=True)
    assert fit.to_dict()["r2"] == pytest.approx(1 - np.sum(found.residuals**2) / np.sum(around**2))


def test_all_results_print_and_become_frames_and_json() -> None:
    fit = linear()
    results = (
        fit.scenario({"TV": 0.1}),
        fit.optimise_budget(),
        fit.holdout(),
        fit.bounds("Search", r2_channel=0.1, r2_kpi=0.1),
        fit.contributions(),
        fit.response_curves(points=3),
    )
    for result in results:
        json.dumps(result.to_dict(), allow_nan=False)
        assert len(result.to_frame()) == len(result.rows)
        assert "<table>" in result._repr_html_()
        assert str(result).startswith(result.title)
