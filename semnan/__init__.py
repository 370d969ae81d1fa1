"""Linear Gaussian causal models with latent variables: draw the graph, fit it, read its effects."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semnan import datasets, metrics, simulate
from semnan.compare import compare
from semnan.data import Moments, MomentsStack, Sample
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
from semnan.fit import fit, fit_many
from semnan.fitted import Fit, Fits, load
from semnan.graph import AMASEM, Layering, Margin
from semnan.identification import Identification, Verdict, identify, identify_all, identify_joint, mixed_graph
from semnan.invariance import Invariance, invariance
from semnan.model import Ordered, Parameter, PathModel, covariance, intercept, path
from semnan.network import SEMNAN, Accumulation, MuSEMNAN
from semnan.report import draw_identification
from semnan.text import cfa, growth, lavaan, sem

if TYPE_CHECKING:
    from semnan import bounds, discovery, mmm, planning, resampling, selection
    from semnan.bounds import (
        EffectBounds,
        ProfileInterval,
        RefitCheck,
        Sensitivity,
        effect_bounds,
        profile_interval,
        refit_check,
        sensitivity,
    )
    from semnan.discovery import Discovery, discover
    from semnan.planning import (
        Population,
        Power,
        PowerSimulation,
        minimum_n,
        minimum_n_of_fit,
        population,
        power,
        power_of_fit,
        simulate_power,
    )
    from semnan.resampling import Bootstrap, Jackknife, Permutation, Resampled, bootstrap, jackknife, permute_groups
    from semnan.selection import CrossValidation, Vuong, cross_validate, vuong

__version__ = "0.1.0"

__all__ = [
    "AMASEM",
    "LBFGS",
    "SEMNAN",
    "Accumulation",
    "Bhattacharyya",
    "Bootstrap",
    "CrossValidation",
    "DataError",
    "Discovery",
    "Effect",
    "EffectBounds",
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
    "Population",
    "Power",
    "PowerSimulation",
    "ProfileInterval",
    "RefitCheck",
    "RelaxationWarning",
    "Resampled",
    "ResamplingWarning",
    "ReverseKullbackLeibler",
    "Sample",
    "SemnanError",
    "Sensitivity",
    "SquaredHellinger",
    "TorchOptimiser",
    "Unavailable",
    "UnweightedLeastSquares",
    "Verdict",
    "Vuong",
    "bootstrap",
    "bounds",
    "cfa",
    "compare",
    "covariance",
    "cross_validate",
    "datasets",
    "discover",
    "discovery",
    "draw_identification",
    "effect_bounds",
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
    "minimum_n",
    "minimum_n_of_fit",
    "mixed_graph",
    "mmm",
    "path",
    "permute_groups",
    "planning",
    "population",
    "power",
    "power_of_fit",
    "profile_interval",
    "refit_check",
    "resampling",
    "selection",
    "sem",
    "sensitivity",
    "simulate",
    "simulate_power",
    "vuong",
]

#: Where names are that not every session needs: their packages are imported when one of them is asked for.
_LATER = {
    "bounds": (
        "EffectBounds",
        "ProfileInterval",
        "RefitCheck",
        "Sensitivity",
        "effect_bounds",
        "profile_interval",
        "refit_check",
        "sensitivity",
    ),
    "discovery": ("Discovery", "discover"),
    "mmm": (),
    "planning": (
        "Population",
        "Power",
        "PowerSimulation",
        "minimum_n",
        "minimum_n_of_fit",
        "population",
        "power",
        "power_of_fit",
        "simulate_power",
    ),
    "resampling": ("Bootstrap", "Jackknife", "Permutation", "Resampled", "bootstrap", "jackknife", "permute_groups"),
    "selection": ("CrossValidation", "Vuong", "cross_validate", "vuong"),
}


def __getattr__(name: str) -> Any:
    for package, names in _LATER.items():
        if name == package or name in names:
            module = import_module(f"semnan.{package}")
            return module if name == package else getattr(module, name)
    raise AttributeError(f"module 'semnan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
