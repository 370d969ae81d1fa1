"""Path models: a diagram and a table of parameters."""

from semnan.model.amasem import as_model
from semnan.model.expression import Constraint, Defined
from semnan.model.ordered import Ordered
from semnan.model.parameter import CONSTANT, Kind, Parameter, covariance, intercept, path
from semnan.model.path_model import FreeParameter, PathModel, variables

__all__ = [
    "CONSTANT",
    "Constraint",
    "Defined",
    "FreeParameter",
    "Kind",
    "Ordered",
    "Parameter",
    "PathModel",
    "as_model",
    "covariance",
    "intercept",
    "path",
    "variables",
]
