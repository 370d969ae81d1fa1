"""The population that a study is planned for: a model with values, a fit, or moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from semnan.data import Moments
from semnan.errors import DataError, FitError, ModelError
from semnan.fitted import Fit
from semnan.model import PathModel, variables
from semnan.network import Layout, implied_moments

Array = NDArray[np.float64]
#: Rows that stand for a population.
ROWS = 1_000_000


@final
@dataclass(frozen=True)
class Population:
    """Means and covariances of a population.

    Attributes
    ----------
    groups : dict of str or None to Moments
        By group; a single None if there are none.

    """

    groups: Mapping[str | None, Moments]

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups; empty if there are none."""
        return tuple(label for label in self.groups if label is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables."""
        return next(iter(self.groups.values())).names

    def moments(self, group: str | None = None) -> Moments:
        """The moments of a group."""
        if group not in self.groups:
            raise FitError(f"the population has no group {group!r}; it has {', '.join(map(str, self.groups))}")
        return self.groups[group]


#: What `power` and its like take for a population.
Source = str | PathModel | Fit | Moments | Mapping[str, Moments] | Population


def population(model: str | PathModel, *, standardised: bool = False, groups: Sequence[str] = ()) -> Population:
    """The population of a model whose parameters have values.

    Parameters
    ----------
    model : str or PathModel
        In lavaan's language, every parameter with its value: ``y ~ 0.3*x``. What is not written is zero, but for
        variances. Of a path model, values are what is fixed, or else starts.
    standardised : bool
        Choose variances that are not written such that every variable has variance one: values are then standardised
        loadings, regression coefficients and correlations.
    groups : sequence of str
        The groups of a model in lavaan's language; values are then written as ``c(0.3, 0.5)*x``.

    Raises
    ------
    ModelError
        Naming the parameter without a value, or the variable whose parents explain more than all of it.

    Examples
    --------
    >>> import semnan as sn
    >>> found = sn.population("f =~ 0.8*a + 0.7*b + 0.6*c; f ~~ 0.3*x; y ~ 0.4*f", standardised=True)
    >>> found.moments().covariance[0].round(2).tolist()
    [1.0, 0.56, 0.48, 0.32, 0.24]

    """
    compiled = _compiled(model, groups)
    valued = _valued(compiled, open_variances=standardised)
    labels: tuple[str | None, ...] = compiled.groups or (None,)
    return Population({label: _moments(valued, label, standardised=standardised) for label in labels})


def as_population(source: Source, groups: Sequence[str] = ()) -> Population:
    """What stands for a population as one."""
    if isinstance(source, str | PathModel):
        return population(source, groups=groups)
    if groups:
        raise FitError("groups= are those of a population in lavaan's language: other populations have their own")
    if isinstance(source, Population):
        return source
    if isinstance(source, Fit):
        return _of_fit(source)
    if isinstance(source, Moments):
        return Population({None: source})
    if isinstance(source, Mapping) and source and all(isinstance(part, Moments) for part in source.values()):
        return Population({str(label): part for label, part in source.items()})
    raise FitError(f"{type(source).__name__} is no population: give a model with values, a fit, or moments")


def _compiled(model: str | PathModel, groups: Sequence[str]) -> PathModel:
    if isinstance(model, PathModel):
        if groups:
            raise ModelError("groups= are those of a model in lavaan's language: a path model has its own")
        return model
    if not isinstance(model, str):
        raise ModelError(f"a population comes from a model, not from a {type(model).__name__}")
    if isinstance(groups, str):
        raise ModelError(f"groups is {groups!r}: give a list of groups, such as ['a', 'b']")
    return PathModel.from_lavaan(model, function="lavaan", auto_var=True, fixed_x=False, groups=tuple(groups))


def _valued(model: PathModel, *, open_variances: bool) -> PathModel:
    """The model with every row fixed to its value, but for variances that may stay open."""
    if model.exogenous:
        raise ModelError(f"{model.exogenous[0]!r} is given, so that it has no distribution: compile with fixed_x=False")
    rows = []
    for row in model.parameters:
        value = row.start if row.fixed is None else row.fixed
        if value is None and not (open_variances and row.is_variance):
            other = ", or pass standardised=True" if row.is_variance else ""
            raise ModelError(f"the population has no value for {row.name}: write one{other}")
        rows.append(row if value is None else replace(row, fixed=value, label=None, lower=-np.inf, upper=np.inf))
    return replace(model, parameters=tuple(rows), defined=(), constraints=())


def _moments(model: PathModel, group: str | None, *, standardised: bool) -> Moments:
    """The moments that the values imply."""
    chosen = _standardised(model, group) if standardised else model
    layout = Layout.of(chosen, group)
    mean, covariance = implied_moments(layout, layout.base_weights.new_zeros(layout.size))
    at = [layout.names.index(name) for name in model.visibles]
    inside = covariance.numpy()[np.ix_(at, at)]
    try:
        return Moments.from_covariance(inside, model.visibles, ROWS, mean.numpy()[at])
    except DataError as error:
        raise ModelError(f"the values of the population are no covariance: {error}") from None


def _standardised(model: PathModel, group: str | None) -> PathModel:
    """With variances such that every variable has variance one, parents before children."""
    rows = [replace(row, fixed=0.0) if row.is_variance and row.fixed is None else row for row in model.parameters]
    unknown = {i for i, row in enumerate(model.parameters) if row.fixed is None and row.group == group}
    order = list(variables(model))
    places = sorted(unknown, key=lambda i: order.index(model.parameters[i].source))
    for i in places:
        name = model.parameters[i].source
        layout = Layout.of(replace(model, parameters=tuple(rows)), group)
        _, covariance = implied_moments(layout, layout.base_weights.new_zeros(layout.size))
        at = layout.names.index(name)
        rest = 1 - float(covariance[at, at])
        if rest < 0:
            raise ModelError(
                f"the variance of {name!r} would be {1 - rest:.3g} without a residual: its paths exceed one"
            )
        rows[i] = replace(rows[i], fixed=rest)
    return replace(model, parameters=tuple(rows))


def _of_fit(fit: Fit) -> Population:
    """The moments that a fit implies."""
    if not fit.converged:
        raise FitError(f"the fit that stands for the population did not converge ({fit.outcome.value})")
    if fit.model.ordered:
        raise FitError("a fit of ordered variables has moments of latent responses: plans are for numbers")
    found: dict[str | None, Moments] = {}
    for label, implied, sample in zip(fit.estimate.labels, fit.estimate.implied, fit.estimate.samples, strict=True):
        mean = implied.mu.numpy() if fit.model.has_means else sample.mean
        found[label] = Moments.from_covariance(implied.sigma.numpy(), fit.model.visibles, ROWS, mean)
    return Population(found)
