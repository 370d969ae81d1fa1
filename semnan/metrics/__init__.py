"""How far a learned graph is from the true one, and how far variances alone give an order away.

Matrices are entry [parent, child]; what is not zero is an edge. In a CPDAG an undirected edge stands in both entries.
"""

from semnan.metrics.beside_data import negative_log_likelihood, r2_sortability, r_squared_of_others, varsortability
from semnan.metrics.comparison import (
    Comparison,
    Confusion,
    at_thresholds,
    average_precision,
    compare,
    shd,
    shd_cpdag,
)
from semnan.metrics.equivalence import cpdag
from semnan.metrics.matrices import Array, Flags, is_acyclic

__all__ = [
    "Array",
    "Comparison",
    "Confusion",
    "Flags",
    "at_thresholds",
    "average_precision",
    "compare",
    "cpdag",
    "is_acyclic",
    "negative_log_likelihood",
    "r2_sortability",
    "r_squared_of_others",
    "shd",
    "shd_cpdag",
    "varsortability",
]
