# %% [markdown]
# # What is identified?
#
# With a latent variable in the graph, some effects can be computed from the covariance of the visible variables
# and others cannot. This page draws random weights for some graphs of the causal inference literature, computes
# the exact covariance that these weights imply, forgets the weights, fits the covariance, and looks at which
# effects come back.
#
# Every graph below contains the question "what does X do to Y?".

# %%
import numpy as np
import torch

import semnan as sn

GRAPHS = {
    "back-door": (
        "Z -> X, Y; X -> Y",
        "A measured common cause Z. Adjusting for Z blocks the back-door path.",
    ),
    "front-door": (
        "latent U; U -> X, Y; X -> M -> Y",
        "X and Y share an unmeasured cause, but all of the effect passes through M, which the cause does not touch.",
    ),
    "M": (
        "latent U1, U2; U1 -> X, Z; U2 -> Z, Y; X -> Y",
        "Z is an effect of two unmeasured causes. Adjusting for Z would create a bias; ignoring it does not.",
    ),
    "napkin": (
        "latent U1, U2; U1 -> W, X; U2 -> W, Y; W -> Z -> X -> Y",
        "No set of variables is right to adjust for, yet the effect is a ratio of two effects that are identified.",
    ),
    "instrument": (
        "latent U; U -> X, Y; Z -> X -> Y",
        "X and Y share an unmeasured cause; Z moves X and touches Y only through X.",
    ),
    "bow": (
        "latent U; U -> X, Y; X -> Y",
        "The same without the instrument.",
    ),
    "extended bow": (
        "latent U; U -> X, M; X -> M -> Y",
        "A bow whose end M goes on to Y: the second step of the path is identified, the first is not.",
    ),
    "bad M": (
        "latent U1, U2; U1 -> X, Z; U2 -> Z, Y; Z -> X, Y; X -> Y",
        "The M graph in which Z causes X and Y besides: it must be adjusted for, and must not be.",
    ),
}

# %% [markdown]
# A network turns weights into a covariance. `Accumulation` is one of three; here it is only used to compute.


# %%
def exact(graph: sn.AMASEM, seed: int) -> tuple[sn.Moments, dict[tuple[str, str], float]]:
    """Random weights between 0.5 and 1.5 in size, and the covariance that they imply."""
    rng = np.random.default_rng(seed)
    size, sign = rng.uniform(0.5, 1.5, len(graph.edges)), rng.choice([-1, 1], len(graph.edges))
    weights = dict(zip(graph.ordered_edges, size * sign, strict=True))
    network = sn.Accumulation(graph)
    network.set_weights(weights)
    with torch.no_grad():
        return sn.Moments.from_covariance(network().numpy(), graph.visibles, n=1000), weights


def true_effect(graph: sn.AMASEM, weights: dict[tuple[str, str], float], source: str, target: str) -> float:
    """The sum over all directed paths of the product of their weights."""
    return sum(
        weights[source, child] * (1.0 if child == target else true_effect(graph, weights, child, target))
        for child in graph.children(source)
    )


# %% [markdown]
# Now fit each graph to its own covariance. The fit does not know the weights.

# %%
for name, (text, story) in GRAPHS.items():
    graph = sn.AMASEM.parse(text)
    moments, weights = exact(graph, seed=7)
    result = sn.fit(graph, moments)
    print(f"\n{name}: {text}\n  {story}")
    for effect in result.effects():
        truth = true_effect(graph, weights, effect.source, effect.target)
        known = f"{effect.estimate:8.4f}" if effect.identified else f"  {effect.estimate}"
        print(f"    {effect.source} => {effect.target}   true {truth:8.4f}   fitted {known}")

# %% [markdown]
# Where a number is printed, it equals the true one, although the fit was not told the weights. Where the fit
# reached a covariance that fits exactly but the effect is not determined, there is a reason instead of a number.
#
# ## Seeing it by hand
#
# "Not identified" means that other values imply the same covariance. For the bow we can show it: say what the effect
# is, whatever you like, and fit the rest. A `PathModel` lists every parameter; here the common cause is a covariance
# of the two errors.

# %%
moments, weights = exact(sn.AMASEM.parse(GRAPHS["bow"][0]), seed=7)
print(f"the true effect is {weights['X', 'Y']:.4f}")
for value in (-2.0, -1.0, 0.0, 1.0, 2.0):
    rows = (sn.path("X", "Y", fixed=value), sn.covariance("X"), sn.covariance("Y"), sn.covariance("X", "Y"))
    result = sn.fit(sn.PathModel(("X", "Y"), (), rows), moments)
    print(f"effect held at {value:4.1f}: discrepancy {abs(result.discrepancy):.6f}, {result.outcome.value}")

# %% [markdown]
# Every one of these fits is perfect. More data would not help; another variable would: add an instrument, and the
# same effect has an answer.
#
# ## The paper's test
#
# Saremi (2026) proposes to train the network again and again from random weights until it implies the covariance, and
# to look at whether the effect is always the same. One disagreement is a proof that the effect is not identified;
# agreement is evidence that it is. Forty networks are a batch here, trained at once:


# %%
def refit(text: str) -> None:
    graph = sn.AMASEM.parse(text)
    moments, weights = exact(graph, seed=7)
    networks, loss = sn.Accumulation(graph, batch=(40,), seed=1), sn.KullbackLeibler(moments)
    optimiser = torch.optim.LBFGS(
        networks.parameters(), max_iter=1000, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        total = loss(networks()).sum()
        total.backward()
        return total

    optimiser.step(closure)
    exactly = (loss(networks()) < 1e-10).numpy()
    effects = networks.weights[:, networks.edges.index(("X", "Y"))].detach().numpy()[exactly]
    print(f"{exactly.sum()} of 40 networks fit exactly; true effect {weights['X', 'Y']:.3f}")
    print(f"  their effects of X on Y lie between {effects.min():.3f} and {effects.max():.3f}")


for name in ("instrument", "bow", "bad M", "M"):
    print(name, end=": ")
    refit(GRAPHS[name][0])

# %% [markdown]
# ## What the verdict does not say
#
# The verdict of `fit` is *local*: it comes from the rank of the information matrix at one point. There are graphs in
# which a finite number of values, more than one, fit equally well; each of them is called identified where it is found.
# The test above is a way to look for the others, and `sn.identify` is the exact answer.
#
# And a verdict is about almost all weights. At special values, an effect that is identified in general is not: an
# instrument with no effect on X instruments nothing, and the standard error is then large and not to be trusted.

# %%
graph = sn.AMASEM.parse(GRAPHS["instrument"][0])
weak = dict.fromkeys(graph.edges, 1.0) | {("Z", "X"): 0.0}
network = sn.Accumulation(graph)
network.set_weights(weak)
with torch.no_grad():
    useless = sn.Moments.from_covariance(network().numpy(), graph.visibles, n=1000)
result = sn.fit(graph, useless)
print(result.effect("X", "Y"))
for finding in result.findings:
    print(finding)
