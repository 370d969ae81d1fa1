"""Data: checked moments of one sample or of many."""

from semnan.data.moments import Moments
from semnan.data.stack import MomentsStack
from semnan.data.table import read_csv

__all__ = ["Moments", "MomentsStack", "read_csv"]
