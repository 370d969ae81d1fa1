"""lavaan's post-estimation answers beside fits: the cases of `lavaan_cases` that have them."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semnan import Fit

from ..lavaan_cases import Row, case, names

Array = NDArray[np.float64]
#: A variance at its boundary: lavaan's answer means little.
BOUNDARY = ("shared/twin_ace",)


@cache
def fitted(name: str) -> Fit:
    return case(name).run()


def shared(name: str) -> bool:
    return name.startswith("shared/")


def having(*keys: str) -> list[str]:
    """Cases for which lavaan answered one of the questions `keys`."""
    return [name for name in names() if any(case(name).said.get(key) for key in keys) and name not in BOUNDARY]


def modification_rows(name: str) -> list[Row]:
    """lavaan's modification indices with the label of the group."""
    said, labels = case(name).said["modindices"], fitted(name).model.groups
    if isinstance(said, dict):
        said = [dict(zip(said, values, strict=True)) for values in zip(*said.values(), strict=True)]
    return [{**row, "group": labels[row["group"] - 1] if labels else None} for row in said]


def residual_parts(name: str, units: str) -> Iterator[tuple[str | None, tuple[str, ...], Array, Array | None]]:
    """Group, variables, residuals of covariances and of means."""
    said, labels = case(name).said, fitted(name).model.groups or (None,)
    if not shared(name):
        for g, part in enumerate((said.get("residuals") or {}).get(units) or ()):
            variables = tuple(said["implied"][g]["names"])
            yield labels[g], variables, square(part["cov"], len(variables)), numbers(part.get("mean"))
        return
    found = said[{"cor.bentler": "resid_cor", "standardized": "resid_std"}[units]]
    for label in labels:
        part = found if label is None else found[label]
        mean = part.get("mean")
        yield label, *matrix(part["cov"]), None if mean is None else numbers(mean["values"])


def having_scores() -> list[str]:
    heads = having("scores", "scores_regression_head")
    return [name for name in heads if shared(name) or case(name).said["scores"]["regression"]]


def score_heads(name: str, method: str) -> Iterator[tuple[int, tuple[str, ...], Array]]:
    """Place of the group, latents and the scores of its first rows."""
    said = case(name).said
    if shared(name):
        found = said[f"scores_{method}_head"]
        yield 0, tuple(found["cols"]), rectangle(found["values"])
    else:
        for g, rows in enumerate(said["scores"][method]):
            yield g, tuple(said["lv"]), rectangle(rows)


def matrix(said: Row) -> tuple[tuple[str, ...], Array]:
    """Names and values of a square matrix of ../shared."""
    size = len(said["values"])
    return tuple(said["rows"] or ()), rectangle(said["values"]).reshape(size, size)


def rectangle(values: Any) -> Array:
    return np.array(values, dtype=np.float64)


def numbers(values: Any) -> Array | None:
    return None if values is None else np.array(values, dtype=np.float64)


def square(values: Any, size: int) -> Array:
    """A symmetric matrix from its lower triangle, row by row."""
    found = np.zeros((size, size))
    found[np.tril_indices(size)] = np.array(values, dtype=np.float64)
    return found + np.tril(found, -1).T
