"""Lists of results print as tables and become frames."""

import numpy as np
import pytest

import semnan as sn
from semnan.errors import FitError, Unavailable

TEXT = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@pytest.fixture(scope="module")
def fit() -> sn.Fit:
    found: sn.Fit = sn.cfa(TEXT, sn.datasets.holzinger_swineford_1939().to_frame("polars"))
    return found


def test_modification_indices_print_and_become_frames(fit: sn.Fit) -> None:
    found = fit.modification_indices(most=3)
    assert not isinstance(found, Unavailable)
    lines = str(found).splitlines()
    assert lines[0].split()[:5] == ["lhs", "op", "rhs", "sort", "mi"]
    assert lines[1].split()[:3] == ["visual", "=~", "x9"]
    frame = found.to_frame("polars")
    assert frame.columns == list(found.columns)
    assert frame["mi"][0] == found[0].mi
    assert len(found[:2]) == 2
    assert "<td>visual</td>" in found._repr_html_()


def test_intervals_make_two_columns_and_reasons_stand_below() -> None:
    graph = sn.AMASEM.from_edges([("X", "Y"), ("U", "X"), ("U", "Y")], ["U"])
    rng = np.random.default_rng(0)
    fit = sn.fit(graph, sn.Moments.from_array(rng.normal(size=(50, 2)), ("X", "Y")))
    found = fit.effects()
    assert {"lower", "upper"} < set(found.columns)
    assert found.to_dicts()[0]["estimate"] is None
    assert "not identified" in str(found)


def test_nothing_is_said(fit: sn.Fit) -> None:
    assert "nothing to list" in str(fit.defined())
    assert fit.defined().to_dicts() == []


def test_other_libraries_are_refused(fit: sn.Fit) -> None:
    with pytest.raises(FitError, match="backend"):
        fit.r_squared.to_frame("duckdb")  # type: ignore[arg-type]
