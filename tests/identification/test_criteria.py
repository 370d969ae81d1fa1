"""Every criterion by itself: on a graph that needs it, and against what reference software finds with it."""

import csv
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from semnan import AMASEM, PathModel
from semnan.identification import decomposition, edgewise, identify, latent_half_trek, mixed_graph, trek_separation
from semnan.identification.analysis import Analysis
from semnan.identification.edgewise import Edge, Solved, direct
from semnan.identification.nonparametric import nonparametric
from semnan.identification.query import Query
from semnan.identification.reading import read_code

from .test_truth import needs_shared
from .truth import SHARED, census

Criterion = Callable[[Analysis, Solved, int, list[Edge]], bool]


def mixed(directed: str, arcs: str) -> PathModel:
    pairs = [[(pair[0], pair[1]) for pair in text.split()] for text in (directed, arcs)]
    return mixed_graph(*pairs, visibles=tuple("12345"))


CASES = [
    ("X -> Y; X -> Z", "X -> Z", "direct", "regression"),
    ("X -> Y -> Z; X -> Z", "Y -> Z", "direct", "adjustment"),
    ("latent U; U -> X, Y; Z -> X -> Y", "X -> Y", "direct", "instrument"),
    ("latent U; U -> X, Y; Z -> X -> Y; W -> Z, Y", "X -> Y", "direct", "conditional instrument"),
    ("latent U; U -> P, Q, X, Y; X -> Y", "X -> Y", "direct", "latent-factor half-trek criterion"),
    (mixed("13 24 34", "13 14 15 24 35"), "1 -> 3", "direct", "edgewise identification"),
    (mixed("13 14 34 45", "15 24 34"), "1 -> 5", "total", "nonparametric identification"),
    (
        "latent U; visible 1, 2, 3, 4, 5; U -> 1, 2, 3, 4, 5; 1 -> 2, 4; 2 -> 3, 5",
        "1 -> 4",
        "direct",
        "trek separation",
    ),
]


@pytest.mark.parametrize(("graph", "effect", "kind", "method"), CASES, ids=[case[3] for case in CASES])
def test_a_graph_for_each(graph: str | PathModel, effect: str, kind: str, method: str) -> None:
    drawn = AMASEM.parse(graph) if isinstance(graph, str) else graph
    verdict = identify(drawn, effect, kind=kind)  # type: ignore[arg-type]
    assert (verdict.method, verdict.identified) == (method, True)


def solved_by(analysis: Analysis, *criteria: Criterion) -> set[str]:
    """The edges that some criteria solve together, from nothing."""
    solved = Solved.none(analysis)
    able = [e for e in analysis.edges if not analysis.changes(direct(analysis, e))]
    while True:
        before = len(solved.expressions)
        for criterion in criteria:
            waiting = [e for e in able if e not in solved.expressions]
            for v in sorted({b for _, b in waiting}):
                criterion(analysis, solved, v, [e for e in waiting if e[1] == v])
        if len(solved.expressions) == before:
            return {f"{analysis.names[a]}->{analysis.names[b]}" for a, b in solved.expressions}


def rows(file: str, every: int) -> Iterator[dict[str, str]]:
    with (SHARED / file).open() as lines:
        yield from islice(csv.DictReader(lines), 0, None, every)


@needs_shared
@pytest.mark.parametrize(
    ("column", "criteria"),
    [
        ("htc_tian", (edgewise.solve_node, decomposition.solve_node)),
        ("eid_tsid_tian", (edgewise.solve_node, trek_separation.solve_node, decomposition.solve_node)),
    ],
)
def test_edges_against_semid(column: str, criteria: tuple[Criterion, ...]) -> None:
    """All that the half-trek family finds, and nothing that is not identified."""
    for row in rows("edges4.csv", 23):
        found = solved_by(Analysis(read_code(row["code"])), *criteria)
        assert (row["edge"] in found) or row[column] == "0", row
        assert row["edge"] not in found or row["k"] == "1", row


@needs_shared
def test_total_effects_against_the_id_algorithm() -> None:
    for row in rows("total_effects4.csv", 13):
        analysis, ends = Analysis(read_code(row["code"])), row["effect"].split("=>")
        query = Query(ends[0], ends[1], "total")
        found = nonparametric(analysis, query)
        assert (found is not None) == (row["nonparametric_ID"] == "1"), row
        assert found is None or analysis.holds(query, found[0]), row


@needs_shared
def test_latent_factors_against_semid() -> None:
    said = {(row["name"], row["edge"]): row["lfhtc"] for row in rows("latent_census.csv", 1)}
    for case in islice(census(), 0, None, 5):
        found = solved_by(Analysis(case.graph), edgewise.solve_node, latent_half_trek.solve_node)
        for (_, effect), k in case.values.items():
            edge = effect.replace(" ", "")
            assert edge in found or said[case.name, edge] == "0", (case.name, edge)
            assert edge not in found or k == 1, (case.name, edge)
