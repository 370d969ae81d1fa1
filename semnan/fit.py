"""`fit`, the front door: a graph or path model and data go in, a `Fit` comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from semnan.data import Moments, MomentsStack, Patterns, Sample
from semnan.data.design import INDEPENDENT, LAGS, DesignColumns
from semnan.data.frames import Frame
from semnan.data.missing import Missing
from semnan.errors import DataError, FitError
from semnan.estimation.casewise import Rows
from semnan.estimation.discrepancy import Discrepancy, KullbackLeibler
from semnan.estimation.estimators import Estimator, Information, check_rows, of_ordered, recipe
from semnan.estimation.fit_options import Optimiser, Options
from semnan.estimation.least_squares import shares_thresholds
from semnan.estimation.minimise import estimate
from semnan.estimation.moment_data import moment_vectors
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Source
from semnan.estimation.shared_fit import fit_shared
from semnan.estimation.stages import stages_of
from semnan.estimation.threads import blas_threads
from semnan.estimation.two_stage import check_stages, first_stage
from semnan.fitted import Fit, Fits
from semnan.graph import AMASEM
from semnan.model import PathModel, as_model


def fit(
    model: AMASEM | PathModel,
    data: Sample | Moments | Mapping[str, Moments] | Frame,
    *,
    group: str | None = None,
    missing: Missing = "listwise",
    cluster: str | None = None,
    sampling_weights: str | None = None,
    period: str | None = None,
    lags: int = LAGS,
    estimator: Estimator = "ML",
    information: Information | None = None,
    dls_a: float = 1.0,
    dls_gamma_nt: Source = "model",
    discrepancy: type[Discrepancy] = KullbackLeibler,
    optimiser: Optimiser | None = None,
    starts: int = 1,
    seed: int = 0,
    progress: bool | None = None,
) -> Fit:
    """Fit a causal graph or a path model to data.

    Parameters
    ----------
    model : AMASEM or PathModel
        Nothing is added to it; a graph is compiled by `PathModel.from_amasem`.
    data : data frame, Moments, mapping of group to Moments, or Sample
        Of a frame the columns that the model names are used.
    group : str, optional
        The column that says the group, of a model with several groups.
    missing : "listwise", "fiml", "two.stage", "robust.two.stage" or "error"
        What to do with rows that have missing values: leave them out (and tell), use what they have (full-information
        maximum likelihood, or first unrestricted moments and then the model of these; means are then modelled too), or
        refuse them.
    cluster : str, optional
        The column that says which rows were drawn together: standard errors and tests then do not take them for
        independent. Needs estimator "MLR", which is taken by itself, or "MLM".
    sampling_weights : str, optional
        The column of sampling weights, scaled to mean one in each group. Takes the estimator "MLR".
    period : str, optional
        The column of integers or dates that says when a row is: rows of near periods are then not taken for independent
        either (Newey & West; Driscoll & Kraay), in addition to those of a cluster. As `cluster` otherwise.
    lags : int
        How many periods apart they may depend on each other.
    estimator : "ML", "MLM", "MLMV", "MLMVS", "MLR", "MLF"; "GLS", "WLS", "DLS", "DWLS", "WLSMV", "ULS", "ULSMV", …
        The estimates are the same; all but ML and MLF have standard errors and tests for data that are not normal: of
        complete rows with χ² scaled by its mean (MLM) or by mean and variance (MLMV, MLMVS), of any rows (MLR). MLF has
        first-order information. The others are least squares of moments by several weights, WLSMV the default of models
        with ordered variables.
    information : "expected", "observed" or "first.order", optional
        What standard errors come from; by default expected, or observed for incomplete rows.
    dls_a : float
        Of estimator "DLS": how much of the moments' covariance, from 0 to 1, is that of normal data.
    dls_gamma_nt : "model" or "sample"
        Of estimator "DLS": whose covariance these normal data have.
    discrepancy : type of Discrepancy
        What to minimise; the default is maximum likelihood.
    optimiser : FisherScoring, LBFGS or TorchOptimiser, optional
        Default ``FisherScoring()``.
    starts : int
        Number of starts; the first comes from the data, the others are random neighbours of it. The best end counts.
    seed : int
        Of the random starts.
    progress : bool, optional
        Whether to show progress; by default on a terminal, once the fit takes longer than a second.

    Returns
    -------
    Fit
        Also when the fit did not converge: see `Fit.outcome` and `Fit.findings`.

    Raises
    ------
    DataError
        If the data lack a variable of the model, or their covariance is singular.
    FitError
        If the model has no free parameters, or an argument makes no sense.

    """
    options = Options(
        discrepancy=discrepancy,
        optimiser=optimiser,
        estimator=estimator,
        information=information,
        dls_a=dls_a,
        dls_gamma_nt=dls_gamma_nt,
        starts=starts,
        seed=seed,
        progress=progress,
        stages=stages_of(missing),
    )
    compiled = as_model(model)
    design = DesignColumns(cluster, sampling_weights, period, lags)
    with blas_threads(len(compiled.free)):
        return fit_sample(compiled, read_sample(compiled, data, missing=missing, group=group, design=design), options)


def read_sample(
    model: PathModel,
    data: Sample | Moments | Mapping[str, Moments] | Frame,
    *,
    missing: Missing,
    group: str | None = None,
    design: DesignColumns = INDEPENDENT,
) -> Sample:
    """The data of a model's visibles, whatever they come in."""
    if isinstance(data, Sample | Moments | Mapping) and design.given:
        raise DataError("cluster=, period= and sampling_weights= name columns of a data frame: give a frame")
    if isinstance(data, Sample):
        return data.select(model.visibles)
    if isinstance(data, Moments | Mapping):
        if group is not None:
            raise DataError("group= names a column of a data frame: give moments as a mapping from group to Moments")
        return Sample.from_moments(data).select(model.visibles)
    labels = model.groups or None
    return Sample.from_frame(
        data,
        model.visibles,
        group=group,
        labels=labels,
        missing=missing,
        complete=model.exogenous,
        cluster=design.cluster,
        weights=design.weights,
        period=design.period,
        lags=design.lags,
    )


def fit_sample(model: PathModel, sample: Sample, options: Options) -> Fit:
    """Fit a path model to a sample of its visibles."""
    clustered, weighted = _designed(sample)
    chosen = model.with_means() if sample.missing or options.stages is not None else model
    if options.stages is not None:
        check_stages(chosen, options.stages, designed=clustered or weighted)
    if options.estimator == "ML" and (clustered or weighted):
        options = replace(options, estimator="MLR")
    if model.ordered:
        options = replace(options, estimator=of_ordered(options.estimator))
    check_rows(options.estimator, incomplete=sample.missing, clustered=clustered, weighted=weighted)
    rows = Rows.of(sample, chosen.exogenous)
    if shares_thresholds(chosen):
        return Fit(fit_shared(chosen, _vectors(chosen, sample, rows, options), options), sample)
    if options.weight is not None or options.stages is not None:
        return Fit(estimate(chosen, _vectors(chosen, sample, rows, options), options, rows)[0], sample)
    stacks = [_stack(group.data) for group in sample.groups]
    return Fit(estimate(chosen, stacks, options, rows)[0], sample)


def _designed(sample: Sample) -> tuple[bool, bool]:
    """Whether rows depend on each other, and whether they have weights."""
    design = sample.groups[0].design
    return design.dependent, design.weights is not None


def _stack(data: Moments | Patterns) -> MomentsStack | Patterns:
    return data if isinstance(data, Patterns) else MomentsStack.from_moments([data])


def _vectors(model: PathModel, sample: Sample, rows: Rows | None, options: Options) -> list[MomentVector]:
    """What least squares, or the second of two stages, is fitted to, for each group."""
    chosen = recipe(options.estimator)
    if rows is None and (chosen.normal or chosen.weight == "normal") and not model.ordered:
        known = [group.data for group in sample.groups]
        return [MomentVector.of_moments(data.select(model.visibles)) for data in known if isinstance(data, Moments)]
    if rows is None:
        named = f"missing={options.stages!r}" if options.stages is not None else options.estimator
        raise FitError(f"{named} needs the rows of the data: give a data frame, not moments")
    if options.stages is not None:
        return first_stage(model, rows, options.stages)
    at = [rows.names.index(name) for name in model.visibles]
    tables = [group.numpy()[:, at] for group in rows.groups]
    return moment_vectors(model, tables, likeliest=options.estimator == "DLS")


def fit_many(
    model: AMASEM | PathModel,
    data: MomentsStack | Iterable[Moments | Sample],
    *,
    information: Information | None = None,
    discrepancy: type[Discrepancy] = KullbackLeibler,
    optimiser: Optimiser | None = None,
    starts: int = 1,
    seed: int = 0,
    progress: bool | None = None,
) -> Fits:
    """Fit one model to many samples in one batch; the arguments are those of `fit`.

    Samples are of one group, with complete rows. Information is expected or observed.

    Raises
    ------
    DataError
        If the samples have different variables, or one has missing values or several groups.
    FitError
        For a single sample instead of many, and as `fit` does.

    """
    if isinstance(data, Moments | Sample):
        raise FitError("fit_many takes many samples, as a MomentsStack or a list of Moments: use fit for a single one")
    compiled, samples = as_model(model), None
    if isinstance(data, MomentsStack):
        stack = data
    else:
        samples = tuple(item if isinstance(item, Sample) else Sample.from_moments(item) for item in data)
        stack = MomentsStack.from_moments([_alone(sample) for sample in samples])
    options = Options(
        information=information,
        discrepancy=discrepancy,
        optimiser=optimiser,
        starts=starts,
        seed=seed,
        progress=progress,
    )
    chosen = None if samples is None else tuple(sample.select(compiled.visibles) for sample in samples)
    return Fits(estimate(compiled, [stack], options), chosen)


def _alone(sample: Sample) -> Moments:
    """The moments of a sample of one group without gaps, of rows that are independent and alike."""
    data = sample.groups[0].data
    if any(_designed(sample)):
        raise DataError("many data sets with clusters, periods or weights cannot be fitted in one batch: one by one")
    if len(sample.groups) > 1:
        raise DataError("many data sets make models of one group each: fit samples of several groups one by one")
    if not isinstance(data, Moments):
        raise DataError("many data sets with missing values cannot be fitted in one batch: fit them one by one")
    return data
