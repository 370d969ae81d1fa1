"""A model with means, known covariates or groups as one of the covariance alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations_with_replacement

from semnan.model import Kind, Parameter, PathModel, covariance


def covariance_form(model: PathModel) -> PathModel:
    """The model without means, and with free moments of its exogenous covariates; the model itself if it cannot be.

    Means say nothing if every visible has an intercept of its own, free and in no tie. What is known of exogenous
    covariates is their covariance, which free parameters reach as well.
    """
    if model.groups or not _means_are_free(model):
        return model
    rows = [row for row in model.parameters if row.kind is not Kind.INTERCEPT]
    rows += [covariance(a, b) for a, b in combinations_with_replacement(model.exogenous, 2)]
    return replace(model, parameters=tuple(rows), exogenous=())


def of_group(model: PathModel, group: str | None) -> PathModel:
    """What a model says about the covariance of one group alone: its means and other groups may say more."""
    rows = [
        replace(row, group=None) for row in model.parameters if row.group == group and row.kind is not Kind.INTERCEPT
    ]
    rows += [covariance(a, b) for a, b in combinations_with_replacement(model.exogenous, 2)]
    return PathModel(model.visibles, model.latents, tuple(rows))


def _means_are_free(model: PathModel) -> bool:
    """Whether there are no intercepts, or free ones for all visibles and fixed ones at most for latents."""
    rows = [row for row in model.parameters if row.kind is Kind.INTERCEPT]
    names = Counter(row.name for row in rows)
    own = {row.target for row in rows if _is_own(row, names)}
    others = [row for row in rows if row.target in model.latents]
    full = own >= set(model.visibles) - set(model.exogenous)
    return not rows or (full and all(row.fixed is not None for row in others))


def _is_own(row: Parameter, names: Counter[str]) -> bool:
    return row.fixed is None and row.label is None and names[row.name] == 1
