"""`fit`, the front door: a graph or path model and data go in, a `Fit` comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray

from semnan import report
from semnan.data import Moments, MomentsStack, Patterns, Sample
from semnan.data.design import INDEPENDENT, LAGS, DesignColumns
from semnan.data.frames import Frame
from semnan.data.missing import Missing
from semnan.effects import Effect, Intervention, effect, effects, intervene
from semnan.effects.batch import EffectArrays, effect_arrays
from semnan.effects.defined import DefinedRow, defined_parameters
from semnan.effects.delta import AT_BOUND, check_level, own_walds
from semnan.effects.effect import Kind, Pair
from semnan.effects.prediction import Prediction, predict
from semnan.effects.standardised import StandardisedRow, standardised
from semnan.errors import DataError, FitError, Unavailable
from semnan.estimation.baseline import Baseline, baseline
from semnan.estimation.candidates import SORTS
from semnan.estimation.casewise import Rows
from semnan.estimation.discrepancy import Discrepancy, KullbackLeibler
from semnan.estimation.equivalence import Equivalence, equivalence, equivalence_of_restrictions
from semnan.estimation.estimate import Estimate, Estimates, place_of
from semnan.estimation.estimators import Estimator, Information, check_rows, of_ordered, recipe
from semnan.estimation.factor_scores import FactorScores, factor_scores
from semnan.estimation.finding import Finding
from semnan.estimation.findings import findings
from semnan.estimation.hypotheses import HypothesisTest, ScoreTests, score_tests, wald_test
from semnan.estimation.implied import ImpliedMoments, implied_moments
from semnan.estimation.least_squares import shares_thresholds
from semnan.estimation.minimise import Optimiser, Options, estimate
from semnan.estimation.modification import ModificationIndex, modification_indices
from semnan.estimation.moment_data import moment_vectors
from semnan.estimation.moment_vector import MomentVector
from semnan.estimation.moment_weights import Source
from semnan.estimation.outcome import Outcome
from semnan.estimation.r_squared import RSquared, r_squared
from semnan.estimation.reliability import (
    CompositeReliability,
    ScoreReliability,
    composite_reliability,
    score_reliability,
)
from semnan.estimation.residuals import GroupResiduals, Units, residual_errors, residuals
from semnan.estimation.robust import Robust, robust
from semnan.estimation.robust_indices import all_measures
from semnan.estimation.scaling import Scale
from semnan.estimation.scores import Method
from semnan.estimation.shared_fit import fit_shared
from semnan.estimation.squares import LeastSquares
from semnan.estimation.stages import stages_of
from semnan.estimation.statistics import Statistics
from semnan.estimation.storage import load as load_estimate
from semnan.estimation.storage import save as save_estimate
from semnan.estimation.threads import blas_threads
from semnan.estimation.thresholds import Threshold
from semnan.estimation.two_stage import check_stages, first_stage
from semnan.graph import AMASEM
from semnan.identification import Verdict, identify
from semnan.identification.query import Function
from semnan.model import PathModel, as_model
from semnan.model.constraint_text import read_constraints

Array = NDArray[np.float64]


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


def vectors_of(fit: Fit) -> list[MomentVector] | Unavailable:
    """What a fit of ordered variables was fitted to."""
    rows = Rows.of(fit.sample, fit.model.exogenous)
    if rows is None:
        return Unavailable("this needs the rows of the fits, which saved fits do not have")
    at = [rows.names.index(name) for name in fit.model.visibles]
    return moment_vectors(fit.model, [group.numpy()[:, at] for group in rows.groups])


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
    """The moments of a sample of one group without gaps."""
    data = sample.groups[0].data
    if len(sample.groups) > 1:
        raise DataError("many data sets make models of one group each: fit samples of several groups one by one")
    if not isinstance(data, Moments):
        raise DataError("many data sets with missing values cannot be fitted in one batch: fit them one by one")
    return data


def load(path: str | Path) -> Fit:
    """Read a fit that `Fit.save` wrote (``path.json`` and ``path.safetensors``)."""
    found = load_estimate(path)
    return Fit(found, sample_of(found))


def sample_of(found: Estimate) -> Sample:
    """The sample of an estimate that came without one: its moments."""
    labels = found.model.groups
    return Sample.from_moments(dict(zip(labels, found.samples, strict=True)) if labels else found.samples[0])


@final
@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A fitted model. A value: nothing changes it, and it changes neither model nor data.

    Attributes
    ----------
    estimate : Estimate
        The numbers underneath.
    sample : Sample
        The data: moments, and rows where they were given.

    """

    estimate: Estimate
    sample: Sample

    # -- how it went

    @property
    def model(self) -> PathModel:
        """The path model that was fitted."""
        return self.estimate.model

    @property
    def moments(self) -> Moments:
        """The moments of the data, in the order of the model's visibles (see `sample` if there are groups)."""
        return self.estimate.samples[place_of(self.model, None)]

    @property
    def outcome(self) -> Outcome:
        """How the optimisation ended; `Outcome.advice` says what to do."""
        return self.estimate.outcome

    @property
    def converged(self) -> bool:
        """Whether the estimates are a minimum."""
        return self.outcome.ok

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What must be told besides the numbers: not identified, Heywood cases, bounds, local minima, …"""
        return findings(self.estimate, self.sample)

    @property
    def not_identified(self) -> tuple[str, ...]:
        """The parameters that the data do not determine."""
        return tuple(name for found in self.findings if found.kind == "not identified" for name in found.names)

    # -- parameters

    def parameters(self, level: float = 0.95, *, standardised: bool = False) -> report.ParameterTable:
        """The parameter table in lavaan's order, with standard errors and Wald intervals.

        Parameters
        ----------
        level : float
            Of the intervals.
        standardised : bool
            Whether rows have their values in standard deviations too, of the latents and of all variables.

        Returns
        -------
        ParameterTable
            A sequence of rows, fixed and defined parameters among them; ``to_frame`` makes a data frame of it.

        """
        return report.ParameterTable(tuple(report.parameter_rows(self.estimate, level, with_standardised=standardised)))

    @property
    def estimates(self) -> dict[str, float]:
        """The free parameters by name. Those in `not_identified` are one of many solutions."""
        return {free.name: value for free, value in zip(self.model.free, self.estimate.theta.tolist(), strict=True)}

    @property
    def standard_errors(self) -> dict[str, float | Unavailable]:
        """Standard errors of the free parameters, from the information that the fit was asked for."""
        walds = own_walds(self.estimate, 0.95)
        return {free.name: wald.standard_error for free, wald in zip(self.model.free, walds, strict=True)}

    @cached_property
    def vcov(self) -> Array | Unavailable:
        """Covariance matrix of the estimates in the order of `estimates`, shape (q, q).

        Zero for parameters at a bound. Not there if some parameter has no standard error for another reason.
        """
        if isinstance(self.estimate.inference, Unavailable):
            return self.estimate.inference
        for name, error in self.standard_errors.items():
            if isinstance(error, Unavailable) and error != AT_BOUND:
                return Unavailable(f"{name} has no standard error ({error})")
        return np.asarray(self.estimate.inference.covariance().numpy() / self.estimate.n)

    # -- fit to the data

    @cached_property
    def _statistics(self) -> Statistics:
        return Statistics(self.estimate)

    @property
    def discrepancy(self) -> float:
        """The minimum of the discrepancy; for maximum likelihood the KL divergence of sample from model."""
        return self.estimate.value

    @property
    def chi_square(self) -> float | Unavailable:
        """Test of the model against the unrestricted covariance."""
        return self._statistics.chi_square

    @property
    def df(self) -> int | Unavailable:
        """Degrees of freedom: p (p + 1) / 2 less the dimensions that the data determine."""
        return self._statistics.df

    @property
    def p_value(self) -> float | Unavailable:
        """Upper tail of χ²."""
        return self._statistics.p_value

    @property
    def log_likelihood(self) -> float | Unavailable:
        """Gaussian log-likelihood at the estimates."""
        return self._statistics.log_likelihood

    @property
    def aic(self) -> float | Unavailable:
        """Akaike's information criterion."""
        return self._statistics.aic

    @property
    def bic(self) -> float | Unavailable:
        """Schwarz's information criterion."""
        return self._statistics.bic

    @property
    def steps(self) -> int:
        """Steps of the optimiser."""
        return self.estimate.steps

    @cached_property
    def baseline(self) -> Baseline | Unavailable:
        """The independence model: visibles uncorrelated, but for exogenous covariates."""
        with blas_threads(len(self.model.free)):
            return baseline(self.estimate)

    @cached_property
    def fit_measures(self) -> dict[str, float | Unavailable]:
        """Fit indices under lavaan's names: ``cfi``, ``tli``, ``rmsea``, ``srmr``, ``aic``, ``bic``, …"""
        return all_measures(self.estimate, self.sample)

    @cached_property
    def robust(self) -> Robust | Unavailable | None:
        """The corrected tests of fit of a robust estimator; None for ML. Fits that were saved have none."""
        return robust(self.estimate, Rows.of(self.sample, self.model.exogenous))

    @property
    def thresholds(self) -> report.Listing[Threshold]:
        """The thresholds of ordered variables, with standard errors; none without such variables."""
        squares = self.estimate.squares
        return report.Listing(Threshold, squares.thresholds if isinstance(squares, LeastSquares) else ())

    @cached_property
    def r_squared(self) -> report.Listing[RSquared]:
        """The share of the variance of every variable with parents that these explain."""
        return report.Listing(RSquared, tuple(r_squared(self.estimate)))

    def standardised(self, scale: Scale = "std.all", level: float = 0.95) -> report.Listing[StandardisedRow]:
        """The parameter table in standard deviations: of latents ("std.lv"), of all variables ("std.all"), or of all
        but exogenous covariates ("std.nox"), with standard errors.
        """
        return report.Listing(StandardisedRow, tuple(standardised(self.estimate, scale, level)))

    def defined(self, level: float = 0.95) -> report.Listing[DefinedRow]:
        """The parameters that the model defines by ``:=``, with delta-method standard errors."""
        return report.Listing(DefinedRow, tuple(defined_parameters(self.estimate, level)))

    @cached_property
    def implied_covariance(self) -> Array:
        """Σ at the estimates, in the order of ``model.visibles``, shape (p, p)."""
        return self.estimate.implied[place_of(self.model, None)].sigma.numpy().copy()

    def implied(self, group: str | None = None) -> ImpliedMoments:
        """Means and covariances that the model implies at the estimates, of visibles and latents.

        ``fit.implied().select(fit.model.latents).covariance`` is that of the latents alone.
        """
        return implied_moments(self.estimate, group)

    def wald_test(self, constraints: str) -> HypothesisTest | Unavailable:
        """Test equalities that the model does not impose, with the standard errors of the fit.

        Parameters
        ----------
        constraints : str
            In labels and defined parameters of the model, one a line or divided by ``;``: ``"a == b; c == 0"``.

        Returns
        -------
        HypothesisTest or Unavailable

        Raises
        ------
        FitError
            For what is no equality.
        ModelError
            For a name that is no label, or text that is no constraint.

        """
        return wald_test(self.estimate, read_constraints(self.model, constraints))

    def score_tests(self) -> ScoreTests | Unavailable:
        """Test the equalities that the model imposes, by labels, across groups or by ``==``: all, and each alone.

        By how much χ² would fall, about, without them: the modification indices of equalities.
        """
        return score_tests(self.estimate)

    def equivalence_test(self, against: Fit | None = None, *, alpha: float = 0.05) -> Equivalence | Unavailable:
        """How large the misfit is at most: T-size RMSEA and CFI with adjusted cutoffs.

        From the corrected χ² if the estimator is robust. The tests of close fit are among `fit_measures`:
        ``rmsea.pvalue`` and ``rmsea.notclose.pvalue``.

        Parameters
        ----------
        against : Fit, optional
            A fit that restricts less: the misfit is then that of the restrictions alone, as between steps of
            `invariance`.
        alpha : float
            At which larger misfit is rejected.

        """
        check_level(alpha)
        if against is None:
            return equivalence(self.estimate, self.fit_measures, alpha)
        return equivalence_of_restrictions(self.estimate, against.estimate, alpha)

    def residuals(self, units: Units = "raw", group: str | None = None) -> GroupResiduals | Unavailable:
        """What the sample's covariances and means have more than the model implies.

        Parameters
        ----------
        units : "raw", "cor.bollen", "cor.bentler", "normalized" or "standardized"
            Of the variables; of correlations, or of the sample's standard deviations, which differ where the model
            misses variances; or in standard errors, of the sample's moment or of the residual itself. Standardised
            residuals are standard normal if the model is right.
        group : str, optional
            Of a model with several groups.

        Returns
        -------
        GroupResiduals or Unavailable

        """
        place, found = place_of(self.model, group), residuals(self.estimate, units)
        return found if isinstance(found, Unavailable) else found[place]

    def residual_errors(self, group: str | None = None) -> GroupResiduals | Unavailable:
        """The standard errors of the raw residuals, arranged as these are; zero where the model cannot miss."""
        place, found = place_of(self.model, group), residual_errors(self.estimate)
        return found if isinstance(found, Unavailable) else found[place]

    def modification_indices(
        self, *, least: float = 0.0, most: int | None = None, sorts: Iterable[str] = SORTS
    ) -> report.Listing[ModificationIndex] | Unavailable:
        """By how much χ² would fall, about, if one more parameter were free; the largest first.

        What lavaan lists, but paths into exogenous covariates, since the model is given these. Many are tested at once:
        a large index is a question to theory, not an answer.

        Parameters
        ----------
        least : float
            The smallest index to list; 3.84 is the .95 quantile of one that is due to chance.
        most : int, optional
            How many to list.
        sorts : iterable of "loading", "regression", "covariance", "fixed"
            Which parameters to look at: loadings on indicators of other latents, regressions among the variables that
            take part in some, (residual) covariances, and parameters that the model fixes.

        """
        found = modification_indices(self.estimate, sorts, least=least, most=most)
        return found if isinstance(found, Unavailable) else report.Listing(ModificationIndex, tuple(found))

    def factor_scores(
        self, data: Frame | None = None, *, method: Method = "regression", group: str | None = None
    ) -> FactorScores | Unavailable:
        """Values of the latents, row by row.

        Parameters
        ----------
        data : data frame, optional
            The rows to score, all of them, in their order. By default the rows of the fit, group by group: rows that it
            left out are not among them. Of a row with missing values what it has is used.
        method : "regression" or "bartlett"
            The mean of the latents given the row, of least mean square error; or their likeliest values whatever their
            distribution, without bias. With ordered variables the first is the mode in place of the mean.
        group : str, optional
            The column that says the group of a row, by default that of the fit.

        Returns
        -------
        FactorScores or Unavailable
            If the model has no means, those of the sample are taken.

        Raises
        ------
        FitError
            If there are no latents, or no rows.
        DataError
            For a column that is missing, or a group that the model does not have.

        """
        return factor_scores(self.estimate, self.sample, data, method, group)

    def score_reliability(self, method: Method = "regression") -> report.Listing[ScoreReliability] | Unavailable:
        """How well factor scores tell the latents, in rows without missing values: the determinacy and its square."""
        found = score_reliability(self.estimate, method)
        return found if isinstance(found, Unavailable) else report.Listing(ScoreReliability, tuple(found))

    def composite_reliability(self) -> report.Listing[CompositeReliability] | Unavailable:
        """How well sums of indicators tell the latents that they measure: omega, alpha, average variance extracted."""
        found = composite_reliability(self.estimate)
        return found if isinstance(found, Unavailable) else report.Listing(CompositeReliability, tuple(found))

    def predict(
        self,
        data: Frame | None = None,
        *,
        outcomes: str | Sequence[str],
        given: str | Sequence[str] | None = None,
        group: str | None = None,
        level: float = 0.95,
    ) -> Prediction | Unavailable:
        """E[y | x] of visibles, row by row, with its interval and the prediction interval of y.

        Parameters
        ----------
        data : data frame, optional
            The rows to predict, all of them, in their order; it needs the columns in `given` only. By default the rows
            of the fit, group by group. Of a row with missing values what it has is used.
        outcomes : str or sequence of str
            What to predict.
        given : str or sequence of str, optional
            What to predict from, by default all other visibles. This is seeing, not setting: see `do`.
        group : str, optional
            The column that says the group of a row, by default that of the fit.
        level : float

        Returns
        -------
        Prediction or Unavailable
            If the model has no means, those of the sample are taken, and their uncertainty counts. The moments of
            exogenous covariates are taken as known.

        Raises
        ------
        FitError
            For a name that is no visible, or no rows.
        DataError
            For a column that is missing, or a group that the model does not have.

        """
        return predict(self.estimate, self.sample, data, outcomes, given, group, level)

    def influence(self) -> report.Influence:
        """What every row does to the estimates: fits without each of them, all at once.

        Rows with missing values are left out by one Newton step, complete ones exactly.

        Raises
        ------
        FitError
            If the fit did not converge, has no rows, or is not by maximum likelihood.

        """
        with blas_threads(len(self.model.free)):
            return report.influence(self.estimate, self.sample)

    def heavy_tails(self, nu: float | None = None) -> report.HeavyTails:
        """The same model under a multivariate t distribution, and how far its estimates move from those of this fit.

        Also when that did not converge because of outliers.

        Parameters
        ----------
        nu : float, optional
            Degrees of freedom, more than two; by default the likeliest ones.

        Raises
        ------
        FitError
            If the fit is not by maximum likelihood, or rows are missing, incomplete, weighted or dependent.

        """
        with blas_threads(len(self.model.free)):
            return report.with_heavy_tails(self.estimate, self.sample, nu)

    # -- effects

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
    ) -> Effect:
        """The causal effect of `source` on `target`.

        Parameters
        ----------
        source, target : str
        kind : "total", "direct" or "indirect"
            Along all directed paths, the edge alone, or all paths but the edge.
        avoiding : iterable of str
            Count only paths that do not pass through these variables.
        standardised : bool
            In implied standard deviations.
        group : str, optional
            Of a model with several groups.
        level : float
            Of the Wald interval.

        Returns
        -------
        Effect
            If the data do not determine it, the reason stands where the number would be.

        """
        return effect(
            self.estimate,
            source,
            target,
            kind=kind,
            avoiding=avoiding,
            standardised=standardised,
            group=group,
            level=level,
        )

    def effects(
        self, *, kind: Kind = "total", standardised: bool = False, group: str | None = None, level: float = 0.95
    ) -> report.Listing[Effect]:
        """The effects between all pairs of visibles that a directed path (total), an edge (direct), or a directed path
        through another variable (indirect) connects.
        """
        found = effects(self.estimate, kind=kind, standardised=standardised, group=group, level=level)
        return report.Listing(Effect, tuple(found))

    def identify(
        self,
        effect: str | Pair | Function,
        *,
        kind: Literal["direct", "total"] = "total",
        avoiding: Iterable[str] | str = (),
        group: str | None = None,
    ) -> Verdict:
        """Whether the covariance determines an effect, by which formula, or two models that differ in it.

        This is `semnan.identify` of the fitted model: exact, and about the model only. The numbers at the fit are
        ``verdict.formula(fit.implied_covariance)`` of an identified effect, and
        ``verdict.values(fit.implied_covariance)``, all real values and whether they are feasible, of an effect that is
        identified up to finitely many values, of which `effect` reports one.
        """
        return identify(self.model, effect, kind=kind, avoiding=avoiding, group=group)

    def do(self, values: Mapping[str, float], group: str | None = None, level: float = 0.95) -> Intervention:
        """Mean and covariance of the visibles when the named ones are set to these values."""
        return intervene(self.estimate, values, group, level)

    # -- out of the door

    def summary(self, level: float = 0.95) -> report.Summary:
        """Everything worth reading about the fit: prints as text, shows as HTML in a notebook."""
        return report.summarise(self.estimate, self.sample, self.findings, level)

    def draw(
        self, path: str | Path | None = None, *, group: str | None = None, standardised: bool = False
    ) -> report.Drawing:
        """Draw the model with estimates on its edges, laid out by layers; needs matplotlib (the extra ``plot``).

        Means and variances are not drawn, nor covariances that are fixed or are those of exogenous covariates.

        Parameters
        ----------
        path : str or Path, optional
            Where to save the drawing; the ending (.png, .svg, .pdf) says in which format.
        group : str, optional
            Of a model with several groups; by default each has a panel.
        standardised : bool
            In standard deviations of all variables.

        Raises
        ------
        SemnanError
            If matplotlib is missing, cannot write that format, or the model is too large for a drawing.

        """
        drawing = report.draw(self.estimate, group, standardised=standardised)
        if path is not None:
            drawing.save(path)
        return drawing

    def to_dict(self, level: float = 0.95) -> dict[str, Any]:
        """The results as plain values under lavaan's names; see `semnan.report.plain.to_dict`."""
        return report.to_dict(self.estimate, self.sample, self.findings, level)

    def to_json(self, level: float = 0.95) -> str:
        """`to_dict` as JSON: outcome, fit measures, estimates and warnings; null where there is no number."""
        return json.dumps(self.to_dict(level), ensure_ascii=False, allow_nan=False, indent=1)

    def save(self, path: str | Path) -> None:
        """Write ``path.json`` and ``path.safetensors``; `semnan.load` reads them back the same, bit for bit."""
        save_estimate(self.estimate, path)

    def __repr__(self) -> str:
        size = f"{len(self.model.visibles)} variables, {len(self.model.free)} free parameters"
        return f"<Fit of {size}: {self.outcome.value}>"

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


@final
@dataclass(frozen=True, eq=False, repr=False)
class Fits:
    """Many fits of one model. ``fits[i]`` is a `Fit`; the arrays hold all of them.

    Attributes
    ----------
    batch : Estimates
        The numbers underneath.
    samples : tuple of Sample, or None
        The data, where they were not given as a stack of moments.

    """

    batch: Estimates
    samples: tuple[Sample, ...] | None = None

    def __len__(self) -> int:
        return len(self.batch)

    def __getitem__(self, at: int) -> Fit:
        found = self.batch[at]
        return Fit(found, sample_of(found) if self.samples is None else self.samples[at])

    def __iter__(self) -> Iterator[Fit]:
        return (self[b] for b in range(len(self)))

    @property
    def names(self) -> tuple[str, ...]:
        """The free parameters."""
        return tuple(free.name for free in self.batch.model.free)

    @property
    def estimates(self) -> Array:
        """Shape (B, q)."""
        return self.batch.theta.numpy().copy()

    @property
    def discrepancy(self) -> Array:
        """Shape (B,)."""
        return self.batch.value.numpy().copy()

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Shape (B,)."""
        return np.array([outcome.ok for outcome in self.batch.outcomes])

    def effect(
        self,
        source: str,
        target: str,
        *,
        kind: Kind = "total",
        avoiding: Iterable[str] = (),
        standardised: bool = False,
        group: str | None = None,
        level: float = 0.95,
    ) -> EffectArrays:
        """One effect in every fit, as arrays; the arguments are those of `Fit.effect`."""
        return effect_arrays(
            self.batch,
            source,
            target,
            kind=kind,
            avoiding=avoiding,
            standardised=standardised,
            group=group,
            level=level,
        )

    def __repr__(self) -> str:
        return f"<{len(self)} fits, {int(torch.tensor(self.converged).sum())} converged>"
