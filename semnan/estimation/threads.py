"""One BLAS thread for all but very large fits.

numpy and scipy each bring a pool of threads, which wait actively after every call. In a fit their calls alternate, so
that on few cores the pools take time from each other: on two, a fit of 50 variables took ten times as long as with one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

#: Up to so many parameters or variables one thread is faster.
LARGE = 2000


def blas_threads(size: int) -> AbstractContextManager[Any]:
    """A context in which numpy and scipy compute a fit of this size."""
    if size > LARGE:
        return nullcontext()
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
