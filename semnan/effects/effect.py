"""Causal effects of a fit, with delta-method standard errors, or the reason why there is no number.

With T = (I − W)⁻¹ after cutting the edges into the avoided variables, the total effect of a on d is T[a, d] and
∂T[a, d]/∂W[i, j] = T[a, i] T[j, d]: gradients are products of two gathers (Bollen 1989, ch. 8; math: effects). The
indirect effect is the total one less the direct one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, final, get_args

import torch
from torch import Tensor

from semnan.effects.delta import NOT_IDENTIFIED, Gradient, check_level, delta_method
from semnan.errors import FitError, Unavailable
from semnan.estimation.estimate import Estimate
from semnan.model import PathModel, variables
from semnan.network import Layout, total_effects

Kind = Literal["direct", "total", "indirect"]
Pair = tuple[str, str]


@final
@dataclass(frozen=True)
class Effect:
    """The effect of one variable on another.

    Attributes
    ----------
    source, target : str
    kind : "direct", "total" or "indirect"
    avoiding : tuple of str
        Variables that the paths counted do not pass through.
    standardised : bool
        In units of implied standard deviations of target per that of source; otherwise in units of the variables.
    estimate, standard_error : float or Unavailable
    interval : (float, float) or Unavailable
        Wald interval at `level`.
    level : float
    p_value : float or Unavailable
        Two-sided, of no effect.
    group : str or None
        Of a model with several groups.

    """

    source: str
    target: str
    kind: Kind
    avoiding: tuple[str, ...]
    standardised: bool
    estimate: float | Unavailable
    standard_error: float | Unavailable
    interval: tuple[float, float] | Unavailable
    p_value: float | Unavailable
    level: float
    group: str | None = None

    @property
    def identified(self) -> bool:
        """Whether the fit determines the effect (unknown counts as yes, with the reason beside the missing SE)."""
        return not isinstance(self.estimate, Unavailable)

    def __str__(self) -> str:
        what = f"{'standardised ' if self.standardised else ''}{self.kind} effect of {self.source} on {self.target}"
        what += f" avoiding {', '.join(self.avoiding)}" if self.avoiding else ""
        if isinstance(self.estimate, Unavailable):
            asked = question(self.source, self.target, self.kind, self.avoiding, self.group)
            more = f"; see fit.{asked}" if self.estimate == NOT_IDENTIFIED and self.kind != "indirect" else ""
            return f"{what}: {self.estimate}{more}"
        if self.estimate == self.standard_error == 0:
            return f"{what}: 0, since no such path is in the model"
        if isinstance(self.standard_error, Unavailable) or isinstance(self.interval, Unavailable):
            return f"{what}: {self.estimate:.4g}, no standard error {self.standard_error}"
        low, high = self.interval
        spread = f"SE {self.standard_error:.3g}, {100 * self.level:g}% interval {low:.4g} to {high:.4g}"
        return f"{what}: {self.estimate:.4g} ({spread})"


def question(source: str, target: str, kind: str, avoiding: tuple[str, ...] = (), group: str | None = None) -> str:
    """The call of `identify` that asks for an effect."""
    options = [f'kind="{kind}"'] * (kind != "total")
    options += [f"avoiding={list(avoiding)}"] * bool(avoiding) + [f'group="{group}"'] * (group is not None)
    asked = ", ".join([f'"{source} -> {target}"', *options])
    return f"identify({asked})"


def effect(
    fit: Estimate,
    source: str,
    target: str,
    *,
    kind: Kind = "total",
    avoiding: Iterable[str] = (),
    standardised: bool = False,
    group: str | None = None,
    level: float = 0.95,
) -> Effect:
    """The effect of `source` on `target`; see `semnan.Fit.effect`."""
    avoid = (avoiding,) if isinstance(avoiding, str) else tuple(avoiding)
    check_effect(fit.model, source, target, avoid, kind, level)
    return _dressed(fit, [(source, target)], kind, avoid, standardised, group, level)[0]


def effects(
    fit: Estimate, *, kind: Kind = "total", standardised: bool = False, group: str | None = None, level: float = 0.95
) -> list[Effect]:
    """The effects between all pairs of visibles that have some; see `connected_pairs`."""
    _check_kind(kind)
    check_level(level)
    pairs = connected_pairs(fit.model, kind)
    return effects_of(fit, pairs, kind=kind, standardised=standardised, group=group, level=level)


def effects_of(
    fit: Estimate,
    pairs: list[Pair],
    *,
    kind: Kind = "total",
    standardised: bool = False,
    group: str | None = None,
    level: float = 0.95,
) -> list[Effect]:
    """The effects between these pairs of variables."""
    found: list[Effect] = []
    for start in range(0, len(pairs), 256):
        part = pairs[start : start + 256]
        found += _dressed(fit, part, kind, (), standardised, group, level)
    return found


def connected_pairs(
    model: PathModel, kind: Kind, sources: Sequence[str] | None = None, targets: Sequence[str] | None = None
) -> list[Pair]:
    """Pairs that an edge (direct), a directed path (total), or one through another variable (indirect) connects.

    Sources and targets are the visibles unless they are named; the pairs come in their order.
    """
    first, second = (model.visibles if names is None else names for names in (sources, targets))
    place = {name: i for i, name in enumerate(variables(model))}
    edges = torch.zeros(len(place), len(place), dtype=torch.bool)
    for a, b in model.diagram.edges:
        edges[place[a], place[b]] = True
    linked = edges if kind == "direct" else _linked(edges, through=kind == "indirect")
    among = linked[[place[a] for a in first]][:, [place[b] for b in second]]
    return [(first[i], second[j]) for i, j in among.nonzero().tolist()]


def _linked(edges: Tensor, *, through: bool) -> Tensor:
    """Which variables, parents before children, a directed path connects, or one `through` another variable."""
    linked, mediated = edges.clone(), torch.zeros_like(edges)
    for k in range(len(edges)):  # Parents come first, so what leads to them is complete.
        mediated[:, k] = linked[:, edges[:, k]].any(-1)
        linked[:, k] |= mediated[:, k]
    return mediated if through else linked


def check_effect(
    model: PathModel, source: str, target: str, avoiding: tuple[str, ...], kind: str, level: float
) -> None:
    """Raise `FitError` for a question that has no meaning."""
    for name in (source, target, *avoiding):
        if name not in (names := tuple(variables(model))):
            raise FitError(f"the model has no variable {name!r}; it has {', '.join(names)}")
    if source == target:
        raise FitError(f"an effect needs two variables, got {source!r} twice")
    _check_kind(kind)
    if {source, target} & set(avoiding):
        raise FitError("the avoided variables include the source or the target: no path is left")
    if kind == "direct" and avoiding:
        raise FitError("a direct effect passes through no variable: leave out `avoiding`, or ask for kind='total'")
    check_level(level)


def _check_kind(kind: object) -> None:
    if kind not in get_args(Kind):
        raise FitError(f"kind is {kind!r}: give one of {', '.join(get_args(Kind))}")


def effect_gradients(
    layout: Layout,
    theta: Tensor,
    pairs: list[tuple[str, str]],
    *,
    kind: Kind = "total",
    avoiding: tuple[str, ...] = (),
    standardised: bool = False,
) -> Gradient:
    """Effects of many pairs and their gradients in θ, shape (*batch, q)."""
    place = {name: i for i, name in enumerate(layout.names)}
    source = torch.tensor([place[a] for a, _ in pairs])
    target = torch.tensor([place[b] for _, b in pairs])
    cut = layout.intervene(avoiding)
    found = _total(cut, theta, source, target) if kind == "total" else _direct(layout, theta, source, target)
    if kind == "indirect":
        total = _total(cut, theta, source, target)
        found = Gradient(total.value - found.value, total.slope - found.slope)
    return _standardise(layout, theta, source, target, found) if standardised else found


def _direct(layout: Layout, theta: Tensor, source: Tensor, target: Tensor) -> Gradient:
    weights, _ = layout.matrices(theta)
    hit = layout.is_path & (layout.rows == source[:, None]) & (layout.columns == target[:, None])
    slope = layout.collect(hit.to(theta.dtype))
    return Gradient(weights[..., source, target], slope.expand(*theta.shape[:-1], *slope.shape))


def _total(layout: Layout, theta: Tensor, source: Tensor, target: Tensor) -> Gradient:
    weights, _ = layout.matrices(theta)
    total = total_effects(weights)
    upper = total[..., source, :].index_select(-1, layout.rows)
    lower = total.mT[..., target, :].index_select(-1, layout.columns)
    return Gradient(total[..., source, target], layout.collect(upper * lower * layout.is_path))


def _standardise(layout: Layout, theta: Tensor, source: Tensor, target: Tensor, found: Gradient) -> Gradient:
    """Multiply by sd(source) / sd(target); d log sd = dΣ_aa / (2 Σ_aa)."""
    weights, omega = layout.matrices(theta)
    total = total_effects(weights)
    covariance = total.mT @ omega @ total
    variance = covariance.diagonal(dim1=-2, dim2=-1)
    first = torch.where(layout.is_path[:, None], covariance[..., layout.rows, :], total[..., layout.rows, :])
    change = layout.collect((first * total[..., layout.columns, :]).mT * layout.factors[2]) / variance[..., None]
    ratio = (variance[..., source] / variance[..., target]).sqrt()
    value = found.value * ratio
    slope = found.slope * ratio[..., None] + value[..., None] * (change[..., source, :] - change[..., target, :])
    return Gradient(value, slope)


def _dressed(
    fit: Estimate,
    pairs: list[tuple[str, str]],
    kind: Kind,
    avoiding: tuple[str, ...],
    standardised: bool,
    group: str | None,
    level: float,
) -> list[Effect]:
    """The effects of pairs with standard errors, or with reasons."""
    layout = fit.layout(group)

    def functions(theta: Tensor) -> Gradient:
        return effect_gradients(layout, theta, pairs, kind=kind, avoiding=avoiding, standardised=standardised)

    rows = zip(pairs, delta_method(fit, functions, level), strict=True)
    return [
        Effect(a, b, kind, avoiding, standardised, group=group, level=level, **wald._asdict()) for (a, b), wald in rows
    ]
