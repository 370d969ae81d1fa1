"""semnan on one case: text and data frame to estimates, standard errors, χ² and baseline. One JSON line."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import torch

import semnan as sn
from benchmarks.peers import work


def touch(fit: Any) -> None:
    """What a lavaan call computes as well, here on demand."""
    _ = fit.estimates, fit.standard_errors, fit.chi_square
    _ = fit.baseline


def steps(fit: Any) -> int:
    return int(fit.steps)


def floor(p: int, q: int) -> float:
    """Seconds of the linear algebra of one step: a p × p Cholesky with inverse and a q × q Cholesky, best of three."""
    sigma, information = (torch.eye(size, dtype=torch.float64) + 0.01 / size for size in (p, q))
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        torch.cholesky_inverse(torch.linalg.cholesky(sigma))
        torch.linalg.cholesky(information)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    given = work.arguments()
    frame = pd.read_csv(given.data)
    options = {name.replace(".", "_"): value for name, value in given.meta["options"].items()}

    def call() -> Any:
        fit = getattr(sn, given.meta["function"])(given.text, frame, **options)
        touch(fit)
        return fit

    fit, times = work.timed(call, given.reps, given.budget)
    work.answer(
        version=sn.__version__,
        **times,
        chi_square=float(fit.chi_square),
        converged=bool(fit.converged),
        steps=steps(fit),
        floor=steps(fit) * floor(given.meta["p"], given.meta["parameters"]),
    )


if __name__ == "__main__":
    main()
