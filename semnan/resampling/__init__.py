"""Answers by drawing again: bootstrap, jackknife and permutation of groups."""

from semnan.resampling.bootstrap import Bootstrap, bootstrap
from semnan.resampling.interval import Resampled
from semnan.resampling.jackknife import Jackknife, jackknife

__all__ = ["Bootstrap", "Jackknife", "Resampled", "bootstrap", "jackknife"]
