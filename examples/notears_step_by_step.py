# %% [markdown]
# # NOTEARS, step by step
#
# NOTEARS turned the search for a graph into smooth optimisation: minimise the squared error of every variable
# regressed on all others, under the constraint that the weights have no cycle. This page follows it on five variables
# and looks at what it depends on.

# %%
import importlib.util

import numpy as np
import pandas as pd

import semnan as sn
from semnan.discovery import EqualVariance, Notears, OrderSearch, draw_confusion, draw_trace

weights = np.zeros((5, 5))
weights[0, 1], weights[0, 2], weights[1, 3], weights[2, 3], weights[3, 4] = 1.5, 1.0, 0.8, 1.2, -1.4
rows = sn.simulate.sample(weights, 1000, seed=1)
moments = sn.Moments.from_array(rows, ["A", "B", "C", "D", "E"])

# %% [markdown]
# ## The search
#
# h(W) = tr exp(W∘W) − d is zero if and only if W has no cycle. The augmented Lagrangian raises the penalty ρ on h
# tenfold until h falls to a quarter, again and again, until h is below 1e-8.

# %%
found = sn.discover(moments, method=Notears())
print(found)
draw_trace(found.trace)

# %%
draw_confusion(weights, found.weights, moments.names)

# %% [markdown]
# The weights are a little too small (the L1 penalty shrinks them). A fit of the learned graph has no penalty:

# %%
result = sn.fit(found.graph, moments)
for a, b in found.edges:
    print(f"{a} -> {b}: NOTEARS {found.edges[a, b]:6.3f}   fit {result.effect(a, b, kind='direct').estimate:6.3f}")

# %% [markdown]
# ## Units decide
#
# The same data, every variable divided by its standard deviation:

# %%
for standardise in (False, True):
    answer = sn.discover(moments, method=Notears(), standardise=standardise)
    print("standardised" if standardise else "as they are", "SHD", answer.compare(weights).shd)
print(answer.sortability)

# %% [markdown]
# `OrderSearch` only sees correlations. It can determine the graph up to its CPDAG, and says which directions are open:

# %%
print(sn.discover(moments, method=OrderSearch()))

# %% [markdown]
# ## How many rows?

# %%
table = []
for n in (20, 50, 100, 300, 1000, 3000):
    cells = {"rows": n}
    for name, method in (("NOTEARS", Notears()), ("equal variances", EqualVariance()), ("order", OrderSearch())):
        distances = []
        for seed in range(3):
            drawn = sn.Moments.from_array(sn.simulate.sample(weights, n, seed=seed), moments.names)
            distances.append(sn.discover(drawn, method=method).compare(weights).shd_cpdag)
        cells[name] = np.mean(distances)
    table.append(cells)
pd.DataFrame(table).set_index("rows").round(2)

# %% [markdown]
# ## Beside PC and GES
#
# Two classics, if causal-learn is installed. They return a CPDAG, coded as −1 at the tail of an edge.

# %%
if importlib.util.find_spec("causallearn"):
    from causallearn.search.ConstraintBased.PC import pc
    from causallearn.search.ScoreBased.GES import ges

    true = sn.metrics.cpdag(weights)
    learned = {
        "PC": pc(rows, 0.05, "fisherz", show_progress=False).G.graph,
        "GES": ges(rows, "local_score_BIC_from_cov")["G"].graph,
    }
    for name, graph in learned.items():
        print(f"{name}: CPDAG-SHD {sn.metrics.shd(true, graph == -1)}")
else:
    print("causal-learn is not installed: pip install causal-learn")
