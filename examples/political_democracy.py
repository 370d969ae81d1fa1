# %% [markdown]
# # Industrialisation and political democracy
#
# Bollen's model of 75 developing countries (1989) is the example that most books on structural equation models use.
# Industrialisation in 1960 is measured by three indicators, democracy in 1960 and in 1965 by four each. A latent
# variable with arrows to its indicators is a *factor*; here the factors have effects on one another.
#
# A causal graph of semnan (`AMASEM`) has latents without parents only. Models with effects between latents, fixed
# loadings, covariances or equal parameters are written as a `PathModel`: a list of rows, and nothing is implied.

# %%
from scipy.stats import chi2

import semnan as sn
from semnan import covariance, path

data = sn.datasets.political_democracy()
print(data.description)
print(data.source)

# %% [markdown]
# The scale of a factor is arbitrary, so one loading of each is fixed to one.


# %%
def measured_by(factor: str, *indicators: str, labels: tuple[str, ...] | None = None) -> list[sn.Parameter]:
    """The loadings of a factor, the first fixed to one; rows with the same label are one parameter."""
    names = labels or (None,) * (len(indicators) - 1)
    free = [path(factor, name, label=label) for name, label in zip(indicators[1:], names, strict=True)]
    return [path(factor, indicators[0], fixed=1.0), *free]


indicators = ("x1", "x2", "x3", "y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8")
factors = ("ind60", "dem60", "dem65")
structure = [path("ind60", "dem60"), path("ind60", "dem65"), path("dem60", "dem65")]
variances = [covariance(name) for name in (*indicators, *factors)]

# %% [markdown]
# The same question asked twice (y1 in 1960, y5 in 1965) shares error, and so do questions from the same source: six
# covariances between errors.

# %%
pairs = [("y1", "y5"), ("y2", "y4"), ("y2", "y6"), ("y3", "y7"), ("y4", "y8"), ("y6", "y8")]
errors = [covariance(a, b) for a, b in pairs]

model = sn.PathModel(
    visibles=indicators,
    latents=factors,
    parameters=(
        *measured_by("ind60", "x1", "x2", "x3"),
        *measured_by("dem60", "y1", "y2", "y3", "y4"),
        *measured_by("dem65", "y5", "y6", "y7", "y8"),
        *structure,
        *variances,
        *errors,
    ),
)
result = sn.fit(model, data.moments(*indicators))
print(result.summary())

# %% [markdown]
# χ² is 38.125 with 35 degrees of freedom, the value that the literature reports for this model and these data. The
# test does not reject the model.
#
# Effects between factors are asked for by name. Industrialisation acts on democracy in 1965 on its own and through
# democracy in 1960:

# %%
print(result.effect("ind60", "dem65"))
print(result.effect("ind60", "dem65", kind="direct"))
print(result.effect("ind60", "dem65", avoiding=["dem60"]))
print("in standard deviations:", result.effect("dem60", "dem65", standardised=True))

# %% [markdown]
# ## Equal loadings
#
# The four questions are the same in both years. If they measure the same thing, their loadings should be equal. Rows
# with the same label are one parameter:

# %%
same = ("second", "third", "fourth")
tied = sn.PathModel(
    visibles=indicators,
    latents=factors,
    parameters=(
        *measured_by("ind60", "x1", "x2", "x3"),
        *measured_by("dem60", "y1", "y2", "y3", "y4", labels=same),
        *measured_by("dem65", "y5", "y6", "y7", "y8", labels=same),
        *structure,
        *variances,
        *errors,
    ),
)
equal = sn.fit(tied, data.moments(*indicators))
for name in same:
    print(f"{name:7} {equal.estimates[name]:.3f}  (SE {equal.standard_errors[name]:.3f})")

# %% [markdown]
# The models are nested, so the difference of their χ² has a χ² distribution if the ties are true:

# %%
difference, df = equal.chi_square - result.chi_square, equal.df - result.df
print(f"χ² {equal.chi_square:.3f} on {equal.df} df against {result.chi_square:.3f} on {result.df} df")
print(f"difference {difference:.3f} on {df} df, p = {chi2.sf(difference, df):.3f}")
print(f"BIC {equal.bic:.2f} (equal) against {result.bic:.2f} (free): the smaller is better")

# %% [markdown]
# The drawing: circles are factors, squares are indicators, dotted curves are covariances between errors.

# %%
equal.draw()
