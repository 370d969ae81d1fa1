"""Graphs as files and the census have them: structure matrices, codes ``D_B``, records of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from semnan.errors import GraphError
from semnan.graph import AMASEM
from semnan.identification.structure import mixed_graph
from semnan.model import PathModel

#: Larger numbers of visibles are refused in codes and records.
MOST = 1000


def read_graphs(text: str) -> dict[str, AMASEM]:
    """The graph of a text, under the name "", or all that a JSON text of structure matrices holds, by name.

    JSON is a matrix, or an object with the matrix under ``struct``, or an object of such objects.

    Raises
    ------
    GraphError
        Saying what is wrong with the text, the JSON or the matrix.

    """
    if not text.lstrip().startswith(("{", "[")):
        return {"": AMASEM.parse(text)}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"the graph looks like JSON and is none: {error}") from None
    if isinstance(said, list) or "struct" in said:
        return {"": _structure(said)}
    return {name: _structure(inner) for name, inner in said.items()}


def _structure(said: Any) -> AMASEM:
    matrix = said.get("struct") if isinstance(said, dict) else said
    if not isinstance(matrix, list) or not all(isinstance(row, list) for row in matrix):
        raise GraphError("a graph in JSON is a structure matrix (a list of rows), or has one under 'struct'")
    return AMASEM.from_structure(matrix)


def read_code(code: str) -> PathModel:
    """The mixed graph of a census code: bits of i → j, then of i ↔ j, over the pairs 12, 13, … of nodes 1 … n.

    Raises
    ------
    GraphError
        If the two halves are not bits of equal length n (n − 1) / 2.

    """
    directed, dash, arcs = code.strip().partition("_")
    size = next((n for n in range(1, MOST + 1) if n * (n - 1) // 2 >= len(directed)), MOST)
    if (
        not dash
        or len(directed) != len(arcs)
        or size * (size - 1) // 2 != len(directed)
        or {*directed, *arcs} - {*"01"}
    ):
        raise GraphError(f"the code is {code[:60]!r}: give D_B with n (n - 1) / 2 bits each, such as 110_010")
    names = [str(i + 1) for i in range(size)]
    pairs = list(combinations(names, 2))
    chosen = [[pair for pair, bit in zip(pairs, bits, strict=True) if bit == "1"] for bits in (directed, arcs)]
    return mixed_graph(*chosen, visibles=names)


def read_record(record: Any) -> AMASEM | PathModel:
    """The graph of a record: ``{"code": …}``, or ``{"n_visible": 4, "latents": [[1, 2, 3, 4]], "edges": ["1->2"]}``.

    Raises
    ------
    GraphError
        Naming the field that is wrong.

    """
    if not isinstance(record, dict):
        raise GraphError("a record is an object with 'code', or with 'n_visible', 'latents' and 'edges'")
    if "code" in record:
        return read_code(str(record["code"]))
    size = record.get("n_visible")
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MOST:
        raise GraphError(f"'n_visible' is {size!r}: give a whole number from 1 to {MOST}")
    names = [str(i + 1) for i in range(size)]
    latents = {f"U{j + 1}": [str(c) for c in children] for j, children in enumerate(_lists(record, "latents"))}
    edges = [*_edges(record, names), *((u, c) for u, children in latents.items() for c in children)]
    for _, child in edges:
        if child not in names:
            raise GraphError(f"{child!r} is no visible: nodes are 1 to {size}")
    return AMASEM.from_edges(edges, latents, visibles=names)


def _lists(record: dict[str, Any], key: str) -> list[list[Any]]:
    found = record.get(key, [])
    if not isinstance(found, list) or not all(isinstance(inner, list) and inner for inner in found):
        raise GraphError(f"{key!r} is {found!r}: give the children of each latent as a list")
    return found


def _edges(record: dict[str, Any], names: list[str]) -> Iterator[tuple[str, str]]:
    found = record.get("edges", [])
    if not isinstance(found, list):
        raise GraphError(f"'edges' is {found!r}: give a list such as ['1->2']")
    for edge in found:
        first, arrow, second = (part.strip() for part in str(edge).partition("->"))
        if not arrow or not {first, second} <= set(names):
            raise GraphError(f"{edge!r} is no edge between nodes 1 to {len(names)}: write '1->2'")
        yield first, second
