"""Random graphs, names and weights for property tests."""

from itertools import combinations
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from semnan import AMASEM
from semnan.graph import Diagram, Edge
from semnan.graph.amasem import private_names

T = TypeVar("T")

#: Names that a careless reader or writer of graph text, or of private latents, trips over.
ODD = (
    "latent",
    "do",
    "a b",
    "x;y",
    "A -> B",
    "#",
    "A,B",
    "e_X",
    "e_X_",
    "X",
    "X_",
    "é",
    "変数",
    "1",
    ".",
    "u_X_X_",
    "'",
)


def names(count: int, *, odd: bool = False) -> st.SearchStrategy[list[str]]:
    """Distinct variable names: V0, V1, … or odd ones."""
    if not odd:
        return st.just([f"V{i}" for i in range(count)])
    letters = st.characters(exclude_characters='"', exclude_categories=("C", "Z"))
    free = st.text(letters, min_size=1, max_size=4).filter(lambda name: name.isprintable())
    return st.lists(st.one_of(st.sampled_from(ODD), free), min_size=count, max_size=count, unique=True)


def subsets(items: list[T]) -> st.SearchStrategy[list[T]]:
    """Any of the items, in their order."""
    flags = st.lists(st.booleans(), min_size=len(items), max_size=len(items))
    return flags.map(lambda chosen: [item for item, keep in zip(items, chosen, strict=True) if keep])


@st.composite
def amasems(draw: st.DrawFn, largest: int = 5, *, odd: bool = False, intervened: bool = False) -> AMASEM:
    """Random AMASEMs: confounders, private latents of any name or none, interventions if asked for."""
    visibles = draw(names(draw(st.integers(1, largest)), odd=odd))
    edges = draw(subsets(list(combinations(visibles, 2))))
    latents = draw(_latents(visibles, odd=odd))
    covered = {child for children in latents.values() for child in children}
    bare = [v for v in visibles if v in covered and draw(st.booleans())]
    own = private_names([v for v in visibles if v not in bare], (*visibles, *latents))
    edges += [(u, child) for u, children in latents.items() for child in children]
    edges += [(u, v) for v, u in own.items()]
    graph = AMASEM(tuple(visibles), (*latents, *own.values()), frozenset(edges))
    return graph.do(draw(subsets(visibles))) if intervened else graph


@st.composite
def _latents(draw: st.DrawFn, visibles: list[str], *, odd: bool) -> dict[str, list[str]]:
    """Latents by name, each with the children it has; one child makes a private latent of unusual name."""
    pool = [f"U{i}" for i in range(3)]
    if odd:
        pool += [name + tail for name in ("U x", "visible", *(f"e_{v}" for v in visibles)) for tail in ("", "_", "__")]
    pool = [name for name in dict.fromkeys(pool) if name not in visibles]
    chosen = draw(st.lists(st.sampled_from(pool), max_size=3, unique=True))
    some = st.lists(st.sampled_from(visibles), min_size=1, max_size=len(visibles), unique=True)
    return {name: draw(some) for name in chosen}


@st.composite
def diagrams(draw: st.DrawFn, largest: int = 6) -> Diagram:
    """Random DAGs whose latents stand anywhere."""
    order = [f"N{i}" for i in range(draw(st.integers(1, largest)))]
    hidden = draw(subsets(order[:-1]))
    edges = draw(subsets(list(combinations(order, 2))))
    return Diagram(tuple(name for name in order if name not in hidden), tuple(hidden), tuple(edges))


def weights(edges: tuple[Edge, ...], seed: int) -> dict[Edge, float]:
    """Generic weights of moderate size, of either sign."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.4, 1.6, len(edges)) * rng.choice([-1, 1], len(edges))
    return dict(zip(edges, values.tolist(), strict=True))


def weights_for(graph: AMASEM) -> st.SearchStrategy[dict[Edge, float]]:
    """Generic weights for every edge of a graph."""
    return st.integers(0, 2**32 - 1).map(lambda seed: weights(graph.ordered_edges, seed))


@st.composite
def weighted(draw: st.DrawFn, largest: int = 5, *, intervened: bool = False) -> tuple[AMASEM, dict[Edge, float]]:
    """A random AMASEM and weights for it."""
    graph = draw(amasems(largest, intervened=intervened))
    return graph, draw(weights_for(graph))
