"""Saving estimates and reading them back the same, bit for bit: JSON for structure, safetensors for numbers."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from semnan.data import Moments, Patterns
from semnan.data.checks import trusted
from semnan.errors import FileError, SemnanError, Unavailable
from semnan.estimation.correction import Correction
from semnan.estimation.discrepancy import DISCREPANCIES
from semnan.estimation.estimate import Estimate
from semnan.estimation.estimators import is_least_squares, recipe
from semnan.estimation.generic import Generic
from semnan.estimation.inference import Inference
from semnan.estimation.outcome import Outcome
from semnan.estimation.squares import LeastSquares
from semnan.estimation.stages import TwoStage, stages_of
from semnan.estimation.thresholds import Scale, Threshold
from semnan.model import Constraint, Defined, Kind, Ordered, Parameter, PathModel

FORMAT = "semnan estimate 4"
MAX_BYTES = 1 << 28
_PATTERNS = ("observed", "counts", "means", "covariances", "row_pattern")
_INFERENCE = ("scale", "held", "sandwich", "null", "smallest", "inverse")
_GENERIC = ("theta", "scale", "null")


def save(fit: Estimate, path: str | Path) -> None:
    """Write ``path.json`` and ``path.safetensors``."""
    described, numbers = _paths(path)
    try:
        described.write_text(json.dumps(_describe(fit), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        save_file({name: value.clone().contiguous() for name, value in _numbers(fit).items()}, numbers)
    except (OSError, SafetensorError) as error:
        raise FileError(f"cannot write {described} and {numbers}: {error}") from error


def load(path: str | Path) -> Estimate:
    """Read what `save` wrote.

    Raises
    ------
    FileError
        If a file is missing or is not what `save` writes; nothing in it is executed.

    """
    described, numbers = _paths(path)
    try:
        if described.stat().st_size > MAX_BYTES:
            raise FileError(f"{described} is larger than {MAX_BYTES >> 20} MiB: it is not a saved fit")
        return _read(json.loads(described.read_text(encoding="utf-8")), load_file(numbers))
    except OSError as error:
        raise FileError(f"cannot read the saved fit: {error}") from error
    except (SafetensorError, json.JSONDecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FileError(f"{described.stem} is not a saved fit: {error}") from error
    except FileError:
        raise
    except (SemnanError, LookupError, TypeError, ValueError, ArithmeticError, RuntimeError, AttributeError) as error:
        raise FileError(f"{described.stem} is not a saved fit: {type(error).__name__}: {error}") from error


def _paths(path: str | Path) -> tuple[Path, Path]:
    base = Path(path)
    if not base.name:
        raise FileError(f"{str(path)!r} names no file to save to or load from: give a path such as 'results/model'")
    return base.with_name(base.name + ".json"), base.with_name(base.name + ".safetensors")


def _describe(fit: Estimate) -> dict[str, Any]:
    rows = [
        {k: v for k, v in asdict(row).items() if v not in (None, float("inf"), -float("inf"))}
        for row in fit.model.parameters
    ]
    reason = fit.inference.reason if isinstance(fit.inference, Unavailable) else None
    return {
        "format": FORMAT,
        "visibles": fit.model.visibles,
        "latents": fit.model.latents,
        "parameters": rows,
        "groups": fit.model.groups,
        "exogenous": fit.model.exogenous,
        "functions": [str(line) for line in (*fit.model.defined, *fit.model.constraints)],
        "samples": [sample.n for sample in fit.samples],
        "incomplete": [pattern is not None for pattern in fit.patterns],
        "discrepancy": fit.discrepancy,
        "estimator": fit.estimator,
        "ordered": [[ordered.name, ordered.thresholds, ordered.shared] for ordered in fit.model.ordered],
        "squares": _squares_said(fit.squares),
        "stages": _stages_said(fit.stages),
        "information": fit.information,
        "steps": fit.steps,
        "outcome": fit.outcome.name,
        "no inference": reason,
        "lost": 0 if isinstance(fit.generic, Unavailable) else fit.generic.lost,
        "not generic": fit.generic.reason if isinstance(fit.generic, Unavailable) else None,
    }


def _numbers(fit: Estimate) -> dict[str, Tensor]:
    scalars = torch.tensor([fit.value, fit.gradient, *fit.start_values], dtype=torch.float64)
    numbers = {"theta": fit.theta, "scalars": scalars}
    for g, (sample, patterns) in enumerate(zip(fit.samples, fit.patterns, strict=True)):
        numbers[f"covariance {g}"] = torch.tensor(sample.covariance)
        if sample.mean is not None:
            numbers[f"mean {g}"] = torch.tensor(sample.mean)
        if patterns is not None:
            numbers |= {f"{name} {g}": torch.tensor(getattr(patterns, name)) for name in _PATTERNS}
    if isinstance(fit.inference, Inference):
        numbers |= {name: getattr(fit.inference, name) for name in _INFERENCE}
    if isinstance(fit.generic, Generic):
        numbers |= {f"generic {name}": getattr(fit.generic, name) for name in _GENERIC}
    return numbers


def _read(said: dict[str, Any], numbers: dict[str, Tensor]) -> Estimate:
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise FileError(f"this is not a saved fit of this version of semnan (expected the format {FORMAT!r})")
    model = _model(said)
    value, gradient, *starts = numbers["scalars"].tolist()
    if numbers["theta"].shape != (len(model.free),) or said["discrepancy"] not in {
        *DISCREPANCIES,
        said["estimator"],
    }:
        raise FileError("the saved parameters or the discrepancy do not belong to the saved model")
    recipe(said["estimator"])
    if len(said["samples"]) != len(model.groups or (None,)) or len(said["incomplete"]) != len(said["samples"]):
        raise FileError("the saved samples do not belong to the groups of the saved model")
    return Estimate(
        model=model,
        samples=tuple(_moments(model, numbers, g, n) for g, n in enumerate(said["samples"])),
        patterns=tuple(_patterns(model, numbers, g) if gaps else None for g, gaps in enumerate(said["incomplete"])),
        discrepancy=said["discrepancy"],
        estimator=str(said["estimator"]),
        information=str(said["information"]),
        theta=numbers["theta"].double(),
        value=value,
        gradient=gradient,
        steps=int(said["steps"]),
        outcome=Outcome[said["outcome"]],
        start_values=tuple(starts),
        inference=_inference(said, numbers, len(model.free)),
        generic=_generic(said, numbers, len(model.free)),
        squares=_squares(said),
        stages=_stages(said["stages"]),
    )


def _moments(model: PathModel, numbers: dict[str, Tensor], g: int, n: int) -> Moments:
    mean = numbers[f"mean {g}"].numpy() if f"mean {g}" in numbers else None
    covariance = numbers[f"covariance {g}"].numpy()
    if model.ordered:  # Correlations of pairs need not be positive definite together.
        return trusted(Moments, names=model.visibles, covariance=covariance, n=n, mean=mean)
    return Moments(model.visibles, covariance, n, mean)


def _squares_said(squares: LeastSquares | Unavailable | None) -> dict[str, Any] | str | None:
    if squares is None or isinstance(squares, Unavailable):
        return None if squares is None else squares.reason
    found = squares.correction
    said = found.reason if isinstance(found, Unavailable) else None if found is None else asdict(found)
    return asdict(replace(squares, correction=None)) | {"correction": said}


def _correction(told: dict[str, float] | str | None) -> Correction | Unavailable | None:
    if told is None:
        return None
    return Unavailable(told) if isinstance(told, str) else Correction(**{k: float(v) for k, v in told.items()})


def _squares(said: dict[str, Any]) -> LeastSquares | Unavailable | None:
    found = said["squares"]
    if (found is None) == is_least_squares(said["estimator"]):
        raise FileError("the saved fit has no results of least squares, or some that its estimator does not have")
    if found is None or isinstance(found, str):
        return None if found is None else Unavailable(found)
    traces, simple = ((float(first), float(second)) for first, second in (found["traces"], found["traces_baseline"]))
    return LeastSquares(
        None if found["chi_square"] is None else float(found["chi_square"]),
        float(found["chi_square_baseline"]),
        int(found["df_baseline"]),
        traces,
        simple,
        int(found["free_margins"]),
        tuple(Threshold(**row) for row in found["thresholds"]),
        tuple((str(first), str(second)) for first, second in found["adjusted"]),
        _correction(found["correction"]),
        tuple(Scale(**row) for row in found["scales"]),
        None if found["freedom"] is None else (int(found["freedom"][0]), int(found["freedom"][1])),
    )


def _stages_said(stages: TwoStage | Unavailable | None) -> dict[str, Any] | str | None:
    return stages.reason if isinstance(stages, Unavailable) else None if stages is None else asdict(stages)


def _stages(found: dict[str, Any] | str | None) -> TwoStage | Unavailable | None:
    if found is None or isinstance(found, str):
        return None if found is None else Unavailable(found)
    kind = stages_of(found["kind"])
    if kind is None:
        raise FileError(f"the saved fit has stages of the unknown kind {found['kind']!r}")
    own, simple = ((float(first), float(second)) for first, second in (found["traces"], found["traces_baseline"]))
    return TwoStage(kind, own, simple)


def _patterns(model: PathModel, numbers: dict[str, Tensor], g: int) -> Patterns:
    return Patterns(model.visibles, *(numbers[f"{name} {g}"].numpy() for name in _PATTERNS))


def _model(said: dict[str, Any]) -> PathModel:
    rows = tuple(Parameter(**{**row, "kind": Kind(row["kind"])}) for row in said["parameters"])
    defined, constraints = _functions(said["functions"])
    return PathModel(
        tuple(said["visibles"]),
        tuple(said["latents"]),
        rows,
        groups=tuple(said["groups"]),
        exogenous=tuple(said["exogenous"]),
        defined=defined,
        constraints=constraints,
        ordered=tuple(Ordered(str(name), int(count), bool(shared)) for name, count, shared in said["ordered"]),
    )


def _functions(lines: list[str]) -> tuple[tuple[Defined, ...], tuple[Constraint, ...]]:
    """Defined parameters and constraints from their text."""
    if not lines:
        return (), ()
    from semnan.model.reader import read  # It imports lark, which most fits do not need.
    from semnan.model.syntax import TextError

    try:
        found = read("\n".join(lines))
    except TextError as error:
        raise FileError(f"a saved constraint or defined parameter is wrong: {error}") from error
    return tuple(line for line, _ in found.defined), tuple(line for line, _ in found.constraints)


def _inference(said: dict[str, Any], numbers: dict[str, Tensor], size: int) -> Inference | Unavailable:
    if said["no inference"] is not None:
        return Unavailable(str(said["no inference"]))
    square = (size, size)
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("sandwich", "null", "inverse"), square)
    _check(numbers, {"scale": (size,), "held": (size,), "smallest": ()} | shapes)
    return Inference(*(numbers[name] for name in _INFERENCE))


def _generic(said: dict[str, Any], numbers: dict[str, Tensor], size: int) -> Generic | Unavailable:
    if said["not generic"] is not None:
        return Unavailable(str(said["not generic"]))
    shapes: dict[str, tuple[int, ...]] = {"theta": (size,), "scale": (size,), "null": (size, size)}
    _check(numbers, {f"generic {name}": shape for name, shape in shapes.items()})
    theta, scale, null = (numbers[f"generic {name}"] for name in _GENERIC)
    return Generic(theta, scale, null, int(said["lost"]))


def _check(numbers: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        if tuple(numbers[name].shape) != shape:
            raise FileError(f"the saved array {name!r} has shape {tuple(numbers[name].shape)}, expected {shape}")
