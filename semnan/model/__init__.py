"""Path models: a diagram and a table of parameters."""

from semnan.model.parameter import Kind, Parameter, covariance, path
from semnan.model.path_model import FreeParameter, PathModel, as_model, variables

__all__ = ["FreeParameter", "Kind", "Parameter", "PathModel", "as_model", "covariance", "path", "variables"]
