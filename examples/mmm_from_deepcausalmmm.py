# %% [markdown]
# # Moving over from DeepCausalMMM
#
# DeepCausalMMM takes arrays [region, week, channel] and a dictionary of options, and learns a graph of channels beside
# a recurrent network. The arrays and the options stay as they are.

# %%
import warnings

import numpy as np

import semnan as sn
from semnan.mmm import ChannelSEM, MediaPanel, get_default_config, learn_channel_graph, simulate_panel

# The arrays that you have; here they are simulated, so that we know the answer.
simulated = simulate_panel(seed=3)
names = ["TV", "Social", "Display", "Search"]
X_media = np.stack([simulated.panel[name] for name in names], axis=-1).clip(min=0)
X_control = np.stack([simulated.panel[name] for name in ("Price", "GQV", "Trends")], axis=-1)
y = simulated.panel["Sales"]
print(X_media.shape, X_control.shape, y.shape)

# %% [markdown]
# ## Ten lines

# %%
config = get_default_config()
config["dag_mode"] = "triangular"
panel = MediaPanel.from_arrays(
    X_media,
    y,
    channels=names,
    kpi_name="Sales",
    controls=X_control[..., :1],
    control_names=["Price"],
    proxies=X_control[..., 1:],
    proxy_names=["GQV", "Trends"],
)
learned = learn_channel_graph(panel, config, tiers=[["TV", "Display"], ["Social", "Search"]])
graph = learned.graph(confounders={"demand": ["Search", "Sales"]}, proxies={"demand": ["GQV", "Trends"]})
fit = ChannelSEM(panel, graph, adstock=None, saturation=None).fit()

print(learned)

# %% [markdown]
# Weights are signed and in standard deviations, and `learned.to_csv("dag_adjacency.csv")` writes them in the package's
# format. The true edges among channels are TV → Search and TV → Social.

# %%
fit.effects()

# %% [markdown]
# The truth is 1.2 for Search, 1.0 for TV directly and 1.48 in total, 1.5 for Social and 0.5 for Display.
#
# ## What is different
#
# *Options.* Those about the graph mean here what they mean there, with the same defaults. Those about the network and
# its training mean nothing here, and one warning says so:

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    learn_channel_graph(panel, {"hidden_dim": 320, "n_epochs": 6500, "notears_threshold": 0.2})
for warning in caught:
    print(warning.message)

# %% [markdown]
# *The learned graph is a start, not the answer.* Without tiers, both modes can reverse true edges: covariances of two
# channels have no direction. `tiers` say what comes first.

# %%
untold = learn_channel_graph(panel, config | {"dag_mode": "notears"})
print("with tiers:   ", [f"{a} → {b}" for a, b in learned.edges])
print("without tiers:", [f"{a} → {b}" for a, b in untold.edges])

# %% [markdown]
# *Latent demand.* The package has no place for it; the proxies are controls there. Here they measure a latent variable
# that acts on Search and Sales, so that Search is not credited with what demand did:

# %%
for key in (("Search", "direct"), ("TV", "direct"), ("TV", "total")):
    row = fit.effects()[key]
    print(f"{' '.join(key):15} {row.estimate:.2f} ± {row.standard_error:.2f}, ignoring demand {row.ignoring:.2f}")

# %% [markdown]
# *Every number has a verdict and a standard error,* and a number that the data cannot give is refused with a reason:

# %%
unproxied = learned.graph(confounders={"demand": ["Search", "Sales"]})
verdict = unproxied.identify()["Search", "direct"]
print(f"{verdict.effect}: {verdict.verdict}; {verdict.fix}")
print(sn.mmm.ChannelSEM(panel, unproxied, adstock=None, saturation=None).fit().roas()["Search", "direct"].roas)
