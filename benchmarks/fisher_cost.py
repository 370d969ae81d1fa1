"""Time of one Fisher step over a physical floor, and of whole fits, on random graphs.

Floor: one p × p Cholesky with inverse and one q × q Cholesky. Step: implied moments, discrepancy, gradient, full
information and its damped solve. Graphs: 3 visible parents each, p/5 confounders of 3 children. Medians of
interleaved repetitions in one run. Also conjugate-gradient steps, which never form the q × q matrix.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from semnan import AMASEM, FisherScoring, KullbackLeibler, Moments, PathModel, fit
from semnan.estimation.conjugate import conjugate_gradients
from semnan.estimation.constraints import Constraints
from semnan.estimation.problem import Part, Problem
from semnan.network import Layout, propagate
from semnan.network.arrays import Array, cholesky, inverse_of_factor, solve_factor


def model(p: int) -> PathModel:
    """The random graph of a size."""
    return PathModel.from_amasem(AMASEM.random(p, parents=3, confounders=p // 5, children=3, seed=1))


def parameters(compiled: PathModel, layout: Layout) -> Array:
    """Moderate random weights, residual variances of one."""
    theta = 0.3 * np.random.default_rng(0).normal(size=(1, layout.size))
    variance = [compiled.parameters[free.rows[0]].is_variance for free in compiled.free]
    return np.where(variance, 1.0, theta)


def floor(sigma: Array, dense: Array) -> Callable[[], object]:
    """The linear algebra that no second-order step can do without."""
    return lambda: (inverse_of_factor(cholesky(sigma)[0]), cholesky(dense))


def dense_step(task: Problem, theta: Array) -> Array:
    """One Fisher step."""
    point = task.at(theta)
    return solve_factor(cholesky(damped(task.hessian(point)))[0], task.gradient(point))


def damped(hessian: Array) -> Array:
    at = np.arange(hessian.shape[-1])
    hessian[:, at, at] *= 1.001
    return hessian


def free_step(task: Problem, theta: Array) -> Array:
    """The same by conjugate gradients, to the tolerance that scoring uses."""
    point = task.at(theta)
    spread = task.hessian_diagonal(point)

    def product(direction: Array) -> Array:
        return np.asarray(task.hessian_product(point, direction) + 0.001 * spread * direction)

    return conjugate_gradients(product, task.gradient(point), spread)


def medians(repeat: int, *actions: Callable[[], object]) -> list[float]:
    """Median seconds of each action, the actions taking turns."""
    times: list[list[float]] = [[] for _ in actions]
    for turn in range(repeat + 1):
        for action, taken in zip(actions, times, strict=True):
            start = time.perf_counter()
            action()
            if turn:
                taken.append(time.perf_counter() - start)
    return [float(np.median(taken)) for taken in times]


def whole_fit(p: int, compiled: PathModel, sigma: Array) -> tuple[str, str, str]:
    """Fit a sample of 5 p rows; its time, its steps and how it ended."""
    rng = np.random.default_rng(0)
    rows = rng.multivariate_normal(np.zeros(p), sigma, size=5 * p, method="cholesky")
    moments = Moments.from_array(rows, compiled.visibles)
    start = time.perf_counter()
    found = fit(compiled, moments, optimiser=FisherScoring())
    return f"{time.perf_counter() - start:.2f}", str(found.estimate.steps), found.outcome.value


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("sizes", nargs="*", type=int, default=[50, 200, 500, 1000])
    reader.add_argument("--fits", type=int, default=200, help="largest p for which a whole fit is timed")
    options = reader.parse_args()
    columns = ("p", "q", "floor ms", "step ms", "step / floor", "CG step / floor", "fit s", "steps", "ended")
    table = Table(*columns, title=f"{torch.get_num_threads()} threads")
    for p in options.sizes:
        compiled = model(p)
        layout = Layout.of(compiled)
        theta = parameters(compiled, layout)
        sigma = propagate(layout, theta).sigma
        limits = Constraints.of(compiled)
        part = Part(layout, KullbackLeibler(sigma), None, np.ones(1))
        task = Problem((part,), limits.lower, limits.upper)
        away = 1.01 * theta
        dense = damped(task.hessian(task.at(away)))
        base, step, free = medians(
            3 if p >= 1000 else 7,
            floor(sigma, dense),
            lambda task=task, away=away: dense_step(task, away),  # type: ignore[misc]
            lambda task=task, away=away: free_step(task, away),  # type: ignore[misc]
        )
        fitted = whole_fit(p, compiled, sigma[0]) if p <= options.fits else ("", "", "")
        numbers = (f"{1e3 * base:.2f}", f"{1e3 * step:.2f}", f"{step / base:.2f}", f"{free / base:.1f}")
        table.add_row(str(p), str(layout.size), *numbers, *fitted)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
