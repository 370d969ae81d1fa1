"""Refits of random covariances: what they show on graphs whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

import semnan as sn
from semnan.bounds import refit_check
from semnan.identification import Status, identify_all
from semnan.identification.reading import read_code


def test_a_confounded_pair_differs() -> None:
    found = refit_check(sn.AMASEM.parse("latent U; U -> X, Y; X -> Y"), "X -> Y")
    assert found.rows[0].differs
    assert "differs" in str(found)
    assert "not the verdict" in str(found)


def test_the_front_door_agrees_and_its_counts_add_up() -> None:
    found = refit_check(sn.AMASEM.parse("latent U; U -> X, Y; X -> M -> Y"), draws=2, starts=4)
    assert not any(row.differs for row in found.rows)
    assert found.rows[0].values.shape == (2, 4)
    assert found.reached == np.isfinite(found.rows[0].values).sum()


@pytest.mark.parametrize("code", ["111111_000000", "101101_010010", "110011_111000", "111111_100001", "010110_011011"])
def test_it_agrees_with_the_verdicts(code: str) -> None:
    model = read_code(code)
    check = refit_check(model)
    for verdict, row in zip(identify_all(model), check.rows, strict=True):
        assert row.effect == str(verdict.query)
        assert row.differs == (verdict.status is not Status.IDENTIFIED), row.effect


def test_the_same_seed_gives_the_same_numbers() -> None:
    graph = sn.AMASEM.parse("latent U; U -> X, Y; X -> Y")
    first, again, other = (refit_check(graph, seed=seed).rows[0].values for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_paths_that_avoid_a_variable() -> None:
    graph = sn.AMASEM.parse("latent U; U -> M, Y; X -> M -> Y; X -> Y")
    assert refit_check(graph, "X -> Y", avoiding="M").rows[0].differs
    assert not refit_check(graph, "X -> Y").rows[0].differs


def test_bad_requests() -> None:
    graph = sn.AMASEM.parse("X -> Y")
    with pytest.raises(sn.FitError, match="starts is 0"):
        refit_check(graph, starts=0)
    with pytest.raises(sn.FitError, match="groups, means"):
        refit_check(sn.PathModel(("X",), (), (sn.covariance("X"), sn.intercept("X"))))
