"""Exact verdicts beside a fit: in its summary, in the text of an effect, as a method, and drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semnan as sn
from semnan import AMASEM, Fit, PathModel
from semnan.report.edges import Arrow
from semnan.report.identification import _arrows
from semnan.report.layout import places
from semnan.report.verdicts import MOST_VISIBLES, verdict_table

from .test_report import HOLZINGER, bow, democracy

STAR = sn.mixed_graph([("1", "2"), ("1", "3"), ("1", "4")], [("1", "2"), ("1", "3"), ("1", "4")])


def lines(found: Fit) -> list[str]:
    """The lines of a summary, with single blanks."""
    return [" ".join(line.split()) for line in str(found.summary()).splitlines()]


def star() -> Fit:
    """García-Puente et al. 2010: two values each, here at a covariance where both are feasible."""
    witness = sn.identify(STAR, "1 -> 2").witness
    assert not isinstance(witness, sn.Unavailable)
    found: Fit = sn.fit(STAR, sn.Moments.from_covariance(witness.sigma, STAR.visibles, n=500))
    return found


def test_several_values_are_told() -> None:
    found = star()
    said = lines(found)
    assert "1 ⇒ 2 direct finitely identified: 2 values exact elimination" in said
    assert any("lists all" in line for line in said)
    verdict = found.identify("1 -> 2")
    values = verdict.values(found.implied_covariance)
    assert len(values) == 2
    assert all(value.feasible for value in values)
    estimate = found.effect("1", "2").estimate
    assert min(abs(value.value - float(estimate)) for value in values) < 1e-5
    assert abs(values[0].value - values[1].value) > 1e-3


def test_formulas_give_the_estimate() -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y")
    rng = np.random.default_rng(0)
    root = rng.normal(size=(30, 3))
    found = sn.fit(graph, sn.Moments.from_covariance(root.T @ root / 30, ("X", "Y", "M"), n=30))
    verdict = found.identify("X -> Y")
    assert verdict.formula is not None
    assert float(verdict.formula(found.implied_covariance)) == pytest.approx(found.effect("X", "Y").estimate, rel=1e-6)
    said = lines(found)
    assert "X ⇒ Y total identified sum over paths of solved edges" in said
    assert found.identify("X -> M", kind="direct").identified


def test_where_to_ask_further() -> None:
    found = bow()
    assert str(found.effect("X", "<Y>")).endswith('; see fit.identify("X -> <Y>")')
    assert str(found.effect("X", "<Y>", kind="direct")).endswith('; see fit.identify("X -> <Y>", kind="direct")')
    assert "see fit" not in str(democracy().effect("ind60", "dem65"))
    assert "X ⇒ <Y> direct not identified rank of the Jacobian" in lines(found)
    assert found.identify("X -> <Y>").status == "not identified"


def test_questions_to_a_group() -> None:
    frame = sn.datasets.holzinger_swineford_1939().to_frame()
    found = sn.cfa("visual =~ x1 + x2", frame, group="school", auto_fix_first=False)
    said = str(found.effect("visual", "x1", group="Pasteur"))
    assert said.endswith('; see fit.identify("visual -> x1", group="Pasteur")')
    assert found.identify("visual -> x1", group="Pasteur").status == "not identified"


SILENT: list[PathModel | AMASEM] = [
    PathModel.from_lavaan(HOLZINGER),
    AMASEM.parse("X -> M -> Y"),
    PathModel.from_lavaan("y ~ x1 + x2; x1 ~~ x2", fixed_x=False),
    AMASEM.random(MOST_VISIBLES + 1, confounders=1, seed=1),
]


@pytest.mark.parametrize("graph", SILENT)
def test_verdicts_are_left_out_where_they_cost_or_say_nothing(graph: PathModel | AMASEM) -> None:
    model = graph if isinstance(graph, PathModel) else PathModel.from_amasem(graph)
    assert list(verdict_table(model)) == []


def test_the_largest_graphs_are_decided_at_a_glance() -> None:
    for seed in range(20):
        graph = AMASEM.random(MOST_VISIBLES, parents=2, confounders=2, children=3, seed=seed)
        (table,) = verdict_table(PathModel.from_amasem(graph))
        full = {(v.query.kind, str(v.query)): v for v in sn.identify_all(graph)}
        for name, kind, said, _ in table.rows:
            verdict = full[kind, name.strip().replace("⇒", "->")]
            assert said.removeprefix("finitely ").startswith("identified" if verdict.solutions else str(verdict.status))


def arrows(model: PathModel) -> dict[str, Arrow]:
    found = _arrows(model, None, places(model))
    return {f"{arrow.source} {'<->' if arrow.arc else '->'} {arrow.target}": arrow for arrow in found}


def test_edges_are_marked_with_their_verdicts() -> None:
    proximal = arrows(PathModel.from_amasem(AMASEM.parse("latent U; U -> Z, X, W, Y; Z -> X -> Y; W -> Y")))
    assert [name for name, arrow in proximal.items() if arrow.known] == ["X -> Y"]
    assert {arrow.text for name, arrow in proximal.items() if name != "X -> Y"} == {"?"}
    assert arrows(STAR)["1 -> 3"].text == "2 values"
    assert arrows(STAR)["1 <-> 3"].known
    measured = arrows(PathModel.from_lavaan("f =~ x1 + x2 + x3; g =~ x4; g ~ f; x4 ~~ x4"))
    assert [name for name, arrow in measured.items() if not arrow.known] == []
    loose = arrows(PathModel.from_lavaan("f =~ x1 + x2"))
    assert (loose["f -> x1"].known, loose["f -> x2"].known) == (True, False)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_drawings_of_verdicts(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"graph.{ending}"
    drawing = sn.draw_identification(AMASEM.parse("latent U; U -> X, Y; X -> M -> Y"), file)
    assert file.stat().st_size > 5000
    written = [text.get_text() for text in drawing.figure.axes[0].texts]
    assert written.count("?") == 2
    with pytest.raises(sn.SemnanError, match="cannot save"):
        sn.draw_identification(STAR, tmp_path / "graph.docx")


def test_drawings_of_a_group() -> None:
    options: dict[str, Any] = {"groups": ("a", "b"), "std_lv": True, "group_equal": ("loadings",)}
    model = PathModel.from_lavaan("f =~ x1 + x2 + x3 + x4", **options)
    written = [text.get_text() for text in sn.draw_identification(model, group="b").figure.axes[0].texts]
    assert written.count("local") == 4
    with pytest.raises(sn.ModelError, match="name one of them"):
        sn.draw_identification(model)
