"""Arguments that make no sense are refused by name, at the front door."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import semnan as sn
from semnan.effects.effect import connected_pairs

MOMENTS = sn.Moments.from_covariance([[1.0, 0.5], [0.5, 2.0]], ["X", "Y"], 50)
GRAPH = sn.AMASEM.parse("X -> Y")


def fitted(**options: Any) -> sn.Fit:
    return sn.fit(GRAPH, MOMENTS, **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"starts": 1.5}, "starts is 1.5"),
        ({"starts": True}, "starts is True"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"seed": 10**30}, "seed is 1000"),
        ({"discrepancy": "KL"}, "'KL' is no discrepancy"),
        ({"discrepancy": sn.KullbackLeibler(MOMENTS)}, "not an instance"),
        ({"optimiser": sn.FisherScoring}, "is no optimiser"),
    ],
)
def test_fit(options: dict[str, Any], told: str) -> None:
    with pytest.raises(sn.FitError, match=told):
        fitted(**options)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan, "0.95", True, None])
@pytest.mark.parametrize("ask", ["parameters", "effects", "summary", "to_dict"])
def test_levels(ask: str, level: Any) -> None:
    with pytest.raises(sn.FitError, match="the level is"):
        getattr(fitted(), ask)(level=level)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: fitted().effects(kind="foo"), "kind is 'foo'"),  # type: ignore[arg-type]
        (lambda: fitted().do({"X": "1"}), "'X' is set to '1'"),  # type: ignore[dict-item]
        (lambda: fitted().do({"X": None}), "'X' is set to None"),  # type: ignore[dict-item]
        (lambda: fitted().do("X"), "at least one variable"),  # type: ignore[arg-type]
        (lambda: fitted().do({"X": 1.0, "Y": 1.0}, level=7), "the level is 7"),
        (lambda: sn.fit_many(GRAPH, MOMENTS), "fit_many takes many samples"),  # type: ignore[arg-type]
        (lambda: sn.LBFGS(memory=0), "must be positive"),
        (lambda: sn.TorchOptimiser(lr=-1.0), "must be positive"),
    ],
)
def test_questions(call: Callable[[], object], told: str) -> None:
    with pytest.raises(sn.FitError, match=told):
        call()


def test_others() -> None:
    with pytest.raises(sn.ModelError, match="variance of 'X' is fixed to -1"):
        sn.covariance("X", fixed=-1.0)
    for path in ("", "."):
        with pytest.raises(sn.FileError, match="names no file"):
            fitted().save(path)
        with pytest.raises(sn.FileError, match="names no file"):
            sn.load(path)


def test_a_graph_without_edges_has_networks() -> None:
    for kind in (sn.SEMNAN, sn.MuSEMNAN, sn.Accumulation):
        assert not kind(GRAPH.do(["X", "Y"]))().any()


def test_paths_of_any_length_count() -> None:
    """A chain of 300: the effect of its start on its end is listed."""
    chain = sn.AMASEM.from_edges([(f"V{i}", f"V{i + 1}") for i in range(299)])
    model = sn.PathModel.from_amasem(chain)
    pairs = connected_pairs(model, "total")
    assert len(pairs) == 300 * 299 // 2
    assert ("V0", "V299") in pairs
