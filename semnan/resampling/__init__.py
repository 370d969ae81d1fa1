"""Answers by drawing again: bootstrap, jackknife and permutation of groups."""

from semnan.resampling.bootstrapping import Bootstrap, bootstrap
from semnan.resampling.interval import Resampled
from semnan.resampling.jackknifing import Jackknife, jackknife
from semnan.resampling.permutation import Permutation, permute_groups

__all__ = ["Bootstrap", "Jackknife", "Permutation", "Resampled", "bootstrap", "jackknife", "permute_groups"]
