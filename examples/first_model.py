# %% [markdown]
# # A first model
#
# You know regression. You want the effect of one variable on another, but something that you did not measure
# pushes both. A causal graph says what you believe about the world; the fit says what the data then tell you,
# and what they do not.
#
# The story: a **subsidy** makes people take more hours of **training**, training raises a **skill** score, and
# skill raises the **wage**. **Drive** makes people train more and earn more. Nobody measured drive.

# %%
import numpy as np
import pandas as pd

import semnan as sn

graph = sn.AMASEM.parse("""
    latent Drive
    Drive -> Training, Wage
    Subsidy -> Training -> Skill -> Wage
""")
print(graph.visibles, graph.confounders)

# %% [markdown]
# Every visible variable also has an error term of its own (a *private latent*), which you need not write.
#
# We simulate data, so that the truth is known: an hour of training is worth 2 × 0.5 = 1 unit of wage.

# %%
rng = np.random.default_rng(1)
n = 2000
drive = rng.normal(size=n)
subsidy = rng.normal(size=n)
training = 0.8 * subsidy + 1.0 * drive + rng.normal(size=n)
skill = 2.0 * training + rng.normal(size=n)
wage = 0.5 * skill + 1.5 * drive + rng.normal(size=n)
frame = pd.DataFrame({"Subsidy": subsidy, "Training": training, "Skill": skill, "Wage": wage})

# %% [markdown]
# Regression of wage on training mixes the effect of training with that of drive:

# %%
slope = np.cov(frame["Training"], frame["Wage"])[0, 1] / frame["Training"].var()
print(f"regression of wage on training: {slope:.3f} (the true effect is 1)")

# %% [markdown]
# The fit minimises the Kullback–Leibler divergence from the sample covariance to the covariance that the graph
# implies: maximum likelihood for Gaussian data.

# %%
result = sn.fit(graph, frame)
print(result.summary())

# %% [markdown]
# How to read it:
#
# * χ² tests the graph against a covariance matrix without structure. A small p value would speak against the graph.
# * Four parameters are **not identified**: only the product of the two loadings of Drive shows in the data, so a
#   stronger drive in training and a weaker one in wage fit as well. semnan gives no number for them.
# * All effects between visible variables *are* identified, with standard errors.

# %%
print(result.effect("Training", "Wage"))
print("in standard deviations:", result.effect("Training", "Wage", standardised=True))
print(result.effect("Drive", "Wage"))

# %% [markdown]
# An intervention sets a variable and cuts the edges into it. Expected wage if everybody got two more hours of
# training than the average:

# %%
do = result.do({"Training": frame["Training"].mean() + 2})
for name, mean in do.mean.items():
    if name != "Training":
        low, high = mean.interval
        print(f"{name:8} {mean.estimate:7.3f}   95% interval {low:7.3f} to {high:7.3f}")

# %% [markdown]
# The intervention cuts Drive -> Training, so that training and drive are independent in the new distribution. Its
# covariance is there too, with a mask that says which entries the data determine:

# %%
print(pd.DataFrame(do.covariance, index=do.names, columns=do.names).round(3))
print("all determined:", do.identified.all())

# %% [markdown]
# The drawing has the estimates on the edges; dashed edges with a question mark are not identified. A notebook shows it,
# `result.draw("graph.svg")` saves it.

# %%
result.draw()
