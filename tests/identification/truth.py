"""Exact verdicts to compare with: a frozen sample, and all of the reference folder where it is beside the project."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from semnan import AMASEM, PathModel
from semnan.identification.reading import read_code, read_record

SAMPLE = Path(__file__).parents[1] / "reference" / "identification.jsonl"
SHARED = Path(__file__).parents[3] / "shared" / "truth" / "identification"
Key = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """A graph, and for some of its effects, by kind and name, the number of values (0: not identified)."""

    name: str
    graph: AMASEM | PathModel
    values: dict[Key, int] = field(default_factory=dict)


def sample() -> list[Case]:
    """The frozen sample; see tests/reference/README.md."""
    return [_case(json.loads(line)) for line in SAMPLE.read_text().splitlines()]


def _case(said: dict[str, object]) -> Case:
    record = {key: value for key, value in said.items() if key != "values"}
    values = said["values"]
    assert isinstance(values, dict)
    named = {(kind, effect): k for kind, inner in values.items() for effect, k in inner.items()}
    return Case(json.dumps(record), read_record(record), named)


def shared() -> Iterator[Case]:
    """All of the reference folder."""
    yield from _mixed("3")
    yield from _mixed("4")
    yield from census()
    for said in json.loads((SHARED / "latent_named.json").read_text()):
        direct = {("direct", _arrow(edge)): v["k"] for edge, v in said["edges"].items()}
        total = {("total", _arrow(edge)): v["k"] for edge, v in said["total_effects"].items()}
        yield Case(said["name"], read_record({**said, "edges": list(said["edges"])}), {**direct, **total})


def paper_graphs() -> list[tuple[Case, str]]:
    """The eight graphs of the paper's experiments, each with the effect that it asks for."""
    found = []
    for name, said in json.loads((SHARED / "pmdags.json").read_text()).items():
        edges = {_named(edge): int(verdict == "identifiable") for edge, verdict in said["visible_edges"].items()}
        asked = f"V{said['x']} -> V{said['y']}"
        values = {("direct", edge): k for edge, k in edges.items()}
        values["total", asked] = int(said["effect_of_x_on_y"] == "identifiable")
        found.append((Case(name, AMASEM.from_structure(said["struct"]), values), asked))
    return found


def _named(edge: str) -> str:
    return " -> ".join(f"V{k}" for k in edge.split("->"))


def _mixed(size: str) -> Iterator[Case]:
    values: dict[str, dict[Key, int]] = defaultdict(dict)
    for kind, file, column in (("direct", "edges", "edge"), ("total", "total_effects", "effect")):
        for row in _rows(f"{file}{size}.csv"):
            values[row["code"]][kind, _arrow(row[column])] = int(row["k"])
    for code, inner in values.items():
        yield Case(code, read_code(code), inner)


def census() -> Iterator[Case]:
    values: dict[tuple[str, str, str, str], dict[Key, int]] = defaultdict(dict)
    for row in _rows("latent_census.csv"):
        key = (row["name"], row["p"], row["latents(children)"], row["directed_edges"])
        values[key]["direct", _arrow(row["edge"])] = int(row["k"])
    for (name, p, children, edges), inner in values.items():
        drawn = {"n_visible": int(p), "latents": [list(children)], "edges": ["->".join(e) for e in edges.split()]}
        yield Case(name, read_record(drawn), inner)


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (SHARED / file).open() as lines:
        yield from csv.DictReader(lines)


def _arrow(text: str) -> str:
    return " -> ".join(part.strip() for part in text.replace("=>", "->").split("->"))
