"""tr(UΓ) and its second power from rows alone, against the matrices themselves, whichever way they are taken."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import semnan as sn
from semnan.estimation.casewise import Rows, outer_products
from semnan.estimation.information import push_forward
from semnan.estimation.robust import moment_traces
from semnan.estimation.situation import Situation
from semnan.estimation.spread import Deviations
from semnan.network.arrays import Array

TEXT = "f =~ x1 + x2 + x3 + x4\nf ~ w"


def frame(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    w = rng.normal(size=n)
    f = 0.5 * w + rng.standard_t(5, n)
    columns = {f"x{i}": (0.5 + 0.1 * i) * f + rng.standard_t(5, n) for i in range(1, 5)}
    return pd.DataFrame({**columns, "w": w, "g": np.where(np.arange(n) % 3, "a", "b")})


def situation(**options: Any) -> Situation:
    fit = sn.sem(TEXT, frame(), estimator="MLMV", **options)
    rows = Rows.of(fit.sample, fit.model.exogenous)
    assert rows is not None
    found = Situation.of(fit.estimate, rows)
    assert isinstance(found, Situation)
    return found


def dense(at: Situation, g: int) -> tuple[Array, Array, Array]:
    """W, Γ and Δ of a group in all moments, the means first; covariates are given."""
    part, moments, p = at.problem.parts[g], at.point.implied[g], len(at.problem.parts[g].layout.order)
    inverse = np.linalg.inv(at.implied(g).numpy())
    pairs = [(i, j) for i in range(p) for j in range(i + 1)]
    units = [_unit(p, i, j) for i, j in pairs]
    second = np.array([[0.5 * np.trace(inverse @ a @ inverse @ b) for b in units] for a in units])
    weight = np.block([[inverse, np.zeros((p, len(pairs)))], [np.zeros((len(pairs), p)), second]])
    x = at.groups[g].select(part.layout.order).numpy()
    x = x - x.mean(0)
    covariate = part.layout.order.index("w")
    predicted = np.outer(x[:, covariate], x[:, covariate] @ x / (x[:, covariate] @ x[:, covariate]))
    h = _moments(x, pairs) - _moments(predicted, pairs)
    h = h - h.mean(0)
    moved = push_forward(part.layout, moments, np.eye(at.point.full.shape[-1]))
    if part.layout.constant:
        mean, shift = moved[:, 0, 1:], moments.sigma[0, 0, 1:]
        moved = moved[:, 1:, 1:] - mean[:, :, None] * shift - shift[:, None] * mean[:, None, :]
    else:
        mean = np.zeros((len(moved), p))
    delta = np.concatenate([mean, np.stack([moved[:, i, j] for i, j in pairs], axis=1)], axis=1).T
    if not part.layout.constant:
        weight[:p] = weight[:, :p] = 0.0
    return weight, h.T @ h / len(h), delta


def _unit(p: int, i: int, j: int) -> Array:
    found = np.zeros((p, p))
    found[i, j] = found[j, i] = 1.0
    return found


def _moments(x: Array, pairs: list[tuple[int, int]]) -> Array:
    return np.concatenate([x, np.stack([x[:, i] * x[:, j] for i, j in pairs], axis=1)], axis=1)


@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("groups", [False, True])
def test_traces_are_those_of_the_matrices(means: bool, groups: bool) -> None:
    extra: dict[str, Any] = {"group": "g", "group_equal": ["loadings"]} if groups else {}
    at = situation(meanstructure=means or groups, **extra)
    parts = [dense(at, g) for g in range(len(at.groups))]
    size = sum(len(weight) for weight, _, _ in parts)
    W, gamma = np.zeros((size, size)), np.zeros((size, size))
    place = 0
    for (weight, spread, _), share in zip(parts, at.shares, strict=True):
        inside = slice(place, place + len(weight))
        W[inside, inside], gamma[inside, inside] = share * weight, spread / share
        place += len(weight)
    delta = np.concatenate([part for _, _, part in parts])
    U = W - W @ delta @ np.linalg.inv(delta.T @ W @ delta) @ delta.T @ W
    found = moment_traces(at, second=True)
    assert found.first == pytest.approx(np.trace(U @ gamma), rel=1e-9)
    assert found.second == pytest.approx(np.trace(U @ gamma @ U @ gamma), rel=1e-9)
    meat = outer_products(at.problem, at.point, at.rows, moments=True)[0]
    assert meat == pytest.approx(delta.T @ W @ gamma @ W @ delta, rel=1e-9, abs=1e-12)


def test_pairs_of_rows_and_of_moments_give_the_same() -> None:
    at = situation()
    names = at.problem.parts[0].layout.order
    spread = Deviations.of(at.groups[0], names, at.implied(0), means=True)
    scores = torch.randn(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    scores = scores - scores.mean(0)
    one, other = spread._by_rows(scores), spread._by_moments(scores, 20)
    assert one[0] == pytest.approx(other[0], rel=1e-10)
    assert one[1].numpy() == pytest.approx(other[1].numpy(), rel=1e-9, abs=1e-12)


def test_rows_come_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    at = situation()
    whole = moment_traces(at, second=True)
    monkeypatch.setattr("semnan.estimation.casewise.HELD", 100)
    few = moment_traces(at, second=True)
    assert (few.first, few.second) == pytest.approx((whole.first, whole.second), rel=1e-12)
