"""Causal graphs: drawing them, reading them, and making one from another."""

from semnan.graph.amasem import AMASEM, Margin
from semnan.graph.diagram import Diagram, Edge
from semnan.graph.layers import Layering, Neuron
from semnan.graph.margin import Freed

__all__ = ["AMASEM", "Diagram", "Edge", "Freed", "Layering", "Margin", "Neuron"]
