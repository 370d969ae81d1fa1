"""Gradient, information and Hessian of the problem against finite differences and the p² × q Jacobian."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semnan import AMASEM, MomentsStack, PathModel, SquaredHellinger, covariance, path
from semnan.data import Moments, Patterns
from semnan.estimation.assembly import assemble
from semnan.estimation.constraints import Constraints
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy, KullbackLeibler
from semnan.estimation.functions import Functions
from semnan.estimation.information import push_forward
from semnan.estimation.problem import Problem
from semnan.estimation.space import Penalty
from semnan.model import Constraint, as_model, intercept
from semnan.model.expression import Binary, Name, Number
from semnan.network.arrays import Array, diagonal

from .models import political_democracy, sample, truth

every_discrepancy = pytest.mark.parametrize("kind", DISCREPANCIES.values())


def tied() -> PathModel:
    """Bollen's model with two tied loadings and a tied variance."""
    labels = {"dem60 -> y2": "a", "dem65 -> y6": "a", "y1 <-> y1": "v", "y5 <-> y5": "v"}
    model = political_democracy()
    rows = tuple(replace(row, label=labels.get(row.edge)) for row in model.parameters)
    return PathModel(model.visibles, model.latents, rows)


def problem(model: PathModel | AMASEM, kind: type[Discrepancy], seed: int = 3) -> tuple[Problem, Array]:
    """A problem far from its minimum, so that nothing vanishes."""
    compiled = as_model(model)
    theta, _ = truth(compiled, seed + 1)
    stack = MomentsStack.from_moments([sample(compiled, seed, 300)])
    limits = Constraints.of(compiled)
    return Problem(assemble(compiled, [stack], kind).parts, limits.lower, limits.upper), theta[None].numpy()


def differences(task: Problem, theta: Array, step: float = 1e-5) -> tuple[Array, Array]:
    """Central differences of the value and of the gradient."""
    moves = step * np.eye(theta.shape[1])
    ups, downs = [task.at(theta + m) for m in moves], [task.at(theta - m) for m in moves]
    slope = np.stack([(u.value - d.value) / (2 * step) for u, d in zip(ups, downs, strict=True)], -1)
    bend = [(task.gradient(u) - task.gradient(d)) / (2 * step) for u, d in zip(ups, downs, strict=True)]
    return slope, np.stack(bend, -1)


def near(task: Problem, theta: Array, kind: type[Discrepancy]) -> Problem:
    """The problem with a sample that is nearly reached."""
    (part,) = task.parts
    loss = kind(task.at(theta).implied[0].sigma * 1.003)
    return replace(task, parts=(replace(part, loss=loss),))


def check(task: Problem, theta: Array) -> None:
    slope, bend = differences(task, theta)
    point = task.at(theta)
    assert np.allclose(task.gradient(point), slope, rtol=1e-5, atol=1e-6 * np.abs(slope).max())
    assert np.allclose(task.exact_hessian(point), bend, rtol=1e-4, atol=1e-5 * np.abs(bend).max())


@every_discrepancy
def test_gradient_and_hessian(kind: type[Discrepancy]) -> None:
    task, theta = problem(AMASEM.random(5, parents=2, confounders=2, children=3, seed=1), kind)
    # The Hessian of Hellinger's distance leaves out a term that vanishes at a minimum.
    check(near(task, theta, kind) if kind is SquaredHellinger else task, theta)


@every_discrepancy
def test_ties_and_endogenous_latents(kind: type[Discrepancy]) -> None:
    task, theta = problem(tied(), kind, 0)
    theta = theta * 1.05
    check(near(task, theta, kind) if kind is SquaredHellinger else task, theta)


def with_means() -> PathModel:
    """Means everywhere: a path from an inner visible, a latent mean, a tied and a fixed intercept, a crossing arc."""
    rows = (
        path("F", "a", fixed=1.0),
        path("F", "b"),
        path("F", "c"),
        path("b", "d"),
        path("x", "F"),
        path("x", "d"),
        covariance("b", "d"),
        covariance("F", "c"),
        *(covariance(name) for name in ("a", "b", "c", "d", "F")),
        intercept("F"),
        intercept("a", fixed=0.3),
        intercept("b", label="m"),
        intercept("c", label="m"),
        intercept("d"),
    )
    return PathModel(("a", "b", "c", "d", "x"), ("F",), rows, exogenous=("x",))


def in_groups(model: PathModel) -> PathModel:
    """The model in two groups that share labelled rows and a loading."""
    rows = [
        replace(row, group=group, label=row.label or ("shared" if row.edge == "F -> b" else None))
        for group in ("one", "two")
        for row in model.parameters
    ]
    return replace(model, parameters=tuple(rows), groups=("one", "two"))


def table(model: PathModel, seed: int, n: int = 60, holes: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, len(model.visibles))) @ rng.normal(size=(len(model.visibles),) * 2) + rng.normal(size=5)
    free = [v not in model.exogenous for v in model.visibles]
    rows[(rng.random(rows.shape) < holes) & free] = np.nan
    return rows[~np.isnan(rows).all(1)]


def start(model: PathModel, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    variance = [model.parameters[free.rows[0]].is_variance for free in model.free]
    values = np.where(variance, rng.uniform(2, 4, len(variance)), 0.4 * rng.normal(size=len(variance)))
    return values[None]


@pytest.mark.parametrize("holes", [0.0, 0.3])
@pytest.mark.parametrize("groups", [False, True])
def test_means_groups_and_missing_values(groups: bool, holes: float) -> None:
    model = in_groups(with_means()) if groups else with_means()
    tables = [table(model, k, holes=holes) for k in range(1 + groups)]
    data = [
        Patterns.from_rows(rows, model.visibles)
        if holes
        else MomentsStack.from_moments([Moments.from_array(rows, model.visibles)])
        for rows in tables
    ]
    limits = Constraints.of(model)
    check(Problem(assemble(model, data, KullbackLeibler).parts, limits.lower, limits.upper), start(model, 5))


def test_constraints() -> None:
    """A linear equality as coordinates, a nonlinear one and an inequality as a penalty."""
    base = with_means()
    labels = {"F -> b": "p", "F -> c": "q", "b -> d": "r", "x -> F": "s"}
    rows = tuple(replace(row, label=labels.get(row.edge, row.label)) for row in base.parameters)
    zeros = (
        Constraint(Binary(Name("p"), "+", Name("q")), "==", Number(1.0)),
        Constraint(Name("r"), "==", Binary(Name("s"), "^", Number(2.0))),
        Constraint(Binary(Name("p"), "*", Name("s")), "<", Number(-5.0)),
    )
    model = replace(base, parameters=rows, constraints=zeros)
    limits = Constraints.of(model)
    assert limits.space is not None
    assert isinstance(limits.functions, Functions)
    moments = MomentsStack.from_moments([Moments.from_array(table(model, 1), model.visibles)])
    penalty = Penalty(limits.functions, limits.equality, np.array([[1.5, 2.0]]), np.ones((1, 2)), 3.0)
    parts = assemble(model, [moments], KullbackLeibler).parts
    task = Problem(parts, limits.lower, limits.upper, limits.space, penalty)
    theta = limits.space.nearest(start(model, 4))
    full = task.at(theta).full[0]
    place = {free.name: k for k, free in enumerate(model.free)}
    assert float(full[place["p"]] + full[place["q"]]) == pytest.approx(1.0)
    assert penalty.active(full[None]).all()
    check(task, theta)


@given(seed=st.integers(0, 200), parents=st.integers(0, 3), confounders=st.integers(0, 2))
def test_information_is_half_the_trace(seed: int, parents: int, confounders: int) -> None:
    """F_kl = ½ tr(M ∂_kΣ M ∂_lΣ) with ∂Σ by central differences, for any metric M."""
    graph = AMASEM.random(4, parents=parents, confounders=confounders, children=3, seed=seed)
    task, theta = problem(graph, KullbackLeibler, seed)
    point = task.at(theta)
    moves = 1e-6 * np.eye(theta.shape[1])
    change = np.stack([(_sigma(task, theta + m) - _sigma(task, theta - m))[0] for m in moves])
    weighted = point.loss[0].metric @ (change / 2e-6)
    expected = np.einsum("kij,lji->kl", weighted, weighted) / 2
    assert np.allclose(task.hessian(point)[0], expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


def _sigma(task: Problem, theta: Array) -> Array:
    return task.at(theta).implied[0].sigma


def test_products_never_form_the_matrix_but_agree_with_it() -> None:
    for model in (tied(), as_model(AMASEM.random(6, confounders=2, children=3, seed=2))):
        task, theta = problem(model, KullbackLeibler)
        point, direction = task.at(theta), np.random.default_rng(0).normal(size=theta.shape)
        dense = task.hessian(point)
        assert np.allclose(task.hessian_product(point, direction)[0], dense[0] @ direction[0], rtol=1e-10)
        step = 1e-6
        numeric = (_sigma(task, theta + step * direction) - _sigma(task, theta - step * direction)) / (2 * step)
        exact = push_forward(task.parts[0].layout, point.implied[0], direction)
        assert np.allclose(exact, numeric, rtol=1e-5, atol=1e-6 * np.abs(exact).max())


def test_diagonal_without_the_rest() -> None:
    task, theta = problem(AMASEM.random(6, confounders=2, children=3, seed=2), KullbackLeibler)
    point = task.at(theta)
    assert np.allclose(task.hessian_diagonal(point), diagonal(task.hessian(point)), rtol=1e-12)


def test_blocks_are_seamless() -> None:
    """More rows than one block of the gather."""
    graph = AMASEM.random(60, parents=3, confounders=10, children=3, seed=5)
    task, theta = problem(graph, KullbackLeibler)
    point = task.at(theta * 0.1 + (theta > 0) * 0.5)
    dense = task.hessian(point)
    direction = np.random.default_rng(0).normal(size=theta.shape)
    assert dense.shape[-1] > 2 * 128
    assert np.allclose(dense, dense.mT)
    assert np.allclose(task.hessian_product(point, direction)[0], dense[0] @ direction[0], rtol=1e-9, atol=1e-9)
