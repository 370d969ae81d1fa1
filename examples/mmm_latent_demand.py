# %% [markdown]
# # What search did, and what demand did
#
# People who want to buy search first. A regression of sales on all channels therefore credits search with sales that
# would have come anyway, and it forgets that TV brings searches. Here is a panel of 20 regions and 104 weeks whose
# truth is known: TV acts on search, social and sales; unseen demand acts on search and on sales, and on the volumes
# of two kinds of queries, which nobody pays for. We ask the data the same questions in four ways.

# %%
import numpy as np

import semnan as sn
from semnan.mmm import ChannelGraph, ChannelSEM, simulate_panel

simulated = simulate_panel(seed=1)
panel = simulated.panel
print(panel)

# %% [markdown]
# ## Ask the graph before the data
#
# The graph says what acts on what. `confounders` are latent; `proxies` measure them.

# %%
graph = ChannelGraph(
    [
        ("TV", "Search"),
        ("TV", "Social"),
        ("TV", "Sales"),
        ("Social", "Sales"),
        ("Display", "Sales"),
        ("Search", "Sales"),
        ("Price", "Sales"),
    ],
    confounders={"demand": ["Search", "Sales"]},
    proxies={"demand": ["GQV", "Trends"]},
)
graph.identify()

# %% [markdown]
# Without the two proxies, the same graph says what cannot be known, and what to measure:

# %%
blind = ChannelGraph(graph.edges, kpi="Sales", confounders=graph.confounders)
for row in blind.identify():
    if not row.identified:
        print(f"{row.effect} ({row.kind}): {row.verdict}. What would help: {row.fix}")

# %% [markdown]
# The total effect of TV is known all the same: demand does not act on TV.
#
# ## Fit

# %%
fit = ChannelSEM(panel, graph, adstock=None, saturation=None).fit()
fit.effects()

# %% [markdown]
# The column *ignoring* is the same model without the confounder. Search then gets twice its due. The graph with
# estimates and verdicts:

# %%
fit.plot.graph()

# %% [markdown]
# ## Over many panels
#
# One panel may be lucky. Twenty panels, and four ways to look at each: a regression on all channels, the same
# with both proxies as controls, the channel graph without the latent, and with it. A regression has no equation
# for search and social, so that its coefficient of TV is all that it says about TV in total.


# %%
def regression(*controls: str) -> ChannelGraph:
    return ChannelGraph([(name, "Sales") for name in (*panel.channels, "Price", *controls)], kpi="Sales")


ways = {
    "regression on all channels": regression(),
    "with both proxies as controls": regression("GQV", "Trends"),
    "SEM without the latent": graph.without_confounders(),
    "SEM with demand and two proxies": graph,
}
truth = {("Search", "direct"): 1.2, ("TV", "direct"): 1.0, ("TV", "total"): 1.48}
found: dict[str, list[list[float]]] = {name: [] for name in ways}
for seed in range(20):
    drawn = simulate_panel(seed).panel
    for name, way in ways.items():
        effects = ChannelSEM(drawn, way, adstock=None, saturation=None).fit().effects()
        found[name].append([float(effects[key].estimate) for key in truth])

print(f"{'mean error':34}" + "".join(f"{channel + ' ' + kind:>16}" for channel, kind in truth))
for name, values in found.items():
    errors = np.mean(values, axis=0) / np.array([*truth.values()]) - 1
    print(f"{name:34}" + "".join(f"{error:>+16.1%}" for error in errors))

# %% [markdown]
# Controls that measure demand with error take away a part of the bias. A latent variable that both of them measure
# takes away all of it.
#
# ## What if there are no proxies?
#
# Then the direct effect of search has no number, and no return; the total effect of TV has.

# %%
unproxied = ChannelSEM(panel, blind, adstock=None, saturation=None).fit()
unproxied.roas()

# %% [markdown]
# What can be said is between which values the effect lies, if demand explains at most a given share of what is left of
# search and of sales:

# %%
unproxied.bounds("Search", r2_channel=0.3, r2_kpi=0.3)

# %% [markdown]
# An experiment helps as well. A month without search in a quarter of the regions, measured with a standard error of a
# sixth of the effect, enters the likelihood as a term:

# %%
dark = panel.geos[:5]
lost = float(simulated.contributions["Search"][:5, 40:44].sum())
test = sn.mmm.LiftTest(
    channel="Search", value=-lost, standard_error=lost / 6, change=-1.0, geos=dark, weeks=(40, 41, 42, 43)
)
tested = ChannelSEM(panel, blind, adstock=None, saturation=None).fit(known=[test])
search = tested.effects()["Search", "direct"]
print(f"{search.verdict} by {search.by}: {search.estimate:.2f} ± {search.standard_error:.2f}")
