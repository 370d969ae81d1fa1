"""What is not media is partialled out as dummy variables would do it."""

from __future__ import annotations

import numpy as np
import pytest

from semnan.mmm.model.nuisance import Nuisance, fourier
from tests.mmm.panels import Array

G, T = 4, 30


def _dummies(nuisance: Nuisance) -> Array:
    """All regressors of the rows (geo by geo) as columns."""
    geo, week = np.kron(np.eye(G), np.ones((T, 1))), np.kron(np.ones((G, 1)), np.eye(T))
    columns = [geo if nuisance.geo_effects else np.ones((G * T, 1))]
    columns += [week] if nuisance.week_effects else [np.tile(block, (G, 1)) for _, block in nuisance.blocks]
    return np.concatenate(columns, axis=1)


@pytest.mark.parametrize("geo_effects", [True, False])
@pytest.mark.parametrize("week_effects", [True, False])
def test_residuals_are_those_of_a_regression_on_dummies(geo_effects: bool, week_effects: bool) -> None:
    weeks = np.arange(T, dtype=float)
    blocks = (("season", fourier(weeks, 2)), ("trend", weeks[:, None]), ("sale", (weeks == 7)[:, None] * 1.0))
    nuisance = Nuisance(G, T, blocks, geo_effects, week_effects)
    values, columns = np.random.default_rng(0).normal(size=(2, G, T)) * 3 + 5, _dummies(nuisance)
    for column, found in zip(values, nuisance.residuals(values), strict=True):
        fitted = columns @ np.linalg.lstsq(columns, column.ravel(), rcond=None)[0]
        np.testing.assert_allclose(found.ravel(), column.ravel() - fitted, atol=1e-10)
        parts = nuisance.components(column)
        np.testing.assert_allclose(np.sum([*parts.values()], axis=0).ravel(), fitted, atol=1e-10)
    assert nuisance.rank == np.linalg.matrix_rank(columns)


def test_without_time_regressors_only_levels_are_taken_away() -> None:
    nuisance = Nuisance(G, T, (), geo_effects=True, week_effects=False)
    values = np.random.default_rng(1).normal(size=(G, T))
    np.testing.assert_allclose(nuisance.residuals(values), values - values.mean(1, keepdims=True))
    assert list(nuisance.components(values)) == ["level"]
