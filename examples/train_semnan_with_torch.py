# %% [markdown]
# # Training a SEMNAN with torch
#
# Saremi (JMLR 27(17), 2026) shows that fitting a Gaussian causal model with latent variables is the same as training
# a layered feed-forward network whose weights are the effects: the covariance of the latents goes in at the bottom, the
# covariance of the visible variables comes out at the top. In semnan such a network is a `torch.nn.Module`, so any
# optimiser and any loss of yours will do.

# %%
import time

import torch

import semnan as sn

torch.set_num_threads(1)
graph = sn.AMASEM.parse("""
    latent U1, U2
    U1 -> x1, x5, x9      # a general ability
    U2 -> x3, x6, x8      # a second one
    x1 -> x2
    x1, x2 -> x3
    x5 -> x4
    x4, x5 -> x6
    x8 -> x9
    x8, x9 -> x7
""")
moments = sn.datasets.holzinger_swineford_1939().moments(*graph.visibles)
print(graph.layers())

# %% [markdown]
# Each line is a layer. A name in brackets is an *alias*: a neuron that carries a variable to a higher layer where it
# is needed, with a weight of one that is not trained. `e_x1` is the error of x1.
#
# ## The recipe of the paper

# %%
loss = sn.KullbackLeibler(moments)


def train(kind: type, steps: int = 1500) -> torch.nn.Module:
    """Adamax from random weights; the same start for every kind of network."""
    network = kind(graph, seed=3)
    optimiser = torch.optim.Adamax(network.parameters(), lr=0.02)
    begun = time.perf_counter()
    for step in range(steps + 1):
        optimiser.zero_grad()
        value = loss(network())
        value.backward()
        optimiser.step()
        if step % 300 == 0:
            print(f"{kind.__name__:12} step {step:5}   KL {value.item():.10f}")
    print(f"{kind.__name__:12} {1000 * (time.perf_counter() - begun) / steps:.2f} ms a step")
    return network


networks = [train(kind) for kind in (sn.SEMNAN, sn.MuSEMNAN, sn.Accumulation)]

# %% [markdown]
# The three networks compute the same numbers; they differ in what they keep in memory and in how they get there.
# `SEMNAN` keeps the covariance of every layer, `MuSEMNAN` keeps one array whatever the depth, `Accumulation` replaces
# the layers by two triangular solves.

# %%
for network in networks[1:]:
    difference = (network.weights - networks[0].weights).abs().max().item()
    print(f"{type(network).__name__}: largest difference of a weight from SEMNAN {difference:.1e}")

# %% [markdown]
# ## Fisher scoring
#
# `semnan.fit` minimises the same divergence with second-order steps, each of them guarded: the implied covariance stays
# positive definite and the loss falls.

# %%
begun = time.perf_counter()
result = sn.fit(graph, moments)
print(f"{result.estimate.steps} steps, {1000 * (time.perf_counter() - begun):.0f} ms, KL {result.discrepancy:.10f}")

# %% [markdown]
# The same optimum from both, up to what 1500 steps of Adamax reach. A network writes an error as a weight of its own
# and a fit as a variance, which is that weight squared; the sign of a latent is arbitrary, and `fit` makes its first
# loading positive. Visible-to-visible weights can be compared directly:

# %%
learned = dict(zip(networks[0].edges, networks[0].weights.tolist(), strict=True))
for (a, b), weight in learned.items():
    if a in graph.visibles:
        print(f"{a} -> {b}   Adamax {weight:8.5f}   Fisher scoring {result.estimates[f'{a} -> {b}']:8.5f}")

# %% [markdown]
# ## A loss of your own
#
# The network only returns Σ, so a penalty is one more term. Here is the sum of the absolute effects between visible
# variables, which pulls small effects towards zero:

# %%
network = sn.Accumulation(graph, seed=3)
between = torch.tensor([a in graph.visibles for a, _ in network.edges])
optimiser = torch.optim.Adamax(network.parameters(), lr=0.02)
for _ in range(1500):
    optimiser.zero_grad()
    penalised = loss(network()) + 0.05 * network.weights[between].abs().sum()
    penalised.backward()
    optimiser.step()
shrunk = dict(zip(network.edges, network.weights.tolist(), strict=True))
for edge, weight in shrunk.items():
    if edge[0] in graph.visibles:
        print(f"{edge[0]} -> {edge[1]}   without penalty {learned[edge]:8.4f}   with {weight:8.4f}")

# %% [markdown]
# ## Many starts at once
#
# Leading dimensions are a batch: here 8 networks with different random weights, trained together.

# %%
many = sn.Accumulation(graph, batch=(8,), seed=0)
optimiser = torch.optim.Adamax(many.parameters(), lr=0.02)
for _ in range(1500):
    optimiser.zero_grad()
    values = loss(many())
    values.sum().backward()
    optimiser.step()
print("KL of the 8 networks:", [f"{value:.4f}" for value in sorted(values.tolist())])

# %% [markdown]
# After 1500 steps some networks have come close to the optimum at 0.1337 and others are on their way: with 9000 steps
# all eight get there.
