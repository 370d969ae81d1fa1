"""Reports of a fit: parameter tables, summaries, plain values and drawings."""

from semnan.report.diagram import Drawing, draw
from semnan.report.identification import draw_identification
from semnan.report.listing import Listing
from semnan.report.parameters import ParameterTable
from semnan.report.plain import to_dict
from semnan.report.rows import ParameterRow, parameter_rows
from semnan.report.summary import Summary, summarise

__all__ = [
    "Drawing",
    "Listing",
    "ParameterRow",
    "ParameterTable",
    "Summary",
    "draw",
    "draw_identification",
    "parameter_rows",
    "summarise",
    "to_dict",
]
