"""One contract for all networks: the dense oracle, finite differences, batches, dtypes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from semnan import AMASEM, SEMNAN, Accumulation, GraphError, KullbackLeibler, MuSEMNAN
from semnan.network import Network

from .oracle import dense, graphs

KINDS: list[type[Network]] = [SEMNAN, MuSEMNAN, Accumulation]
every_network = pytest.mark.parametrize("kind", KINDS)


def scaled(network: Network, size: float = 0.7) -> Network:
    """Weights of moderate size: a relative bound then is an absolute one."""
    with torch.no_grad():
        network.weights.mul_(size)
    return network


@every_network
@given(graph=graphs(), seed=st.integers(0, 99))
def test_agrees_with_the_dense_oracle(kind: type[Network], graph: AMASEM, seed: int) -> None:
    network = scaled(kind(graph, seed=seed))
    expected = dense(network).detach()
    assert torch.allclose(network().detach(), expected, rtol=1e-12, atol=1e-12 * float(expected.abs().max()))


@every_network
@given(graph=graphs(5), seed=st.integers(0, 99))
def test_gradient_agrees_with_finite_differences(kind: type[Network], graph: AMASEM, seed: int) -> None:
    network = scaled(kind(graph, seed=seed))
    generator = torch.Generator().manual_seed(seed)
    p = len(graph.visibles)
    direction = torch.randn(p, p, generator=generator, dtype=torch.float64)
    (network() * direction).sum().backward()
    assert network.weights.grad is not None
    numeric = central_differences(network, direction)
    scale = 1 + float(numeric.abs().max())
    assert float((network.weights.grad - numeric).abs().max()) <= 1e-8 * scale


def central_differences(network: Network, direction: Tensor) -> Tensor:
    """Richardson's extrapolation of central differences, good to about 1e-11."""

    def slope(k: int, step: float) -> float:
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                network.weights[k] += sign * step
                ends.append(float((network() * direction).sum()))
                network.weights[k] -= sign * step
        return (ends[0] - ends[1]) / (2 * step)

    h = 1e-3
    values = [(4 * slope(k, h / 2) - slope(k, h)) / 3 for k in range(len(network.weights))]
    return torch.tensor(values, dtype=torch.float64)


@every_network
@given(graph=graphs(5), seed=st.integers(0, 99))
def test_a_batch_is_a_loop(kind: type[Network], graph: AMASEM, seed: int) -> None:
    batch = scaled(kind(graph, batch=(2, 3), seed=seed))
    direction = torch.randn(len(graph.visibles), len(graph.visibles), dtype=torch.float64)
    sigma = batch()
    (sigma * direction).sum().backward()
    assert batch.weights.grad is not None
    for i in range(2):
        for j in range(3):
            single = kind(graph)
            single.load_state_dict({"weights": batch.weights[i, j].detach()})
            value = single()
            (value * direction).sum().backward()
            assert single.weights.grad is not None
            assert torch.allclose(sigma[i, j], value, rtol=1e-12, atol=1e-12)
            assert torch.allclose(batch.weights.grad[i, j], single.weights.grad, rtol=1e-10, atol=1e-10)


@every_network
@given(graph=graphs(), seed=st.integers(0, 99))
def test_single_precision(kind: type[Network], graph: AMASEM, seed: int) -> None:
    double = scaled(kind(graph, seed=seed), 0.4)
    single = scaled(kind(graph, seed=seed, dtype=torch.float32), 0.4)
    value = single().detach()
    assert value.dtype == torch.float32
    reference = double().detach()
    assert float((value.double() - reference).abs().max()) <= 1e-4 * float(reference.abs().max())


@given(graph=graphs(), seed=st.integers(0, 99))
def test_gradients_of_all_networks_agree(graph: AMASEM, seed: int) -> None:
    """For a linear loss: a nearly singular Σ would blow rounding up in the gradient of a divergence."""
    p = len(graph.visibles)
    direction = torch.randn(p, p, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    gradients = []
    for kind in KINDS:
        network = scaled(kind(graph, seed=seed))
        (network() * direction).sum().backward()
        assert network.weights.grad is not None
        gradients.append(network.weights.grad)
    for gradient in gradients[1:]:
        assert torch.allclose(gradient, gradients[0], rtol=1e-10, atol=1e-11 * (1 + float(gradients[0].abs().max())))


@given(graph=graphs(), seed=st.integers(0, 99))
def test_relabelling_permutes_the_covariance(graph: AMASEM, seed: int) -> None:
    network = MuSEMNAN(graph, seed=seed)
    names = {name: f"z{i}" for i, name in enumerate(reversed((*graph.visibles, *graph.latents)))}
    shuffled = reversed([(names[a], names[b]) for a, b in graph.ordered_edges])
    other = AMASEM(
        tuple(names[v] for v in reversed(graph.visibles)), tuple(names[u] for u in graph.latents), frozenset(shuffled)
    )
    twin = MuSEMNAN(other)
    weights = dict(zip(network.edges, network.weights.tolist(), strict=True))
    twin.set_weights({(names[a], names[b]): w for (a, b), w in weights.items()})
    order = [other.visibles.index(names[v]) for v in graph.visibles]
    assert torch.allclose(twin()[order][:, order], network(), rtol=1e-10, atol=1e-10)


@every_network
def test_trains_with_any_torch_optimiser(kind: type[Network]) -> None:
    graph = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y")
    target = kind(graph, seed=1)().detach()
    network = kind(graph, seed=2)
    loss = KullbackLeibler(target)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(1500):
        optimiser.zero_grad()
        value = loss(network())
        value.backward()
        optimiser.step()
    assert float(loss(network()).detach()) < 1e-6


def test_weights_go_in_by_name() -> None:
    graph = AMASEM.parse("X -> Y")
    network = SEMNAN(graph)
    network.set_weights({("X", "Y"): 2.0, ("e_X", "X"): 1.0, ("e_Y", "Y"): 3.0})
    assert torch.equal(network().detach(), torch.tensor([[1.0, 2.0], [2.0, 13.0]], dtype=torch.float64))
    with pytest.raises(GraphError, match="e_Y -> Y has no weight"):
        network.set_weights({("X", "Y"): 2.0, ("e_X", "X"): 1.0})
    with pytest.raises(GraphError, match="batch"):
        SEMNAN(graph, batch=(2,)).set_weights({})


def test_the_seed_decides_the_weights() -> None:
    graph = AMASEM.random(5, confounders=1, seed=3)
    assert torch.equal(SEMNAN(graph, seed=7).weights, MuSEMNAN(graph, seed=7).weights)
    assert not torch.equal(SEMNAN(graph, seed=7).weights, SEMNAN(graph, seed=8).weights)


def test_an_intervened_graph_propagates() -> None:
    """A variable that is set has no variance, and its children keep their own."""
    graph = AMASEM.parse("latent U; U -> X, Y; X -> Y").do("X")
    for kind in KINDS:
        network = kind(graph, seed=0)
        expected = dense(network).detach()
        assert torch.allclose(network().detach(), expected, atol=1e-12)
        assert float(network().detach()[0, 0]) == 0.0
