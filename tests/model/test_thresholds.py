"""Ordered variables in model texts."""

from __future__ import annotations

import pytest

from semnan import PathModel
from semnan.errors import ModelError
from semnan.model import Ordered

TEXT = "f =~ y1 + y2 + y3\ny1 | t1 + t2\ny1 | t3\ny3 | t1"


def test_thresholds_mark_variables_as_ordered() -> None:
    model = PathModel.from_lavaan(TEXT)
    assert model.ordered == (Ordered("y1", 3), Ordered("y3", 1))
    assert PathModel.from_lavaan("f =~ y1 + y2 + y3", thresholds={"y3": 1, "y1": 3}) == model
    assert PathModel.from_lavaan(TEXT, thresholds={"y1": 3}) == model


def test_rows_are_those_of_the_model_without_thresholds() -> None:
    plain = PathModel.from_lavaan("f =~ y1 + y2 + y3")
    assert PathModel.from_lavaan(TEXT).parameters == plain.parameters
    assert PathModel.from_lavaan(TEXT) != plain


def test_groups_have_no_means() -> None:
    assert not PathModel.from_lavaan(TEXT, groups=("a", "b")).has_means
    assert PathModel.from_lavaan(TEXT, groups=("a", "b"), meanstructure=True).has_means


@pytest.mark.parametrize("groups", [(), ("a", "b")])
def test_printed_and_read_again(groups: tuple[str, ...]) -> None:
    model = PathModel.from_lavaan(TEXT, groups=groups)
    assert PathModel.from_lavaan(model.to_text(), function="lavaan", groups=groups) == model


def test_thresholds_alone_make_a_visible() -> None:
    model = PathModel.from_lavaan("z | t1; y ~ x")
    assert model.visibles == ("y", "x", "z")


def test_contradictions_are_told() -> None:
    with pytest.raises(ModelError, match="3 thresholds of 'y1' are written, but it has 4 in the data"):
        PathModel.from_lavaan(TEXT, thresholds={"y1": 4})
    with pytest.raises(ModelError, match="'y9' is not a visible variable"):
        PathModel.from_lavaan(TEXT, thresholds={"y9": 4})
    with pytest.raises(ModelError, match="at least one threshold"):
        PathModel.from_lavaan("f =~ y1 + y2 + y3", thresholds={"y1": 0})
