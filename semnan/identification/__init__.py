"""Identification: what the covariance says about every effect of a graph, before any data, with a certificate.

`identify` and `identify_all` give verdicts. First comes the exact local verdict (`local`); what passes it gets a
formula from the plainest criterion that has one, or exact elimination counts its values; what fails it, a witness.
"""

from semnan.identification.formula import Formula
from semnan.identification.identify import Identification, identify, identify_all, identify_joint
from semnan.identification.parameters import LocalIdentification
from semnan.identification.query import Query
from semnan.identification.remedies import Remedy
from semnan.identification.structure import mixed_graph
from semnan.identification.values import Value
from semnan.identification.verdict import Status, Verdict
from semnan.identification.witness import Witness

__all__ = [
    "Formula",
    "Identification",
    "LocalIdentification",
    "Query",
    "Remedy",
    "Status",
    "Value",
    "Verdict",
    "Witness",
    "identify",
    "identify_all",
    "identify_joint",
    "mixed_graph",
]
