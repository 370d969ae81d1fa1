"""Path models as index arrays: matrices, ties, interventions, the path-model covariance."""

from dataclasses import replace

import pytest
import torch

from semnan import PathModel, covariance, path
from semnan.model import intercept
from semnan.network import Layout, accumulated_covariance, dense_covariance, implied_moments, propagate


def model() -> PathModel:
    """A factor with a marker, a tie, a fixed covariance and an endogenous latent."""
    return PathModel(
        ("y1", "y2", "x", "z"),
        ("F", "G"),
        (
            path("F", "y1", fixed=1.0),
            path("F", "y2", label="tied"),
            path("x", "F", label="tied"),
            path("G", "F"),
            path("G", "z", fixed=0.5),
            covariance("x", "z", fixed=0.2),
            covariance("y1", "y2"),
            *(covariance(name) for name in ("y1", "y2", "x", "z", "F", "G")),
        ),
    )


def theta() -> torch.Tensor:
    return torch.tensor([0.8, -0.4, 0.3, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5], dtype=torch.float64)


def test_matrices_hold_fixed_free_and_tied_entries() -> None:
    layout = Layout.of(model())
    weights, omega = layout.matrices(theta())
    at = {name: i for i, name in enumerate(layout.names)}
    assert float(weights[at["F"], at["y2"]]) == float(weights[at["x"], at["F"]]) == 0.8
    assert float(weights[at["F"], at["y1"]]) == 1.0
    assert float(omega[at["x"], at["z"]]) == float(omega[at["z"], at["x"]]) == 0.2
    assert torch.equal(weights, weights.triu(1))
    assert torch.equal(omega, omega.mT)


def test_propagation_agrees_with_the_definition() -> None:
    layout = Layout.of(model())
    theta_2 = torch.stack([theta(), 0.5 * theta()])
    weights, omega = layout.matrices(theta_2)
    at = propagate(layout, theta_2)
    assert torch.allclose(at.sigma, dense_covariance(weights, omega, layout.visible), rtol=1e-13)
    total = torch.linalg.inv(torch.eye(6, dtype=torch.float64) - weights)
    s, covariances = layout.inner, total.mT @ omega @ total
    assert (layout.names[:s], layout.order[-1]) == (("G", "x", "F"), "z")
    assert torch.allclose(at.factors[:, :s], total[..., :s, layout.visible], rtol=1e-13)
    assert torch.allclose(at.factors[:, s:], covariances[..., :s, layout.visible], rtol=1e-12, atol=1e-14)
    assert torch.allclose(at.inner, total[..., :s, :s], rtol=1e-13)
    mean, everything = implied_moments(layout, theta_2)
    assert not mean.any()
    assert torch.allclose(everything, covariances, rtol=1e-13)


def test_means_are_effects_of_a_constant() -> None:
    """In coordinates around a center, Σ is bordered by the mean less the center."""
    plain = model()
    layout = Layout.of(replace(plain, parameters=(*plain.parameters, intercept("x"), intercept("y2", fixed=2.0))))
    values = torch.cat([theta(), torch.tensor([1.5], dtype=torch.float64)])
    mean, covariances = implied_moments(layout, values)
    center = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    at = propagate(layout, values, center)
    deviation = (mean[layout.visible] - center)[1:]
    assert float(mean[layout.names.index("x")]) == 1.5
    assert float(mean[layout.names.index("y2")]) == pytest.approx(2 + 1.5 * 0.8 * 0.8)
    assert torch.allclose(at.sigma[0], torch.cat([torch.ones(1, dtype=torch.float64), deviation]))
    inside = covariances[layout.shown[:, None], layout.shown] + torch.outer(deviation, deviation)
    assert torch.allclose(at.sigma[1:, 1:], inside, rtol=1e-12)


def test_accumulation_passes_gradcheck() -> None:
    layout = Layout.of(model())
    weights, omega = layout.matrices(theta())
    weights.requires_grad_()
    omega.requires_grad_()

    def sigma(w: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return accumulated_covariance(w.triu(1), (o + o.mT) / 2, layout.visible)

    assert torch.autograd.gradcheck(sigma, (weights, omega))


def test_an_intervention_cuts_paths_and_noise_and_keeps_theta() -> None:
    cut = Layout.of(model()).intervene(["F", "x"])
    weights, omega = cut.matrices(theta())
    at = {name: i for i, name in enumerate(cut.names)}
    assert not weights[:, [at["F"], at["x"]]].any()
    assert not omega[[at["F"], at["x"]]].any()
    assert float(weights[at["F"], at["y2"]]) == 0.8
    assert cut.size == 9
