"""`learn_channel_graph`: a DAG of channels from a panel, with the configuration keys of DeepCausalMMM."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from semnan.data import Moments
from semnan.data.checks import Array
from semnan.discovery import Discovery, OrderSearch, SearchOutcome, discover
from semnan.errors import FileError, FitError, GraphError
from semnan.graph import Edge
from semnan.mmm.graphs.channel_graph import ChannelGraph
from semnan.mmm.graphs.config import LearningConfig, Mode, read_config
from semnan.mmm.graphs.learn_likelihood import ChannelLikelihood
from semnan.mmm.model.nuisance import YEAR, Nuisance, fourier
from semnan.mmm.panels.panel import MediaPanel

#: Pairs of sine and cosine of the season that is taken away before learning.
SEASON = 2


@final
@dataclass(frozen=True, eq=False, repr=False)
class LearnedChannels:
    """A DAG of channels, learned from a panel.

    Attributes
    ----------
    names : tuple of str
        The channels.
    kpi : str
    mode : "triangular" or "notears"
    weights : ndarray, shape (C, C)
        ``weights[cause, effect]`` in standard deviations, signed, zero where there is no edge. Acyclic.
    eps : float
        Absolute weight below which edges were dropped.
    unpruned : ndarray, shape (C, C)
        The weights before that: acyclic too.
    tiers : tuple of tuples of str
    discovery : Discovery
        The search behind it, with weights in the units of the panel, sortability and outcome.
    config : LearningConfig

    """

    names: tuple[str, ...]
    kpi: str
    mode: Mode
    weights: Array = field(repr=False)
    eps: float
    unpruned: Array = field(repr=False)
    tiers: tuple[tuple[str, ...], ...]
    discovery: Discovery = field(repr=False)
    config: LearningConfig = field(repr=False)

    @property
    def edges(self) -> dict[Edge, float]:
        """Weights by (cause, effect), the strongest first."""
        pairs = np.argwhere(self.weights != 0).tolist()
        ordered = sorted(pairs, key=lambda pair: -abs(self.weights[tuple(pair)]))
        return {(self.names[i], self.names[j]): float(self.weights[i, j]) for i, j in ordered}

    @property
    def outcome(self) -> SearchOutcome:
        """How the search ended."""
        return self.discovery.outcome

    def threshold(self, eps: float) -> LearnedChannels:
        """Without edges of absolute weight below `eps`, of all that were learned."""
        if isinstance(eps, bool) or not isinstance(eps, int | float) or not 0 <= eps < np.inf:
            raise FitError(f"eps is {eps!r}: give a number of at least zero")
        kept = np.where(np.abs(self.unpruned) >= eps, self.unpruned, 0.0)
        kept.setflags(write=False)
        return replace(self, weights=kept, eps=float(eps))

    def strongest(self) -> dict[Edge, float]:
        """The edges to draw, by the configuration's ``visualization``: strong, few in all and for each cause."""
        most, each = self.config.count("visualization.dag_top_n_edges"), dict.fromkeys(self.names, 0)
        chosen: dict[Edge, float] = {}
        for (a, b), weight in self.edges.items():
            if abs(weight) < self.config["visualization.correlation_threshold"] or len(chosen) == most:
                break
            each[a] += 1
            if each[a] <= self.config.count("visualization.max_edges_per_node"):
                chosen[a, b] = weight
        return chosen

    def graph(
        self,
        kpi: str | None = None,
        *,
        confounders: Mapping[str, Sequence[str]] | None = None,
        proxies: Mapping[str, Sequence[str]] | None = None,
    ) -> ChannelGraph:
        """The learned edges and one from every channel to the KPI, with what is known about confounders besides."""
        target = self.kpi if kpi is None else kpi
        if target in self.names:
            raise GraphError(f"the KPI {target!r} is one of the channels that were learned: name another column")
        edges = [*self.edges, *((name, target) for name in self.names)]
        return ChannelGraph(edges, kpi=target, confounders=confounders, proxies=proxies, tiers=self.tiers)

    def to_csv(self, path: str | Path = "dag_adjacency.csv") -> Path:
        """Write the weights as a table with the channels as first row (effects) and first column (causes)."""
        place = Path(path)
        try:
            with place.open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(["", *self.names])
                table.writerows([name, *row] for name, row in zip(self.names, self.weights.tolist(), strict=True))
        except OSError as error:
            raise FileError(f"cannot write {place}: {error.strerror}") from error
        return place

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values for JSON."""
        return {
            "mode": self.mode,
            "channels": list(self.names),
            "threshold": self.eps,
            "outcome": self.outcome.value,
            "tiers": [list(tier) for tier in self.tiers],
            "edges": [{"cause": a, "effect": b, "weight": weight} for (a, b), weight in self.edges.items()],
        }

    def __str__(self) -> str:
        head = f"{self.mode}: {len(self.edges)} edges among {len(self.names)} channels, of |weight| ≥ {self.eps:g}"
        lines = [f"  {a} -> {b}  {weight:.3f}" for (a, b), weight in self.edges.items()]
        return "\n".join([head, self.outcome.advice, *lines])

    def __repr__(self) -> str:
        return f"<LearnedChannels: {self.mode}, {len(self.edges)} edges, {self.outcome.value}>"


def learn_channel_graph(
    panel: MediaPanel, config: Mapping[str, Any] | None = None, tiers: Iterable[Sequence[str]] | None = None
) -> LearnedChannels:
    """Learn which channel acts on which.

    Levels of geos, season and trend are taken away from media, and the rest is standardised. In the mode
    ``"triangular"`` channels act on later ones only, by column or by `tiers`, and the causes of each are chosen by BIC
    (`semnan.discovery.OrderSearch`); in the mode ``"notears"`` a penalised Gaussian likelihood is maximised under the
    constraint of NOTEARS, and edges below ``notears_threshold`` are dropped. A DAG always comes out. Confounders are
    ignored, and without tiers directions are often wrong: give tiers, and look at what was learned before you use it.

    Parameters
    ----------
    panel : MediaPanel
    config : mapping, optional
        Keys of DeepCausalMMM, all or some; see `get_default_config`.
    tiers : iterable of lists of channels, optional
        Channels of a later tier are no causes of those of an earlier one.

    Returns
    -------
    LearnedChannels

    Warns
    -----
    UserWarning
        Once, listing the keys of the configuration that have no effect and are not at their defaults.

    Raises
    ------
    ModelError
        For an unknown key, with the nearest known one, or a value that makes no sense.
    DataError, GraphError
        For channels without variation, the same channel twice, and tiers that make no sense.

    """
    chosen = read_config(config)
    given = tuple(tuple(tier) if not isinstance(tier, str) else tier for tier in tiers or ())
    if not given and chosen.mode == "triangular":
        given = tuple((name,) for name in panel.channels)
    method = OrderSearch() if chosen.mode == "triangular" else _likelihood(chosen)
    found = discover(_moments(panel), method=method, standardise=True, tiers=given, threshold=method.threshold)
    scale = np.sqrt(np.diagonal(found.moments.covariance))
    weights = found.weights * scale[:, None] / scale
    learned = LearnedChannels(
        panel.channels, panel.kpi, chosen.mode, weights, 0.0, weights, tuple(map(tuple, given)), found, chosen
    )
    return learned.threshold(chosen["notears_threshold"] if chosen.mode == "notears" else 0.0)


def _likelihood(config: LearningConfig) -> ChannelLikelihood:
    return ChannelLikelihood(
        l1=config["notears_lambda1"],
        group_l1=config["notears_group_l1"],
        warmup=config.count("notears_warmup_epochs"),
        inner=config.count("notears_dual_update_every"),
        rho=config["notears_rho_init"],
        alpha=config["notears_alpha_init"],
        rho_max=config["notears_rho_max"],
        factor=config["notears_dual_factor"],
        rate=config["learning_rate"],
    )


def _moments(panel: MediaPanel) -> Moments:
    """Of what is left of media without levels of geos, trend and, of more than a year, season; per row."""
    (geos, weeks), c = panel.shape, len(panel.channels)
    number = np.arange(weeks) * (panel.step / 7 if panel.weeks.dtype.kind == "M" else 1.0)
    blocks = [("trend", number[:, None])]
    if number[-1] >= YEAR:
        blocks.append(("season", fourier(number, SEASON)))
    media = np.moveaxis(panel.values[:, :, 1 : 1 + c], -1, 0)
    left = Nuisance(geos, weeks, tuple(blocks), geo_effects=True, week_effects=False).residuals(media)
    return Moments.from_array(left.reshape(c, -1).T, panel.channels)
