"""`sem`, `cfa`, `growth` and `lavaan`: a model in lavaan's language and data go in, a `Fit` comes out.

They differ in their defaults only, which are those of lavaan's functions of the same names. All compile the text to
a path model and call the one `fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack, overload

import numpy as np

from semnan.data import Moments, MomentsStack, Sample
from semnan.data.frames import Frame, read_groups
from semnan.data.missing import Missing
from semnan.errors import DataError, FitError, ModelError
from semnan.estimation.estimators import Estimator, Information, is_least_squares
from semnan.estimation.fit_options import Optimiser
from semnan.estimation.moment_weights import Source
from semnan.estimation.stages import stages_of
from semnan.fit import fit, fit_many
from semnan.fitted import Fit, Fits
from semnan.model import PathModel

#: One data set; with several groups a mapping from group to moments, or a frame and the name of a column.
Data = Frame | Moments | Mapping[str, Moments] | Sample
#: Many data sets, each fitted on its own.
ManyData = MomentsStack | Sequence[Frame] | Sequence[Moments]
#: Options of the fit that many data sets in one batch take.
BATCHED = {"information", "optimiser", "starts", "seed", "progress"}


class ModelOptions(TypedDict, total=False):
    """Options of the model, under lavaan's names with underscores; see `PathModel.from_lavaan`."""

    meanstructure: bool
    fixed_x: bool
    std_lv: bool
    orthogonal: bool
    orthogonal_x: bool
    orthogonal_y: bool
    auto_fix_first: bool
    auto_fix_single: bool
    auto_var: bool
    auto_cov_lv_x: bool
    auto_cov_y: bool
    int_ov_free: bool
    int_lv_free: bool
    group_label: Sequence[str]
    group_equal: Sequence[str]
    group_partial: Sequence[str]
    #: Variables whose values are ordered categories.
    ordered: Sequence[str]


class FitOptions(ModelOptions, total=False):
    """Options of the model and of the fit; for those of the fit see `semnan.fit`."""

    missing: Missing
    cluster: str
    sampling_weights: str
    period: str
    lags: int
    estimator: Estimator
    information: Information
    dls_a: float
    dls_gamma_nt: Source
    optimiser: Optimiser
    starts: int
    seed: int
    progress: bool


@overload
def sem(text: str, data: Data, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit: ...
@overload
def sem(text: str, data: ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fits: ...
def sem(text: str, data: Data | ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit | Fits:
    """Fit a structural equation model written in lavaan's language, with the defaults of lavaan's ``sem()``.

    Parameters
    ----------
    text : str
        Formulas: ``=~`` is measured by, ``~`` is regressed on, ``~~`` covaries with, ``~ 1`` has an intercept, ``|``
        has thresholds; ``:=`` defines a parameter; ``==``, ``<`` and ``>`` constrain labelled ones.
    data : data frame, Moments, mapping of group to Moments, or Sample; or many of them
        A sequence of frames or of `Moments`, or a `MomentsStack`, makes one fit each, in one batch.
    group : str, optional
        The column of the frame that says the group.
    **options
        Of the model (lavaan's names with underscores: ``std_lv``, ``orthogonal``, ``fixed_x``, ``meanstructure``,
        ``group_equal``, …; see `PathModel.from_lavaan`; and ``ordered``, names of variables whose values are ordered
        categories) and of the fit (``missing``, ``estimator``, ``information``, ``starts``,
        ``seed``, ``optimiser``, ``progress``; see `semnan.fit`).

    Returns
    -------
    Fit
        Or `Fits`, if many data sets were given.

    Raises
    ------
    ModelError
        For a text that is wrong, with line and column.
    DataError
        For data that lack a variable of the model or cannot be used, naming variable, row or group.
    FitError
        For an option that makes no sense.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.holzinger_swineford_1939().to_frame()
    >>> sn.sem("visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6", frame).df
    8

    """
    return _fit_text("sem", text, data, group, options)


@overload
def cfa(text: str, data: Data, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit: ...
@overload
def cfa(text: str, data: ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fits: ...
def cfa(text: str, data: Data | ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit | Fits:
    """Fit a confirmatory factor analysis: `sem` with the defaults of lavaan's ``cfa()`` (which are the same)."""
    return _fit_text("cfa", text, data, group, options)


@overload
def growth(text: str, data: Data, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit: ...
@overload
def growth(text: str, data: ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fits: ...
def growth(text: str, data: Data | ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit | Fits:
    """Fit a growth curve model: `sem` with free means of latents and intercepts of indicators fixed to zero."""
    return _fit_text("growth", text, data, group, options)


@overload
def lavaan(text: str, data: Data, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit: ...
@overload
def lavaan(text: str, data: ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fits: ...
def lavaan(text: str, data: Data | ManyData, *, group: str | None = None, **options: Unpack[FitOptions]) -> Fit | Fits:
    """Fit a model as it is written: `sem` without anything added, fixed or freed but what the text and options say."""
    return _fit_text("lavaan", text, data, group, options)


def _fit_text(function: str, text: str, data: Data | ManyData, group: str | None, options: FitOptions) -> Fit | Fits:
    how, what = _split(options)
    chosen = what.pop("group_label", None)
    stages = stages_of(how.get("missing", "listwise"))
    if how.get("missing") == "fiml" or stages or "cluster" in how or "period" in how:
        what = {"meanstructure": True, **what}
    if is_least_squares(how.get("estimator", "ML")) or "ordered" in what or stages:
        # As lavaan: least squares is about the moments of covariates too, and so are two stages.
        what = {"fixed_x": False, **what}
    if isinstance(data, MomentsStack | Sequence) and not isinstance(data, str):
        if group is not None:
            raise DataError("group= is for a single data frame: many data sets make models of one group each")
        if "ordered" in what:
            raise DataError("ordered variables are for a single data frame: fit many one by one")
        return _fit_many(PathModel.from_lavaan(text, function=function, **what), data, how)
    labels = _labels(data, group) if chosen is None else tuple(chosen)
    what["thresholds"] = thresholds_in(data, what.pop("ordered", ()))
    model = PathModel.from_lavaan(text, function=function, groups=labels, **what)
    return fit(model, data, group=group, **how)


def thresholds_in(data: Data, ordered: Sequence[str]) -> dict[str, int]:
    """How many thresholds ordered variables have: one fewer than values in the data."""
    names = [ordered] if isinstance(ordered, str) else list(ordered)
    if not names:
        return {}
    if isinstance(data, Moments | Mapping):
        raise DataError("ordered variables need the rows of the data: give a data frame, not moments")
    sample = data.select(names) if isinstance(data, Sample) else Sample.from_frame(data, names, missing="fiml")
    tables = [group.rows for group in sample.groups if group.rows is not None]
    if not tables:
        raise DataError("ordered variables need the rows of the data: give a data frame, not moments")
    table = np.concatenate(tables)
    return {name: len(np.unique(column[~np.isnan(column)])) - 1 for name, column in zip(names, table.T, strict=True)}


def _split(options: FitOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the fit and of the model."""
    model = ModelOptions.__annotations__
    for name in options:
        if name not in FitOptions.__annotations__:
            known = ", ".join(FitOptions.__annotations__)
            raise ModelError(f"there is no option {name!r}; there are {known}")
    return (
        {name: value for name, value in options.items() if name not in model},
        {name: value for name, value in options.items() if name in model},
    )


def _labels(data: Data, group: str | None) -> tuple[str, ...]:
    if isinstance(data, Sample):
        return data.labels
    if isinstance(data, Moments):
        return ()
    if isinstance(data, Mapping):
        return tuple(data)
    return (
        () if group is None else tuple(dict.fromkeys(label for label in read_groups(data, group) if label is not None))
    )


def _fit_many(model: PathModel, data: ManyData, how: dict[str, Any]) -> Fits:
    missing = how.pop("missing", "listwise")
    if stages_of(missing):
        raise FitError(f"missing={missing!r} is for a single data set: fit many of them one by one")
    for name in how.keys() - BATCHED:
        raise FitError(f"{name}= is for a single data set: fit many of them one by one")
    if isinstance(data, MomentsStack):
        return fit_many(model, data, **how)
    return fit_many(model, [_sample(model, item, missing) for item in data], **how)


def _sample(model: PathModel, item: Moments | Frame, missing: Missing) -> Sample:
    """One of many data sets."""
    if isinstance(item, Moments):
        return Sample.from_moments(item)
    return Sample.from_frame(item, model.visibles, missing=missing, complete=model.exogenous)
