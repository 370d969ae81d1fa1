# %% [markdown]
# # Learning a network of proteins
#
# Sachs and colleagues (Science, 2005) measured eleven phosphorylated proteins and phospholipids in single immune
# cells. Here are the 853 cells without intervention. Biologists agree on a network of 17 edges, so we can see how far
# the data alone lead, and, what matters more, how far one may believe it.

# %%
import numpy as np
import pandas as pd

import semnan as sn
from semnan.datasets import SACHS_EDGES
from semnan.discovery import EqualVariance, Notears, OrderSearch, VarianceSort

table = sn.datasets.sachs()
frame = table.to_frame()
print(table.source)
frame.describe().loc[["mean", "std", "max"]].round(1)

# %% [markdown]
# Abundances are skewed and differ by orders of magnitude. The units are those of the machine. We take logarithms, and
# ask every method twice: on these units, and on standardised variables.

# %%
logs = np.log(frame)
moments = sn.Moments.from_frame(logs)
names = moments.names
truth = np.array([[(a, b) in SACHS_EDGES for b in names] for a in names])

rows = []
for method in (OrderSearch(), EqualVariance(), Notears(), VarianceSort()):
    for standardise in (False, True):
        found = sn.discover(moments, method=method, standardise=standardise)
        beside = found.compare(truth)
        rows.append(
            {
                "method": type(method).__name__,
                "standardised": standardise,
                "edges": len(found.edges),
                "SHD": beside.shd,
                "CPDAG-SHD": beside.shd_cpdag,
                "in skeleton": beside.skeleton.tp,
            }
        )
pd.DataFrame(rows)

# %% [markdown]
# The answer of `OrderSearch` is the same in any units. That of the others is not. Every result says so itself:

# %%
found = sn.discover(moments, method=OrderSearch())
print(found)

# %%
print(sn.discover(moments, method=EqualVariance()).sortability)

# %% [markdown]
# ## Which edges would come back?
#
# We draw the cells anew a few dozen times and count how often each edge is found.

# %%
stability = sn.discovery.edge_stability(logs, method=OrderSearch(restarts=3), samples=30)
for (a, b), share in stability.frequent(0.6).items():
    print(f"{a:5} -> {b:5} {share:4.0%}   adjacent {stability.adjacent[names.index(a), names.index(b)]:4.0%}")

# %% [markdown]
# Adjacent pairs are stable, directions are not: many are not determined by the data (grey in the drawing).

# %%
sn.discovery.draw_graph(found, stability)

# %%
sn.discovery.draw_confusion(truth, found.weights, names)

# %% [markdown]
# ## The graph is ready to be fitted
#
# The learned graph is a model like any other. Its χ² and standard errors do not know that the same data chose the
# edges, so they are too optimistic.

# %%
result = sn.fit(found.graph, moments)
print(result.outcome.value, f"χ² = {result.chi_square:.1f}, df = {result.df}")
print(result.effect("Erk", "Akt"))

# %% [markdown]
# The experiment's knowledge helps: signals start from PKC, PKA and Plcg, and run to what lies downstream.

# %%
tiers = [["PKC", "PKA", "Plcg"], ["PIP2", "PIP3", "Raf", "Mek", "Erk", "Akt", "P38", "Jnk"]]
told = sn.discover(moments, method=OrderSearch(), tiers=tiers)
print("SHD with tiers:", told.compare(truth).shd, "without:", found.compare(truth).shd)
