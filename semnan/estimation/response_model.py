"""Models of ordered variables with thresholds that groups share, written out as path models.

A latent response y* takes the place of each ordered variable y, which is seen as y = Δ y*, of variance one, and at
thresholds z_k = Δ (τ_k − y*), whose means are those of the margins. The scale Δ is one in the first group and free in
the others; the residual variance of y* follows from the variance of y (lavaan's parameterisation "delta"). In paths,

    1 -> m_k (τ_k),    y* -> m_k (−1),    m_k -> z_k (Δ),    y* -> y (Δ).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from semnan.model import Ordered, Parameter, PathModel, intercept, path


def response(name: str) -> str:
    """The latent response of an ordered variable, under a name that no variable of a model has."""
    return f"⟨{name}*⟩"


def seen_threshold(name: str, level: int) -> str:
    """z_k of an ordered variable, counted from one."""
    return f"⟨{name} | t{level}⟩"


def threshold_label(name: str, level: int) -> str:
    """The label of τ_k."""
    return f"⟨t{level} of {name}⟩"


def scale_label(name: str, group: str) -> str:
    """The label of Δ in a group but the first."""
    return f"⟨scale of {name} in {group}⟩"


def written_out(model: PathModel) -> PathModel:
    """The path model in which thresholds and scales are parameters; those of the model come first, in its order."""
    turned = {item.name: response(item.name) for item in model.ordered}
    rows = [
        replace(row, source=turned.get(row.source, row.source), target=turned.get(row.target, row.target))
        for row in model.parameters
    ]
    for g, group in enumerate(model.groups or (None,)):
        for item in model.ordered:
            rows += _measured(item, group, free=item.shared and g > 0)
        if not model.has_means:  # Those of continuous variables, which are as free as thresholds are.
            rows += [intercept(name, group=group) for name in model.visibles if name not in turned]
    places = [(item.name, level) for item in model.ordered for level in range(1, item.thresholds + 1)]
    hidden = tuple(between(name, level) for name, level in places)
    return PathModel(
        (*model.visibles, *(seen_threshold(name, level) for name, level in places)),
        (*model.latents, *turned.values(), *hidden),
        tuple(rows),
        groups=model.groups,
        defined=model.defined,
        constraints=model.constraints,
    )


def between(name: str, level: int) -> str:
    return f"⟨{name} - t{level}⟩"


def _measured(item: Ordered, group: str | None, *, free: bool) -> Iterator[Parameter]:
    """How an ordered variable is seen in a group."""
    hidden = response(item.name)
    scale = scale_label(item.name, group or "") if free else None
    fixed = None if free else 1.0
    yield path(hidden, item.name, fixed=fixed, label=scale, group=group)
    for level in range(1, item.thresholds + 1):
        under, label = between(item.name, level), threshold_label(item.name, level) if item.shared else None
        yield intercept(under, label=label, group=group)
        yield path(hidden, under, fixed=-1.0, group=group)
        yield path(under, seen_threshold(item.name, level), fixed=fixed, label=scale, group=group)
