"""Covariances and effects of a path model straight from their definition: the oracle of these tests."""

from collections.abc import Mapping

import numpy as np

from semnan import PathModel
from semnan.identification import Query
from semnan.model import Kind

Values = Mapping[str, float]


def matrices(model: PathModel, values: Values) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """W, Ω and the names of rows and columns."""
    names = [*model.latents, *model.visibles]
    weights, omega = np.zeros((2, len(names), len(names)))
    for row in model.parameters:
        value = values[row.name] if row.fixed is None else row.fixed
        i, j = names.index(row.source), names.index(row.target)
        if row.kind is Kind.PATH:
            weights[i, j] = value
        else:
            omega[i, j] = omega[j, i] = value
    return weights, omega, names


def covariance(model: PathModel, values: Values) -> np.ndarray:
    weights, omega, names = matrices(model, values)
    total = np.linalg.inv(np.eye(len(names)) - weights)
    sigma: np.ndarray = (total.T @ omega @ total)[len(model.latents) :, len(model.latents) :]
    return sigma


def effect(model: PathModel, values: Values, query: Query) -> float:
    weights, _, names = matrices(model, values)
    i, j = names.index(query.source), names.index(query.target)
    if query.kind == "direct":
        return float(weights[i, j])
    weights[:, [names.index(name) for name in query.avoiding]] = 0
    return float(np.linalg.inv(np.eye(len(names)) - weights)[i, j])


def feasible(model: PathModel, values: Values) -> bool:
    """Whether Ω is positive definite where it is not zero."""
    omega = matrices(model, values)[1]
    used = np.flatnonzero(omega.any(axis=0))
    return bool((np.linalg.eigvalsh(omega[np.ix_(used, used)]) > 0).all())
