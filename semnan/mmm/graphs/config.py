"""The configuration of DeepCausalMMM 1.0.21, by its own names and defaults, and what of it means something here."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from semnan.errors import ModelError
from semnan.mmm.panels.table import nearest

Mode = Literal["triangular", "notears"]

_DEFAULTS: dict[str, Any] = {
    "random_seed": 42,
    "hidden_dim": 280,
    "dropout": 0.12,
    "gru_layers": 1,
    "ctrl_hidden_ratio": 0.5,
    "use_layer_norm": True,
    "enable_dag": True,
    "enable_interactions": True,
    "use_residual_connections": False,
    "n_epochs": 1500,
    "learning_rate": 0.01,
    "temporal_regularization": 0.04,
    "gru_sparsity_weight": 0.1,
    "batch_size": None,
    "burn_in_weeks": 6,
    "use_cosine_annealing": False,
    "cosine_t_initial": 500,
    "cosine_t_mult": 1.2,
    "cosine_eta_min": 1e-6,
    "warmup_epochs": 0,
    "use_huber_loss": True,
    "huber_delta": 0.25,
    "use_focal_loss": False,
    "focal_alpha": 0.25,
    "focal_gamma": 1.5,
    "focal_loss_weight": 0.1,
    "dag_weight": 0.008,
    "sparsity_weight": 0.001,
    "l1_weight": 5e-5,
    "l2_weight": 2e-4,
    "visualization": {
        "correlation_threshold": 0.05,
        "dag_top_n_edges": 15,
        "max_edges_per_node": 3,
        "node_opacity": 0.7,
        "line_opacity": 0.6,
        "fill_opacity": 0.1,
        "marker_size": 8,
        "edge_width_multiplier": 8,
        "subplot_vertical_spacing": 0.08,
        "subplot_horizontal_spacing": 0.06,
    },
    "coeff_l2_weight": 0.03,
    "coeff_gen_l2_weight": 0.015,
    "gradient_clip_norm": 2.0,
    "weight_decay_schedule": True,
    "ema_decay": 0.999,
    "coeff_grad_clip": 1,
    "warm_start_epochs": 50,
    "momentum_decay": 0.975,
    "early_stopping": True,
    "patience": 300,
    "min_delta": 5e-6,
    "restore_best_weights": False,
    "min_temperature": 0.4,
    "max_grad_norm": 2.0,
    "dag_mode": "triangular",
    "notears_lambda1": 0.005,
    "notears_rho_init": 1.0,
    "notears_alpha_init": 0.0,
    "notears_rho_max": 1e16,
    "notears_dual_update_every": 100,
    "notears_threshold": 0.3,
    "notears_warmup_epochs": 500,
    "notears_dual_factor": 3.0,
    "dag_temperature": 0.5,
    "notears_group_l1": 0.01,
    "optimizer": {"type": "adamw", "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 5e-5},
    "scheduler": {
        "type": "cosine_annealing",
        "T_max": 4000,
        "eta_min": 1e-6,
        "warmup_epochs": 100,
        "warmup_factor": 0.1,
    },
    "holdout_ratio": 0.12,
    "use_holdout": True,
    "min_train_weeks": 40,
    "scaling_constants": {
        "iqr_to_std_factor": 1.349,
        "zero_threshold": 1e-8,
        "outlier_percentile": 0.97,
        "extreme_clip_threshold": 2.0,
        "standard_clip_range": 5.0,
        "aggressive_clip_range": 3.5,
    },
    "training_display": {
        "r2_display_min": -10.0,
        "loss_approximation_factors": {"training_component": 0.7, "validation_component": 0.3},
    },
    "synthetic_data": {
        "base_spend_range": (10000, 50000),
        "seasonality_strength": 0.3,
        "media_noise_level": 0.2,
        "control_range": (-2, 2),
        "control_correlation": 0.7,
        "media_coeff_range": (0.1, 0.8),
        "control_coeff_range": (-0.5, 0.5),
        "base_level_range": (40000, 60000),
        "adstock_rate": 0.5,
        "saturation_param": 0.5,
        "target_noise_level": 0.05,
    },
    "output_paths": {
        "dashboard_dir": "dashboard_outputs",
        "results_dir": "results",
        "plots_dir": "plots",
        "data_dir": "data",
    },
}

#: Least values of the keys that mean something here; whole numbers where the least value is one.
_LEAST: dict[str, float] = {
    "notears_lambda1": 0.0,
    "notears_rho_init": 0.0,
    "notears_alpha_init": 0.0,
    "notears_rho_max": 0.0,
    "notears_threshold": 0.0,
    "notears_group_l1": 0.0,
    "notears_dual_factor": 0.0,
    "notears_dual_update_every": 1,
    "notears_warmup_epochs": 0,
    "learning_rate": 0.0,
    "visualization.correlation_threshold": 0.0,
    "visualization.dag_top_n_edges": 1,
    "visualization.max_edges_per_node": 1,
}
_WHOLE = (
    "notears_dual_update_every",
    "notears_warmup_epochs",
    "visualization.dag_top_n_edges",
    "visualization.max_edges_per_node",
)


@final
@dataclass(frozen=True)
class LearningConfig:
    """What of a configuration means something for learning and drawing a graph of channels."""

    mode: Mode
    settings: dict[str, float]

    def __getitem__(self, key: str) -> float:
        return self.settings[key]

    def count(self, key: str) -> int:
        """A setting that is a whole number."""
        return int(self.settings[key])


def get_default_config() -> dict[str, Any]:
    """The default configuration of DeepCausalMMM 1.0.21: a new nested dictionary with the names that it has there."""
    return copy.deepcopy(_DEFAULTS)


def read_config(config: Mapping[str, Any] | None) -> LearningConfig:
    """A configuration, complete or in part, read strictly.

    Warns
    -----
    UserWarning
        Once, listing the keys without effect here that are given and not at their defaults.

    Raises
    ------
    ModelError
        For an unknown key, with the nearest known one, and for a value that makes no sense.

    """
    if not isinstance(config, Mapping | None):
        raise ModelError(f"config is {config!r}: give a mapping, such as get_default_config()")
    given, defaults = dict(_flat(config or {}, _DEFAULTS)), dict(_flat(_DEFAULTS, _DEFAULTS))
    idle = [key for key in given if key not in _LEAST and key != "dag_mode" and given[key] != defaults[key]]
    if idle:
        warnings.warn(
            f"these keys of DeepCausalMMM are accepted and have no effect here: {', '.join(idle)}",
            UserWarning,
            stacklevel=3,
        )
    mode = given.get("dag_mode", defaults["dag_mode"])
    if mode not in ("triangular", "notears"):
        raise ModelError(f"dag_mode is {mode!r}: give 'triangular' or 'notears'")
    return LearningConfig(mode, {key: _number(key, given.get(key, defaults[key])) for key in _LEAST})


def _flat(config: Mapping[str, Any], known: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of a nested configuration with dots, checked against those there are."""
    for key, value in config.items():
        if key not in known:
            shown = nearest(key, [*known]) or f"; there are {', '.join(known)}"
            raise ModelError(f"the configuration has the unknown key {above + str(key)!r}{shown}")
        if not isinstance(known[key], Mapping):
            yield above + key, value
        elif isinstance(value, Mapping):
            yield from _flat(value, known[key], f"{above}{key}.")
        else:
            raise ModelError(f"{above + key} is {value!r}: give a mapping with keys such as {', '.join(known[key])}")


def _number(key: str, value: object) -> float:
    whole = key in _WHOLE
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not math.isfinite(value):
        raise ModelError(f"{key} is {value!r}: give {'a whole number' if whole else 'a finite number'}")
    least, strict = _LEAST[key], key in ("learning_rate", "notears_rho_max")
    if value < least or (strict and value == least) or (key == "notears_dual_factor" and value <= 1):
        told = "more than 1" if key == "notears_dual_factor" else f"{'more than' if strict else 'at least'} {least:g}"
        raise ModelError(f"{key} is {value!r}: give {told}")
    return float(value)
