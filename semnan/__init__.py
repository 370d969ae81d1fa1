"""Linear Gaussian causal models with latent variables: draw the graph, fit it, read its effects."""

from semnan import datasets, discovery, metrics, simulate
from semnan.compare import compare
from semnan.data import Moments, MomentsStack, Sample
from semnan.discovery import Discovery, discover
from semnan.effects import Effect, Intervention
from semnan.errors import (
    DataError,
    FileError,
    FitError,
    GraphError,
    ModelError,
    RelaxationWarning,
    ResamplingWarning,
    SemnanError,
    Unavailable,
)
from semnan.estimation.alternatives import LBFGS, TorchOptimiser
from semnan.estimation.discrepancy import (
    Bhattacharyya,
    GeneralizedLeastSquares,
    KullbackLeibler,
    ReverseKullbackLeibler,
    SquaredHellinger,
    UnweightedLeastSquares,
)
from semnan.estimation.outcome import Outcome
from semnan.estimation.scoring import FisherScoring
from semnan.fit import Fit, Fits, fit, fit_many, load
from semnan.graph import AMASEM, Layering, Margin
from semnan.identification import Identification, Verdict, identify, identify_all, identify_joint, mixed_graph
from semnan.invariance import Invariance, invariance
from semnan.model import Ordered, Parameter, PathModel, covariance, intercept, path
from semnan.network import SEMNAN, Accumulation, MuSEMNAN
from semnan.report import draw_identification
from semnan.resampling import Bootstrap, Jackknife, Permutation, Resampled, bootstrap, jackknife, permute_groups
from semnan.text import cfa, growth, lavaan, sem

__version__ = "0.1.0"

__all__ = [
    "AMASEM",
    "LBFGS",
    "SEMNAN",
    "Accumulation",
    "Bhattacharyya",
    "Bootstrap",
    "DataError",
    "Discovery",
    "Effect",
    "FileError",
    "FisherScoring",
    "Fit",
    "FitError",
    "Fits",
    "GeneralizedLeastSquares",
    "GraphError",
    "Identification",
    "Intervention",
    "Invariance",
    "Jackknife",
    "KullbackLeibler",
    "Layering",
    "Margin",
    "ModelError",
    "Moments",
    "MomentsStack",
    "MuSEMNAN",
    "Ordered",
    "Outcome",
    "Parameter",
    "PathModel",
    "Permutation",
    "RelaxationWarning",
    "Resampled",
    "ResamplingWarning",
    "ReverseKullbackLeibler",
    "Sample",
    "SemnanError",
    "SquaredHellinger",
    "TorchOptimiser",
    "Unavailable",
    "UnweightedLeastSquares",
    "Verdict",
    "bootstrap",
    "cfa",
    "compare",
    "covariance",
    "datasets",
    "discover",
    "discovery",
    "draw_identification",
    "fit",
    "fit_many",
    "growth",
    "identify",
    "identify_all",
    "identify_joint",
    "intercept",
    "invariance",
    "jackknife",
    "lavaan",
    "load",
    "metrics",
    "mixed_graph",
    "path",
    "permute_groups",
    "sem",
    "simulate",
]
