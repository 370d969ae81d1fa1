"""Random well-specified models: a text in lavaan's language, and the moments of the population that it describes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import semnan as sn
from semnan import Fit, Moments, PathModel, Unavailable
from semnan.estimation.generic import analyse

Array = NDArray[np.float64]
Generator = np.random.Generator


@dataclass(frozen=True, eq=False)
class Group:
    """Names, means and covariance of the visible variables of one group."""

    names: tuple[str, ...]
    mean: Array
    covariance: Array

    def draw(self, n: int, rng: Generator) -> Array:
        root = np.linalg.cholesky(self.covariance)
        return np.asarray(self.mean + rng.normal(size=(n, len(self.mean))) @ root.T)


@dataclass(frozen=True, eq=False)
class Population:
    """A true model.

    Attributes
    ----------
    kind : str
    text : str
        The model to fit.
    function : str
        "sem", "cfa" or "growth".
    options : dict
        Further arguments.
    groups : dict
        By label; a single None if there are no groups.

    """

    kind: str
    text: str
    function: str
    options: dict[str, Any]
    groups: dict[str | None, Group]

    def model(self) -> PathModel:
        """The path model of the text."""
        labels = tuple(label for label in self.groups if label is not None)
        return PathModel.from_lavaan(self.text, function=self.function, groups=labels, **self.options)

    def draw(self, n: int, rng: Generator) -> Moments | dict[str, Moments]:
        """Moments of a sample with `n` rows in every group."""
        found = {label: Moments.from_array(group.draw(n, rng), group.names) for label, group in self.groups.items()}
        return found[None] if None in found else {str(label): moments for label, moments in found.items()}

    def exact(self, n: int) -> Moments | dict[str, Moments]:
        """The population's own moments, as those of a sample of `n` rows in every group."""
        found = {
            label: Moments.from_covariance(group.covariance, group.names, n, mean=group.mean)
            for label, group in self.groups.items()
        }
        return found[None] if None in found else {str(label): moments for label, moments in found.items()}

    def fit(self, data: Moments | dict[str, Moments], starts: int = 1) -> Fit:
        """Fit the model."""
        found: Fit = getattr(sn, self.function)(self.text, data, starts=starts, **self.options)
        return found

    def distance(self, data: Moments | dict[str, Moments]) -> float:
        """The discrepancy (KL divergence) of the sample from the truth, which no minimum may exceed."""
        samples = [data] if isinstance(data, Moments) else list(data.values())
        means = self.model().has_means
        pairs = zip(samples, self.groups.values(), strict=True)
        parts = [divergence(sample, group, means) for sample, group in pairs]
        return float(np.mean(parts))


def divergence(sample: Moments, group: Group, means: bool) -> float:
    """KL divergence of a sample from a population of the same variables."""
    assert sample.names == group.names
    inverse = np.linalg.inv(group.covariance)
    ratio = inverse @ sample.covariance
    far = np.zeros(len(ratio)) if sample.mean is None or not means else sample.mean - group.mean
    return float(np.trace(ratio) - len(ratio) - np.linalg.slogdet(ratio)[1] + far @ inverse @ far) / 2


@dataclass
class Truth:
    """A population under construction: variables come after their parents, each with variance one at first."""

    rng: Generator
    names: list[str] = field(default_factory=list)
    visible: list[bool] = field(default_factory=list)
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))
    slopes: dict[str, dict[str, float]] = field(default_factory=dict)
    noise: dict[str, float] = field(default_factory=dict)
    pairs: dict[tuple[str, str], float] = field(default_factory=dict)

    def exogenous(self, names: Sequence[str], *, visible: bool, correlated: bool = True) -> None:
        """Variables without parents; their correlations are moderate and positive for latents."""
        count = len(names)
        common = self.rng.uniform(0.2, 0.8, count) * (1 if not visible else self.rng.choice([-1, 1], count))
        block = np.outer(common, common) if correlated else np.zeros((count, count))
        np.fill_diagonal(block, 1.0)
        size = len(self.names)
        grown = np.zeros((size + count, size + count))
        grown[:size, :size], grown[size:, size:] = self.covariance, block
        self.covariance = grown
        self.names += names
        self.visible += [visible] * count

    def add(self, name: str, parents: Sequence[str], share: float, *, visible: bool, positive: bool = True) -> None:
        """A variable of which its parents explain this share."""
        at = [self.names.index(parent) for parent in parents]
        size = self.rng.uniform(0.4, 1.0, len(at))
        slope = size if positive else size * self.rng.choice([-1.0, 1.0], len(at))
        explained = slope @ self.covariance[np.ix_(at, at)] @ slope
        slope = slope * np.sqrt(share / explained)
        across = self.covariance[:, at] @ slope
        self.covariance = np.block([[self.covariance, across[:, None]], [across[None, :], np.ones((1, 1))]])
        self.names.append(name)
        self.visible.append(visible)
        self.slopes[name], self.noise[name] = dict(zip(parents, slope.tolist(), strict=True)), 1.0 - share

    def arc(self, first: str, second: str, correlation: float) -> None:
        """A covariance of two residuals; takes effect in `group`."""
        self.pairs[first, second] = correlation * float(np.sqrt(self.noise[first] * self.noise[second]))

    def group(self, mean: dict[str, float] | None = None) -> Group:
        """The visible variables, in units of random size."""
        order = {name: i for i, name in enumerate(self.names)}
        weights = np.zeros_like(self.covariance)
        for child, slopes in self.slopes.items():
            for parent, slope in slopes.items():
                weights[order[parent], order[child]] = slope
        source = np.eye(len(order)) - weights
        omega = source.T @ self.covariance @ source
        for (first, second), value in self.pairs.items():
            omega[order[first], order[second]] += value
            omega[order[second], order[first]] += value
        total = np.linalg.inv(source)
        shown = np.flatnonzero(self.visible)
        units = np.exp(self.rng.normal(0.0, 1.0, len(shown)))
        sigma = (total.T @ omega @ total)[np.ix_(shown, shown)] * units[:, None] * units
        told = np.array([(mean or {}).get(name, 0.0) for name in self.names]) @ total
        names = tuple(self.names[i] for i in shown)
        return Group(names, told[shown] * units + self.rng.normal(0, 3, len(shown)) * units, (sigma + sigma.T) / 2)


def _measured(truth: Truth, text: list[str], factor: str, count: int) -> list[str]:
    """Indicators of a factor, with standardised loadings from .5 to .9."""
    names = [f"{factor}_{i + 1}" for i in range(count)]
    for name in names:
        truth.add(name, [factor], truth.rng.uniform(0.5, 0.9) ** 2, visible=True)
    text.append(f"{factor} =~ {' + '.join(names)}")
    return names


def _arcs(truth: Truth, text: list[str], names: Sequence[str], count: int) -> None:
    """Covariances of residuals of disjoint pairs."""
    order = truth.rng.permutation(len(names))
    for k in range(min(count, len(names) // 4)):
        first, second = names[order[2 * k]], names[order[2 * k + 1]]
        truth.arc(first, second, truth.rng.uniform(0.15, 0.4) * truth.rng.choice([-1.0, 1.0]))
        text.append(f"{first} ~~ {second}")


def _sized(rng: Generator, most_factors: int = 6) -> list[int]:
    """Numbers of indicators of some factors, 6 to 40 in all."""
    count = int(rng.integers(2, most_factors + 1))
    return [int(k) for k in rng.integers(3, min(8, 40 // count) + 1, count)]


def _single(kind: str, text: Iterable[str], truth: Truth, function: str = "sem", **options: Any) -> Population:
    return Population(kind, "\n".join(text), function, options, {None: truth.group()})


def factors(rng: Generator) -> Population:
    """Correlated factors, some residual covariances."""
    truth, text, sizes = Truth(rng), list[str](), _sized(rng)
    names = [f"f{k}" for k in range(len(sizes))]
    truth.exogenous(names, visible=False)
    shown = [x for name, size in zip(names, sizes, strict=True) for x in _measured(truth, text, name, size)]
    _arcs(truth, text, shown, int(rng.integers(0, 4)))
    return _single("correlated factors", text, truth, "cfa")


def structural(rng: Generator) -> Population:
    """Regressions among latents in a random order, with observed covariates."""
    truth, text, sizes = Truth(rng), list[str](), _sized(rng)
    covariates = [f"c{k}" for k in range(int(rng.integers(0, 4)))]
    if covariates:
        truth.exogenous(covariates, visible=True)
    names = [f"f{k}" for k in range(len(sizes))]
    truth.exogenous(names[:1], visible=False)
    for k, name in enumerate(names[1:], 1):
        before = [*names[:k], *covariates]
        parents = [v for v in before if rng.random() < 0.5] or [names[k - 1]]
        truth.add(name, parents, rng.uniform(0.2, 0.7), visible=False, positive=False)
        text.append(f"{name} ~ {' + '.join(parents)}")
    shown = [x for name, size in zip(names, sizes, strict=True) for x in _measured(truth, text, name, size)]
    _arcs(truth, text, shown, int(rng.integers(0, 4)))
    return _single("latent regressions", text, truth)


def mimic(rng: Generator) -> Population:
    """Several causes and indicators of latents."""
    truth, text, sizes = Truth(rng), list[str](), _sized(rng, 4)
    covariates = [f"c{k}" for k in range(int(rng.integers(2, 7)))]
    truth.exogenous(covariates, visible=True)
    for k, size in enumerate(sizes):
        truth.add(f"f{k}", covariates, rng.uniform(0.2, 0.6), visible=False, positive=False)
        text.append(f"f{k} ~ {' + '.join(covariates)}")
        _measured(truth, text, f"f{k}", size)
    for k in range(1, len(sizes)):
        truth.arc(f"f{k - 1}", f"f{k}", rng.uniform(-0.3, 0.3))
        text.append(f"f{k - 1} ~~ f{k}")
    return _single("MIMIC", text, truth)


def growth(rng: Generator) -> Population:
    """Linear or quadratic growth over equal times, perhaps with covariates of the growth factors."""
    times = int(rng.integers(6, 16))
    powers = int(rng.integers(2, 4))
    scores = np.arange(times)
    text = [
        f"g{k} =~ {' + '.join(f'{float(t) ** k / 10 ** max(k - 1, 0):g}*y{t}' for t in scores)}" for k in range(powers)
    ]
    basis = np.stack([scores.astype(float) ** k / 10 ** max(k - 1, 0) for k in range(powers)], axis=1)
    covariates = [f"c{k}" for k in range(int(rng.integers(0, 3)))]
    spread = rng.uniform(0.5, 1.5, powers) * np.array([1.0, 0.3, 0.15])[:powers]
    slopes = rng.normal(0, 0.4, (len(covariates), powers)) * spread
    text += [f"g{k} ~ {' + '.join(covariates)}" for k in range(powers) if covariates]
    correlation = np.eye(powers) + 0.3 * rng.choice([-1, 1]) * (np.eye(powers, k=1) + np.eye(powers, k=-1))
    within = correlation * spread[:, None] * spread
    latent = slopes.T @ slopes + within
    noise = np.diag(rng.uniform(0.3, 1.0, times))
    sigma = np.block(
        [
            [basis @ latent @ basis.T + noise, basis @ slopes.T],
            [slopes @ basis.T, np.eye(len(covariates))],
        ]
    )
    mean = np.concatenate([basis @ (rng.normal(0, 2, powers) * spread), np.zeros(len(covariates))])
    names = (*(f"y{t}" for t in scores), *covariates)
    return Population("growth", "\n".join(text), "growth", {}, {None: Group(names, mean, sigma)})


def bifactor(rng: Generator) -> Population:
    """One general factor and orthogonal ones of some indicators each."""
    truth, text = Truth(rng), list[str]()
    blocks = [int(k) for k in rng.integers(3, 7, int(rng.integers(2, 5)))]
    names = ["g", *(f"s{k}" for k in range(len(blocks)))]
    truth.exogenous(names, visible=False, correlated=False)
    every = []
    for k, size in enumerate(blocks):
        block = [f"x{k}_{i}" for i in range(size)]
        for name in block:
            truth.add(name, ["g", f"s{k}"], rng.uniform(0.5, 0.8), visible=True)
        text.append(f"s{k} =~ {' + '.join(block)}")
        every += block
    return _single("bifactor", [f"g =~ {' + '.join(every)}", *text], truth, "cfa", orthogonal=True)


def paths(rng: Generator) -> Population:
    """Observed variables in a random order whose residuals covary where there is no path (a bow-free model)."""
    truth, text = Truth(rng), list[str]()
    names = [f"v{k}" for k in range(int(rng.integers(6, 16)))]
    truth.exogenous(names[:2], visible=True)
    for k, name in enumerate(names[2:], 2):
        parents = [v for v in names[:k] if rng.random() < 2.0 / k] or [names[k - 1]]
        truth.add(name, parents, rng.uniform(0.3, 0.7), visible=True, positive=False)
        text.append(f"{name} ~ {' + '.join(parents)}")
    inner = names[2:]
    free = [(a, b) for i, a in enumerate(inner) for b in inner[i + 1 :] if a not in truth.slopes[b]]
    used: set[str] = set()
    for at in rng.permutation(len(free))[: int(rng.integers(1, 5))]:
        first, second = free[at]
        if not used & {first, second}:
            truth.arc(first, second, rng.uniform(0.2, 0.5) * rng.choice([-1.0, 1.0]))
            text.append(f"{first} ~~ {second}")
            used |= {first, second}
    return _single("paths, residuals covary", text, truth)


def confounded(rng: Generator) -> Population:
    """Observed variables in a random order, and latents that confound four of them each."""
    truth, text = Truth(rng), list[str]()
    names = [f"v{k}" for k in range(int(rng.integers(7, 14)))]
    latents = [f"u{k}" for k in range(int(rng.integers(1, 3)))]
    truth.exogenous(latents, visible=False, correlated=False)
    truth.exogenous(names[:2], visible=True)
    hit = {u: sorted(int(i) for i in rng.choice(np.arange(2, len(names)), 4, replace=False)) for u in latents}
    for k, name in enumerate(names[2:], 2):
        above = [u for u in latents if k in hit[u]]
        parents = [v for v in names[:k] if rng.random() < 1.5 / k] or [names[0]]
        truth.add(name, [*above, *parents], rng.uniform(0.4, 0.7), visible=True, positive=False)
        text.append(f"{name} ~ {' + '.join(parents)}")
    text = [f"{u} =~ {' + '.join(names[i] for i in hit[u])}" for u in latents] + text
    return _single("paths, latents confound", text, truth, orthogonal=True)


def second_order(rng: Generator) -> Population:
    """A factor of factors."""
    truth, text = Truth(rng), list[str]()
    truth.exogenous(["g"], visible=False)
    names = [f"f{k}" for k in range(int(rng.integers(3, 7)))]
    for name in names:
        truth.add(name, ["g"], rng.uniform(0.3, 0.8), visible=False)
        _measured(truth, text, name, int(rng.integers(3, 7)))
    return _single("second order", [*text, f"g =~ {' + '.join(names)}"], truth, "cfa")


def groups(rng: Generator) -> Population:
    """Two or three groups with the same loadings, perhaps the same intercepts."""
    sizes = _sized(rng, 4)
    strong = bool(rng.random() < 0.5)
    first, text = Truth(rng), list[str]()
    names = [f"f{k}" for k in range(len(sizes))]
    first.exogenous(names, visible=False)
    for name, size in zip(names, sizes, strict=True):
        _measured(first, text, name, size)
    base = first.group()
    k = len(names)
    order = {name: i for i, name in enumerate(first.names)}
    units = np.sqrt(np.diagonal(base.covariance))
    loadings = np.zeros((len(base.names), k))
    for i, name in enumerate(base.names):
        for factor, slope in first.slopes[name].items():
            loadings[i, order[factor]] = slope
    noise = np.array([first.noise[name] for name in base.names])
    found: dict[str | None, Group] = {}
    for g in range(int(rng.integers(2, 4))):
        spread = rng.uniform(0.7, 1.3, k)
        latent = first.covariance[:k, :k] * spread[:, None] * spread
        own = noise * rng.uniform(0.7, 1.4, len(noise))
        sigma = (loadings @ latent @ loadings.T + np.diag(own)) * units[:, None] * units
        shift = loadings @ rng.normal(0, 0.5, k) * units if strong else rng.normal(0, 1, len(units)) * units
        found[f"g{g}"] = Group(base.names, base.mean + shift, sigma)
    equal = ["loadings", "intercepts"] if strong else ["loadings"]
    return Population("groups", "\n".join(text), "cfa", {"group_equal": equal}, found)


def panel(rng: Generator) -> Population:
    """Two latents over some waves, each on both of the wave before; residuals of an indicator covary over waves."""
    truth, text = Truth(rng), list[str]()
    waves, count = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    truth.exogenous(["a0", "b0"], visible=False)
    for t in range(1, waves):
        for name in ("a", "b"):
            parents = [f"a{t - 1}", f"b{t - 1}"]
            truth.add(f"{name}{t}", parents, rng.uniform(0.3, 0.6), visible=False)
            text.append(f"{name}{t} ~ {' + '.join(parents)}")
        truth.arc(f"a{t}", f"b{t}", rng.uniform(0.1, 0.4))
        text.append(f"a{t} ~~ b{t}")
    for name in ("a", "b"):
        for t in range(waves):
            _measured(truth, text, f"{name}{t}", count)
        for i in range(1, count + 1):
            for t in range(1, waves):
                truth.arc(f"{name}{t - 1}_{i}", f"{name}{t}_{i}", rng.uniform(0.1, 0.3))
                text.append(f"{name}{t - 1}_{i} ~~ {name}{t}_{i}")
    return _single("panel", text, truth)


KINDS: tuple[Callable[[Generator], Population], ...] = (
    factors, structural, mimic, growth, bifactor, paths, confounded, second_order, groups, panel,
)  # fmt: skip


def identified(population: Population) -> bool:
    """Whether every parameter of the model is identified."""
    generic = analyse(population.model())
    return not isinstance(generic, Unavailable) and bool(generic.own().all())


def draw_population(seed: int) -> Population:
    """The kinds take turns; a model that is not identified is drawn again."""
    for again in range(100):
        found = KINDS[seed % len(KINDS)](np.random.default_rng([seed, again]))
        if identified(found):
            return found
    raise AssertionError(f"no identified model for seed {seed}")
