"""`cross_validate`: how well models do on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from semnan.data import Sample
from semnan.data.checks import is_whole
from semnan.data.design import LAGS, DesignColumns
from semnan.data.frames import Frame, read_groups
from semnan.data.missing import Missing
from semnan.effects.prediction import chosen_names
from semnan.errors import FitError
from semnan.estimation.comparison import OTHER_MOMENTS
from semnan.estimation.fit_options import Options
from semnan.fitted import Fit
from semnan.graph import AMASEM
from semnan.model import PathModel, as_model
from semnan.selection.folds import Folds
from semnan.selection.held_out import held_out
from semnan.selection.judgement import CrossValidation, judge

Model = str | PathModel | AMASEM | Fit
#: What may be done with rows that have missing values.
MISSING = ("listwise", "fiml", "error")


def cross_validate(
    models: Model | Sequence[Model] | Mapping[str, Model],
    data: Frame | Sample,
    *,
    folds: int = 10,
    seed: int = 0,
    group: str | None = None,
    cluster: str | None = None,
    period: str | None = None,
    lags: int = LAGS,
    missing: Missing = "listwise",
    outcomes: str | Sequence[str] | None = None,
    given: str | Sequence[str] | None = None,
    starts: int = 1,
    progress: bool | None = None,
) -> CrossValidation:
    """Fit models to all rows but those of a fold, fold by fold, and see how they do on these.

    All folds of a model are one batched fit, of moments that come from those of all rows by subtraction; with missing
    values under "fiml" they are fitted one by one.

    Parameters
    ----------
    models : str, PathModel, AMASEM or Fit, or a sequence or mapping from name of these
        In lavaan's language (with the defaults of `sem`), path models, graphs, or fits, whose models are taken. All of
        the same visibles, by maximum likelihood; means that a model does not have are those of the rows it has seen.
    data : data frame or Sample
    folds : int
        Of equal size in every group, at random; of rows with periods stretches of as many periods.
    seed : int
        Of random folds, and of random starts. The folds are the same for all models.
    group : str, optional
        The column that says the group, of models with several groups.
    cluster : str, optional
        A column: rows that share its value stay in one fold, and standard errors are of their sums. With periods
        units are in all folds, so that the question is about other periods of the same units.
    period : str, optional
        A column of integers or dates that says when a row is. Standard errors then take near rows for dependent, as
        those of `fit` do.
    lags : int
        How many periods apart they may depend on each other: a fit does not learn from rows as near to its fold.
    missing : "listwise", "fiml" or "error"
    outcomes : str or sequence of str, optional
        Visibles to predict, for R² on rows not seen.
    given : str or sequence of str, optional
        What to predict them from, by default all other visibles.
    starts : int
        Of each fit, as in `fit`.
    progress : bool, optional

    Returns
    -------
    CrossValidation
        Folds whose fit did not converge are told, and the sums of that model are `Unavailable`.

    Raises
    ------
    FitError
        If the models have different visibles or covariates, or an argument makes no sense.
    DataError
        If the data lack a variable, or the rows without some fold have a singular covariance.

    Examples
    --------
    >>> import semnan as sn
    >>> frame = sn.datasets.political_democracy().to_frame()
    >>> models = {"line": "y1 ~ x1 + 0*x2", "both": "y1 ~ x1 + x2"}
    >>> found = sn.cross_validate(models, frame, folds=5, outcomes="y1")
    >>> found.scores[0].model
    'line'

    """
    _check_arguments(folds, missing, outcomes, given)
    options = Options(starts=starts, seed=seed, progress=progress)
    compiled = _compiled(models, data, group)
    first = next(iter(compiled.values()))
    _check_models(compiled)
    targets, sources = ((), ()) if outcomes is None else chosen_names(first.visibles, outcomes, given)
    sample = _sample(first, data, group, DesignColumns(cluster, None, period, lags), missing)
    parts = Folds.of(sample, int(folds), seed)
    found = {name: held_out(model, parts, options, targets, sources) for name, model in compiled.items()}
    return judge(found, parts, first.exogenous, targets)


def _check_arguments(folds: object, missing: object, outcomes: object, given: object) -> None:
    if not is_whole(folds) or folds < 2:
        raise FitError(f"folds is {folds!r}: give a whole number of at least 2")
    if missing not in MISSING:
        raise FitError(f"missing is {missing!r}: cross-validation takes one of {', '.join(MISSING)}")
    if given is not None and outcomes is None:
        raise FitError("given= says what outcomes are predicted from: name these as outcomes=")


def _compiled(
    models: Model | Sequence[Model] | Mapping[str, Model], data: Frame | Sample, group: str | None
) -> dict[str, PathModel]:
    labels = _labels(data, group)
    if isinstance(models, str | PathModel | AMASEM | Fit):
        return {"model": _model(models, labels)}
    if isinstance(models, Mapping):
        found = {str(name): _model(model, labels) for name, model in models.items()}
    elif not isinstance(models, Iterable):
        raise FitError(f"{models!r} is no model: give text, a path model, a graph or a fit, or several of these")
    else:
        found = {f"model {i + 1}": _model(model, labels) for i, model in enumerate(models)}
    if not found:
        raise FitError("there is no model to cross-validate")
    return found


def _labels(data: Frame | Sample, group: str | None) -> tuple[str, ...]:
    if isinstance(data, Sample):
        return data.labels
    known = () if group is None else tuple(read_groups(data, group))
    return tuple(dict.fromkeys(label for label in known if label is not None))


def _model(model: Model, labels: tuple[str, ...]) -> PathModel:
    if isinstance(model, Fit):
        return model.model
    return PathModel.from_lavaan(model, function="sem", groups=labels) if isinstance(model, str) else as_model(model)


def _check_models(models: Mapping[str, PathModel]) -> None:
    first_name, first = next(iter(models.items()))
    for name, model in models.items():
        apart = sorted(set(model.visibles) ^ set(first.visibles))
        if apart:
            raise FitError(f"only one of {first_name} and {name} has {', '.join(apart)}: give all the same visibles")
        if set(model.exogenous) != set(first.exogenous):
            raise FitError(OTHER_MOMENTS.reason)
        if model.groups != first.groups:
            raise FitError(f"{first_name} and {name} have different groups")
        if model.ordered:
            raise FitError(f"{name} has ordered variables: cross-validation is for maximum likelihood of numbers")


def _sample(
    model: PathModel, data: Frame | Sample, group: str | None, design: DesignColumns, missing: Missing
) -> Sample:
    if isinstance(data, Sample):
        if group is not None or design.given:
            raise FitError("group=, cluster= and period= name columns of a data frame: a sample has its own")
        return data.select(model.visibles)
    return Sample.from_frame(
        data,
        model.visibles,
        group=group,
        labels=model.groups or None,
        missing=missing,
        complete=model.exogenous,
        cluster=design.cluster,
        period=design.period,
        lags=design.lags,
    )
