"""Data: checked moments of one sample or of many, and samples with groups and missing values."""

from semnan.data.csv_table import CsvTable, read_csv
from semnan.data.moments import Moments
from semnan.data.patterns import Patterns
from semnan.data.sample import Group, Sample
from semnan.data.stack import MomentsStack
from semnan.data.table import read_covariance

__all__ = ["CsvTable", "Group", "Moments", "MomentsStack", "Patterns", "Sample", "read_covariance", "read_csv"]
