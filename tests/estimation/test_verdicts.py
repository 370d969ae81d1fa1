"""Verdicts against exact algebra, and fits that must not mistake a special point for the model."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import semnan
from semnan import AMASEM, LBFGS, Fit, Moments, Outcome, PathModel, Unavailable, covariance, fit, path

from .models import sample, truth

SHARED = Path(__file__).parents[3] / "shared" / "truth" / "identification"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference folder is not beside the project")
PAIRS = {3: ((1, 2), (1, 3), (2, 3)), 4: ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))}


def mixed(code: str, p: int) -> PathModel:
    """A graph of the reference: bits of directed edges, then of free covariance arcs, over node pairs."""
    directed, arcs = code.split("_")
    pairs = PAIRS[p]
    rows = [path(f"v{i}", f"v{j}") for (i, j), bit in zip(pairs, directed, strict=True) if bit == "1"]
    rows += [covariance(f"v{i}", f"v{j}") for (i, j), bit in zip(pairs, arcs, strict=True) if bit == "1"]
    names = tuple(f"v{i}" for i in range(1, p + 1))
    return PathModel(names, (), (*rows, *(covariance(v) for v in names)))


def fitted(model: PathModel, seed: int = 1) -> Fit:
    _, sigma = truth(model, seed)
    return fit(model, Moments.from_covariance(sigma, model.visibles, 1000))


@needs_shared
@pytest.mark.parametrize(
    ("file", "kind", "p", "every"),
    [("edges3", "direct", 3, 1), ("total_effects3", "total", 3, 1), ("edges4", "direct", 4, 40)],
)
def test_every_mixed_graph(file: str, kind: str, p: int, every: int) -> None:
    """k ≥ 1 values of the effect means locally identified, and k = 0 that it is not."""
    with (SHARED / f"{file}.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    codes = sorted({row["code"] for row in rows})[::every]
    fits = {code: fitted(mixed(code, p)) for code in codes}
    for row in (row for row in rows if row["code"] in fits):
        a, b = ends(row)
        effect = fits[row["code"]].effect(a, b, kind=kind)  # type: ignore[arg-type]
        assert effect.identified == (int(row["k"]) > 0), (row, effect)


def ends(row: dict[str, str]) -> tuple[str, str]:
    text = row.get("edge") or row["effect"]
    a, b = (part.strip() for part in text.replace("=>", "->").split("->"))
    return f"v{a}", f"v{b}"


def test_a_saturated_fit_does_not_hide_what_is_unknown() -> None:
    """The covariance is reached at arcs of zero, where v2 -> v3 looks determined."""
    model = mixed("111_110", 3)
    weights = np.array([[0, 0.6, 0.5], [0, 0, 0.7], [0, 0, 0]])
    omega = np.array([[1.0, 0.4, -0.4], [0.4, 1.3, 0], [-0.4, 0, 1.2]])
    total = np.linalg.inv(np.eye(3) - weights)
    found = fit(model, Moments.from_covariance(total.T @ omega @ total, model.visibles, 500))
    assert not found.effect("v2", "v3", kind="direct").identified


def test_a_start_on_a_saddle_is_left() -> None:
    model = mixed("110_110", 3)
    for seed in range(20):
        moments = Moments.from_covariance(saturated(seed), model.visibles, 500)
        found = fit(model, moments)
        assert found.converged
        assert found.discrepancy < 1e-10
        assert found.df == 0


def saturated(seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(3, 9))
    return root @ root.T / 9


def test_a_users_saddle_is_left_too() -> None:
    rows = [path("F", v, start=0.0) for v in "abcd"] + [covariance("F", fixed=1.0)] + [covariance(v) for v in "abcd"]
    model = PathModel(tuple("abcd"), ("F",), tuple(rows))
    drawn = AMASEM.parse("latent F; visible a, b, c, d; F -> a, b, c, d")
    found = fit(model, sample(drawn, 3, 400))
    assert found.converged
    assert found.df == 2
    assert found.discrepancy < fit(drawn, sample(drawn, 3, 400)).discrepancy + 1e-9


def test_other_optimisers_call_a_saddle_by_its_name() -> None:
    matrix = [[1.0, 0.3, 0.3], [0.3, 1.0, 0.3], [0.3, 0.3, 1.0]]
    rows = [path("F", v, start=0.0) for v in "abc"] + [covariance("F", fixed=1.0)] + [covariance(v) for v in "abc"]
    model = PathModel(tuple("abc"), ("F",), tuple(rows))
    found = fit(model, Moments.from_covariance(matrix, ["a", "b", "c"], 100), optimiser=LBFGS())
    assert found.outcome is Outcome.SADDLE
    assert not found.converged


def test_latents_with_the_same_children_start_apart() -> None:
    drawn = AMASEM.parse("latent U, V; U, V -> a, b, c, d, e, f")
    _, sigma = truth(drawn, 5)
    for optimiser in (None, LBFGS()):
        found = fit(drawn, Moments.from_covariance(sigma, drawn.visibles, 500), optimiser=optimiser)
        assert found.discrepancy < 1e-8
        assert found.df == 21 - 17


def test_df_and_verdicts_belong_to_the_model_not_to_the_sample() -> None:
    """Parameters that wander to a bound, and collinear data, change neither."""
    drawn = AMASEM.parse("latent U; U -> a, b, y; a, b -> y")
    for seed in range(30):
        found = fit(drawn, sample(drawn, seed, 500), starts=3)
        assert found.df == 0
        assert isinstance(found.p_value, Unavailable)
        assert not found.effect("a", "y", kind="direct").identified
    drawn = AMASEM.parse("latent U; U -> b, d; a -> b; b -> d; a -> c; c -> d")
    rng = np.random.default_rng(0)
    for eps in (1.0, 1e-2, 1e-4):
        a, u, *e = rng.normal(size=(5, 500))
        table = {"a": a, "c": a + eps * e[0], "b": a + u + e[1]}
        table["d"] = table["b"] + table["c"] + u + e[2]
        found = fit(drawn, Moments.from_array(np.column_stack([table[v] for v in drawn.visibles]), drawn.visibles))
        assert found.df == 1
        assert found.effect("c", "d").identified


def test_scales_beyond_squaring_end_their_own_fit_only() -> None:
    drawn = AMASEM.parse("latent U; U -> X, Y; X -> M -> Y")
    good = sample(drawn, 1, 300)
    scale = np.array([1e-80, 1.0, 1.0])
    bad = Moments.from_covariance(good.covariance * scale[:, None] * scale, good.names, 300)
    fits = semnan.fit_many(drawn, [good, bad, good])
    assert fits.converged[[0, 2]].all()
    assert fits.discrepancy[0] == pytest.approx(fit(drawn, good).discrepancy, abs=1e-12)


@needs_shared
def test_named_graphs_with_explicit_latents() -> None:
    for case in json.loads((SHARED / "latent_named.json").read_text()):
        names = [f"v{i + 1}" for i in range(case["n_visible"])]
        latents = {f"U{j}": children for j, children in enumerate(case["latents"])}
        edges = [ends({"edge": edge}) for edge in case["edges"]]
        edges += [(u, f"v{c}") for u, children in latents.items() for c in children]
        found = fitted(PathModel.from_amasem(AMASEM.from_edges(edges, latents, visibles=names)))
        for kind, said in (("direct", case["edges"]), ("total", case["total_effects"])):
            for text, verdict in said.items():
                effect = found.effect(*ends({"edge": text}), kind=kind)  # type: ignore[arg-type]
                assert effect.identified == (verdict["k"] > 0), (case["name"], text, verdict)


def test_bounds_that_keep_a_model_from_the_data_are_told() -> None:
    matrix = [[1, 0.9, 0.2], [0.9, 1, 0.6], [0.2, 0.6, 1]]
    found = fit(AMASEM.parse("latent F; F -> a, b, c"), Moments.from_covariance(matrix, ["a", "b", "c"], 100))
    assert found.df == 0
    assert found.discrepancy > 0.1
    assert "bounds" in str(found.p_value)
