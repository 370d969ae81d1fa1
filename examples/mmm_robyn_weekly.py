# %% [markdown]
# # One national series
#
# Robyn, Meta's marketing-mix tool, comes with a simulated table of 208 weeks: revenue, spend on TV, outdoor, print,
# search and Facebook, impressions and clicks for two of them, a newsletter, and competitors' sales. There is one row a
# week, no regions. It looks like most tables that a marketing scientist gets, and it is a good place to see what such a
# table cannot say.

# %%
import pandas as pd

import semnan as sn
from semnan.mmm import ChannelGraph, ChannelSEM, MediaPanel

table = sn.datasets.robyn_weekly()
frame = table.to_frame()
print(table.source)
frame.describe().loc[["mean", "std", "max"]].round(0)

# %% [markdown]
# Clicks and impressions are media; what was paid for them is another column. Events are levels of their own.

# %%
panel = MediaPanel(
    frame,
    date="DATE",
    kpi="revenue",
    channels=["tv_S", "ooh_S", "print_S", "facebook_I", "search_clicks_P"],
    controls=["competitor_sales_B", "newsletter"],
    spend={
        "tv_S": "tv_S",
        "ooh_S": "ooh_S",
        "print_S": "print_S",
        "facebook_I": "facebook_S",
        "search_clicks_P": "search_S",
    },
)
print(panel)

# %% [markdown]
# ## What may act on what
#
# TV, outdoor and print bring searches. People who are about to buy search anyway: demand acts on clicks and revenue,
# and nothing in the table measures it.

# %%
media = [*panel.channels]
graph = ChannelGraph(
    [
        *((name, "revenue") for name in media),
        *((name, "search_clicks_P") for name in ("tv_S", "ooh_S", "print_S")),
    ],
    confounders={"demand": ["search_clicks_P", "revenue"]},
)
graph.identify(panel.controls)

# %% [markdown]
# So before any fit: the returns of search cannot be known from this table, and neither can the direct ones of the media
# that bring searches. Their total effects can. A column of branded queries would help, or a week of an experiment.
#
# ## Fit
#
# Adstock and saturation for all channels but search, which has no adstock: it would take the demand of the weeks
# before for carry-over. 208 weeks say little about the shape of five curves, so weak priors keep them where spend
# was: half saturation near the mean, within a factor of two or so.

# %%
events = {name: dates.tolist() for name, dates in frame[frame["events"] != "na"].groupby("events")["DATE"]}
model = ChannelSEM(panel, graph, events=events, season=3)
fit = model.fit(known=model.shape_priors())
for finding in fit.findings:
    print(finding, end="\n\n")

# %% [markdown]
# One series has no regions to compare, so that standard errors rest on the weeks alone, and the fit says so.

# %%
fit.roas()

# %%
fit.plot.over_time()

# %%
fit.plot.contributions()

# %% [markdown]
# ## How far would it be wrong?
#
# If demand explained a tenth of what is left of clicks and of revenue, the effect of a click would lie here:

# %%
fit.bounds("search_clicks_P", r2_channel=0.1, r2_kpi=0.1)

# %% [markdown]
# ## Does it predict?
#
# The last eight weeks are left out and foretold, with the media that were run. A good forecast does not show that the
# returns are right: a regression that credits search with demand forecasts as well.

# %%
fit.holdout(weeks=8)

# %% [markdown]
# ## Moving money
#
# Between channels whose effects are identified. The gain's interval tells whether the data know the answer.

# %%
budget = fit.optimise_budget(channels=["tv_S", "ooh_S", "print_S", "facebook_I"])
print(budget)

# %%
pd.DataFrame({"spend": budget.to_frame().set_index("channel")["spend_then"]}).round(0)
