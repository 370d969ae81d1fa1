"""Every error, warning and missing value of semnan, in one small tree.

An error names the variable, edge, row or file that is wrong and says what to do. A value that does not
apply is not NaN and not a crash: it is `Unavailable`, which carries its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


class SemnanError(Exception):
    """Base of all errors that semnan raises on purpose."""


class GraphError(SemnanError, ValueError):
    """A graph that is not an AMASEM, or a name that the graph does not have."""


class ModelError(SemnanError, ValueError):
    """A path model whose diagram or parameter table is wrong."""


class DataError(SemnanError, ValueError):
    """A table, array or matrix that moments cannot be made from."""


class FitError(SemnanError, ValueError):
    """A request that estimation cannot meet, such as a model without free parameters."""


class FileError(SemnanError, ValueError):
    """A file that is missing, malformed or not one that semnan wrote."""


class RelaxationWarning(UserWarning):
    """The graph made is a relaxation: it allows covariances that the graph given does not."""


class ResamplingWarning(UserWarning):
    """Replicates of a sample are missing: some have no estimates, or the work was interrupted."""


@final
@dataclass(frozen=True)
class Unavailable:
    """Stands where a number would be and says why there is none.

    Attributes
    ----------
    reason : str
        One sentence for the user.

    """

    reason: str

    def __str__(self) -> str:
        return f"— ({self.reason})"

    def __float__(self) -> float:
        raise TypeError(f"there is no number here: {self.reason}")
