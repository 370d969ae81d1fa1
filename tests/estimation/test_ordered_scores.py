"""Factor scores from ordered variables beside lavaan's, and beside a search on the posterior."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

import semnan as sn
from semnan import Fit
from semnan.errors import DataError, Unavailable
from semnan.estimation.factor_scores import FactorScores

REFERENCE = Path(__file__).parents[1] / "reference"
ANSWERS: dict[str, Any] = json.loads((REFERENCE / "ordered_scores" / "ordered_scores.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in ANSWERS["cases"]}
METHODS: dict[str, Any] = {"EBM": "regression", "ML": "bartlett"}
MIXED = "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
SEVEN = [f"y{i}" for i in range(1, 8)]


@cache
def frame() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "ordered.csv")


def fitted(text: str, **options: Any) -> Fit:
    fit: Fit = sn.sem(text, frame(), ordered=SEVEN, **options)
    return fit


def scored(fit: Fit, data: pd.DataFrame | None = None, method: Any = "regression") -> FactorScores:
    found = fit.factor_scores(data, method=method)
    assert not isinstance(found, Unavailable), found
    return found


@pytest.mark.parametrize("name", CASES)
def test_scores_of_lavaan(name: str) -> None:
    """Its ML has a flat prior, by which extreme rows have a score that they do not have here."""
    said = CASES[name]
    options = {key: value for key, value in said["args"].items() if key != "ordered"}
    found = scored(fitted(said["model"], **options), method=METHODS[said["method"]])
    assert list(found.names) == said["latents"]
    ours, known = found.values[:40], np.array(said["scores"])
    there = ~np.isnan(ours).any(axis=1)
    assert there.sum() >= 30
    assert there.all() or said["method"] == "ML"
    assert ours[there] == pytest.approx(known[there], abs=1e-5 if said["method"] == "EBM" else 2e-4)


def test_the_mode_of_the_posterior() -> None:
    """Written out for a row of the mixed model, and searched for."""
    fit = fitted(MIXED)
    values, row = fit.estimates, frame().iloc[7]
    prior = np.linalg.inv(
        [[values["f <-> f"], values["f <-> g"]], [values["f <-> g"], values["g <-> g"]]],
    )
    cuts = {name: [-np.inf, *(t.estimate for t in fit.thresholds if t.name == name), np.inf] for name in SEVEN}
    levels = {name: sorted(frame()[name].unique()) for name in SEVEN}

    def badness(eta: np.ndarray[Any, Any]) -> float:
        total = eta @ prior @ eta / 2
        for j, name in enumerate([*SEVEN, "y8"]):
            latent = "f" if j < 4 else "g"
            mean = values.get(f"{latent} -> {name}", 1.0) * eta[j // 4]
            scale = np.sqrt(values[f"{name} <-> {name}"])
            if name == "y8":
                total -= norm.logpdf(row[name] - frame()["y8"].mean(), mean, scale)
            else:
                k = levels[name].index(row[name])
                total -= np.log(norm.cdf((cuts[name][k + 1] - mean) / scale) - norm.cdf((cuts[name][k] - mean) / scale))
        return float(total)

    known = minimize(badness, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}).x
    assert scored(fit).values[7] == pytest.approx(known, abs=1e-6)


def test_rows_with_gaps_and_new_rows() -> None:
    fit, new = fitted(MIXED), frame().iloc[:3].copy()
    new.loc[0, "y2"] = np.nan
    new.loc[1, [*SEVEN, "y8"]] = np.nan
    found, whole = scored(fit, new), scored(fit)
    assert found.values[2] == pytest.approx(whole.values[2])
    assert np.isfinite(found.values[0]).all()
    assert np.isnan(found.values[1]).all()
    assert "no value" in str(found.reasons["f"])
    with pytest.raises(DataError, match="row 1 has 9 in the ordered variable 'y3'"):
        scored(fit, frame().iloc[:3].assign(y3=[1, 9, 1]))


def test_likelihoods_without_a_maximum() -> None:
    """All items of f in their highest category: only a prior keeps it from infinity."""
    highest = frame().iloc[[0]].assign(**{name: frame()[name].max() for name in SEVEN[:4]})
    fit = fitted("f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7")
    found = scored(fit, highest, "bartlett")
    assert np.isnan(found.values).all()
    assert "rises without end" in str(found.reasons["f"])
    assert np.isfinite(scored(fit, highest).values).all()


def test_latents_that_a_row_leaves_open() -> None:
    lost = frame().iloc[[0]].assign(y5=np.nan, y6=np.nan, y7=np.nan)
    found = scored(fitted("f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7"), lost, "bartlett")
    assert np.isfinite(found["f"]).all()
    assert np.isnan(found["g"]).all()


def test_dependent_items_say_why() -> None:
    found = fitted(f"{MIXED}\ny1 ~~ y2").factor_scores()
    assert isinstance(found, Unavailable)
    assert "depends on others given the latents" in found.reason


def test_saved_fits_lack_the_categories(tmp_path: Path) -> None:
    fit = fitted(MIXED)
    fit.save(tmp_path / "fit")
    found = sn.load(tmp_path / "fit").factor_scores(frame())
    assert isinstance(found, Unavailable)
    assert "rows of the fit" in found.reason


def test_scores_of_groups_that_share_thresholds() -> None:
    """They are in the units of the first group, about latent means: those of all rows average to these, shrunk."""
    options: dict[str, Any] = {"group": "group", "group_equal": ["thresholds", "loadings"]}
    fit = fitted("f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7", **options)
    found = scored(fit)
    second = np.array([label == "b" for label in found.groups])
    for name in ("f", "g"):
        assert found[name][~second].mean() == pytest.approx(0.0, abs=0.05)
        assert found[name][second].mean() == pytest.approx(fit.estimates[f"1 -> {name} [b]"], abs=0.05)
