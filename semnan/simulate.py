"""Random linear DAGs and data from them, as papers on structure learning draw them.

A DAG is a matrix whose entry [parent, child] is not zero, as everywhere in semnan: x = Wᵀx + e.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semnan.data import Moments
from semnan.errors import DataError, GraphError
from semnan.graph import AMASEM

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Seed = int | np.random.Generator
#: Erdős–Rényi and scale-free (Barabási–Albert).
GraphKind = Literal["ER", "SF"]
#: Equal, nearly equal (sd uniform in [1, 2]) and widely differing (sd log-uniform in [.3, 3]) error variances.
Scales = Literal["EV", "NV", "WV"]
Law = Literal["gaussian", "exponential", "gumbel"]

#: Smallest and largest absolute weight.
WEIGHTS = (0.5, 2.0)


@final
@dataclass(frozen=True, eq=False)
class Simulation:
    """A linear DAG and rows drawn from it.

    Attributes
    ----------
    weights : ndarray, shape (d, d)
        ``weights[parent, child]``.
    deviations : ndarray, shape (d,)
        Standard deviations of the errors.
    train, validation : ndarray, shape (rows, d)
        Not centred; `validation` has no rows unless they were asked for.
    names : tuple of str
        ``V0, V1, …``

    """

    weights: Array = field(repr=False)
    deviations: Array = field(repr=False)
    train: Array = field(repr=False)
    validation: Array = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"V{i}" for i in range(len(self.weights)))

    @property
    def moments(self) -> Moments:
        """Of the training rows."""
        return Moments.from_array(self.train, self.names)

    @property
    def covariance(self) -> Array:
        """The covariance that weights and deviations imply, shape (d, d)."""
        total = np.linalg.inv(np.eye(len(self.weights)) - self.weights)
        return np.asarray(total.T @ (self.deviations[:, None] ** 2 * total))

    @property
    def graph(self) -> AMASEM:
        """The DAG, every variable with its error."""
        names = self.names
        edges = [(names[i], names[j]) for i, j in np.argwhere(self.weights != 0).tolist()]
        return AMASEM.from_edges(edges, visibles=names)


def simulate(
    kind: GraphKind = "ER",
    degree: int = 2,
    *,
    variables: int = 20,
    rows: int = 1000,
    validation: int = 0,
    scales: Scales = "EV",
    law: Law = "gaussian",
    seed: Seed = 0,
) -> Simulation:
    """Draw a DAG, its weights, and rows.

    Parameters
    ----------
    kind : "ER" or "SF"
    degree : int
        Edges per variable; a graph has ``degree * variables`` edges (a scale-free one a few less).
    variables, rows, validation : int
        Numbers of variables, of training rows and of validation rows.
    scales : "EV", "NV" or "WV"
        How error standard deviations are drawn: all one, uniform in [1, 2], or log-uniform in [.3, 3].
    law : "gaussian", "exponential" or "gumbel"
        Of the errors, which always have mean zero.
    seed : int or Generator

    Raises
    ------
    GraphError, DataError
        For an argument that makes no sense.

    """
    rng = np.random.default_rng(seed)
    weights = random_weights(random_dag(kind, variables, degree, seed=rng), seed=rng)
    deviations = random_deviations(variables, scales, seed=rng)
    drawn = sample(weights, rows + validation, deviations=deviations, law=law, seed=rng)
    return Simulation(weights, deviations, drawn[:rows], drawn[rows:])


def random_dag(kind: GraphKind, variables: int, degree: int, *, seed: Seed = 0) -> Flags:
    """Draw a DAG with `degree` edges per variable, its variables in random order; shape (d, d).

    ER has exactly ``degree * variables`` edges, all graphs of an order being equally likely. In SF every new variable
    points at `degree` earlier ones, drawn with probability proportional to one plus the edges that they have received.
    """
    if kind not in get_args(GraphKind):
        raise GraphError(f"the kind of graph is {kind!r}: give 'ER' or 'SF'")
    if variables < 1 or degree < 0:
        raise GraphError(f"variables={variables}, degree={degree}: give at least one variable and no negative degree")
    rng = np.random.default_rng(seed)
    dag = _erdos_renyi(variables, degree * variables, rng) if kind == "ER" else _scale_free(variables, degree, rng)
    mixed = rng.permutation(variables)
    return np.asarray(dag[np.ix_(mixed, mixed)])


def random_weights(dag: ArrayLike, *, low: float = WEIGHTS[0], high: float = WEIGHTS[1], seed: Seed = 0) -> Array:
    """Weights of either sign, uniform in [low, high] in absolute value, for the edges of a DAG; shape (d, d)."""
    if not 0 < low <= high:
        raise GraphError(f"low={low}, high={high}: absolute weights lie between two positive numbers")
    edges, rng = np.asarray(dag) != 0, np.random.default_rng(seed)
    sizes = rng.uniform(low, high, edges.shape) * rng.choice([-1.0, 1.0], edges.shape)
    return np.where(edges, sizes, 0.0)


def random_deviations(variables: int, scales: Scales, *, seed: Seed = 0) -> Array:
    """Standard deviations of errors, shape (d,); see `simulate`."""
    rng = np.random.default_rng(seed)
    match scales:
        case "EV":
            return np.ones(variables)
        case "NV":
            return rng.uniform(1, 2, variables)
        case "WV":
            return np.exp(rng.uniform(np.log(0.3), np.log(3), variables))
    raise DataError(f"scales is {scales!r}: give 'EV', 'NV' or 'WV'")


def sample(
    weights: ArrayLike,
    rows: int,
    *,
    deviations: ArrayLike = 1.0,
    law: Law = "gaussian",
    seed: Seed = 0,
) -> Array:
    """Draw rows of x = Wᵀx + e, shape (rows, d), variable after variable along the DAG.

    Raises
    ------
    GraphError
        If the weights have a cycle.

    """
    matrix = np.asarray(weights, dtype=np.float64)
    order = topological_order(matrix)
    drawn = _errors(law, (rows, len(matrix)), np.random.default_rng(seed)) * np.asarray(deviations)
    for j in order:
        parents = np.flatnonzero(matrix[:, j])
        drawn[:, j] += drawn[:, parents] @ matrix[parents, j]
    return np.asarray(drawn)


def topological_order(weights: ArrayLike) -> list[int]:
    """Variables with parents first; `GraphError` if the matrix has a cycle."""
    edges = np.asarray(weights) != 0
    waiting = edges.sum(axis=0)
    ready = np.flatnonzero(waiting == 0).tolist()
    order = []
    while ready:
        i = ready.pop()
        order.append(i)
        children = np.flatnonzero(edges[i])
        waiting[children] -= 1
        ready += children[waiting[children] == 0].tolist()
    if len(order) < len(edges):
        stuck = sorted(set(range(len(edges))) - set(order))
        raise GraphError(f"the weights have a cycle among the variables {stuck[:10]}: a DAG has none")
    return order


def _erdos_renyi(variables: int, edges: int, rng: np.random.Generator) -> Flags:
    rows, columns = np.triu_indices(variables, 1)
    if edges > len(rows):
        raise GraphError(f"{variables} variables have room for {len(rows)} edges, not for {edges}: lower the degree")
    chosen = rng.choice(len(rows), edges, replace=False)
    dag = np.zeros((variables, variables), dtype=bool)
    dag[rows[chosen], columns[chosen]] = True
    return dag


def _scale_free(variables: int, degree: int, rng: np.random.Generator) -> Flags:
    dag = np.zeros((variables, variables), dtype=bool)
    popular = np.ones(variables)
    for new in range(1, variables):
        chance = popular[:new] / popular[:new].sum()
        chosen = rng.choice(new, min(degree, new), replace=False, p=chance)
        dag[new, chosen] = True
        popular[chosen] += 1
    return dag


def _errors(law: Law, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Errors of mean zero and variance one."""
    match law:
        case "gaussian":
            return rng.standard_normal(shape)
        case "exponential":
            return np.asarray(rng.standard_exponential(shape) - 1)
        case "gumbel":
            return np.asarray((rng.gumbel(size=shape) - np.euler_gamma) * np.sqrt(6) / np.pi)
    raise DataError(f"the law is {law!r}: give 'gaussian', 'exponential' or 'gumbel'")
