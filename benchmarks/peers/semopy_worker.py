"""semopy on one case: `Model`, `fit`, and `inspect` with standard errors of the expected information.

It computes no baseline. One JSON line.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from typing import Any

import pandas as pd

from benchmarks.peers import work


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    semopy: Any = importlib.import_module("semopy")
    given = work.arguments()
    frame = pd.read_csv(given.data)

    def call() -> Any:
        model = semopy.Model(given.text, **given.meta["semopy_options"])
        found = model.fit(frame)
        model.inspect()
        return found

    found, times = work.timed(call, given.reps, given.budget)
    chi_square, converged = len(frame) * float(found.fun), bool(found.success)
    work.answer(version=semopy.__version__, **times, chi_square=chi_square, converged=converged, steps=int(found.n_it))


if __name__ == "__main__":
    main()
