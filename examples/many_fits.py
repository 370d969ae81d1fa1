# %% [markdown]
# # Many fits at once: a simulation study
#
# Does a 95% interval contain the truth in 95% of samples? To find out one draws many samples from a known model, fits
# them all, and counts. `fit_many` fits a whole stack of samples in one batch.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import semnan as sn

graph = sn.AMASEM.parse("""
    latent Drive
    Drive -> Training, Wage
    Subsidy -> Training -> Skill -> Wage
""")
TRUE_EFFECT = 0.8 * 0.5  # Training -> Skill -> Wage

# %% [markdown]
# ## Samples


# %%
def samples(count: int, n: int, seed: int) -> sn.MomentsStack:
    """Moments of `count` samples of size n."""
    rng = np.random.default_rng(seed)
    drive, subsidy, *errors = rng.normal(size=(5, count, n))
    training = 0.6 * subsidy + drive + errors[0]
    skill = 0.8 * training + errors[1]
    wage = 0.5 * skill + 1.5 * drive + errors[2]
    tables = np.stack([subsidy, training, skill, wage], axis=-1)
    return sn.MomentsStack.from_arrays(tables, ("Subsidy", "Training", "Skill", "Wage"))


# %% [markdown]
# ## Coverage by sample size
#
# `effect` of many fits returns arrays, one entry a fit. Where a fit did not converge or its effect is not identified,
# the entry is NaN and the mask says so; here that does not happen.

# %%
COUNT = 2000
print(f"{'n':>5} {'converged':>10} {'mean':>7} {'SD':>7} {'mean SE':>8} {'coverage':>9} {'time':>7}")
results = {}
for n in (30, 100, 300):
    stack = samples(COUNT, n, seed=n)
    begun = time.perf_counter()
    fits = sn.fit_many(graph, stack)
    effect = fits.effect("Training", "Wage")
    seconds = time.perf_counter() - begun
    covered = (effect.lower <= TRUE_EFFECT) & (effect.upper >= TRUE_EFFECT)
    used = effect.identified & effect.converged
    results[n] = effect.estimate[used]
    print(
        f"{n:5} {fits.converged.mean():10.1%} {effect.estimate[used].mean():7.4f} {effect.estimate[used].std():7.4f} "
        f"{effect.standard_error[used].mean():8.4f} {covered[used].mean():9.3f} {seconds:6.2f}s"
    )

# %% [markdown]
# With 2000 samples, a coverage of 0.95 is known to about ±0.01. Small samples have intervals that are a little too
# short: standard errors here are asymptotic.
#
# A single fit of the stack is an ordinary `Fit`:

# %%
print(fits[0].effect("Training", "Wage"))
print(f"its test: χ² = {fits[0].chi_square:.3f} on {fits[0].df} df, p = {fits[0].p_value:.3f}")

# %% [markdown]
# The test of the model should reject 5% of samples, since the model is true:

# %%
factor, df = sn.KullbackLeibler.chi_square_factor, fits[0].df
statistic = factor * fits.batch.n * fits.discrepancy
print(f"mean of χ²: {statistic.mean():.3f} (expected {df}); above the 5% point 5.991: {(statistic > 5.991).mean():.3f}")

# %% [markdown]
# ## The estimates

# %%
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
for n, estimates in results.items():
    axes.hist(estimates, bins=60, histtype="step", density=True, label=f"n = {n}")
axes.axvline(TRUE_EFFECT, color="black", linewidth=0.8)
axes.set_xlabel("estimated effect of Training on Wage; the line is the truth")
axes.set_yticks([])
_ = axes.legend()
