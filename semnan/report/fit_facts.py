"""The facts of a fit in the order of lavaan's summary: how it went, tests, fit indices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from semnan.data import Patterns, Sample
from semnan.errors import Unavailable
from semnan.estimation.discrepancy import KullbackLeibler
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import recipe
from semnan.estimation.robust_indices import all_measures
from semnan.estimation.squares import LeastSquares
from semnan.estimation.stages import TwoStage
from semnan.report.table import Facts, number, probability

Value = float | Unavailable
#: Titles of blocks with the measures in each, by the names lavaan prints.
_BLOCKS = {
    "Model Test User Model": {
        "Test statistic": "chisq",
        "Degrees of freedom": "df",
        "P-value (Chi-square)": "pvalue",
    },
    "Model Test Baseline Model": {
        "Test statistic": "baseline.chisq",
        "Degrees of freedom": "baseline.df",
        "P-value": "baseline.pvalue",
    },
    "User Model versus Baseline Model": {
        "Comparative Fit Index (CFI)": "cfi",
        "Tucker-Lewis Index (TLI)": "tli",
    },
    "Loglikelihood and Information Criteria": {
        "Loglikelihood user model (H0)": "logl",
        "Loglikelihood unrestricted model (H1)": "unrestricted.logl",
        "Akaike (AIC)": "aic",
        "Bayesian (BIC)": "bic",
        "Sample-size adjusted Bayesian (SABIC)": "bic2",
    },
    "Root Mean Square Error of Approximation": {
        "RMSEA": "rmsea",
        "90 Percent confidence interval - lower": "rmsea.ci.lower",
        "90 Percent confidence interval - upper": "rmsea.ci.upper",
        "P-value H_0: RMSEA <= 0.050": "rmsea.pvalue",
        "P-value H_0: RMSEA >= 0.080": "rmsea.notclose.pvalue",
    },
    "Standardized Root Mean Square Residual": {"SRMR": "srmr"},
}
#: What a robust estimator adds.
_ROBUST = {
    "Model Test User Model, Scaled": {
        "Test statistic": "chisq.scaled",
        "Degrees of freedom": "df.scaled",
        "P-value": "pvalue.scaled",
        "Scaling correction factor": "chisq.scaling.factor",
    },
    "Robust Fit Indices": {
        "Robust Comparative Fit Index (CFI)": "cfi.robust",
        "Robust Tucker-Lewis Index (TLI)": "tli.robust",
        "Robust RMSEA": "rmsea.robust",
        "90 Percent confidence interval - lower": "rmsea.ci.lower.robust",
        "90 Percent confidence interval - upper": "rmsea.ci.upper.robust",
        "P-value H_0: Robust RMSEA <= 0.050": "rmsea.pvalue.robust",
        "P-value H_0: Robust RMSEA >= 0.080": "rmsea.notclose.pvalue.robust",
    },
}


def heading(fit: Estimate) -> str:
    """How the fit ended, in one line."""
    steps = f"{fit.steps} {'step' if fit.steps == 1 else 'steps'}"
    if fit.outcome.ok:
        return f"semnan {fit.outcome.value} after {steps}"
    return f"semnan did NOT converge ({fit.outcome.value}) after {steps}"


def size_facts(fit: Estimate, sample: Sample) -> Facts:
    """Estimator, parameters and rows."""
    estimator = fit.estimator if fit.discrepancy == KullbackLeibler.__name__ else fit.discrepancy
    return Facts("", (("Estimator", estimator), *_parameters(fit), *_observations(fit, sample)))


def _parameters(fit: Estimate) -> Iterator[tuple[str, str]]:
    free, generic = len(fit.model.free), fit.generic
    margins = fit.squares.free_margins if isinstance(fit.squares, LeastSquares) else 0
    yield "Number of model parameters", str(free + margins)
    if isinstance(generic, Unavailable):
        return
    # Equality constraints are part of the rank, but are not a lack of identification.
    undetermined = round(float(generic.null.diagonal().sum()))
    if undetermined:
        yield "  of these not determined by the data", str(undetermined)
    if free > generic.rank + undetermined:
        yield "Number of equality constraints", str(free - generic.rank - undetermined)


def _observations(fit: Estimate, sample: Sample) -> Iterator[tuple[str, str]]:
    if not fit.model.groups:
        yield "Number of observations", str(fit.n)
    else:
        yield "Number of observations per group:", ""
        yield from ((f"  {label}", str(part.n)) for label, part in zip(fit.labels, fit.samples, strict=True))
    if sample.dropped:
        yield "  used, of rows in the data", str(fit.n + sample.dropped)
    held = [group.data for group in sample.groups] if fit.stages is not None else fit.patterns
    patterns = sum(len(part.counts) for part in held if isinstance(part, Patterns))
    if patterns:
        yield "Number of missing patterns", str(patterns)


def fit_facts(fit: Estimate, sample: Sample) -> Iterator[Facts]:
    """Tests and fit indices; a block of which nothing applies is its reasons."""
    measures = all_measures(fit, sample)
    blocks = _BLOCKS | _ROBUST if "chisq.scaled" in measures else _BLOCKS
    for title, names in blocks.items():
        reasons = dict.fromkeys(value.reason for value in _chosen(measures, names) if isinstance(value, Unavailable))
        rows = tuple((text, _shown(name, measures[name])) for text, name in names.items() if name in measures)
        known = any(not isinstance(value, Unavailable) for value in _chosen(measures, names))
        yield Facts(title, rows if known else (), tuple(reasons))


def _chosen(measures: Mapping[str, Value], names: Mapping[str, str]) -> Iterator[Value]:
    return (measures[name] for name in names.values() if name in measures)


def _shown(name: str, value: Value) -> str:
    if "pvalue" in name:
        return probability(value)
    return f"{value:.3f}" if isinstance(value, float) else number(value)


def inference_facts(fit: Estimate, sample: Sample) -> Facts:
    """Where the standard errors come from."""
    made = fit.stages.kind if isinstance(fit.stages, TwoStage) else recipe(fit.estimator).errors
    shown = "Sandwich" if made == "robust.huber.white" else made.capitalize()
    design = sample.groups[0].design
    if design.periods is not None:
        shown = "Newey-West" if design.clusters is None else "Panel.HAC"
    elif design.clusters is not None:
        shown = "Robust.cluster"
    kind = {"expected": "Expected", "observed": "Observed", "first.order": "First-order"}[fit.information]
    rows = [("Standard errors", shown), ("Information", kind)]
    if design.periods is not None:
        rows.append(("Lags", str(design.lags) if design.step == "1" else f"{design.lags}, each of {_a(design.step)}"))
    return Facts("Parameter Estimates", tuple(rows))


def _a(step: str) -> str:
    """A number of things, or one."""
    return step if step[0].isdigit() else f"a {step}"
