"""Drawings: saved in any format, one panel a group, nothing on top of anything else, and bounded."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import semnan as sn
from semnan import AMASEM, Fit, PathModel
from semnan.report.edges import Edge, arrows, edges
from semnan.report.layout import places
from semnan.report.rows import parameter_rows

from .test_report import BOW, DEMOCRACY, HOLZINGER, bow, democracy

FRAME = sn.datasets.holzinger_swineford_1939().to_frame()
BIFACTOR = f"g =~ {' + '.join(f'x{i}' for i in range(1, 10))}; {HOLZINGER}"


def grouped() -> Fit:
    found: Fit = sn.cfa(HOLZINGER, FRAME, group="school")
    return found


def texts(found: Fit, **options: Any) -> list[str]:
    """What is written in a drawing."""
    figure = found.draw(**options).figure
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_drawings_are_saved(ending: str, tmp_path: Path) -> None:
    for i, found in enumerate((democracy(), bow(), grouped())):
        file = tmp_path / f"{i}.{ending}"
        found.draw(file)
        assert file.stat().st_size > 5000


def test_a_drawing_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(sn.FileError, match="cannot write the drawing"):
        democracy().draw(tmp_path / "missing" / "x.png")


def test_estimates_stand_on_edges() -> None:
    written = texts(democracy())
    assert {"2.18", "1.48", "0.62"} <= {*written}
    assert "?" in texts(bow())


def test_standardised_values_stand_on_edges() -> None:
    assert {"0.97", "0.45"} <= {*texts(democracy(), standardised=True)}


def test_every_group_has_a_panel() -> None:
    found = grouped()
    assert len(found.draw().figure.axes) == 2
    assert {"Pasteur", "Grant-White"} <= {*texts(found)}
    assert len(found.draw(group="Pasteur").figure.axes) == 1
    with pytest.raises(sn.FitError, match="there is no 'x'"):
        found.draw(group="x")


def test_what_is_fixed_or_exogenous_is_no_arc() -> None:
    orthogonal = sn.cfa(BIFACTOR, FRAME, std_lv=True, orthogonal=True)
    assert not any(edge.arc for edge in drawn(orthogonal))
    mimic = sn.sem(f"{HOLZINGER}; visual ~ sex + ageyr", FRAME)
    assert not any("sex" in (edge.source, edge.target) and edge.arc for edge in drawn(mimic))


def drawn(found: Fit) -> list[Edge]:
    at = places(found.model)
    return edges(arrows(parameter_rows(found.estimate, 0.95), at, standardised=False), at)


MODELS: list[tuple[str, dict[str, Any]]] = [
    (DEMOCRACY, {}),
    (BIFACTOR, {"std_lv": True, "orthogonal": True}),
    (f"{HOLZINGER}; g =~ visual + textual + speed", {}),
    (f"{HOLZINGER}; visual ~ sex + ageyr; textual ~ visual", {}),
    ("x9 ~ x1 + x2; x1 ~ x3; x2 ~ x3; x1 ~~ x2", {}),
]


@pytest.mark.parametrize(("text", "options"), MODELS)
def test_labels_do_not_overlap(text: str, options: dict[str, Any]) -> None:
    frame = sn.datasets.political_democracy().to_frame() if text is DEMOCRACY else FRAME
    found = drawn(sn.sem(text, frame, **options))
    apart = [math.dist(a.label, b.label) for i, a in enumerate(found) for b in found[:i]]
    assert min(apart) > 0.2
    at = places(PathModel.from_lavaan(text, **options))
    assert all(min(math.dist(edge.label, place) for place in at.values()) > 0.2 for edge in found)


def test_places_do_not_collide() -> None:
    models = [PathModel.from_lavaan(text, **options) for text, options in MODELS]
    for seed in range(20):
        graph = AMASEM.random(8, parents=2, confounders=3, children=3, seed=seed)
        models.append(PathModel.from_amasem(graph))
    for model in [*models, PathModel.from_amasem(BOW)]:
        at = places(model)
        assert {*at} == {*model.visibles, *model.latents}
        found = list(at.values())
        assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) > 0.5 for i, a in enumerate(found) for b in found[:i])


def test_long_names_have_room() -> None:
    model = PathModel.from_lavaan("a_rather_long_name =~ the_first_indicator + the_second_indicator + third")
    at = places(model)
    assert abs(at["the_first_indicator"][0] - at["the_second_indicator"][0]) > 0.09 * len("the_second_indicator")


def factors(count: int, each: int, *, orthogonal: bool = True) -> Fit:
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(400, count))
    names = [f"x{i}" for i in range(count * each)]
    values = np.repeat(latent, each, axis=1) + rng.normal(size=(400, count * each))
    text = "\n".join(f"f{k} =~ " + " + ".join(names[k * each : (k + 1) * each]) for k in range(count))
    found: Fit = sn.cfa(text, pd.DataFrame(values, columns=names), orthogonal=orthogonal)
    return found


def test_a_large_model_is_drawn_without_its_indicators() -> None:
    found = factors(8, 12)
    written = texts(found)
    assert "x1" not in written
    assert "f1" in written
    assert any("indicators are left out" in text for text in written)


def test_a_thicket_of_covariances_is_left_out() -> None:
    found = factors(13, 3, orthogonal=False)
    assert sum(edge.arc for edge in drawn(found)) == 78
    assert any("covariances are left out" in text for text in texts(found))


def test_a_model_that_is_too_large_is_told() -> None:
    chain = AMASEM.from_edges([(f"V{i}", f"V{i + 1}") for i in range(180)])
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 181)), columns=[f"V{i}" for i in range(181)])
    with pytest.raises(sn.SemnanError, match="has 181 variables, too many for a drawing"):
        sn.fit(chain, frame).draw()


def test_names_are_no_formulas() -> None:
    model = PathModel(("$a", "b"), (), (sn.path("$a", "b"), sn.covariance("$a"), sn.covariance("b")))
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), columns=["$a", "b"])
    assert sn.fit(model, frame).draw()._repr_png_().startswith(b"\x89PNG")
