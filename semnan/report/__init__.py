"""Reports of a fit: parameter tables, summaries, plain values and drawings."""

from semnan.report.diagram import Drawing, draw
from semnan.report.heavy_tails import HeavyTails, Move, with_heavy_tails
from semnan.report.identification import draw_identification
from semnan.report.influence import CaseInfluence, Influence, influence
from semnan.report.listing import Listing
from semnan.report.parameters import ParameterTable
from semnan.report.plain import to_dict
from semnan.report.rows import ParameterRow, parameter_rows
from semnan.report.summary import Summary, summarise

__all__ = [
    "CaseInfluence",
    "Drawing",
    "HeavyTails",
    "Influence",
    "Listing",
    "Move",
    "ParameterRow",
    "ParameterTable",
    "Summary",
    "draw",
    "draw_identification",
    "influence",
    "parameter_rows",
    "summarise",
    "to_dict",
    "with_heavy_tails",
]
