"""Summaries and drawings: the same rows on every surface, and nothing hidden."""

import json
from pathlib import Path

import pytest

import semnan
from semnan import AMASEM, Fit, fit
from semnan.report.layout import places

from ..estimation.models import political_democracy, sample

BOW = AMASEM.parse('latent U; U -> X, "<Y>"; X -> "<Y>"')


def fits() -> list[Fit]:
    democracy = fit(political_democracy(), semnan.datasets.political_democracy().moments())
    return [democracy, fit(BOW, sample(BOW, 1, 100))]


def test_text_tells_outcome_numbers_and_verdicts() -> None:
    text = str(fits()[0].summary())
    for piece in (
        "converged",
        "n = 75",
        "χ² = 38.125, df = 35, p = 0.329",
        "ind60 -> x2",
        "2.180",
        "0.139",
        "identified",
    ):
        assert piece in text
    text = str(fits()[1].summary())
    assert "NOT IDENTIFIED: U -> X" in text
    assert "no p value" in text


def test_html_escapes_names() -> None:
    page = fits()[1]._repr_html_()
    assert "&lt;Y&gt;" in page
    assert "<Y>" not in page


def test_json_has_numbers_or_reasons() -> None:
    for found in fits():
        said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert said["outcome"] == "converged"
        for row in (*said["parameters"], *said["effects"]):
            assert isinstance(row["estimate"], float) or row["estimate"]["unavailable"]
    assert "not identified" in json.dumps(fits()[1].to_dict())


def test_the_table_follows_the_level() -> None:
    found = fits()[0]
    wide, narrow = found.parameters(0.99)[1].interval, found.parameters(0.5)[1].interval
    assert isinstance(wide, tuple)
    assert isinstance(narrow, tuple)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert "99% from" in str(found.summary(0.99))


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_drawings(ending: str, tmp_path: Path) -> None:
    for i, found in enumerate(fits()):
        file = tmp_path / f"{i}.{ending}"
        found.draw(file)
        assert file.stat().st_size > 5000


def test_places_do_not_collide() -> None:
    for seed in range(20):
        drawn = AMASEM.random(8, parents=2, confounders=3, children=3, seed=seed)
        found = list(places(semnan.PathModel.from_amasem(drawn)).values())
        assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) > 0.5 for i, a in enumerate(found) for b in found[:i])
