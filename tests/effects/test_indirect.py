"""Indirect effects: all paths but the edge, with the standard errors of the product that they are."""

import pytest

import semnan as sn
from semnan import Fit
from semnan.effects.effect import connected_pairs

TEXT = "x2 ~ a*x1; x3 ~ b*x2 + c*x1; indirect := a*b; total := c + a*b"


@pytest.fixture(scope="module")
def fit() -> Fit:
    found: Fit = sn.sem(TEXT, sn.datasets.holzinger_swineford_1939().to_frame())
    return found


def test_an_indirect_effect_is_the_product_of_its_path(fit: Fit) -> None:
    indirect, total = fit.defined()
    for kind, defined in (("indirect", indirect), ("total", total)):
        effect = fit.effect("x1", "x3", kind=kind)  # type: ignore[arg-type]
        for field in ("estimate", "standard_error", "p_value"):
            assert getattr(effect, field) == pytest.approx(getattr(defined, field), rel=1e-10), kind


def test_direct_and_indirect_make_the_total(fit: Fit) -> None:
    for standardised in (False, True):
        total, direct, indirect = (
            float(fit.effect("x1", "x3", kind=kind, standardised=standardised).estimate)
            for kind in ("total", "direct", "indirect")
        )
        assert total == pytest.approx(direct + indirect)


def test_only_what_is_mediated_is_listed(fit: Fit) -> None:
    assert [(row.source, row.target) for row in fit.effects(kind="indirect")] == [("x1", "x3")]
    assert fit.effect("x1", "x2", kind="indirect").estimate == 0.0


def test_pairs_of_a_chain() -> None:
    model = sn.PathModel.from_amasem(sn.AMASEM.parse("A -> B -> C -> D; A -> D"))
    assert connected_pairs(model, "indirect") == [("A", "C"), ("A", "D"), ("B", "D")]
    assert connected_pairs(model, "indirect", ["B"], ["C", "D"]) == [("B", "D")]
    assert len(connected_pairs(model, "total")) == 6
