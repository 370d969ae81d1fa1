"""Zero wrong verdicts, zero undecided; formulas on fresh covariances; witnesses by hand arithmetic."""

import os
from collections.abc import Callable

import numpy as np
import pytest

from semnan import PathModel
from semnan.identification import Identification, Status, Verdict, Witness
from semnan.identification.real import RealModel
from semnan.model import as_model

from . import truth
from .dense import covariance, effect, feasible

needs_shared = pytest.mark.skipif(not truth.SHARED.is_dir(), reason="the reference folder is not beside the project")
full = pytest.mark.skipif("SEMNAN_FULL" not in os.environ, reason="run by make test-full")


def check(case: truth.Case) -> None:
    found = {(v.query.kind, str(v.query)): v for v in Identification(case.graph).all()}
    for key, k in case.values.items():
        verdict = found[key]
        expected = Status.NOT_IDENTIFIED if k == 0 else Status.IDENTIFIED if k == 1 else Status.FINITE
        assert (verdict.status, verdict.solutions) == (expected, k or None), (case.name, key, verdict)
        check_certificate(as_model(case.graph), verdict, covariances=3)


def check_certificate(model: PathModel, verdict: Verdict, covariances: int) -> None:
    """The formula gives the effect on fresh covariances; the witness is one."""
    if verdict.status is Status.NOT_IDENTIFIED:
        assert isinstance(verdict.witness, Witness), verdict
        check_witness(model, verdict, verdict.witness)
        return
    if verdict.status is Status.FINITE:
        assert verdict.polynomial
        if isinstance(verdict.witness, Witness):
            check_witness(model, verdict, verdict.witness)
        else:
            assert model.latents, "every real solution of a mixed graph is feasible"
        return
    assert verdict.formula is not None, verdict
    real, rng = RealModel.of(verdict.analysis.structure, np.random.default_rng(0)), np.random.default_rng(7)
    for _ in range(covariances):
        values = dict(zip((free.name for free in model.free), real.random(rng), strict=True))
        said = verdict.formula(covariance(model, values))
        assert said == pytest.approx(effect(model, values, verdict.query), rel=1e-6, abs=1e-6), verdict


def check_witness(model: PathModel, verdict: Verdict, witness: Witness) -> None:
    first, second = covariance(model, witness.first), covariance(model, witness.second)
    assert np.abs(first - second).max() <= 1e-12
    assert feasible(model, witness.first)
    assert feasible(model, witness.second)
    effects = effect(model, witness.first, verdict.query), effect(model, witness.second, verdict.query)
    assert effects == pytest.approx(witness.effects, abs=1e-12)
    assert abs(effects[0] - effects[1]) >= 1e-3


@pytest.mark.parametrize("case", truth.sample(), ids=lambda case: case.name)
def test_the_frozen_sample(case: truth.Case) -> None:
    check(case)


def slope(sigma: np.ndarray, x: int, y: int, given: int) -> float:
    """The coefficient of x in the regression of y on x and another variable."""
    at = [x, given]
    return float(np.linalg.solve(sigma[np.ix_(at, at)], sigma[at, y])[0])


def napkin(s: np.ndarray) -> float:
    above, below = (s[1, k] - s[1, 0] * s[0, k] / s[0, 0] for k in (3, 2))
    return float(above / below)


#: The formulas of the eight graphs of the paper's experiments, as the reference has them in words.
FORMULAS: dict[str, Callable[[np.ndarray], float]] = {
    "backdoor": lambda s: slope(s, 1, 2, 0),
    "frontdoor": lambda s: s[0, 1] / s[0, 0] * slope(s, 1, 2, 0),
    "M": lambda s: s[0, 1] / s[0, 0],
    "napkin": napkin,
    "IV": lambda s: s[0, 2] / s[0, 1],
}


@needs_shared
def test_the_graphs_of_the_paper() -> None:
    cases = truth.paper_graphs()
    assert len(cases) == 8
    for case, asked in cases:
        check(case)
        verdict = Identification(case.graph).verdict(asked)
        assert verdict.identified == (case.name in FORMULAS)
        if verdict.formula is not None:
            root = np.random.default_rng(5).normal(size=(9, len(verdict.formula.names)))
            sigma = root.T @ root  # The formulas are the same functions of any covariance.
            assert float(verdict.formula(sigma)) == pytest.approx(FORMULAS[case.name](sigma))


@full
@needs_shared
def test_all_of_the_reference() -> None:
    count = 0
    for case in truth.shared():
        check(case)
        count += len(case.values)
    assert count == 14385
