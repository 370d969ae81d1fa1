"""Learning a linear DAG from data: a graph comes out, ready to `fit`."""

from semnan.discovery.bow_free import BowFree
from semnan.discovery.discover import discover
from semnan.discovery.equal_variance import EqualVariance
from semnan.discovery.golem import Golem
from semnan.discovery.notears import Notears
from semnan.discovery.order_search import OrderSearch
from semnan.discovery.pictures import draw_confusion, draw_graph, draw_trace
from semnan.discovery.projections import OptiMAS, ProxiMAS
from semnan.discovery.result import Discovery
from semnan.discovery.sort_regress import RSquaredSort, VarianceSort
from semnan.discovery.sortability import Sortability
from semnan.discovery.stability import Stability, edge_stability
from semnan.discovery.task import Learned, Method, SearchOutcome, Task, Trace

__all__ = [
    "BowFree",
    "Discovery",
    "EqualVariance",
    "Golem",
    "Learned",
    "Method",
    "Notears",
    "OptiMAS",
    "OrderSearch",
    "ProxiMAS",
    "RSquaredSort",
    "SearchOutcome",
    "Sortability",
    "Stability",
    "Task",
    "Trace",
    "VarianceSort",
    "discover",
    "draw_confusion",
    "draw_graph",
    "draw_trace",
    "edge_stability",
]
