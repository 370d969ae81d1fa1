"""A small table in every form in which moments are made from one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

NAMES = ("a", "b", "c")


def table(seed: int = 0, rows: int = 20) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(rows, 3)) @ rng.normal(size=(3, 3)) + 5)


def columns(seed: int = 0) -> dict[str, list[float]]:
    return dict(zip(NAMES, table(seed).T.tolist(), strict=True))


BACKENDS: list[Callable[[dict[str, Any]], Any]] = [pd.DataFrame, pl.DataFrame, pa.table]
