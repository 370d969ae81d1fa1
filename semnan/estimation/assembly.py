"""From data to the parts of a problem: one for each group, in the variable order of its layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from semnan.data import MomentsStack, Patterns
from semnan.data.checks import places
from semnan.errors import DataError, FitError
from semnan.estimation.discrepancy import Discrepancy, KullbackLeibler
from semnan.estimation.missing import PatternLikelihood, saturated_moments
from semnan.estimation.problem import Loss, Part
from semnan.estimation.saturated import saturated
from semnan.estimation.start_means import Group
from semnan.model import PathModel
from semnan.network import Layout
from semnan.network.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class Assembly:
    """What is to be fitted.

    Attributes
    ----------
    parts : tuple of Part
    groups : tuple of Group
        What start values look at.
    samples : tuple of MomentsStack
        The moments of every group, those of the saturated model where rows are incomplete; in model order.
    patterns : tuple of Patterns or None
        The incomplete rows.
    n : Tensor, shape (B,)
        Rows in all groups together.

    """

    parts: tuple[Part, ...]
    groups: tuple[Group, ...]
    samples: tuple[MomentsStack, ...]
    patterns: tuple[Patterns | None, ...]
    n: Tensor


def assemble(model: PathModel, data: Sequence[MomentsStack | Patterns], discrepancy: type[Discrepancy]) -> Assembly:
    """Bring a model and its data, one entry for each group, together.

    Raises
    ------
    DataError
        If data and model do not fit together, or a covariance is singular.
    FitError
        If the discrepancy cannot be used for this model or these data.

    """
    labels = model.groups or (None,)
    if len(data) != len(labels):
        raise DataError(f"the model has {len(labels)} group(s), the data have {len(data)}")
    _check_discrepancy(model, data, discrepancy)
    incomplete = tuple(item if isinstance(item, Patterns) else None for item in data)
    return arrange(model, tuple(_sample(model, item) for item in data), incomplete, discrepancy)


def arrange(
    model: PathModel,
    samples: tuple[MomentsStack, ...],
    incomplete: tuple[Patterns | None, ...],
    discrepancy: type[Discrepancy],
) -> Assembly:
    """The same from the moments of every group in the order of the model, and its incomplete rows."""
    labels = model.groups or (None,)
    sizes = np.stack([sample.n for sample in samples]).astype(np.float64)
    total = sizes.sum(0)
    groups = tuple(group_of(model, label, sample) for label, sample in zip(labels, samples, strict=True))
    parts = tuple(
        Part(group.layout, _loss(group, missing, discrepancy), center_of(group), size / total)
        for group, missing, size in zip(groups, incomplete, sizes, strict=True)
    )
    return Assembly(parts, groups, samples, incomplete, torch.from_numpy(total))


def _check_discrepancy(
    model: PathModel, data: Sequence[MomentsStack | Patterns], discrepancy: type[Discrepancy]
) -> None:
    if discrepancy is KullbackLeibler:
        return
    if any(isinstance(item, Patterns) for item in data):
        raise FitError(f"{discrepancy.__name__} needs complete rows: use KullbackLeibler (maximum likelihood)")
    if model.has_means:
        raise FitError(f"{discrepancy.__name__} does not model means: use KullbackLeibler, or leave out intercepts")


def _sample(model: PathModel, item: MomentsStack | Patterns) -> MomentsStack:
    """Moments in the order of the model."""
    if isinstance(item, Patterns):
        return saturated_stack(item if item.names == model.visibles else item.select(model.visibles))
    stack = item if item.names == model.visibles else item.select(model.visibles)
    if model.has_means and stack.means is None:
        raise DataError("the model has intercepts but the data have no means: give the means too, or fit without them")
    return stack


def saturated_stack(patterns: Patterns) -> MomentsStack:
    """The unrestricted mean and covariance of greatest likelihood of incomplete rows."""
    found = saturated(patterns)
    if not found.converged:
        raise DataError(
            "the saturated mean and covariance of the incomplete rows could not be found by EM: "
            "some variables are too rarely observed together; leave out variables or rows"
        )
    size = np.array([patterns.n])
    return MomentsStack(patterns.names, found.covariance.numpy()[None], size, found.mean.numpy()[None])


def group_of(model: PathModel, label: str | None, sample: MomentsStack) -> Group:
    """Moments in the order of the layout, and the layout with its exogenous covariates set to those of the sample."""
    layout = Layout.of(model, label)
    at = np.array(places(model.visibles, layout.order))
    covariance = torch.from_numpy(sample.covariance.take(at, 1).take(at, 2))
    mean = None if sample.means is None else torch.from_numpy(sample.means.take(at, 1))
    if model.exogenous:
        fixed = torch.tensor(places(layout.order, model.exogenous))
        moments = covariance[:, fixed[:, None], fixed], None if mean is None else mean[:, fixed]
        layout = layout.condition(model.exogenous, *moments)
    return Group(model, label, layout, covariance, mean if model.has_means else None)


def center_of(group: Group) -> Array | None:
    """The sample's means after that of the constant, which counts from zero."""
    if group.mean is None:
        return None
    return np.concatenate([np.zeros((len(group.mean), 1)), group.mean.numpy()], axis=1)


def _loss(group: Group, missing: Patterns | None, discrepancy: type[Discrepancy]) -> Loss:
    if missing is not None:
        assert group.mean is not None
        chosen = missing.select(group.layout.order)
        return PatternLikelihood.of(chosen, group.mean[0].numpy(), group.covariance[0].numpy())
    if group.mean is None:
        return discrepancy(group.covariance, names=group.layout.order)
    return discrepancy(saturated_moments(group.covariance.numpy()), names=("the constant", *group.layout.order))
