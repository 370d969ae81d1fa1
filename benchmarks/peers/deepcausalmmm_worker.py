"""DeepCausalMMM on one panel, trained as its documentation shows: what each channel contributed, and its channel graph.

Arguments: a file of arrays (`media`, `controls`, `kpi`), the ``dag_mode`` and the number of epochs. One JSON line.
"""

from __future__ import annotations

import importlib
import logging
import sys
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.peers import work


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    core, torch = importlib.import_module("deepcausalmmm.core"), importlib.import_module("torch")
    data = np.load(sys.argv[1])
    config = core.get_default_config() | {"dag_mode": sys.argv[2], "n_epochs": int(sys.argv[3])}
    torch.manual_seed(config["random_seed"])
    start = time.process_time()
    model, pipeline, found = train(config, data)
    seconds = time.process_time() - start
    scale = torch.nn.functional.softplus(model.prediction_scale).detach()
    told = pipeline.predict_and_postprocess(model, data["media"], data["controls"], [], [])
    parts = pipeline.scaler.inverse_transform_contributions(told["media_contributions"], prediction_scale=scale)
    media = next(value for key, value in parts.items() if "media" in key)
    work.answer(
        version=importlib.import_module("deepcausalmmm").__version__,
        cpu=seconds,
        roas=(media.numpy().sum((0, 1)) / data["media"].sum((0, 1))).tolist(),
        edges=model.get_dag_adjacency_matrix().numpy().tolist(),
        r2=float(found["final_train_r2"]),
        holdout_r2=float(found["final_holdout_r2"]),
    )


def train(config: dict[str, Any], data: Any) -> tuple[Any, Any, Any]:
    """Model, pipeline and what training tells, with the split into training and holdout of the configuration."""
    pipeline = importlib.import_module("deepcausalmmm.core.data").UnifiedDataPipeline(config)
    trainer = importlib.import_module("deepcausalmmm.core.trainer").ModelTrainer(config)
    first, last = pipeline.temporal_split(data["media"], data["controls"], data["kpi"])
    fit, held = pipeline.fit_and_transform_training(first), pipeline.transform_holdout(last)
    regions, _, channels = fit["X_media"].shape
    model = trainer.create_model(n_media=channels, n_control=fit["X_control"].shape[2], n_regions=regions)
    trainer.create_optimizer_and_scheduler()
    names = ("X_media", "X_control", "R", "y")
    tensors = [part[name] for part in (fit, held) for name in names]
    return model, pipeline, trainer.train(*tensors, pipeline=pipeline, verbose=False)


if __name__ == "__main__":
    main()
