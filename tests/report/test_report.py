"""Summaries: what lavaan prints, the same on every surface, nothing hidden and nothing unbounded."""

import json
import re
import time

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import AMASEM, Fit, fit

from ..estimation.models import political_democracy, sample

BOW = AMASEM.parse('latent U; U -> X, "<Y>"; X -> "<Y>"')
DEMOCRACY = """
    ind60 =~ x1 + x2 + x3
    dem60 =~ y1 + y2 + y3 + y4
    dem65 =~ y5 + y6 + y7 + y8
    dem60 ~ a*ind60
    dem65 ~ ind60 + b*dem60
    y1 ~~ y5
    y2 ~~ y4 + y6
    y3 ~~ y7
    y4 ~~ y8
    y6 ~~ y8
    indirect := a*b
"""
HOLZINGER = "visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6; speed =~ x7 + x8 + x9"


def democracy() -> Fit:
    found: Fit = sn.sem(DEMOCRACY, sn.datasets.political_democracy().to_frame())
    return found


def bow() -> Fit:
    return fit(BOW, sample(BOW, 1, 100))


def lines(text: str) -> list[list[str]]:
    """The words of every line."""
    return [line.split() for line in text.splitlines()]


def test_text_is_lavaans() -> None:
    """Numbers as lavaan 0.6-14 prints them: summary(fit, fit.measures = TRUE, standardized = TRUE)."""
    text = str(democracy().summary())
    for line in (
        "Number of model parameters 31",
        "Number of observations 75",
        "Test statistic 38.125",
        "Degrees of freedom 35",
        "P-value (Chi-square) 0.329",
        "Test statistic 730.654",
        "Comparative Fit Index (CFI) 0.995",
        "Tucker-Lewis Index (TLI) 0.993",
        "Loglikelihood user model (H0) -1547.791",
        "Loglikelihood unrestricted model (H1) -1528.728",
        "Akaike (AIC) 3157.582",
        "Bayesian (BIC) 3229.424",
        "Sample-size adjusted Bayesian (SABIC) 3131.720",
        "RMSEA 0.035",
        "90 Percent confidence interval - upper 0.092",
        "P-value H_0: RMSEA <= 0.050 0.611",
        "P-value H_0: RMSEA >= 0.080 0.114",
        "SRMR 0.044",
        "Information Expected",
        "ind60 =~",
        "x1 1.000 0.670 0.920",
        "x2 2.180 0.139 15.742 <.001 1.909 2.452 1.460 0.973",
        "ind60 (a) 1.483 0.399 3.715 <.001 0.701 2.265 0.447 0.447",
        ".y1 ~~",
        ".y5 0.624 0.358 1.741 0.082 -0.079 1.326 0.624 0.296",
        ".dem65 0.172 0.215 0.803 0.422 -0.249 0.593 0.039 0.039",
        "ind60 0.448 0.087 5.173 <.001 0.279 0.618 1.000 1.000",
        "dem65 0.961",
    ):
        assert line.split() in lines(text), line
    titles = re.findall(r"^[A-Z][\w -]+:$", text, flags=re.MULTILINE)
    assert titles.index("Latent Variables:") < titles.index("Regressions:") < titles.index("Covariances:")
    assert titles[-3:] == ["R-Square:", "Defined Parameters:", "Total and Indirect Effects:"]


def test_effects_are_told_without_being_asked() -> None:
    found = democracy()
    (indirect,) = found.defined()
    shown = [words for words in lines(str(found.summary())) if words[:1] == ["indirect"]]
    assert len(shown) == 2
    assert shown[0][1:3] == shown[1][1:3] == [f"{indirect.estimate:.3f}", f"{indirect.standard_error:.3f}"]


def test_groups_have_sections_of_their_own() -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    text = str(sn.cfa(HOLZINGER, frame, group="school", group_equal=["loadings"]).summary())
    assert "Number of equality constraints" not in text
    assert ["Pasteur", "156"] in lines(text)
    first, second = text.split("Group 1 [Pasteur]:")[1].split("Group 2 [Grant-White]:")
    assert ["x2", "(.p2.)", "0.599", "0.100", "5.979", "<.001", "0.402", "0.795", "0.537", "0.432"] in lines(first)
    assert ["x2", "(.p2.)", "0.599", "0.100", "5.979", "<.001", "0.402", "0.795", "0.509", "0.466"] in lines(second)
    assert ["visual", "0.000", "0.000", "0.000"] in lines(second)


def test_missing_values_are_told() -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    frame.loc[:9, "x1"] = np.nan
    frame.loc[5:20, "x5"] = np.nan
    text = str(sn.cfa(HOLZINGER, frame, missing="fiml").summary())
    assert ["Number", "of", "missing", "patterns", "4"] in lines(text)
    assert ["Information", "Observed"] in lines(text)
    text = str(sn.cfa(HOLZINGER, frame).summary())
    assert ["used,", "of", "rows", "in", "the", "data", "301"] in lines(text)
    assert "21 of 301 rows have a missing value in x1, x5 and are left out" in " ".join(text.split())


def test_what_is_not_identified_has_no_number() -> None:
    text = str(bow().summary())
    assert "NOT IDENTIFIED: U -> X" in text
    assert ["of", "these", "not", "determined", "by", "the", "data", "2"] in lines(text)
    assert ["X", "—", "—", "—", "—", "—", "—", "—", "—", "not", "identified"] in lines(text)
    assert re.search(r"P-value \(Chi-square\) +—", text)
    assert "the model is saturated" in text


def test_a_fit_that_did_not_converge_says_so_first() -> None:
    found = fit(
        political_democracy(), sn.datasets.political_democracy().moments(), optimiser=sn.FisherScoring(max_steps=1)
    )
    text = str(found.summary())
    assert text.startswith("semnan did NOT converge (iteration limit) after 1 step\n")
    assert "— the fit did not converge (iteration limit)" in text


def test_other_discrepancies_say_what_they_lack() -> None:
    moments = sn.datasets.political_democracy().moments()
    text = str(fit(political_democracy(), moments, discrepancy=sn.UnweightedLeastSquares).summary())
    assert "UnweightedLeastSquares has no χ² distribution" in text


def test_html_escapes_names() -> None:
    page = bow()._repr_html_()
    assert "&lt;Y&gt;" in page
    assert "<Y>" not in page
    assert page.count("<table>") == page.count("</table>") > 8
    assert "&lt;Y&gt;" in bow().parameters()._repr_html_()


def test_a_long_model_is_bounded_and_fast() -> None:
    rng = np.random.default_rng(0)
    factors, each = 10, 30
    latent = rng.normal(size=(500, factors)) + rng.normal(size=(500, 1))
    names = [f"x{i}" for i in range(factors * each)]
    frame = pd.DataFrame(np.repeat(latent, each, axis=1) + rng.normal(size=(500, factors * each)), columns=names)
    text = "\n".join(f"f{k} =~ " + " + ".join(names[k * each : (k + 1) * each]) for k in range(factors))
    found = sn.cfa(text, frame)
    _ = found.fit_measures
    begin = time.perf_counter()
    summary = str(found.summary())
    page = found._repr_html_()
    assert time.perf_counter() - begin < 10
    assert len(summary.splitlines()) < 1200
    assert len(page) < 1_000_000
    assert "… and 100 more rows: see parameters()" in summary


@pytest.mark.parametrize("level", [0.5, 0.99])
def test_intervals_follow_the_level(level: float) -> None:
    text = str(democracy().summary(level))
    assert f"{50 * (1 - level):.3g}%" in text


def test_json_is_plain() -> None:
    for found in (democracy(), bow()):
        said = json.loads(found.to_json())
        assert said == json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert list(said) == ["outcome", "converged", "npar", "n", "groups", "fit", "estimates", "warnings"]
        assert said["outcome"] == "converged"
    said = bow().to_dict()
    assert [row["est"] for row in said["estimates"] if row["rhs"] == "X" and row["op"] == "=~"] == [None]
    assert any("no number for U -> X" in warning and "not identified" in warning for warning in said["warnings"])
    assert any("no number for pvalue" in warning for warning in said["warnings"])
