"""lavaan's numbers: frozen for the embedded data, and all covariance-only cases of ../shared where it is at hand.

Frozen values: lavaan 0.7-2, `sem()` on PoliticalDemocracy with Bollen's model, `likelihood = "normal"`, expected
information; and the model of two confounders in `semnan.demo.ABILITIES` on HolzingerSwineford1939.
"""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semnan
from semnan import AMASEM, Fit, Moments, PathModel, covariance, path
from semnan.demo import ABILITIES

from .models import political_democracy

SHARED = Path(__file__).parents[3] / "shared" / "truth" / "sem"
CASES = (
    "affect_crosslag",
    "hs_bifactor_heywood",
    "hs_cfa",
    "hs_cfa_stdlv",
    "hs_latent_confounders",
    "hs_second_order",
    "pollack_cov",
    "political_democracy",
    "political_democracy_equal",
    "satact_path",
    "talor_mediation",
)
Row = dict[str, Any]


def test_political_democracy() -> None:
    """Estimate and standard error of lavaan; its optimiser stops at about 1e-6 standard errors."""
    fit = semnan.fit(political_democracy(), semnan.datasets.political_democracy().moments())
    frozen = {
        "ind60 -> x2": (2.180367730938, 0.1385092758134),
        "dem65 -> y8": (1.265946, 0.158111),
        "ind60 -> dem60": (1.483000, 0.399148),
        "dem60 -> dem65": (0.8373448112029, 0.09835095766815),
        "y1 <-> y5": (0.623672, 0.358320),
    }
    for name, (estimate, error) in frozen.items():
        assert fit.estimates[name] == pytest.approx(estimate, abs=2e-5 * error + 2e-6)
        assert fit.standard_errors[name] == pytest.approx(error, rel=1e-5)
    assert fit.chi_square == pytest.approx(38.125218227, rel=1e-8)
    assert fit.df == 35
    assert fit.p_value == pytest.approx(0.3291803532, rel=1e-7)
    assert fit.log_likelihood == pytest.approx(-1547.79094340271, rel=1e-11)


def test_two_confounders_of_nine_tests() -> None:
    """An AMASEM; lavaan scales the latents by a marker, which changes neither fit nor effects."""
    table = semnan.datasets.holzinger_swineford_1939()
    graph = AMASEM.parse(ABILITIES)
    fit = semnan.fit(graph, table.moments(*graph.visibles))
    assert fit.chi_square == pytest.approx(80.498061824, rel=1e-8)
    assert (fit.df, fit.not_identified) == (21, ())
    assert fit.log_likelihood == pytest.approx(-3735.34119665, rel=1e-10)
    assert fit.aic == pytest.approx(7518.68239331, rel=1e-10)
    assert fit.bic == pytest.approx(7607.65303966, rel=1e-10)
    frozen = {("x1", "x2"): (0.2998972487, 0.0555042337), ("x5", "x6"): (0.3756824047, 0.0459779560)}
    for (a, b), (estimate, error) in frozen.items():
        effect = fit.effect(a, b, kind="direct")
        assert effect.estimate == pytest.approx(estimate, rel=1e-6)
        assert effect.standard_error == pytest.approx(error, rel=1e-6)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folder is not beside the project")
@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    said = json.loads((SHARED / case / "truth.json").read_text())
    fit = semnan.fit(from_partable(said), read_moments(SHARED / case, said))
    assert fit.converged
    assert fit.chi_square == pytest.approx(said["fit"]["chisq"], rel=1e-6, abs=1e-6)
    assert fit.df == said["fit"]["df"]
    assert compared(fit, said) > 5
    sigma = said["implied"]["cov"]
    order = [fit.model.visibles.index(v) for v in sigma["rows"]]
    expected = np.array(sigma["values"])
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((fit.implied_covariance[np.ix_(order, order)] - expected) / scale).max() < 1e-5


def compared(fit: Fit, said: Row) -> int:
    """Compare all estimates with lavaan's to .001 SE and SEs to .1 %; return how many there were."""
    ours = {ends(vars(row)): row for row in fit.parameters()}
    count = 0
    for row in said["estimates"]:
        if not row["se"] or row["op"] == ":=":
            continue
        a, b = ends(row)
        found = ours.get((a, b)) or ours[b, a]
        assert found.estimate == pytest.approx(row["est"], abs=1e-3 * row["se"]), (a, b)
        assert found.standard_error == pytest.approx(row["se"], rel=1e-3), (a, b)
        count += 1
    return count


def ends(row: Row) -> tuple[str, str]:
    """Source and target of a row: lavaan writes regressions from right to left."""
    return (row["rhs"], row["lhs"]) if row["op"] == "~" else (row["lhs"], row["rhs"])


def from_partable(said: Row) -> PathModel:
    """lavaan's parameter table as a path model; moments of fixed exogenous variables are free here."""
    rows = []
    for row in said["partable"]:
        if row["op"] not in ("=~", "~", "~~"):
            continue
        a, b = ends(row)
        fixed = None if row["free"] or row["exo"] else row["est"]
        make = covariance if row["op"] == "~~" else path
        rows.append(make(a, b, fixed=fixed, label=row["label"] or None))
    return PathModel(tuple(said["ov"]), tuple(said["lv"] or ()), tuple(rows))


def read_moments(folder: Path, said: Row) -> Moments:
    """The table of a case, or its covariance with N (lavaan rescales that to divisor N)."""
    cov = folder / "cov.csv"
    with (cov if cov.exists() else folder / "data.csv").open() as file:
        header, *lines = csv.reader(file)
    if cov.exists():
        names = [name for name in header if name]
        return Moments.from_covariance(
            [[float(x) for x in line[-len(names) :]] for line in lines], names, said["ntotal"], ddof=1
        )
    index = [header.index(v) for v in said["ov"]]
    return Moments.from_array([[float(line[i]) for i in index] for line in lines], said["ov"])
