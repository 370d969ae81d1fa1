"""Reports of a fit: summary tables and drawings."""

from semnan.report.diagram import Drawing, draw
from semnan.report.rows import ParameterRow
from semnan.report.summary import Summary, summarise, to_dict

__all__ = ["Drawing", "ParameterRow", "Summary", "draw", "summarise", "to_dict"]
