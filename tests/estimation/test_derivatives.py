"""Gradient, information and Hessian of the problem against finite differences and the p² × q Jacobian."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from semnan import AMASEM, PathModel, SquaredHellinger
from semnan.estimation.discrepancy import DISCREPANCIES, Discrepancy
from semnan.estimation.estimate import _bounds
from semnan.estimation.information import push_forward
from semnan.estimation.problem import Problem
from semnan.model import as_model
from semnan.network import Layout

from .models import political_democracy, sample, truth

every_discrepancy = pytest.mark.parametrize("kind", DISCREPANCIES.values())


def tied() -> PathModel:
    """Bollen's model with two tied loadings and a tied variance."""
    labels = {"dem60 -> y2": "a", "dem65 -> y6": "a", "y1 <-> y1": "v", "y5 <-> y5": "v"}
    model = political_democracy()
    rows = tuple(replace(row, label=labels.get(row.edge)) for row in model.parameters)
    return PathModel(model.visibles, model.latents, rows)


def problem(model: PathModel | AMASEM, kind: type[Discrepancy], seed: int = 3) -> tuple[Problem, Tensor]:
    """A problem far from its minimum, so that nothing vanishes."""
    compiled = as_model(model)
    theta, _ = truth(compiled, seed + 1)
    moments = sample(compiled, seed, 300)
    return Problem(Layout.of(compiled), kind(moments.covariance[None].copy()), *_bounds(compiled)), theta[None]


def differences(task: Problem, theta: Tensor, step: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Central differences of the value and of the gradient."""
    moves = step * torch.eye(theta.shape[1], dtype=torch.float64)
    ups, downs = [task.at(theta + m) for m in moves], [task.at(theta - m) for m in moves]
    slope = torch.stack([(u.loss.value - d.loss.value) / (2 * step) for u, d in zip(ups, downs, strict=True)], -1)
    bend = [(task.gradient(u) - task.gradient(d)) / (2 * step) for u, d in zip(ups, downs, strict=True)]
    return slope, torch.stack(bend, -1)


@every_discrepancy
def test_gradient_and_hessian(kind: type[Discrepancy]) -> None:
    task, theta = problem(AMASEM.random(5, parents=2, confounders=2, children=3, seed=1), kind)
    if kind is SquaredHellinger:  # Its Hessian leaves out a term that vanishes at a minimum.
        task = Problem(task.layout, kind(task.at(theta).implied.sigma * 1.003), task.lower, task.upper)
    slope, bend = differences(task, theta)
    point = task.at(theta)
    assert torch.allclose(task.gradient(point), slope, rtol=1e-5, atol=1e-6 * float(slope.abs().max()))
    assert torch.allclose(task.exact_hessian(point), bend, rtol=1e-4, atol=1e-5 * float(bend.abs().max()))


@every_discrepancy
def test_ties_and_endogenous_latents(kind: type[Discrepancy]) -> None:
    model = tied()
    moments = sample(model, 1, 400)
    task = Problem(Layout.of(model), kind(moments.covariance[None].copy()), *_bounds(model))
    theta = truth(model, 1)[0][None] * 1.05
    if kind is SquaredHellinger:
        task = Problem(task.layout, kind(task.at(theta).implied.sigma * 1.003), task.lower, task.upper)
    slope, bend = differences(task, theta)
    point = task.at(theta)
    assert torch.allclose(task.gradient(point), slope, rtol=1e-5, atol=1e-6 * float(slope.abs().max()))
    assert torch.allclose(task.exact_hessian(point), bend, rtol=1e-4, atol=1e-5 * float(bend.abs().max()))


@given(seed=st.integers(0, 200), parents=st.integers(0, 3), confounders=st.integers(0, 2))
def test_information_is_half_the_trace(seed: int, parents: int, confounders: int) -> None:
    """F_kl = ½ tr(M ∂_kΣ M ∂_lΣ) with ∂Σ by central differences, for any metric M."""
    graph = AMASEM.random(4, parents=parents, confounders=confounders, children=3, seed=seed)
    task, theta = problem(graph, DISCREPANCIES["KullbackLeibler"], seed)
    point = task.at(theta)
    moves = 1e-6 * torch.eye(theta.shape[1], dtype=torch.float64)
    change = torch.stack([(task.at(theta + m).implied.sigma - task.at(theta - m).implied.sigma)[0] for m in moves])
    weighted = point.loss.metric @ (change / 2e-6)
    expected = torch.einsum("kij,lji->kl", weighted, weighted) / 2
    assert torch.allclose(task.hessian(point)[0], expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max()))


def test_products_never_form_the_matrix_but_agree_with_it() -> None:
    for model in (tied(), as_model(AMASEM.random(6, confounders=2, children=3, seed=2))):
        task, theta = problem(model, DISCREPANCIES["KullbackLeibler"])
        point, direction = task.at(theta), torch.randn_like(theta)
        dense = task.hessian(point)
        assert torch.allclose(task.hessian_product(point, direction)[0], dense[0] @ direction[0], rtol=1e-10)
        step = 1e-6
        numeric = (
            task.at(theta + step * direction).implied.sigma - task.at(theta - step * direction).implied.sigma
        ) / (2 * step)
        exact = push_forward(task.layout, point.implied, direction)
        assert torch.allclose(exact, numeric, rtol=1e-5, atol=1e-6 * float(exact.abs().max()))


def test_diagonal_without_the_rest() -> None:
    task, theta = problem(AMASEM.random(6, confounders=2, children=3, seed=2), DISCREPANCIES["KullbackLeibler"])
    point = task.at(theta)
    assert torch.allclose(task.hessian_diagonal(point), task.hessian(point).diagonal(dim1=-2, dim2=-1), rtol=1e-12)


def test_blocks_are_seamless() -> None:
    """More rows than one block of the gather."""
    graph = AMASEM.random(60, parents=3, confounders=10, children=3, seed=5)
    task, theta = problem(graph, DISCREPANCIES["KullbackLeibler"])
    point = task.at(theta * 0.1 + (theta > 0) * 0.5)
    dense = task.hessian(point)
    direction = torch.randn_like(theta)
    assert dense.shape[-1] > 2 * 128
    assert torch.allclose(dense, dense.mT)
    assert torch.allclose(task.hessian_product(point, direction)[0], dense[0] @ direction[0], rtol=1e-9, atol=1e-9)
