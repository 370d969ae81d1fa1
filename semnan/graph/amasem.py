"""`AMASEM`: the linear Gaussian causal graph over visible variables with independent exogenous latents."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.errors import GraphError, RelaxationWarning
from semnan.graph import convert
from semnan.graph.diagram import Diagram, Edge, check_names, known, listed
from semnan.graph.layers import Layering, layering
from semnan.graph.margin import Freed, checked_weights, eliminate, exogenise
from semnan.graph.text import quote, read_statements


@final
@dataclass(frozen=True, eq=False, repr=False)
class AMASEM:
    """A causal graph whose latents are exogenous, independent and of unit variance (a Gaussian pmDAG).

    A visible has no noise of its own: its error *is* a latent. A latent with a single child is that
    child's *private* latent; one with several children is a *confounder*. Two graphs are equal when
    their variables and edges are, in whatever order they were named. See Saremi, JMLR 27(17), 2026, and
    `AMASEM.parse` for the usual way to make one.

    Parameters
    ----------
    visibles : tuple of str
        Kept in topological order (parents first); where the graph leaves a choice, in the order given.
    latents : tuple of str
        Every latent, private ones too.
    edges : iterable of (parent, child)
    intervened : collection of str, optional
        Visibles set by an intervention; they have no parents. See `do`.

    Raises
    ------
    GraphError
        Naming the cycle, the duplicate, the unknown variable, the latent that has parents or no children, or
        the visible without a latent parent.

    """

    visibles: tuple[str, ...]
    latents: tuple[str, ...]
    edges: frozenset[Edge]
    intervened: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        diagram = Diagram(listed(self.visibles), listed(self.latents), tuple(convert.as_edges(self.edges)))
        object.__setattr__(self, "visibles", diagram.topological(diagram.visibles))
        object.__setattr__(self, "latents", diagram.latents)
        object.__setattr__(self, "edges", frozenset(diagram.edges))
        object.__setattr__(self, "intervened", frozenset(known(self.intervened, self.visibles)))
        self._check()

    def _check(self) -> None:
        if not self.visibles:
            raise GraphError("the graph has no visible variable: name at least one")
        for latent in self.latents:
            if self.parents(latent):
                raise GraphError(
                    f"the latent {latent!r} has the parent {self.parents(latent)[0]!r}: latents of an AMASEM "
                    "are exogenous; use AMASEM.from_edges, which exogenises it, or a PathModel, which keeps it"
                )
            if not self.children(latent):
                raise GraphError(f"the latent {latent!r} has no children: remove it or give it an edge")
        for v in self.visibles:
            has_latent = any(a in self._latent_set for a in self.parents(v))
            if v in self.intervened and self.parents(v):
                raise GraphError(
                    f"{v!r} is set by an intervention, so it cannot have the parent {self.parents(v)[0]!r}"
                )
            if not has_latent and v not in self.intervened:
                raise GraphError(
                    f"the visible {v!r} has no latent parent, so it would have no error: give it a private latent "
                    "(the default unless it is noiseless) or a confounder"
                )

    # -- made from

    @classmethod
    def parse(cls, text: str, latents: Iterable[str] = ()) -> AMASEM:
        """Read graph text, such as ``"latent U; U -> X, Y; X -> M -> Y"``.

        ``A, B -> C -> D`` is a chain of groups, ``A <- B`` points left and ``A <-> B`` is short for a confounder of
        A and B. Statements end with ``;`` or a new line, ``#`` starts a comment, names with unusual characters are
        put in double quotes. ``latent A, B`` declares latents (so does the argument `latents`), ``visible A, B``
        fixes an order, ``noiseless A`` denies A its private latent, ``do A`` says that A is set by an intervention.

        Parameters
        ----------
        text : str
        latents : iterable of str
            Latents that the text does not declare itself.

        Raises
        ------
        GraphError
            With line and column for text that cannot be read; otherwise as `AMASEM`.

        """
        said = read_statements(text)
        hidden = dict.fromkeys([*said.declared["latent"], *known(latents, said.mentioned)])
        convert.check_roles(said.declared["visible"], hidden)
        arcs = convert.arc_latents(said.arcs, said.mentioned)
        seen = dict.fromkeys([*said.declared["visible"], *said.mentioned])
        diagram = Diagram(
            tuple(name for name in seen if name not in hidden),
            (*hidden, *arcs),
            (*said.edges, *((u, child) for u, arc in arcs.items() for child in arc)),
        )
        return cls._complete(diagram, said.declared["noiseless"], said.declared["do"])

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[Edge],
        latents: Iterable[str] = (),
        *,
        visibles: Iterable[str] = (),
        noiseless: Iterable[str] = (),
    ) -> AMASEM:
        """Make a graph from (parent, child) pairs: any DAG, its latents anywhere.

        Parameters
        ----------
        edges : iterable of (parent, child)
        latents : iterable of str
            A latent that has parents is exogenised: its parents become parents of its children.
        visibles : iterable of str
            Fixes the order of the visibles, and names those without edges.
        noiseless : iterable of str
            Visibles that get no private latent.

        Warns
        -----
        RelaxationWarning
            If exogenising a latent frees a rank-one pattern of weights, so that the graph allows more covariances
            than the DAG. Use a `PathModel` where the pattern matters.

        """
        pairs = convert.as_edges(edges)
        hidden, order = dict.fromkeys(listed(latents)), listed(visibles)
        convert.check_roles(order, hidden)
        mentioned = dict.fromkeys([*order, *(name for edge in pairs for name in edge)])
        shown = tuple(name for name in mentioned if name not in hidden)
        return cls._complete(Diagram(shown, tuple(hidden), tuple(pairs)), noiseless)

    @classmethod
    def from_structure(
        cls, matrix: ArrayLike, visibles: Sequence[str] | None = None, latents: Sequence[str] | None = None
    ) -> AMASEM:
        """Make a graph from the paper's 0/1 structure matrix; private latents are rows of it like any other.

        Parameters
        ----------
        matrix : array_like, shape (m + p, p)
            Latent rows on top; entry [a, b] is one for the edge a -> b; the visible block is strictly upper
            triangular.
        visibles, latents : sequence of str, optional
            Names; by default ``V0, V1, …`` and ``L0, L1, …``.

        """
        return cls(*convert.read_structure(matrix, visibles, latents))

    @classmethod
    def from_networkx(
        cls, graph: nx.DiGraph[str], latents: Iterable[str] | None = None, *, noiseless: Iterable[str] = ()
    ) -> AMASEM:
        """Make a graph from a networkx DiGraph; latents are given, or are the nodes with ``latent=True``."""
        diagram, from_attributes = convert.read_networkx(graph, latents)
        return cls._complete(diagram, [*noiseless, *from_attributes["noiseless"]], from_attributes["do"])

    @classmethod
    def from_mixed(
        cls, directed: Iterable[Edge], bidirected: Iterable[Edge], *, visibles: Iterable[str] = ()
    ) -> AMASEM:
        """Make a graph from directed and bidirected edges; each bidirected edge becomes a confounder.

        A confounder of two children reaches fewer error covariances than a free covariance arc (those of factor
        width two). Keep arcs as covariances of a `PathModel` where that matters.
        """
        edges, arcs = convert.as_edges(directed), convert.as_edges(bidirected)
        seen = dict.fromkeys([*listed(visibles), *(name for edge in (*edges, *arcs) for name in edge)])
        hidden = convert.arc_latents(arcs, seen)
        edges += [(u, child) for u, arc in hidden.items() for child in arc]
        return cls._complete(Diagram(tuple(seen), tuple(hidden), tuple(edges)))

    @classmethod
    def random(
        cls,
        visibles: int,
        *,
        parents: int = 2,
        confounders: int = 0,
        children: int = 2,
        seed: int | np.random.Generator = 0,
    ) -> AMASEM:
        """Draw a graph: each visible gets up to `parents` earlier ones, each confounder `children` visibles."""
        return cls._complete(
            convert.random_diagram(visibles, parents, confounders, children, np.random.default_rng(seed))
        )

    @classmethod
    def _complete(cls, diagram: Diagram, noiseless: Iterable[str] = (), intervened: Iterable[str] = ()) -> AMASEM:
        """Exogenise the latents of a diagram and add the private ones."""
        bare = {*known(noiseless, diagram.visibles), *known(intervened, diagram.visibles)}
        done = exogenise(diagram)
        if done.freed:
            warnings.warn(
                f"exogenising is a relaxation: {'; '.join(map(str, done.freed))} share weights in the DAG given, "
                "and no longer in the AMASEM; use a PathModel to keep them",
                RelaxationWarning,
                stacklevel=3,
            )
        private = private_names([v for v in diagram.visibles if v not in bare], (*diagram.visibles, *diagram.latents))
        edges = (*done.diagram.edges, *((u, v) for v, u in private.items()))
        lost = set(diagram.latents) - set(done.diagram.latents)
        latents = tuple(u for u in diagram.latents if u not in lost)
        if lost:
            raise GraphError(f"the latent {sorted(lost)[0]!r} has no visible descendant: remove it or give it an edge")
        return cls(diagram.visibles, (*latents, *private.values()), frozenset(edges), frozenset(intervened))

    # -- goes back to

    def to_text(self) -> str:
        """Graph text that `parse` reads back to an equal graph."""
        implied = self._implied
        left_out = set(implied.values())
        told = [u for u in self.latents if u not in left_out]
        bare = [v for v in self.visibles if v not in implied and v not in self.intervened]
        lists = (("visible", self.visibles), ("latent", told), ("noiseless", bare), ("do", sorted(self.intervened)))
        lines = [f"{word} {', '.join(map(quote, names))}" for word, names in lists if names]
        sources = [name for name in (*told, *self.visibles) if self.children(name)]
        lines += [f"{quote(a)} -> {', '.join(map(quote, self.children(a)))}" for a in sources]
        return "\n".join(lines)

    @property
    def _implied(self) -> dict[str, str]:
        """The private latents that `parse` makes by itself when all the others are declared, by visible."""
        implied = private_names(self.visibles, (*self.visibles, *self.confounders))
        implied = {v: u for v, u in implied.items() if u in self._latent_set and self.children(u) == (v,)}
        while True:
            told = self._latent_set.difference(implied.values())
            made = private_names(implied, (*self.visibles, *told))
            if made == implied:
                return implied
            implied = {v: u for v, u in implied.items() if made[v] == u}

    def to_structure(self) -> NDArray[np.int8]:
        """The 0/1 structure matrix, rows `latents` then `visibles`, columns `visibles`; shape (m + p, p)."""
        return np.asarray(self.weight_matrix(dict.fromkeys(self.edges, 1.0)), dtype=np.int8)

    def to_networkx(self) -> nx.DiGraph[str]:
        """A networkx DiGraph; nodes carry ``latent`` (bool) and ``intervened`` (bool)."""
        return convert.write_networkx(self.visibles, self.latents, self.ordered_edges, self.intervened)

    def to_mixed(self) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
        """Directed edges, and a bidirected edge for every pair of visibles that share a confounder.

        A confounder of three or more children becomes several bidirected edges: the mixed graph allows more
        covariances than this one.
        """
        directed = tuple(edge for edge in self.ordered_edges if edge[0] not in self._latent_set)
        pairs = {(a, b) for u in self.confounders for a in self.children(u) for b in self.children(u)}
        place = self.visibles.index
        bidirected = sorted(
            (pair for pair in pairs if place(pair[0]) < place(pair[1])), key=lambda e: (place(e[0]), place(e[1]))
        )
        return directed, tuple(bidirected)

    def weight_matrix(self, weights: Mapping[Edge, float]) -> NDArray[np.float64]:
        """Weights by edge as a matrix `W[parent, child]`, rows `latents` then `visibles`; shape (m + p, p)."""
        rows = {name: i for i, name in enumerate((*self.latents, *self.visibles))}
        columns = {name: i for i, name in enumerate(self.visibles)}
        matrix = np.zeros((len(rows), len(columns)))
        for (a, b), w in checked_weights(self.edges, weights).items():
            matrix[rows[a], columns[b]] = w
        return matrix

    # -- read

    @cached_property
    def _latent_set(self) -> frozenset[str]:
        return frozenset(self.latents)

    @cached_property
    def _neighbours(self) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
        parents: dict[str, list[str]] = {name: [] for name in (*self.latents, *self.visibles)}
        children: dict[str, list[str]] = {name: [] for name in parents}
        for a, b in self.ordered_edges:
            parents[b].append(a)
            children[a].append(b)
        return {k: tuple(v) for k, v in parents.items()}, {k: tuple(v) for k, v in children.items()}

    @cached_property
    def ordered_edges(self) -> tuple[Edge, ...]:
        """The edges by parent (latents first), then by child, in the order of the variables."""
        place = {name: i for i, name in enumerate((*self.latents, *self.visibles))}
        return tuple(sorted(self.edges, key=lambda e: (place.get(e[0], 0), place.get(e[1], 0))))

    @property
    def confounders(self) -> tuple[str, ...]:
        """The latents with two or more children."""
        return tuple(u for u in self.latents if len(self.children(u)) > 1)

    @property
    def private(self) -> Mapping[str, tuple[str, ...]]:
        """For every visible, its private latents (usually one)."""
        alone = self._latent_set - set(self.confounders)
        return {v: tuple(u for u in self.parents(v) if u in alone) for v in self.visibles}

    def parents(self, name: str) -> tuple[str, ...]:
        """The variables, latent or visible, with an edge into `name`."""
        return self._neighbours[0][self._known(name)]

    def children(self, name: str) -> tuple[str, ...]:
        """The visibles that `name` has an edge into."""
        return self._neighbours[1][self._known(name)]

    def _known(self, name: str) -> str:
        return name if name in self._neighbours[0] else known(name, self._neighbours[0])[0]

    def ancestors(self, names: Iterable[str] | str) -> frozenset[str]:
        """The visibles with a directed path to one of `names`, and `names` themselves."""
        return self._reach(names, lambda v: tuple(a for a in self.parents(v) if a not in self._latent_set))

    def descendants(self, names: Iterable[str] | str) -> frozenset[str]:
        """The visibles that a directed path from one of `names` leads to, and `names` themselves."""
        return self._reach(names, self.children)

    def _reach(self, names: Iterable[str] | str, step: Callable[[str], tuple[str, ...]]) -> frozenset[str]:
        """`names` and all that repeated steps lead to."""
        found: set[str] = set()
        frontier = list(known(names, self.visibles, "visible"))
        while frontier:
            name = frontier.pop()
            if name not in found:
                found.add(name)
                frontier += step(name)
        return frozenset(found)

    def districts(self) -> tuple[tuple[str, ...], ...]:
        """The visibles grouped by shared confounders (c-components), in the order of the visibles."""
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(self.visibles)
        for u in self.confounders:
            nx.add_path(graph, self.children(u))
        groups = [tuple(sorted(group, key=self.visibles.index)) for group in nx.connected_components(graph)]
        return tuple(sorted(groups, key=lambda group: self.visibles.index(group[0])))

    def layers(self) -> Layering:
        """The minimal SEMNAN of this graph: fewest layers, every alias as short-lived as can be."""
        return layering(self.visibles, self.latents, *self._neighbours)

    # -- made into others

    def marginalize(self, names: Iterable[str] | str, weights: Mapping[Edge, float] | None = None) -> Margin:
        """Marginalise the visibles `names` out, without coalescing latents.

        Parameters
        ----------
        names : str or iterable of str
            The visibles to remove.
        weights : mapping from (parent, child) to float, optional
            Weights of this graph to carry along; those of the margin imply the same covariance.

        Returns
        -------
        Margin
            The graph over what is left, and whether it is exact or a relaxation.

        """
        gone = known(names, self.visibles, "visible")
        if len(set(gone)) == len(self.visibles):
            raise GraphError("every visible would be marginalised out: keep at least one")
        done = eliminate(Diagram(self.visibles, self.latents, self.ordered_edges), gone, weights)
        left = done.diagram
        graph = AMASEM(left.visibles, left.latents, frozenset(left.edges), self.intervened - set(gone))
        return Margin(graph, done.freed, done.weights)

    def do(self, names: Iterable[str] | str) -> AMASEM:
        """The graph after setting `names`: no edges into them, so no private latent and no confounding."""
        held = set(known(names, self.visibles, "visible"))
        edges = frozenset(edge for edge in self.edges if edge[1] not in held)
        sources = {a for a, _ in edges}
        latents = tuple(u for u in self.latents if u in sources)
        return AMASEM(self.visibles, latents, edges, self.intervened | held)

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, AMASEM) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"AMASEM.parse({self.to_text().replace(chr(10), '; ')!r})"

    @property
    def _key(self) -> tuple[frozenset[str], ...] | tuple[object, ...]:
        return frozenset(self.visibles), self._latent_set, self.edges, self.intervened


@final
@dataclass(frozen=True)
class Margin:
    """A margin of a graph, and how faithful it is.

    Attributes
    ----------
    graph : AMASEM
    freed : tuple of Freed
        The rank-one patterns of weights that the margin no longer enforces.
    weights : dict or None
        The weights of the margin, if the original's were given.

    """

    graph: AMASEM
    freed: tuple[Freed, ...]
    weights: dict[Edge, float] | None

    @property
    def exact(self) -> bool:
        """Whether margin and original imply the same covariances (up to a set of measure zero)."""
        return not self.freed

    @property
    def reason(self) -> str:
        """One sentence on why the margin is exact or a relaxation."""
        if self.exact:
            return "exact: every covariance of the margin comes from weights of the original"
        return "a relaxation: " + "; ".join(map(str, self.freed)) + " have free weights in the margin"


def private_names(visibles: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """The default name of the private latent of each visible: ``e_X``, with more underscores if that is taken."""
    used, names = set(taken), {}
    check_names(used)
    for v in visibles:
        name = f"e_{v}"
        while name in used:
            name += "_"
        used.add(name)
        names[v] = name
    return names
